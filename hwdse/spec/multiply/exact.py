"""The exact multiplier, and what all multipliers of exact products share."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.formats import Format, UnpackedShape
from hwdse.spec.multiply import Multiplier


@dataclass(frozen=True, kw_only=True)
class ExactValued(Multiplier):
    """A multiplier whose products are exact, however it is built.

    Its sums are the same numbers as those of all others of its kind; only the sign of a zero is
    lost where products are two's-complement words. Accumulators that align products by exponents
    that are not normalised see the operands' exponents added: a multiplier may write products
    within bounds of its own, if its exponents differ from those by a constant.
    """

    #: Significands in [1, 2) have products in [1, 4).
    integer_bits: ClassVar[int] = 2

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the exact products: significands multiplied, exponents added."""
        x, y = a.unpacked, b.unpacked
        twos = x.twos_complement or y.twos_complement
        bits = sum(
            # A magnitude that meets a two's-complement operand needs a sign bit of its own.
            shape.significand_bits + (twos and not shape.twos_complement)
            for shape in (x, y)
        )
        leading_zeros = None
        if x.leading_zeros is not None and y.leading_zeros is not None and not twos:
            # The product of two normalised significands may lack its top bit.
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
        """Place of the highest bit that the operands' significands can give, from the LSB."""
        exact = ExactValued.product(self, a, b)
        return exact.magnitude_bits - 1 + exact.exponent_min - self.product(a, b).exponent_min


@dataclass(frozen=True, kw_only=True)
class Exact(ExactValued):
    """The exact product: significands multiplied, exponents added, nothing rounded."""

    keyword: ClassVar[str] = "exact"
