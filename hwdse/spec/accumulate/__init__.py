"""Accumulators of a design: what the running sum is. One module each."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from hwdse.formats import Format, UnpackedShape
from hwdse.plugins import load_modules
from hwdse.spec.part import Part


@dataclass(frozen=True, kw_only=True)
class Accumulator(Part):
    """How products become a sum. Golden and hardware implement each choice apart."""

    kind: ClassVar[str] = "accumulator"

    @abstractmethod
    def state(self, product: UnpackedShape) -> UnpackedShape:
        """Bounds of the running sum of such products.

        Raises:
            SpecError: products that this accumulator cannot take; the message says why.
        """

    @abstractmethod
    def default_out(self) -> Format:
        """The accumulator's own format; fp32 for exact ones."""

    def out_of(self, product: UnpackedShape) -> Format:
        """The output format of a design that names none; `default_out` unless products decide.

        Raises:
            SpecError: there is no such format; the message says what to do.
        """
        del product
        return self.default_out()

    @abstractmethod
    def largest(self, product: UnpackedShape) -> float:
        """Largest magnitude the running sum holds without overflow."""


load_modules(__name__, __path__)
