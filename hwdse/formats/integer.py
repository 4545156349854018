"""Two's-complement integers of 2 to 32 bits."""

import re
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.base import Format
from hwdse.formats.rounding import RandomBits, round_to_grid
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape, bit_length

_MIN_BITS, _MAX_BITS = 2, 32
_NAME = re.compile(r"int(\d{1,9})")


@dataclass(frozen=True, kw_only=True)
class Integer(Format):
    """A two's-complement integer using all of its codes, the lone -2^(bits-1) included.

    Out-of-range values saturate under either overflow policy: an integer has no infinity.

    Attributes:
        width: bits of a code, 2..32.

    Raises:
        FormatError: another width.
    """

    width: int

    def __post_init__(self) -> None:
        if not _MIN_BITS <= self.width <= _MAX_BITS:
            raise FormatError(
                f"integer of {self.width} bits: {_MIN_BITS} to {_MAX_BITS} bits are allowed"
            )
        object.__setattr__(self, "name", f"int{self.width}")

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `int{bits}`."""
        match = _NAME.fullmatch(text)
        return cls(width=int(match[1])) if match else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return f"int{_MIN_BITS}..int{_MAX_BITS}"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.width

    @property
    def signed(self) -> bool:
        """Whether negative values exist."""
        return True

    @property
    def has_inf(self) -> bool:
        """Whether a code stands for infinity."""
        return False

    @property
    def has_nan(self) -> bool:
        """Whether a code stands for NaN."""
        return False

    @property
    def max(self) -> float:
        """Largest value."""
        return float((1 << (self.width - 1)) - 1)

    @property
    def min(self) -> float:
        """Most negative value."""
        return -float(1 << (self.width - 1))

    @property
    def min_normal(self) -> float:
        """Smallest positive value."""
        return 1.0

    @property
    def min_subnormal(self) -> float:
        """Smallest positive value."""
        return 1.0

    @property
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` gives."""
        return UnpackedShape(
            significand_bits=self.width, exponent_min=0, exponent_max=0, twos_complement=True
        )

    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes already known to be in range."""
        sign = (codes >> (self.width - 1)).astype(bool)
        number = codes - (sign.astype(np.int64) << self.width)
        flag = np.zeros(codes.shape, bool)
        return Unpacked(
            sign=sign,
            significand=np.abs(number),
            exponent=np.zeros(codes.shape, np.int64),
            nan=flag,
            inf=flag,
        )

    def ordinal(self, codes: Array) -> Array:
        """The integers themselves."""
        return np.asarray(codes - ((codes >> (self.width - 1)) << self.width))

    def pack(
        self,
        value: Unpacked,
        rounding: str = "rne",
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> Array:
        """Codes of exact values: round to an integer, clamp, encode."""
        beyond = (value.exponent + bit_length(value.significand) > self.width) & ~value.zero
        significand = np.where(beyond, 0, value.significand)
        magnitude = round_to_grid(
            replace(value, significand=significand), 0, rounding, random
        ).astype(np.int64)
        largest = 1 << (self.width - 1)
        magnitude = np.where(beyond | value.inf, largest, magnitude)
        number = np.where(
            value.sign, -np.minimum(magnitude, largest), np.minimum(magnitude, largest - 1)
        )
        number = np.where(value.nan, 0, number)
        return (number & ((1 << self.width) - 1)).astype(self.code_dtype)
