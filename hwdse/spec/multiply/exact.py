"""The exact multiplier, and what all multipliers of exact products share."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.formats import Format, UnpackedShape
from hwdse.spec.multiply import Multiplier


@dataclass(frozen=True, kw_only=True)
class ExactValued(Multiplier):
    """A multiplier whose products are exact, however it is built."""

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


@dataclass(frozen=True, kw_only=True)
class Exact(ExactValued):
    """The exact product: significands multiplied, exponents added, nothing rounded."""

    keyword: ClassVar[str] = "exact"
