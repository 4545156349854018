"""The common form of elements of several formats: a short integer and a coarse exponent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

from hwdse.formats import BinaryFloat, FlushedFloat, Format, UnpackedShape

#: Bits of one step of the coarse exponent that are tried.
_STEPS = (1, 2, 4, 8)
#: Relative areas of a full adder, a 2:1 multiplexer and an AND gate, for the choice of the form.
_ADDER, _MUX, _GATE = 5.0, 1.9, 1.0


@dataclass(frozen=True, kw_only=True)
class CommonForm:
    """All elements are ± significand * 2^(base + step * exponent).

    The low bits of a format's exponent shift its significand before it is multiplied; only whole
    steps are left for the shifter of the product. So one row of a multiplier that wide integers
    need anyhow saves the multiplexers that floats would need behind it.

    Attributes:
        significand_bits: width of the shifted significand, a magnitude.
        step: weight of the exponent's LSB: 1, 2, 4 or 8 binary places.
        base: exponent of the significand's LSB (log2) where the common exponent is 0.
        most: greatest common exponent.
        carries: the most negative number of an integer has one bit more than the significand. It
            takes the next exponent instead.
    """

    significand_bits: int
    step: int
    base: int
    most: int
    carries: bool

    @property
    def exponent_bits(self) -> int:
        """Width of the common exponent."""
        return self.most.bit_length()

    def offset(self, shape: UnpackedShape) -> int:
        """What is added to the exponent field of a record."""
        return shape.exponent_origin - self.base

    def carries_out(self, shape: UnpackedShape) -> bool:
        """Whether the most negative number of a record takes the next exponent."""
        return self.carries and _can_carry(shape, self.base, self.step)

    def area(self) -> float:
        """Area of a lane, in relative units: operand shifters, multiplier and product shifter."""
        bits = self.significand_bits
        fine = _shifter_area(max(bits - self.step + 1, 1), 1, (self.step - 1).bit_length())
        coarse = _shifter_area(2 * bits, self.step, (2 * self.most).bit_length())
        return (_ADDER + _GATE) * bits * bits + 2 * fine + coarse


@lru_cache(maxsize=256)
def common_form(formats: tuple[Format, ...]) -> CommonForm:
    """The form of the smallest lane for elements of these formats."""
    shapes = aligned_shapes(formats)
    least = min(shape.exponent_origin for shape in shapes)
    found = [
        _form(shapes, least - lower, step, carries)
        for step, carries in product(_STEPS, (False, True))
        for lower in range(step)
    ]
    return min(found, key=CommonForm.area)


def is_plain(number_format: Format) -> bool:
    """Whether a format has the fields of IEEE 754, with subnormals."""
    return (
        isinstance(number_format, BinaryFloat)
        and not isinstance(number_format, FlushedFloat)
        and number_format.subnormals
        and number_format.unpacked.exponent_origin < number_format.unpacked.exponent_min
    )


def aligned_shapes(formats: Sequence[Format]) -> list[UnpackedShape]:
    """Bounds of the elements' records; zeros fill the fractions of floats to one length."""
    shapes = [one.unpacked for one in formats]
    floats = [
        shape.significand_bits for one, shape in zip(formats, shapes, strict=True) if is_plain(one)
    ]
    longest = max(floats, default=0)
    return [
        _filled(shape, longest - shape.significand_bits) if is_plain(one) else shape
        for one, shape in zip(formats, shapes, strict=True)
    ]


def _filled(shape: UnpackedShape, zeros: int) -> UnpackedShape:
    return replace(
        shape,
        significand_bits=shape.significand_bits + zeros,
        exponent_min=shape.exponent_min - zeros,
        exponent_max=shape.exponent_max - zeros,
        exponent_origin=shape.exponent_origin - zeros,
    )


def _form(shapes: Sequence[UnpackedShape], base: int, step: int, carries: bool) -> CommonForm:
    bits, most = 1, 0
    for shape in shapes:
        low, high = shape.exponent_min - base, shape.exponent_max - base
        carry = carries and _can_carry(shape, base, step)
        # The most negative number of a two's-complement record has all of its bits.
        own = shape.magnitude_bits + (shape.twos_complement and not carry)
        # Field 0 of a float is below its least exponent, and never there.
        bits = max(bits, own + max(place % step for place in range(low, high + 1)))
        most = max(most, high // step + carry)
    return CommonForm(significand_bits=bits, step=step, base=base, most=most, carries=carries)


def _can_carry(shape: UnpackedShape, base: int, step: int) -> bool:
    """Whether the most negative number is an integer of the next exponent."""
    if not shape.twos_complement or shape.exponent_min != shape.exponent_max:
        return False
    return shape.magnitude_bits + (shape.exponent_min - base) % step >= step


def _shifter_area(live: int, unit: int, rows: int) -> float:
    area = 0.0
    for row in range(rows):
        step = unit << row
        both = max(live - step, 0)
        area += _MUX * both + _GATE * (live + step - both)
        live += step
    return area
