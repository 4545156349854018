"""Logarithmic numbers: a sign and a fixed-point binary logarithm."""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.exact_log2 import POWER_BITS, aligned, floor_log2, power_floors
from hwdse.formats.rounding import Position
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape, bit_length

#: How zero is coded: by a flag, by the code of the least logarithm, or not at all.
ZeroCode = Literal["flag", "lowest", "none"]

_MAX_BITS = 16
_MAX_INTEGER_BITS = 10  # 2^-512 to 2^1024: normal float64 numbers
_FLOAT64_BITS = 53
_GAMMA_NAME = re.compile(r"lns([0-9]{1,9})_g([0-9]{1,9})(z?)")
_CLASSIC_NAME = re.compile(r"lns([0-9]{1,9})_([0-9]{1,9})(n?)")


@dataclass(frozen=True, kw_only=True)
class Logarithmic(Format):
    """Value = (-1)^sign * 2^(L / gamma) with an integer L and gamma = 2^fraction_bits.

    Two layouts are in use, written here with the MSB first:

    * `lns{B}_g{gamma}`: sign | L, with L unsigned in B-1 bits. It has NO zero. Zero and all values
      below 1 become +1 or -1, by their sign, under every rounding. (A scale moves the range.)
      `lns{B}_g{gamma}z` uses the code L = 0 for zero.
    * `lns{i}_{f}`: sign | zero flag | L, with L in two's complement. L has i integer bits (sign
      included) and f fraction bits. A code with the flag is zero, whatever the other bits are;
      encoding sets the other bits to 0. `lns{i}_{f}n` has no flag; the most negative L is zero.

    Only powers of two are rational. `unpack` and `decode` give the float64 nearest to an irrational
    value. Encoding uses these float64 values as the levels, so that each level keeps its code under
    every rounding. Between levels, the rounding is of gamma * log2|x|. Ties are therefore geometric
    means. These are irrational, so that no input is a tie. In a format with zero, zero takes the
    place of the level below the least magnitude: a value that rounds to that level or below becomes
    zero. Values that are too large saturate under every overflow, and so do infinities.

    Attributes:
        exponent_bits: bits of L.
        fraction_bits: log2(gamma), bits of L after the binary point.
        signed_exponent: whether L is two's complement.
        zero: how zero is coded.

    Raises:
        FormatError: the code has more than 16 bits, the range is empty or leaves float64, or the
            layout does not have this zero.
    """

    family: ClassVar[str] = "logarithmic"
    source: ClassVar[str] = (
        "Swartzlander and Alexopoulos, IEEE Trans. Computers 1975; Zhao et al., LNS-Madam, 2022"
    )

    exponent_bits: int
    fraction_bits: int
    signed_exponent: bool = False
    zero: ZeroCode = "none"

    def __post_init__(self) -> None:
        allowed = ("flag", "lowest") if self.signed_exponent else ("lowest", "none")
        if self.zero not in allowed:
            raise FormatError(
                f"zero {self.zero!r} of a logarithmic number whose exponent is "
                f"{'signed' if self.signed_exponent else 'unsigned'}: allowed are "
                + ", ".join(allowed)
            )
        if self.fraction_bits < 0:
            raise FormatError(
                f"logarithmic number with {self.fraction_bits} fraction bits: 0 or more are allowed"
            )
        integer_bits = self.exponent_bits - self.fraction_bits
        if self.signed_exponent:
            name = f"lns{integer_bits}_{self.fraction_bits}" + "n" * (self.zero == "lowest")
        else:
            name = f"lns{self.bits}_g{self.gamma}" + "z" * (self.zero == "lowest")
        if self.exponent_bits < 1 or self.bits > _MAX_BITS:
            raise FormatError(f"{name}: 2 to {_MAX_BITS} bits in all are allowed")
        least = int(self.signed_exponent)
        if not least <= integer_bits <= _MAX_INTEGER_BITS:
            raise FormatError(
                f"{name}: a logarithm of {integer_bits} integer bits; {least} to "
                f"{_MAX_INTEGER_BITS} are allowed"
            )
        object.__setattr__(self, "name", name)

    @classmethod
    def from_name(cls, text: str) -> "Logarithmic | None":
        """Parse `lns{B}_g{gamma}[z]` or `lns{i}_{f}[n]`.

        Raises:
            FormatError: the parameters are impossible, or gamma is not a power of two.
        """
        if match := _CLASSIC_NAME.fullmatch(text):
            return Logarithmic(
                exponent_bits=int(match[1]) + int(match[2]),
                fraction_bits=int(match[2]),
                signed_exponent=True,
                zero="lowest" if match[3] else "flag",
            )
        if not (match := _GAMMA_NAME.fullmatch(text)):
            return None
        gamma = int(match[2])
        if gamma.bit_count() != 1:
            raise FormatError(f"{text}: gamma {gamma} is not allowed, it must be a power of two")
        return Logarithmic(
            exponent_bits=int(match[1]) - 1,
            fraction_bits=gamma.bit_length() - 1,
            zero="lowest" if match[3] else "none",
        )

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return "lns{B}_g{gamma}[z] or lns{i}_{f}[n]"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return 1 + (self.zero == "flag") + self.exponent_bits

    @property
    def signed(self) -> bool:
        """Always True."""
        return True

    @property
    def gamma(self) -> int:
        """Levels per octave."""
        return 1 << self.fraction_bits

    @property
    def has_negative_zero(self) -> bool:
        """Without a zero, +0 and -0 become the least positive and the least negative value."""
        return not self.has_zero

    @property
    def has_zero(self) -> bool:
        """Whether a code stands for zero."""
        return self.zero != "none"

    @property
    def lowest(self) -> int:
        """L of the least magnitude."""
        least_code = -1 << (self.exponent_bits - 1) if self.signed_exponent else 0
        return least_code + (self.zero == "lowest")

    @property
    def highest(self) -> int:
        """L of the greatest magnitude."""
        return (1 << (self.exponent_bits - self.signed_exponent)) - 1

    @property
    def significand_bits(self) -> int:
        """Width of the significands that `unpack` returns."""
        return _FLOAT64_BITS if self.fraction_bits else 1

    @property
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` returns."""
        below_one = self.significand_bits - 1
        return UnpackedShape(
            significand_bits=self.significand_bits,
            exponent_min=(self.lowest >> self.fraction_bits) - below_one,
            exponent_max=(self.highest >> self.fraction_bits) - below_one,
        )

    def unpack(self, codes: Array) -> Unpacked:
        """Values of int64 codes, as the nearest float64. The caller has checked their range."""
        logarithm, zero, negative = self.fields(codes)
        significand, scale = self.magnitude(logarithm)
        exponent = scale - self.significand_bits + 1
        flag = np.zeros(codes.shape, bool)
        return Unpacked(
            sign=negative & ~zero,
            significand=np.where(zero, 0, significand),
            exponent=np.where(zero, self.unpacked.exponent_min, exponent),
            nan=flag,
            inf=flag,
        )

    def magnitude(self, logarithm: Array) -> tuple[Array, Array]:
        """Significand and floor(log2) of the float64 nearest to 2^(logarithm / gamma).

        The significand has `significand_bits` bits, and its highest bit is set. `logarithm` is any
        int64 array.
        """
        # Take one bit more than is kept. The bits after it are irrational, so that there is no tie:
        # the extra bit alone decides.
        drop = POWER_BITS - self.significand_bits
        significands = ((power_floors(self.fraction_bits) >> drop) + 1) >> 1
        return significands[logarithm & (self.gamma - 1)], logarithm >> self.fraction_bits

    def fields(self, codes: Array) -> tuple[Array, Array, Array]:
        """L, whether the code means zero, and whether its sign bit is set, for int64 codes."""
        width = self.exponent_bits
        field = codes & ((1 << width) - 1)
        logarithm = field
        if self.signed_exponent:
            logarithm = field - ((field >> (width - 1)) << width)
        zero = logarithm < self.lowest
        if self.zero == "flag":
            zero = codes >> width & 1 == 1
        return logarithm, zero, codes >> (self.bits - 1) == 1

    def ordinal(self, codes: Array) -> Array:
        """Levels with the sign of the value; without a zero the negative values begin at -1."""
        logarithm, zero, negative = self.fields(codes)
        index = np.where(zero, 0, logarithm - self.lowest + self.has_zero)
        return np.where(negative, -index - (not self.has_zero), index)

    def top(self, negative: Array) -> Array:
        """Level of the greatest magnitude."""
        return np.full(negative.shape, self.highest - self.lowest + self.has_zero)

    def code_of(self, index: Array, negative: Array) -> Array:
        """Codes in the order of magnitude, with zero first if the format has zero (one code)."""
        field = (index + self.lowest - self.has_zero) & ((1 << self.exponent_bits) - 1)
        codes = field | np.where(negative, 1 << (self.bits - 1), 0)
        if not self.has_zero:
            return codes
        return np.where(index == 0, self._zero_code, codes)

    @property
    def _zero_code(self) -> int:
        if self.zero == "flag":
            return 1 << self.exponent_bits
        return (self.lowest - 1) & ((1 << self.exponent_bits) - 1)

    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """Cut gamma * log2|x| after its integer part; level 0 reaches down to zero."""
        number = value.significand != 0
        significand = np.where(number, value.significand, 1)
        scale = value.exponent + bit_length(significand) - 1
        leading, cut = aligned(significand)

        def compared(logarithm: Array) -> tuple[Array, Array]:
            """Whether the value reaches the level, and whether it equals the level."""
            level, level_scale = self.magnitude(logarithm)
            level = level << (POWER_BITS + 1 - self.significand_bits)
            same = scale == level_scale
            reached = (scale > level_scale) | (same & (leading >= level))
            return reached, same & (leading == level) & ~cut

        digits = fraction_bits - 1  # the last bit is the sticky one
        fine_bits = self.fraction_bits + digits
        fine = floor_log2(significand, fine_bits) + (value.exponent << fine_bits)
        logarithm, ones = fine >> digits, (1 << digits) - 1
        # `floor_log2` compares with the exact levels. Compare with their float64 values here.
        up, down = compared(logarithm + 1)[0], ~compared(logarithm)[0]
        logarithm = logarithm + up.astype(np.int64) - down
        fraction = np.where(up, 0, np.where(down, ones, fine & ones)) << 1
        fraction = fraction | ~compared(logarithm)[1]

        index = logarithm - self.lowest + self.has_zero
        # A value below level 0 is zero or rounds there: a sticky bit is all that matters.
        fraction = np.where(index < 0, int(self.has_zero), fraction)
        index = np.where(number, np.maximum(index, 0), 0)
        return Position(index=index, fraction=np.where(number, fraction, 0), odd=index & 1 == 1)
