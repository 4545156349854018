"""Posits: a run-length coded regime, exponent bits and a fraction that shrinks with the regime."""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.rounding import Position, split
from hwdse.formats.unpacked import (
    INT64_SIGNIFICAND_BITS,
    Array,
    Unpacked,
    UnpackedShape,
    bit_length,
)

_MIN_BITS, _MAX_BITS, _MAX_EXPONENT_BITS = 2, 32, 4
_NAME = re.compile(r"posit([0-9]{1,9})_([0-9]{1,9})")


@dataclass(frozen=True, kw_only=True)
class Posit(Format):
    """Value = (1 + f) * 2^(k * 2^es + e); the length of a run of equal bits codes k.

    The word holds four fields in this order: sign, regime, exponent and fraction. The regime is m
    equal bits, ended by the opposite bit or by the end of the word: k = m-1 for ones, k = -m for
    zeros. The exponent has up to `es` bits. Bits beyond the end of the word are zero. A negative
    code is the two's complement of the positive code, so that codes sort as two's-complement
    integers. Code 2^(width-1) is NaR (not a real). There is one zero and no infinity.

    Encoding writes a value as an unbounded bit string and cuts the string after `width` bits.
    Rounding uses the bits that are cut off. If the cut is inside the exponent or the regime, the
    tie is therefore a geometric mean. Under every rounding and overflow, a nonzero number never
    becomes zero, and no number exceeds the largest value. Infinities are not real numbers: they
    become NaR under every overflow.

    Attributes:
        width: n, bits of a code, 2..32.
        es: largest number of exponent bits, 0..4; the standard uses 2 for every width.

    Raises:
        FormatError: the width or the number of exponent bits is out of range.
    """

    family: ClassVar[str] = "posit"
    source: ClassVar[str] = "Posit Working Group, Standard for Posit Arithmetic (2022)"

    width: int
    es: int

    def __post_init__(self) -> None:
        name = f"posit{self.width}_{self.es}"
        if not _MIN_BITS <= self.width <= _MAX_BITS:
            raise FormatError(f"{name}: {_MIN_BITS} to {_MAX_BITS} bits are allowed")
        if not 0 <= self.es <= _MAX_EXPONENT_BITS:
            raise FormatError(f"{name}: 0 to {_MAX_EXPONENT_BITS} exponent bits are allowed")
        object.__setattr__(self, "name", name)

    @classmethod
    def from_name(cls, text: str) -> "Posit | None":
        """Parse `posit{n}_{es}`."""
        match = _NAME.fullmatch(text)
        return Posit(width=int(match[1]), es=int(match[2])) if match else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return "posit{n}_{es}"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.width

    @property
    def signed(self) -> bool:
        """Always True."""
        return True

    @property
    def nan_code(self) -> int:
        """Code of NaR."""
        return 1 << (self.width - 1)

    @property
    def overflow_gives(self) -> Literal["max"]:
        """The largest value: rounding never produces NaR."""
        return "max"

    @property
    def max_fraction_bits(self) -> int:
        """Fraction bits of the values next to 1, where the regime is shortest."""
        return max(self.width - 3 - self.es, 0)

    @property
    def max_exponent(self) -> int:
        """log2 of the largest value; the smallest positive value is 2^-max_exponent."""
        return (self.width - 2) << self.es

    @property
    def min_normal(self) -> float:
        """Smallest positive value with `max_fraction_bits` fraction bits."""
        return self.level(1 << (self.width - 3) if self.max_fraction_bits else 1, False)

    @property
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` returns."""
        return UnpackedShape(
            significand_bits=self.max_fraction_bits + 1,
            exponent_min=-self.max_exponent - self.max_fraction_bits,
            exponent_max=self.max_exponent - self.max_fraction_bits,
            # The origin is a negative power of two minus the fraction bits. The exponent field is
            # then the two's-complement regime with its sign bit inverted.
            exponent_origin=-(1 << (self.width - 2).bit_length() + self.es)
            - self.max_fraction_bits,
            has_nan=True,
            leading_zeros=0,
        )

    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes. The caller has checked their range."""
        number = self.ordinal(codes)
        nan = codes == self.nan_code
        magnitude = np.abs(number) & (self.nan_code - 1)
        ones = (magnitude << 1) & self.nan_code != 0
        run = self.width - 1 - bit_length(np.where(ones, self.nan_code - 1 - magnitude, magnitude))
        regime = np.where(ones, run - 1, -run)
        left = np.maximum(self.width - 2 - run, 0)
        tail = magnitude & ((1 << left) - 1)
        fraction_bits = np.maximum(left - self.es, 0)
        exponent = (tail >> fraction_bits) << np.maximum(self.es - left, 0)
        fraction = tail & ((1 << fraction_bits) - 1)
        scale = (regime << self.es) + exponent
        significand = ((1 << fraction_bits) + fraction) << (self.max_fraction_bits - fraction_bits)
        zero = magnitude == 0
        return Unpacked(
            sign=(number < 0) & ~nan,
            significand=np.where(zero, 0, significand),
            exponent=np.where(zero, -self.max_exponent, scale) - self.max_fraction_bits,
            nan=nan,
            inf=np.zeros(codes.shape, bool),
        )

    def ordinal(self, codes: Array) -> Array:
        """Codes as two's-complement integers; NaR is the least integer."""
        return np.asarray(codes - ((codes >> (self.width - 1)) << self.width))

    def top(self, negative: Array) -> Array:
        """Code of the largest value."""
        return np.full(negative.shape, self.nan_code - 1)

    def code_of(self, index: Array, negative: Array) -> Array:
        """Levels are the positive codes; their two's complements are the negative codes."""
        return np.where(negative, -index, index) & ((1 << self.width) - 1)

    def invalid(self, value: Unpacked) -> Array:
        """Infinities: they are not real numbers."""
        return value.inf

    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """Cut the string `regime | exponent | fraction` after width - 1 bits."""
        length = bit_length(value.significand)
        scale = value.exponent + length - 1
        zero = value.significand == 0
        beyond, below = scale >= self.max_exponent, scale < -self.max_exponent
        ordinary = ~(zero | beyond | below)
        scale = np.where(ordinary, scale, 0)
        significand = _shortened(np.where(ordinary, value.significand, 1), self.es)

        k = scale >> self.es
        exponent = scale - (k << self.es)
        # The regime is k + 1 ones and a zero, or -k zeros and a one. Both fit the word here.
        regime = np.where(k >= 0, (1 << np.maximum(k + 2, 0)) - 2, 1)
        left = self.width - 1 - np.where(k >= 0, k + 2, 1 - k)

        # The string does not contain the leading one of the significand.
        written = bit_length(significand) - 1
        tail = significand + ((exponent - 1) << written)
        kept, fraction = split(tail, self.es + written - left, fraction_bits)
        index = (regime << left) + kept
        clamped = np.where(zero, 0, np.where(beyond, self.nan_code - 1, 1))
        index = np.where(ordinary, index, clamped)
        return Position(index=index, fraction=np.where(ordinary, fraction, 0), odd=index & 1 == 1)


def _shortened(significand: Array, es: int) -> Array:
    """Significands as int64 with `es` spare bits; bits that are cut off are ORed into the LSB.

    The remaining bits are longer than any code plus the random bits. The bits cut off therefore
    matter only as a sticky bit.
    """
    shape, significand = significand.shape, np.atleast_1d(significand)
    cut = np.maximum(bit_length(significand) - (INT64_SIGNIFICAND_BITS - es), 0)
    kept = significand >> cut
    sticky = (kept << cut) != significand
    return np.asarray(kept.astype(np.int64) | sticky.astype(bool)).reshape(shape)
