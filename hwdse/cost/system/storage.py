"""Bits that each element takes in memory, block scales included."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hwdse import formats
from hwdse.cost.system.tile import Moves
from hwdse.errors import FormatError, SpecError
from hwdse.formats import Format, Quantizer
from hwdse.spec import Design

OPERANDS = ("a", "b", "sum", "out")


@dataclass(frozen=True, kw_only=True)
class StoredBits:
    """Bits per element in memory.

    Attributes:
        a: bits of an element of a first matrix (activation).
        b: bits of an element of a second matrix (weight).
        sum: bits of a partial sum.
        out: bits of a result.

    Raises:
        SpecError: a number of bits is not positive.
    """

    a: float
    b: float
    sum: float
    out: float

    def __post_init__(self) -> None:
        for operand in OPERANDS:
            bits = getattr(self, operand)
            if bits <= 0:
                raise SpecError(f"{operand} of {bits:g} bits in memory: more than 0 are needed")

    @classmethod
    def of(cls, design: Design, stored: Mapping[str, str] | None = None) -> "StoredBits":
        """The bits that a design's operands take.

        Operands and results are stored in the design's formats. A partial sum is stored so that
        nothing is lost: as a two's-complement word of the accumulator's width with its flags, or in
        the accumulator's own format. Further words of `:kahan` and `bins` accumulators are not
        counted.

        Args:
            design: the design.
            stored: by operand (`a`, `b`, `sum`, `out`), the name of another format of the memory,
                such as `mxfp8_e4m3`. A block format takes the bits of its scales as well.

        Raises:
            SpecError: an operand is unknown.
            FormatError: a format is unknown.
        """
        a, b = (bits_of(operand) for operand in design.operands)
        own = cls(a=a, b=b, sum=_sum_bits(design), out=design.out.bits)
        return own.with_formats(stored or {})

    def with_formats(self, stored: Mapping[str, str]) -> "StoredBits":
        """The same with the formats of some operands replaced.

        Args:
            stored: name of the format by operand. A block format takes the bits of its scales as
                well.

        Raises:
            SpecError: an operand is unknown.
            FormatError: a format is unknown.
        """
        bits: dict[str, float] = {}
        for operand, name in stored.items():
            if operand not in OPERANDS:
                raise SpecError(
                    f"unknown operand {operand!r} in memory: known are {', '.join(OPERANDS)}"
                )
            try:
                found = formats.get(name)
            except FormatError as error:
                raise FormatError(f"operand {operand} in memory: {error}") from error
            bits[operand] = bits_of(found)
        return replace(self, **bits)

    def of_moves(self, moves: Moves) -> float:
        """Bits of elements that move between two levels."""
        return (
            moves.a * self.a
            + moves.b * self.b
            + (moves.sums_in + moves.sums_out) * self.sum
            + moves.out * self.out
        )


def bits_of(number_format: Format | Quantizer) -> float:
    """Bits of an element in memory, with its share of the scale of its block."""
    if isinstance(number_format, Quantizer):
        return number_format.bits_per_element
    return number_format.bits


def _sum_bits(design: Design) -> int:
    state = design.state
    if state.twos_complement:
        return state.significand_bits + state.has_inf + state.has_nan
    return design.accumulator.default_out().bits
