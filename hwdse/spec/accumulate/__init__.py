"""Accumulators: each module defines one representation of the running sum."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from hwdse.formats import Format, UnpackedShape
from hwdse.plugins import load_modules
from hwdse.spec.part import Part


@dataclass(frozen=True, kw_only=True)
class Accumulator(Part):
    """How products are added to a running sum.

    The golden model and the hardware implement each accumulator independently.
    """

    kind: ClassVar[str] = "accumulator"

    @abstractmethod
    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Significand and exponent bounds of the running sum.

        Args:
            product: bounds of the products.

        Raises:
            SpecError: the accumulator cannot add these products. The message says why.
        """

    @abstractmethod
    def default_out(self) -> Format:
        """The format of the accumulator; fp32 for an exact accumulator."""

    def out_of(self, product: UnpackedShape) -> Format:
        """The output format of a design without `out=`.

        The result is `default_out`, except for accumulators whose format depends on the products.

        Raises:
            SpecError: no format fits. The message says what to do.
        """
        del product
        return self.default_out()

    @abstractmethod
    def largest(self, product: UnpackedShape) -> float:
        """Largest magnitude of the running sum without overflow."""


load_modules(__name__, __path__)
