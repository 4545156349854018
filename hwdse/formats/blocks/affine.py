"""Affine integers: unsigned codes, with one scale and one zero point per block."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.blocks.blocking import Blocking
from hwdse.formats.blocks.exact import divide, magnitudes, total
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
from hwdse.formats.fixed_point import FixedPoint
from hwdse.formats.rounding import RandomBits
from hwdse.formats.unpacked import Array, Unpacked

_MAX_BITS = 30


@dataclass(frozen=True, kw_only=True)
class Affine(RangeQuantizer):
    """x = scale (q - z), where q and z are unsigned integers of b bits.

    scale = (max - min) / (2^b - 1), rounded to the scale format. z = round(-min / scale) and
    q = clamp(round(x / scale) + z, 0, 2^b - 1) use the rounded scale. The range of a block is
    widened to include zero. Zero is therefore exact, and z is always in range.

    z rounds to nearest even. q rounds to nearest even, or as the caller of `encode` says.

    Attributes:
        element: unsigned integers of 2 to 30 bits.
        block: which values share a scale and a zero point.
        scale: format of the scales.

    Raises:
        FormatError: the element format is not uint2 to uint30.
    """

    family: ClassVar[str] = "affine integer"
    source: ClassVar[str] = "B. Jacob et al., CVPR 2018 (arXiv:1712.05877); ONNX QuantizeLinear"

    keyword: ClassVar[str] = "affine"
    elements: ClassVar[str] = "uint{bits}"
    default_scale: ClassVar[str] = "fp32"

    def __post_init__(self) -> None:
        super().__post_init__()
        element = self.element
        if (
            not isinstance(element, FixedPoint)
            or element.signed
            or element.fraction_bits
            or element.bits > _MAX_BITS
        ):
            raise FormatError(f"{self.name}: uint2 to uint{_MAX_BITS} are allowed as elements")

    @property
    def bits_per_element(self) -> float:
        """Bits of an element, plus its share of the scale and the zero point."""
        return self.element.bits + self.block.amortised(stored_bits(self.scale) + self.element.bits)

    @property
    def _wide(self) -> Format:
        """Signed integers so wide that every value that they clamp, the element clamps too."""
        return FixedPoint(width=self.element.bits + 2)

    def _encode(
        self, values: Array, blocking: Blocking, rounding: str | None, random: RandomBits | None
    ) -> Quantized:
        """Codes, scales and zero points (`offsets`)."""
        size = magnitudes(values)
        above = blocking.split(np.where(values > 0, size, 0).astype(size.dtype)).max(-1, initial=0)
        below = blocking.split(np.where(values < 0, size, 0).astype(size.dtype)).max(-1, initial=0)
        lost = poisoned(values, self.element, blocking)
        scales, zero = self.scales_and_zero_points(above, below, lost)
        largest_code = (1 << self.element.bits) - 1
        scale = scale_values(self.scale, scales)
        codes = self._integers(values, take_blocks(scale, blocking), rounding, random)
        codes = np.clip(codes + blocking.spread(zero), 0, largest_code)
        dtype = self.element.code_dtype
        return Quantized(
            codes=codes.astype(dtype),
            scales=scales,
            blocking=blocking,
            offsets=zero.astype(dtype),
        )

    def scales_and_zero_points(
        self, above: Array, below: Array, lost: Array
    ) -> tuple[Array, npt.NDArray[np.int64]]:
        """Scale codes and zero points of blocks.

        Args:
            above: largest value of each block, 0 if all are negative.
            below: magnitude of the least value of each block, 0 if none is negative.
            lost: which blocks hold a NaN or an infinity.
        """
        extent = total(Unpacked.from_numbers(np.stack([above, below], axis=-1)))
        largest_code = np.array([(1 << self.element.bits) - 1])
        exact = divide(extent, Unpacked.from_numbers(largest_code))
        scales = scale_codes(self.scale, exact, np.maximum(above, below), lost)
        zero = self._integers(below, scale_values(self.scale, scales), "rne", None)
        return scales, np.clip(zero, 0, largest_code)

    def _integers(
        self,
        values: npt.NDArray[np.generic],
        scale: Unpacked,
        rounding: str | None,
        random: RandomBits | None,
    ) -> npt.NDArray[np.int64]:
        codes = element_codes(self._wide, values, scale, rounding, random)
        return np.asarray(self._wide.ordinal(codes.astype(np.int64)), np.int64)

    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array; see `Quantizer.decode`."""
        assert quantized.offsets is not None
        blocking = quantized.blocking
        steps = quantized.codes.astype(np.int64) - blocking.spread(quantized.offsets).astype(
            np.int64
        )
        scale = scale_values(self.scale, quantized.scales).to_float64()
        return product(steps, blocking.spread(scale))
