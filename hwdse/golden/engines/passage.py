"""The transfers of an engine, as its golden schedule has them."""

from dataclasses import dataclass

from hwdse.formats.unpacked import Array


@dataclass(frozen=True, kw_only=True)
class Walk:
    """When the transfers of an engine with an output stream `o` happen.

    Attributes:
        answered: for each transfer of `o`, the number of the answered transfer of `a`.
        cycles: for each stream, the cycle of each transfer.
    """

    answered: Array
    cycles: dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class Passage(Walk):
    """Values and cycles of the transfers of an engine.

    Attributes:
        results: codes of the results, shape (transfers of `o`, cols).
    """

    results: Array
