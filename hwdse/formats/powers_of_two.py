"""Integers that are sums of few signed powers of two: products need only shifts and additions."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.levels import LevelFormat
from hwdse.formats.unpacked import Array

_MIN_BITS, _MAX_BITS = 2, 16
_NAME = re.compile(r"pot([0-9]{1,9})_k([0-9]{1,9})")


@lru_cache(maxsize=1 << 17)
def signed_digits(number: int) -> tuple[tuple[int, int], ...]:
    """The canonical signed-digit form: the shortest sum of sign * 2^shift.

    No two shifts are neighbours: each digit is chosen so that the remainder is a multiple of four.

    Source: Reitwiesner, Binary arithmetic, 1960.

    Returns:
        (sign, shift) pairs in order of shift, with sign +1 or -1; no pairs for zero.
    """
    digits = []
    shift = 0
    while number:
        if number % 2:
            sign = 2 - number % 4
            digits.append((sign, shift))
            number -= sign
        number //= 2
        shift += 1
    return tuple(digits)


@dataclass(frozen=True, kw_only=True)
class PowersOfTwo(LevelFormat):
    """Two's-complement integers of at most K canonical signed digits.

    A product needs K shifts and K - 1 additions. Under `rne`, ties go to the number with fewer
    digits, then to the smaller magnitude. Rounding `odd` counts this same number as even. Codes of
    other integers decode to these integers, and encoding never produces them.

    Attributes:
        width: W, bits of a code, 2..16.
        terms: K, 1..ceil(W / 2); ceil(W / 2) is enough for all integers.

    Raises:
        FormatError: W or K is out of range.
    """

    family: ClassVar[str] = "sums of powers of two"
    source: ClassVar[str] = "Li et al., Additive powers-of-two quantization, ICLR 2020; QFX, 2024"

    width: int
    terms: int

    def __post_init__(self) -> None:
        name = f"pot{self.width}_k{self.terms}"
        if not _MIN_BITS <= self.width <= _MAX_BITS:
            raise FormatError(f"{name}: {_MIN_BITS} to {_MAX_BITS} bits are allowed")
        most = (self.width + 1) // 2
        if not 1 <= self.terms <= most:
            raise FormatError(f"{name}: 1 to {most} powers of two are allowed")
        object.__setattr__(self, "name", name)

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `pot{W}_k{K}`."""
        match = _NAME.fullmatch(text)
        return cls(width=int(match[1]), terms=int(match[2])) if match else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return "pot{W}_k{K}"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.width

    def value_of(self, code: int) -> Fraction:
        """The two's-complement integer."""
        return Fraction(self._integer(code))

    def _integer(self, code: int) -> int:
        return code - ((code >> (self.width - 1)) << self.width)

    def is_produced(self, code: int) -> bool:
        """Whether K digits are enough."""
        return len(signed_digits(self._integer(code))) <= self.terms

    def ties_away(self, lower: Array, upper: Array) -> Array:
        """Ties go to the number with fewer digits, then to the smaller magnitude."""

        def count(codes: Array) -> Array:
            return np.array([len(signed_digits(self._integer(code))) for code in codes.tolist()])

        return np.asarray(count(upper) < count(lower))

    def digits(self, code: int) -> tuple[tuple[int, int], ...]:
        """The (sign, shift) pairs of a code, in order of shift; their sum is its value.

        Raises:
            FormatError: the code is out of range, or its integer needs too many digits.
        """
        self.check_codes(code)
        digits = signed_digits(self._integer(code))
        if len(digits) > self.terms:
            raise FormatError(
                f"{self.name} code {code} is {self._integer(code)}, a sum of {len(digits)} powers "
                f"of two: at most {self.terms} are allowed"
            )
        return digits
