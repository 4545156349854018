"""The precision-scalable unit: one array of small multipliers for several widths of integers."""

from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import FixedPoint, Format, Logarithmic, clog2
from hwdse.spec.accumulate.fused_float import FusedFloat
from hwdse.spec.accumulate.kulisch import Kulisch
from hwdse.spec.interface import Field, Interface
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.composed import ComposedProduct
from hwdse.spec.multiply.exact import Exact
from hwdse.spec.unit import Summing

if TYPE_CHECKING:
    from hwdse.spec.design import Design

DIGIT_BITS = 2
_WIDTHS = (4, 8, 16)


class Mode(NamedTuple):
    """Widths of the operands of a mode.

    The array has `levels` levels: a unit of level l joins four units of level l - 1, and takes
    operands of up to 2 * 2^l bits.

    Attributes:
        a_level: level at which an element of the first operand is whole.
        b_level: the same of the second operand, at most `a_level`.
    """

    a_level: int
    b_level: int

    @property
    def a_bits(self) -> int:
        """Bits of an element of the first operand."""
        return DIGIT_BITS << self.a_level

    @property
    def b_bits(self) -> int:
        """Bits of an element of the second operand."""
        return DIGIT_BITS << self.b_level

    def products(self, level: int) -> int:
        """Number of products that a unit of a level computes at once."""
        return 1 << 2 * level - min(self.a_level, level) - min(self.b_level, level)


def modes(levels: int) -> tuple[Mode, ...]:
    """All modes of an array, those of the widest elements first."""
    every = [Mode(a, b) for a, b in product(range(levels + 1), repeat=2) if b <= a]
    return tuple(sorted(every, key=lambda mode: (mode.products(levels), -mode.b_level)))


@dataclass(frozen=True, kw_only=True)
class Scalable(Summing):
    """A multiply-accumulate unit for integers of several widths, chosen cycle by cycle.

    The multiplier is composed of multipliers of 2-bit digits. With `a=int8`, 16 of them give one
    product of 8 by 8 bits, two of 8 by 4, four of 4 by 4 or of 8 by 2, eight of 4 by 2, or sixteen
    of 2 by 2. The products of a cycle are added exactly. The sum is one term of the accumulator.

    With `floats=fp16` there is one more mode, the last: one product of two floats. Their
    significands are multiplied as the widest integers without sign, so the format's significand
    must not be longer. The element lies in the low bits of the word.

    The port of an operand has one slot for each product. With fewer products, slots are wider. An
    element lies in the low bits of its slot.

    Attributes:
        floats: name of a float format, or empty for integers only.
        levels: levels of composition: the operands have 2 * 2^levels bits. They follow from the
            operand format.
        number_format: the format of the floats. It follows from `floats`.
    """

    keyword: ClassVar[str] = "scalable"
    family: ClassVar[str] = "scalable"

    floats: str = field(default="", metadata={"text": True})
    levels: int = field(default=0, metadata={"derived": True})
    number_format: Format | None = field(default=None, metadata={"derived": True})

    def keys(self) -> dict[str, int | str]:
        """The keys that belong to this unit. `floats` is left out for integers only."""
        keys = super().keys()
        if not self.floats:
            del keys["floats"]
        return keys

    def fitted(self, design: "Design") -> Self:
        """The same unit with the levels that its operands need, and the format of its floats.

        Raises:
            SpecError: the operands are not integers of one width that the array composes, or the
                floats do not fit.
        """
        widths = [_width(number_format) for number_format in (design.a, design.b)]
        if widths[0] != widths[1] or widths[0] not in _WIDTHS:
            allowed = ", ".join(f"int{width}" for width in _WIDTHS)
            raise SpecError(
                f"unit scalable, a={design.a}, b={design.b}: one of {allowed} is needed for both, "
                "the widest integers of the unit"
            )
        if not isinstance(design.mul, Exact):
            raise SpecError(f"unit scalable, mul={design.mul}: only exact is composed of digits")
        sized = replace(self, levels=clog2(design.a.bits) - 1)
        return sized._with_floats(design) if self.floats else replace(sized, number_format=None)

    def _with_floats(self, design: "Design") -> Self:
        try:
            chosen = formats.parse(self.floats)
        except FormatError as error:
            raise SpecError(f"floats={self.floats}: {error}") from error
        shape = chosen.unpacked
        if isinstance(chosen, Logarithmic) or shape.twos_complement:
            raise SpecError(f"floats={chosen}: a format with sign and significand is needed")
        if shape.significand_bits > design.a.bits or chosen.bits > self.word_bits:
            raise SpecError(
                f"floats={chosen}: significands of {shape.significand_bits} bits, a multiplier of "
                f"{design.a.bits} bits has room for {design.a.bits}"
            )
        if type(design.acc) not in {FusedFloat, Kulisch}:
            raise SpecError(
                f"unit scalable, floats={chosen}, acc={design.acc}: kulisch or fp:{{format}} are "
                "allowed"
            )
        return replace(self, floats=str(chosen), number_format=chosen)

    def multiplier_from(self, mul: Multiplier) -> Multiplier:
        """The exact product of integers; with floats, of both."""
        if self.number_format is None:
            return mul
        assert isinstance(mul, Exact)  # `fitted` has checked it
        return ComposedProduct(elements=mul, floats=self.number_format)

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes of integers by their number in the field `mode`."""
        return modes(self.levels)

    @property
    def mode_bits(self) -> int:
        """Bits of the field `mode`."""
        return clog2(len(self.modes) + (self.number_format is not None))

    def is_float(self, number: int) -> bool:
        """Whether a number in the field `mode` means the mode of floats."""
        return self.number_format is not None and number >= len(self.modes)

    @property
    def word_bits(self) -> int:
        """Bits of the port of an operand: as the most and narrowest elements need."""
        return DIGIT_BITS << 2 * self.levels

    @property
    def group(self) -> int:
        """Always 1: the sum of the products of a cycle is one term."""
        return 1

    def interface(self, design: "Design") -> Interface:
        """Input: mode, and a word of elements for each operand. Output: the running sum."""
        plain = super().interface(design)
        source, sink = plain.streams
        told = ", ".join(
            f"{number}: {mode.products(self.levels)} of {mode.a_bits} x {mode.b_bits} bits"
            for number, mode in enumerate(self.modes)
        )
        if self.number_format is not None:
            told += f", {len(self.modes)}: 1 of {self.number_format}"
        # Every mode reads the word in its own way; with the widest, the first element counts.
        count = self.word_bits // design.a.bits
        fields = (
            source.fields[0],
            Field(name="mode", meaning="widths of the elements", bits=self.mode_bits),
            Field.codes("a", design.a, "elements, each in the low bits of its slot", count),
            Field.codes("b", design.a, "elements, each in the low bits of its slot", count),
        )
        behaviour = (
            f"Modes are {told}; other numbers count as the last. With n products, slots have "
            f"{self.word_bits} / n bits. {plain.behaviour}"
        )
        streams = (replace(source, fields=fields), sink)
        return replace(plain, streams=streams, behaviour=behaviour.strip())


def _width(number_format: Format | None) -> int:
    """Bits of a signed integer format; 0 for others."""
    whole = isinstance(number_format, FixedPoint) and not number_format.fraction_bits
    if not whole or not number_format.signed or number_format.symmetric:  # type: ignore[union-attr]
        return 0
    return number_format.bits  # type: ignore[union-attr]
