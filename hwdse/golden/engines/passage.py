"""The transfers of an engine, as its golden schedule has them."""

from dataclasses import dataclass

from hwdse.formats.unpacked import Array


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Values and cycles of the transfers of an engine with an output stream `o`.

    Attributes:
        results: codes of the results, shape (transfers of `o`, cols).
        answered: for each transfer of `o`, the number of the answered transfer of `a`.
        cycles: for each stream, the cycle of each transfer.
    """

    results: Array
    answered: Array
    cycles: dict[str, Array]
