"""Weights stored in a format that a decoder before the unit understands, not the unit."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import Quantizer
from hwdse.networks.methods.method import SeenLayer, StorageMethod, Values


@dataclass(frozen=True, kw_only=True)
class BehindDecoder(StorageMethod):
    """Weights rounded to nearest in any format of arrays, with blocks along the terms.

    AFPQ, floats with a real exponent bias, and blocks that choose their format are no operands of a
    unit. Affine integers are, but not beside activations of 16 bits. Weights in them are decoded
    first, as is usual for weights of 4 bits and activations of 16. A design such as
    `a=bf16,acc=fp:fp32` then takes them as bfloat16 numbers.

    Attributes:
        quantizer: the format.
    """

    keyword: ClassVar[str] = "stored"
    source: ClassVar[str] = "Dettmers et al., QLoRA, NeurIPS 2023: stored in 4 bits, computed in 16"

    quantizer: Quantizer

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse the format."""
        text = ":".join(options)
        try:
            found = formats.get(text)
        except FormatError as error:
            raise SpecError(f"method stored:{text}: {error}") from error
        if not isinstance(found, Quantizer):
            raise SpecError(
                f"method stored:{text}: a format of blocks is needed, such as block:{text}:32:bf16"
            )
        return cls(quantizer=found)

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return "stored:{block format or quantizer}"

    def __str__(self) -> str:
        return f"{self.keyword}:{self.quantizer}"

    @property
    def bits_per_weight(self) -> float:
        """See `StorageMethod.bits_per_weight`."""
        return self.quantizer.bits_per_element

    def stored(self, layer: SeenLayer) -> Values:
        """See `StorageMethod.stored`."""
        return np.stack([self.quantizer.quantize(each, axis=0) for each in layer.weights])
