"""Affine integers as operands of a unit: blocks whose scale code also holds a zero point."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.blocks.affine import Affine
from hwdse.formats.blocks.block import BlockFormat
from hwdse.formats.blocks.blocking import Blocking
from hwdse.formats.blocks.quantizer import Quantized
from hwdse.formats.fixed_point import FixedPoint
from hwdse.formats.rounding import Position, RandomBits
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape


@dataclass(frozen=True, kw_only=True)
class ScaleWithZeroPoint(Format):
    """A scale in the low bits of a code, a zero point above it. The value is that of the scale.

    Encoding a scale gives the zero point 0. No name stands for the format.

    Attributes:
        scale: format of the scales.
        zero_bits: bits of the zero points.
    """

    scale: Format
    zero_bits: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"{self.scale} and uint{self.zero_bits}")

    @classmethod
    def from_name(cls, text: str) -> None:
        """None: the format has no name to parse."""
        del text

    @classmethod
    def syntax(cls) -> str:
        """Empty: the format has no name to parse."""
        return ""

    def scale_codes(self, codes: Array) -> Array:
        """The codes of the scales."""
        return codes & ((1 << self.scale.bits) - 1)

    def zero_points(self, codes: Array) -> Array:
        """The zero points."""
        return codes >> self.scale.bits

    def joined(self, scales: Array, zero_points: Array) -> Array:
        """Codes of scales, given by their codes, and of zero points."""
        words = scales.astype(np.int64) | zero_points.astype(np.int64) << self.scale.bits
        return words.astype(self.code_dtype)

    @property
    def bits(self) -> int:
        """Bits of a scale and of a zero point."""
        return self.scale.bits + self.zero_bits

    @property
    def signed(self) -> bool:
        """As of the scale."""
        return self.scale.signed

    @property
    def unpacked(self) -> UnpackedShape:
        """As of the scale."""
        return self.scale.unpacked

    def unpack(self, codes: Array) -> Unpacked:
        """The scales."""
        return self.scale.unpack(self.scale_codes(codes))

    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """As of the scale."""
        return self.scale.locate(value, fraction_bits)

    def top(self, negative: Array) -> Array:
        """As of the scale."""
        return self.scale.top(negative)

    def code_of(self, index: Array, negative: Array) -> Array:
        """Codes of scales, with the zero point 0."""
        return self.scale.code_of(index, negative)

    def ordinal(self, codes: Array) -> Array:
        """As of the scale."""
        return self.scale.ordinal(self.scale_codes(codes))

    def settled(self, index: Array) -> Array:
        """As of the scale."""
        return self.scale.settled(index)

    def invalid(self, value: Unpacked) -> Array:
        """As of the scale."""
        return self.scale.invalid(value)

    @property
    def nan_code(self) -> int | None:
        """As of the scale."""
        return self.scale.nan_code

    @property
    def inf_code(self) -> int | None:
        """As of the scale."""
        return self.scale.inf_code

    @property
    def negative_inf_code(self) -> int | None:
        """As of the scale."""
        return self.scale.negative_inf_code

    @property
    def default_rounding(self) -> str:
        """As of the scale."""
        return self.scale.default_rounding

    @property
    def has_negative_zero(self) -> bool:
        """As of the scale."""
        return self.scale.has_negative_zero

    @property
    def min_normal(self) -> float:
        """As of the scale."""
        return self.scale.min_normal

    @property
    def fits_float64(self) -> bool:
        """As of the scale."""
        return self.scale.fits_float64


@dataclass(frozen=True, kw_only=True)
class ZeroPointBlock(BlockFormat):
    """Blocks of affine integers: scale * (code - zero point), as `hwdse.formats.blocks.affine`.

    The unit subtracts the zero point from each code and multiplies the signed difference, which
    has one bit more. Scale and zero point of a block are one code.

    Attributes:
        affine: the format of the values.
        element: unsigned integers.
        scale: `ScaleWithZeroPoint`.
    """

    affine: Affine
    scale: ScaleWithZeroPoint
    rule: str = field(default="range", init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.affine.name)
        if not self.scale.fits_float64:
            raise FormatError(f"{self.name}: values of {self.scale.scale} leave float64")

    @classmethod
    def of(cls, affine: Affine) -> "ZeroPointBlock":
        """The blocks that a unit takes, for a format of affine integers."""
        return cls(
            affine=affine,
            element=affine.element,
            block=affine.block,
            scale=ScaleWithZeroPoint(scale=affine.scale, zero_bits=affine.element.bits),
        )

    @property
    def bits_per_element(self) -> float:
        """As of the affine integers."""
        return self.affine.bits_per_element

    @property
    def multiplied(self) -> Format:
        """Differences of codes and zero points."""
        return FixedPoint(width=self.element.bits + 1)

    def multiplied_codes(self, codes: Array, scales: Array) -> Array:
        """Differences of codes and zero points, as codes of two's complement."""
        difference = codes.astype(np.int64) - self.scale.zero_points(scales.astype(np.int64))
        return difference & ((1 << self.multiplied.bits) - 1)

    def zero_codes(self, scales: Array) -> Array:
        """The zero points."""
        return self.scale.zero_points(scales.astype(np.int64))

    def codes_of_multiplied(self, codes: Array, scales: Array) -> Array:
        """The inverse of `multiplied_codes`."""
        found = codes.astype(np.int64) + self.scale.zero_points(scales.astype(np.int64))
        return (found & ((1 << self.element.bits) - 1)).astype(self.element.code_dtype)

    def limits(self, scales: Array) -> tuple[Array, Array]:
        """Differences of the least and of the largest code and the zero points."""
        zero = self.scale.zero_points(scales.astype(np.int64)).astype(np.float64)
        return -zero, float(self.element.max) - zero

    def _quantized(
        self,
        values: Array,
        blocking: Blocking,
        rounding: str | None,
        random: RandomBits | None,
        *,
        tensor_amax: float | None = None,
    ) -> Quantized:
        del tensor_amax
        found = self.affine._encode(values, blocking, rounding, random)
        assert found.offsets is not None
        words = self.scale.joined(found.scales, found.offsets)
        return Quantized(codes=found.codes, scales=words, blocking=blocking)

    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array; see `Quantizer.decode`."""
        words = quantized.scales.astype(np.int64)
        return self.affine.decode(
            Quantized(
                codes=quantized.codes,
                scales=self.scale.scale_codes(words),
                blocking=quantized.blocking,
                offsets=self.scale.zero_points(words),
            )
        )
