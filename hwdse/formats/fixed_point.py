"""Fixed-point numbers (binary integers with an implied power-of-two scale) and plain integers."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.rounding import Position, RandomBits, round_to_grid, split
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape, bit_length

_MIN_BITS, _MAX_BITS = 2, 32
_NAME = re.compile(r"(u?)q([0-9]{1,9})[_.]([0-9]{1,9})")
_INTEGER_NAME = re.compile(r"int([0-9]{1,9})")
_UNSIGNED_NAME = re.compile(r"uint([0-9]{1,9})")


@dataclass(frozen=True, kw_only=True)
class FixedPoint(Format):
    """Value = integer * 2^-fraction_bits; two's complement when signed.

    HLS `ap_fixed<W, I>` is `q{I}_{W-I}`. Its quantisation modes TRN and RND are the roundings
    `down` and `rhu`. Its overflow modes WRAP and SAT are the overflows `wrap` and `saturate`.
    Out-of-range values also saturate under `ieee` and `propagate`, because there is no infinity.

    Attributes:
        width: bits of a code, 2..32.
        fraction_bits: bits after the binary point.
        signed: whether negative values exist.
        symmetric: True if encoding never produces -2^(width-1) ("restricted range"), so that every
            value has a negative. The code of -2^(width-1) still decodes.

    Raises:
        FormatError: the width is out of range, or fraction_bits is greater than the width.
    """

    family: ClassVar[str] = "fixed point"
    source: ClassVar[str] = "AMD Vitis HLS user guide (UG1399), ap_fixed"

    width: int
    fraction_bits: int = 0
    signed: bool = True
    symmetric: bool = False

    def __post_init__(self) -> None:
        integer_bits = self.width - self.fraction_bits
        if not _MIN_BITS <= self.width <= _MAX_BITS:
            what = "integer" if self.fraction_bits == 0 else "fixed-point number"
            raise FormatError(
                f"{what} of {self.width} bits: {_MIN_BITS} to {_MAX_BITS} bits are allowed"
            )
        if not 0 <= self.fraction_bits <= self.width:
            raise FormatError(
                f"fixed-point number of {self.width} bits with {self.fraction_bits} after the "
                f"binary point: 0 to {self.width} are allowed"
            )
        if self.symmetric and not self.signed:
            raise FormatError("an unsigned number has no symmetric range")
        prefix = "" if self.signed else "u"
        name = f"q{integer_bits}_{self.fraction_bits}" if self.fraction_bits else f"int{self.width}"
        name = prefix + name + "_sym" * self.symmetric
        object.__setattr__(self, "name", name)

    @classmethod
    def from_name(cls, text: str) -> "FixedPoint | None":
        """Parse `[u]q{I}_{F}` (also `[u]q{I}.{F}`) or `uint{bits}`."""
        if match := _UNSIGNED_NAME.fullmatch(text):
            return FixedPoint(width=int(match[1]), signed=False)
        if not (match := _NAME.fullmatch(text)):
            return None
        width, fraction_bits = int(match[2]) + int(match[3]), int(match[3])
        if fraction_bits == 0 and not match[1]:
            return Integer(width=width)
        return FixedPoint(width=width, fraction_bits=fraction_bits, signed=not match[1])

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return f"[u]q{{I}}_{{F}} or uint{_MIN_BITS}..uint{_MAX_BITS}"

    def modified(self, modifier: str) -> "FixedPoint | None":
        """The modifier `sym` excludes the most negative value."""
        if modifier != "sym":
            return None
        return FixedPoint(
            width=self.width, fraction_bits=self.fraction_bits, signed=self.signed, symmetric=True
        )

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.width

    @property
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` returns."""
        return UnpackedShape(
            significand_bits=self.width,
            exponent_min=-self.fraction_bits,
            exponent_max=-self.fraction_bits,
            signed=self.signed,
            twos_complement=self.signed,
        )

    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes. The caller has checked their range."""
        number = self.ordinal(codes)
        flag = np.zeros(codes.shape, bool)
        return Unpacked(
            sign=number < 0,
            significand=np.abs(number),
            exponent=np.full(codes.shape, -self.fraction_bits, np.int64),
            nan=flag,
            inf=flag,
        )

    def ordinal(self, codes: Array) -> Array:
        """The integers that the codes stand for."""
        if not self.signed:
            return codes
        return np.asarray(codes - ((codes >> (self.width - 1)) << self.width))

    def top(self, negative: Array) -> Array:
        """Largest magnitude of each sign."""
        if not self.signed:
            return np.where(negative, 0, (1 << self.width) - 1)
        largest = (1 << (self.width - 1)) - 1
        return np.where(negative & (not self.symmetric), largest + 1, largest)

    def code_of(self, index: Array, negative: Array) -> Array:
        """Codes of the integers, in two's complement if signed."""
        number = np.where(negative, -index if self.signed else 0, index)
        return number & ((1 << self.width) - 1)

    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """Levels are the multiples of 2^-fraction_bits."""
        lsb = -self.fraction_bits
        beyond = (value.exponent + bit_length(value.significand) > self.width + lsb) & ~value.zero
        significand = np.where(beyond, 0, value.significand)
        whole, fraction = split(significand, lsb - value.exponent, fraction_bits)
        whole = whole.astype(np.int64)
        index = np.where(beyond, 1 << self.width, whole)
        return Position(index=index, fraction=fraction, odd=whole & 1 == 1)

    def wrapped(self, value: Unpacked, rounding: str, random: RandomBits | None) -> Array:
        """The low bits of the rounded number.

        Raises:
            FormatError: the format is symmetric.
        """
        if self.symmetric:
            return super().wrapped(value, rounding, random)
        significand = np.where(value.inf, 0, value.exact().significand).astype(object)
        exact = replace(value, significand=significand)
        magnitude = round_to_grid(exact, -self.fraction_bits, rounding, random)
        number = np.where(value.sign, -magnitude, magnitude) & ((1 << self.width) - 1)
        return np.asarray(number).astype(np.uint64)


@dataclass(frozen=True, kw_only=True)
class Integer(FixedPoint):
    """A two's-complement integer that uses all its codes, including -2^(width-1)."""

    family: ClassVar[str] = "integer"
    source: ClassVar[str] = "two's complement"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.fraction_bits or not self.signed or self.symmetric:
            raise FormatError(f"{self.name} is fixed point, no plain integer")

    @classmethod
    def from_name(cls, text: str) -> "Integer | None":
        """Parse `int{bits}`."""
        match = _INTEGER_NAME.fullmatch(text)
        return Integer(width=int(match[1])) if match else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return f"int{_MIN_BITS}..int{_MAX_BITS}"
