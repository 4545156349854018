"""Delays from the input bits to the output bits of a cell."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CellTiming:
    """Delays in ps from the input bits to the output bits of a cell.

    Output bit i is ready `delays[i]` after all bits of `columns[i]` and `common` are ready. In a
    carry chain, output bit i is also ready no earlier than `step` after output bit i - 1.

    Attributes:
        columns: for each output bit, the input bits that only this bit waits for directly.
        common: input bits that every output bit waits for.
        delays: for each output bit, the delay after its input bits.
        step: delay of a carry chain from one bit to the next; None for cells without carry chain.
        last_only: True if the cell has a single output bit, the last bit of the chain, as in a
            comparison.
    """

    columns: tuple[tuple[int, ...], ...]
    common: tuple[int, ...]
    delays: tuple[int, ...]
    step: int | None = None
    last_only: bool = False
