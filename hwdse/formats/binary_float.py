"""Base class of all binary floating-point families: fields, levels and values."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.rounding import Position, split
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape, bit_length


@dataclass(frozen=True, kw_only=True)
class BinaryFloat(Format):
    """Sign, exponent field e and fraction m: (1 + m/2^M) 2^(e-bias), or m/2^M 2^(1-bias) at e = 0.

    The levels are the magnitude codes: the bits below the sign bit, read as an integer. Each
    family defines its special codes.

    Attributes:
        exponent_bits: E.
        fraction_bits: M, stored fraction bits.
        bias: exponent bias.
        signed: False if the format has no sign bit.
        subnormals: False if exponent field 0 is an ordinary binade. Such a format has no zero
            (E8M0 scales).
    """

    exponent_bits: int
    fraction_bits: int
    bias: int = None  # type: ignore[assignment]
    signed: bool = True
    subnormals: bool = True

    @property
    @abstractmethod
    def max_code(self) -> int:
        """Code of the largest finite value."""

    @property
    @abstractmethod
    def has_negative_zero(self) -> bool:
        """Whether zero has two codes."""

    @abstractmethod
    def special_codes(self, magnitude: Array, negative: Array) -> tuple[Array, Array]:
        """Masks of the NaN codes and of the infinity codes."""

    @property
    def tie_on_exponent(self) -> bool:
        """Whether a one-bit significand (M = 0) counts as even if its exponent field is even.

        By IEEE 754-2019 section 4.3.1, a one-digit significand is never even, so that a tie takes
        the larger value. P3109 looks at the exponent field.
        """
        return False

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.exponent_bits + self.fraction_bits + self.signed

    @property
    def precision(self) -> int:
        """Significand bits, including the hidden bit."""
        return self.fraction_bits + 1

    @property
    def lsb_exponent(self) -> int:
        """log2 of the LSB of the lowest binade; with subnormals, of the smallest subnormal."""
        return int(self.subnormals) - self.bias - self.fraction_bits

    @property
    def max_exponent(self) -> int:
        """floor(log2(max))."""
        field = self.max_code >> self.fraction_bits
        if field or not self.subnormals:
            return field - self.bias
        return self.max_code.bit_length() - 1 + self.lsb_exponent

    @property
    def sign_code(self) -> int:
        """The sign bit's place value; 0 if the format is unsigned."""
        return int(self.signed) << (self.exponent_bits + self.fraction_bits)

    @property
    def negative_inf_code(self) -> int | None:
        """Code of -infinity."""
        return None if self.inf_code is None or not self.signed else self.inf_code | self.sign_code

    @property
    def min_normal(self) -> float:
        """Smallest positive value of full precision."""
        return self.level(min(int(self.subnormals) << self.fraction_bits, self.max_code), False)

    @property
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` returns."""
        return UnpackedShape(
            significand_bits=self.precision,
            exponent_min=self.lsb_exponent,
            exponent_max=max(self.max_exponent - self.fraction_bits, self.lsb_exponent),
            exponent_origin=-self.bias - self.fraction_bits,
            signed=self.signed,
            has_inf=self.has_inf,
            has_nan=self.has_nan,
            leading_zeros=None if self.subnormals else 0,
        )

    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes. The caller has checked their range."""
        magnitude, sign = self._split_sign(codes)
        e = magnitude >> self.fraction_bits
        m = magnitude & ((1 << self.fraction_bits) - 1)
        nan, inf = self.special_codes(magnitude, sign)
        normal = (e > 0) | (not self.subnormals)
        significand = m + np.where(normal, 1 << self.fraction_bits, 0)
        exponent = np.maximum(e, int(self.subnormals)) - self.bias - self.fraction_bits
        significand = np.where(nan | inf, 0, significand)
        return Unpacked(
            sign=sign & ~nan, significand=significand, exponent=exponent, nan=nan, inf=inf
        )

    def _split_sign(self, codes: Array) -> tuple[Array, Array]:
        # A 64-bit code does not fit a positive int64: mask the fields, never compare whole codes.
        magnitude = codes & ((1 << (self.exponent_bits + self.fraction_bits)) - 1)
        return magnitude, ((codes >> (self.bits - 1)) & 1 == 1) & self.signed

    def ordinal(self, codes: Array) -> Array:
        """Magnitude codes with the sign of the value; both zeros give 0."""
        magnitude, negative = self._split_sign(codes)
        return np.where(negative, -magnitude, magnitude)

    def invalid(self, value: Unpacked) -> Array:
        """Zeros and negative values are invalid in a format without zero (E8M0)."""
        if self.subnormals:
            return super().invalid(value)
        return (value.zero | value.sign) & ~value.nan

    def top(self, negative: Array) -> Array:
        """Level of the largest value; level 0 on the negative side of an unsigned format."""
        return np.where(negative & (not self.signed), 0, self.max_code)

    def code_of(self, index: Array, negative: Array) -> Array:
        """The level itself, plus the sign bit in a signed format."""
        code = np.asarray(index).astype(np.uint64)
        if not self.signed:
            return np.where(negative, np.uint64(0), code)
        with_sign = negative & ((code != 0) | self.has_negative_zero)
        return code | np.where(with_sign, np.uint64(self.sign_code), np.uint64(0))

    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """Round to precision; the quantum is 2^(exponent - M), at least the subnormal quantum.

        The hidden bit carries into the exponent field. One expression therefore covers normal
        values, subnormal values and a rounding carry.
        """
        floor_log2 = value.exponent + bit_length(value.significand) - 1
        # Above the largest binade, a value is just "too large". The shifts below skip such values.
        beyond = (floor_log2 > self.max_exponent) & ~value.zero
        ordinary = ~(value.zero | value.nan | value.inf | beyond)
        quantum = np.maximum(floor_log2 - self.fraction_bits, self.lsb_exponent)
        quantum = np.where(ordinary, quantum, self.lsb_exponent)
        significand = np.where(ordinary, value.significand, 0)
        whole, fraction = split(significand, quantum - value.exponent, fraction_bits)
        whole = whole.astype(np.int64)
        index = ((quantum - self.lsb_exponent) << self.fraction_bits) + whole
        odd = (index if self.tie_on_exponent and self.fraction_bits == 0 else whole) & 1 == 1
        if not self.subnormals:
            # Every value below the first binade goes to the first value of that binade.
            index = index - (1 << self.fraction_bits)
            fraction = np.where(index < 0, 0, fraction)
            index = np.maximum(index, 0)
        index = np.where(beyond, self.max_code + 1, index)
        return Position(index=index, fraction=np.where(beyond, 0, fraction), odd=odd)


@dataclass(frozen=True, kw_only=True)
class FlushedFloat(BinaryFloat):
    """A binary float whose subnormals count as zero: codes with exponent field 0 decode to zero.

    Encoding rounds as in the format with subnormals. A result below the smallest normal value then
    becomes a (signed) zero. This is tininess detected after rounding (IEEE 754-2019 7.5), as in
    hardware with a flush-to-zero mode.

    Attributes:
        base: the same format with subnormals.
    """

    family: ClassVar[str] = "flush to zero"
    source: ClassVar[str] = "flush-to-zero and denormals-are-zero modes of Arm and x86 processors"

    base: BinaryFloat

    def __post_init__(self) -> None:
        if not self.base.subnormals or self.base.fraction_bits == 0:
            raise FormatError(f"{self.base.name} has no subnormals to flush")

    @classmethod
    def of(cls, base: BinaryFloat) -> Self:
        """The flushing version of `base`; its name has the suffix `_ftz`.

        Raises:
            FormatError: `base` has no subnormals.
        """
        return cls(
            name=f"{base.name}_ftz",
            exponent_bits=base.exponent_bits,
            fraction_bits=base.fraction_bits,
            bias=base.bias,
            signed=base.signed,
            base=base,
        )

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """None: only the modifier `_ftz` makes these formats."""
        del text
        return None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return "{float}_ftz"

    @property
    def max_code(self) -> int:
        """Same as in `base`."""
        return self.base.max_code

    @property
    def has_negative_zero(self) -> bool:
        """Same as in `base`."""
        return self.base.has_negative_zero

    @property
    def inf_code(self) -> int | None:
        """Same as in `base`."""
        return self.base.inf_code

    @property
    def nan_code(self) -> int | None:
        """Same as in `base`."""
        return self.base.nan_code

    @property
    def overflow_gives(self) -> Literal["inf", "nan", "max"]:
        """Same as in `base`."""
        return self.base.overflow_gives

    @property
    def fits_float64(self) -> bool:
        """Same as in `base`."""
        return self.base.fits_float64

    @property
    def min_subnormal(self) -> float:
        """Smallest positive value."""
        return self.base.min_normal

    @property
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` returns: the hidden bit is always set."""
        return replace(super().unpacked, leading_zeros=0)

    def special_codes(self, magnitude: Array, negative: Array) -> tuple[Array, Array]:
        """Same as in `base`."""
        return self.base.special_codes(magnitude, negative)

    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes. The caller has checked their range."""
        value = super().unpack(codes)
        flushed = (value.significand >> self.fraction_bits == 0) & (value.significand != 0)
        sign = value.sign & (~flushed | self.has_negative_zero)
        return replace(value, sign=sign, significand=np.where(flushed, 0, value.significand))

    def settled(self, index: Array) -> Array:
        """Levels below the first normal become zero."""
        return np.where(index < 1 << self.fraction_bits, 0, index)

    def ordinal(self, codes: Array) -> Array:
        """Magnitude codes with the sign of the value: zeros give 0, the smallest normal gives 1."""
        ordinal = super().ordinal(codes)
        flushed = np.maximum(np.abs(ordinal) - (1 << self.fraction_bits) + 1, 0)
        return np.asarray(np.sign(ordinal) * flushed)
