"""The packed unit: words of many narrow or few wide elements, in a format chosen cycle by cycle."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.formats import Format, clog2
from hwdse.spec.interface import Field, Interface
from hwdse.spec.modes import joined_modes, modes_field, parse_modes
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.exact import Exact
from hwdse.spec.multiply.packed import PackedProduct
from hwdse.spec.unit import Summing

if TYPE_CHECKING:
    from hwdse.spec.design import Design


@dataclass(frozen=True, kw_only=True)
class Simd(Summing):
    """A multiply-accumulate unit for packed words, whose format is chosen cycle by cycle.

    With `a=posit16_1,modes=e2m1fn|posit4_1|posit8_0|posit16_1`, a word of 16 bits has four elements
    of 4 bits, two of 8, or one of 16 (mixed-precision SIMD units such as XR-NPE). One significand
    multiplier serves all of them; the inputs of what a mode does not use are held at zero. The
    products of a cycle are added exactly. The sum is one term of the accumulator.

    Attributes:
        modes: the formats of both operands, joined by `|`. Their places are the numbers of the
            modes. The operand `a` of the design is the widest of them, the format of a whole word.
        formats: the formats of the modes. They follow from `modes`.
    """

    keyword: ClassVar[str] = "simd"
    family: ClassVar[str] = "simd"

    modes: str = modes_field()
    formats: tuple[Format, ...] = field(default=(), metadata={"derived": True})

    def fitted(self, design: "Design") -> Self:
        """The same unit with the formats of its modes.

        Raises:
            SpecError: `modes` is wrong, or the operands are not its widest format.
        """
        chosen = parse_modes(self.keyword, self.modes, formats.parse)
        widest = [mode for mode in chosen if mode.bits == max(one.bits for one in chosen)]
        if design.a not in widest or design.b != design.a:
            raise SpecError(
                f"unit simd, a={design.a}, b={design.b}: {' or '.join(map(str, widest))} is needed "
                "for both, the widest of its modes"
            )
        return replace(self, modes=joined_modes(chosen), formats=chosen)

    def multiplier_from(self, mul: Multiplier) -> Multiplier:
        """The product of two words, as the multiplier of the design."""
        if not isinstance(mul, Exact):
            raise SpecError(f"unit simd, mul={mul}: only exact serves elements of all formats")
        return PackedProduct(elements=mul, modes=self.formats)

    @property
    def mode_bits(self) -> int:
        """Bits of the field `mode`."""
        return clog2(len(self.formats))

    @property
    def group(self) -> int:
        """Always 1: the sum of the products of a cycle is one term."""
        return 1

    def mode_of(self, number: int) -> Format:
        """The format of a number in the field `mode`: of numbers above the last, the last."""
        return self.formats[min(number, len(self.formats) - 1)]

    def interface(self, design: "Design") -> Interface:
        """Input: mode, and a word of elements for each operand. Output: the running sum."""
        plain = super().interface(design)
        source, sink = plain.streams
        told = ", ".join(
            f"{number}: {design.a.bits // mode.bits} x {mode}"
            for number, mode in enumerate(self.formats)
        )
        fields = (
            source.fields[0],
            Field(name="mode", meaning="format of the elements", bits=self.mode_bits),
            Field.codes("a", design.a, "elements, element 0 in the low bits"),
            Field.codes("b", design.a, "elements, element 0 in the low bits"),
        )
        behaviour = f"Modes are {told}; other numbers count as the last. {plain.behaviour}"
        streams = (replace(source, fields=fields), sink)
        return replace(plain, streams=streams, behaviour=behaviour.strip())
