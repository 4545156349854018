"""Multipliers: each module defines one, with its products and the operand formats it accepts."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from hwdse.formats import Format, UnpackedShape
from hwdse.plugins import load_modules
from hwdse.spec.part import Part


@dataclass(frozen=True, kw_only=True)
class Multiplier(Part):
    """How two operands become one product.

    The golden model and the hardware implement each multiplier independently.
    """

    kind: ClassVar[str] = "multiplier"
    #: Integer bits of a product's significand: bits above the binary point. Accumulators that align
    #: products by un-normalised exponents need this number.
    integer_bits: ClassVar[int] = 1

    @property
    def named(self) -> "Multiplier":
        """The multiplier that a design spec names. A unit may have made another one of it."""
        return self

    @abstractmethod
    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Significand and exponent bounds of the products of two formats.

        Raises:
            SpecError: the multiplier does not accept these formats. The message says why.
        """

    def top_bit(self, a: Format, b: Format) -> int:
        """Position of the highest integer bit in a product's significand; the LSB has position 0.

        The significand may be shorter and not contain this position.
        """
        return self.product(a, b).magnitude_bits - 1

    def point(self, a: Format, b: Format) -> int:
        """Fraction bits of a product's significand.

        The weight of the significand's LSB plus this number is the un-normalised exponent.
        """
        return self.top_bit(a, b) + 1 - self.integer_bits


load_modules(__name__, __path__)
