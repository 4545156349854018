"""AFPQ: asymmetric floating point, with one scale for each sign."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.blocks.blocking import Blocking
from hwdse.formats.blocks.exact import divide, largest, magnitudes
from hwdse.formats.blocks.quantizer import (
    Quantized,
    element_codes,
    poisoned,
    product,
    scale_codes,
    scale_values,
    stored_bits,
    take_blocks,
)
from hwdse.formats.blocks.range_quantizer import RangeQuantizer
from hwdse.formats.rounding import RandomBits
from hwdse.formats.unpacked import Array, Unpacked


@dataclass(frozen=True, kw_only=True)
class AsymmetricFloat(RangeQuantizer):
    """Value = element * s+ for positive elements, element * s- for negative elements.

    In each block, s+ = max(x) / (largest element) and s- = |min(x)| / (largest element). Both are
    rounded to the scale format, and are 0 if the block has no value of that sign. Elements are
    x / (rounded scale), rounded.

    `Quantized.scales` has a leading axis of length 2: s+ and s-.

    Attributes:
        element: a signed element format whose least value is minus its largest value.
        block: which values share the two scales.
        scale: format of the scales.

    Raises:
        FormatError: the element format is not symmetric.
    """

    family: ClassVar[str] = "AFPQ"
    source: ClassVar[str] = "Y. Zhang et al., AFPQ (arXiv:2311.01792)"

    keyword: ClassVar[str] = "afpq"
    default_scale: ClassVar[str] = "fp16"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.element.min != -self.element.max:
            raise FormatError(
                f"{self.name}: values from {self.element.min:g} to {self.element.max:g} are not "
                "symmetric, as is needed"
            )

    @property
    def bits_per_element(self) -> float:
        """Bits of an element, plus its share of the two scales."""
        return self.element.bits + self.block.amortised(2 * stored_bits(self.scale))

    def _encode(
        self, values: Array, blocking: Blocking, rounding: str | None, random: RandomBits | None
    ) -> Quantized:
        """Codes and scales of an array."""
        size = magnitudes(values)
        lost = poisoned(values, self.element, blocking)
        sides = []
        for side in (values > 0, values < 0):
            amax = blocking.split(np.where(side, size, 0).astype(size.dtype)).max(-1, initial=0)
            exact = divide(Unpacked.from_numbers(amax), largest(self.element))
            sides.append(scale_codes(self.scale, exact, amax, lost))
        scales = np.stack(sides)
        positive, negative = (take_blocks(scale_values(self.scale, s), blocking) for s in scales)
        below = values < 0
        scale = Unpacked(
            **{
                name: np.where(below, array, vars(positive)[name])
                for name, array in vars(negative).items()
            }
        )
        return Quantized(
            codes=element_codes(self.element, values, scale, rounding, random),
            scales=scales,
            blocking=blocking,
        )

    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array; see `Quantizer.decode`."""
        elements = self.element.decode(quantized.codes)
        positive, negative = (self._spread(quantized, side) for side in (0, 1))
        return product(elements, np.where(elements < 0, negative, positive))

    def _spread(self, quantized: Quantized, side: int) -> Array:
        scale = scale_values(self.scale, quantized.scales[side]).to_float64()
        return quantized.blocking.spread(scale)
