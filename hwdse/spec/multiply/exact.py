"""The exact multiplier, and the base class of all multipliers with exact products."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.formats import Format, UnpackedShape
from hwdse.spec.multiply import Multiplier


@dataclass(frozen=True, kw_only=True)
class ExactValued(Multiplier):
    """A multiplier with exact products, independent of its hardware implementation.

    All exact multipliers give the same sums, with one exception: a two's-complement product does
    not keep the sign of a zero.

    Some accumulators align products by un-normalised exponents. The un-normalised exponent of a
    product is the sum of the operands' exponents. A multiplier may use other bounds for its
    products, but only if its exponents differ from these sums by a constant.
    """

    #: The product of two significands in [1, 2) lies in [1, 4).
    integer_bits: ClassVar[int] = 2

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the exact products: multiply the significands, add the exponents."""
        x, y = a.unpacked, b.unpacked
        twos = x.twos_complement or y.twos_complement
        bits = sum(
            # If only one operand is two's complement, the other one gets an additional sign bit.
            shape.significand_bits + (twos and not shape.twos_complement)
            for shape in (x, y)
        )
        leading_zeros = None
        if x.leading_zeros is not None and y.leading_zeros is not None and not twos:
            # The top bit of the product of two normalised significands can be zero.
            leading_zeros = x.leading_zeros + y.leading_zeros + 1
        return UnpackedShape(
            significand_bits=bits,
            exponent_min=x.exponent_min + y.exponent_min,
            exponent_max=x.exponent_max + y.exponent_max,
            exponent_origin=x.exponent_origin + y.exponent_origin,
            signed=x.signed or y.signed,
            twos_complement=twos,
            has_inf=x.has_inf or y.has_inf,
            # Zero times infinity is NaN.
            has_nan=x.has_nan or y.has_nan or x.has_inf or y.has_inf,
            leading_zeros=leading_zeros,
        )

    def top_bit(self, a: Format, b: Format) -> int:
        """Position of the top bit of the full-width significand product, relative to the LSB."""
        exact = ExactValued.product(self, a, b)
        return exact.magnitude_bits - 1 + exact.exponent_min - self.product(a, b).exponent_min


@dataclass(frozen=True, kw_only=True)
class Exact(ExactValued):
    """The exact product: multiplies the significands, adds the exponents, rounds nothing."""

    keyword: ClassVar[str] = "exact"
