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

    @abstractmethod
    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the products of two formats.

        Raises:
            SpecError: the combination has no meaning; the message says why.
        """


load_modules(__name__, __path__)
