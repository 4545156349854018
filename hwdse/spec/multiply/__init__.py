"""Multipliers of a design: what a product is, and which operands make sense. One module each."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from hwdse.formats import Format, UnpackedShape
from hwdse.plugins import load_modules
from hwdse.spec.part import Part


@dataclass(frozen=True, kw_only=True)
class Multiplier(Part):
    """How two operands become one product. Golden and hardware implement each choice apart."""

    kind: ClassVar[str] = "multiplier"
    #: Bits above the binary point in a product's significand, where accumulators align products by
    #: exponents that are not normalised.
    integer_bits: ClassVar[int] = 1

    @abstractmethod
    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the products of two formats.

        Raises:
            SpecError: the combination has no meaning; the message says why.
        """

    def top_bit(self, a: Format, b: Format) -> int:
        """Place of the highest integer bit in a product's significand, counted from its LSB.

        The significand need not be that long.
        """
        return self.product(a, b).magnitude_bits - 1


load_modules(__name__, __path__)
