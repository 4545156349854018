"""When the output bits of a cell are ready."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CellTiming:
    """When the output bits of a cell are ready, in ps after its input bits.

    Output bit i waits for `columns[i]` and for `common`, and takes `delays[i]`; with a `step` it
    also waits for the output bit below it and so much longer (a carry chain).

    Attributes:
        columns: input bits by place.
        common: input bits that every output bit waits for.
        delays: by place.
        step: of a carry chain; None if there is none.
        last_only: the one output bit is the last of the chain, as in a comparison.
    """

    columns: tuple[tuple[int, ...], ...]
    common: tuple[int, ...]
    delays: tuple[int, ...]
    step: int | None = None
    last_only: bool = False
