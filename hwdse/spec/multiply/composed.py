"""Integer products of several widths, and float products on the same significand multiplier."""

from dataclasses import dataclass, field

from hwdse.formats import Format, UnpackedShape
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.exact import Exact


@dataclass(frozen=True, kw_only=True)
class ComposedProduct(Multiplier):
    """The exact sum of the products of integers, or the exact product of two floats, as one term.

    Both are numbers in two's complement. The sum of integers has exponent 0, the product of floats
    the sum of both exponents. A product of zero is +0.

    No design spec names this multiplier. A design whose unit composes integers and floats makes it
    from `mul`, which multiplies the elements.

    Attributes:
        elements: multiplier of the elements: exact.
        floats: format of the floats.
    """

    elements: Exact = field(default_factory=Exact)
    floats: Format

    def __str__(self) -> str:
        return str(self.elements)

    @property
    def named(self) -> Multiplier:
        """The multiplier of the elements."""
        return self.elements

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the terms; `a` and `b` are the widest integers."""
        whole = self.elements.product(a, b)
        floating = self.elements.product(self.floats, self.floats)
        return UnpackedShape(
            significand_bits=max(whole.significand_bits, floating.magnitude_bits + 1),
            exponent_min=min(whole.exponent_min, floating.exponent_min),
            exponent_max=max(whole.exponent_max, floating.exponent_max),
            exponent_origin=min(whole.exponent_origin, floating.exponent_origin),
            twos_complement=True,
            has_inf=floating.has_inf,
            has_nan=floating.has_nan,
        )
