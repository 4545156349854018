"""Bipolar integers, in which each bit means +1 or -1, and the binary format with one such bit."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from hwdse.errors import FormatError
from hwdse.formats.levels import LevelFormat

_MIN_BITS, _MAX_BITS = 1, 16
_NAME = re.compile(r"bipolar([0-9]{1,9})")


@dataclass(frozen=True, kw_only=True)
class Bipolar(LevelFormat):
    """Value = sum of 2^i * (2 c_i - 1) = 2 code - (2^n - 1): the odd integers, without zero.

    Inverting all bits negates the value. A dot product is one XOR and one population count per
    pair of bits; no sign bit needs special treatment. Zero lies half-way between -1 and 1, so that
    it rounds as a tie. Zero counts as positive.

    Attributes:
        width: n, bits of a code, 1..16.

    Raises:
        FormatError: the width is out of range.
    """

    family: ClassVar[str] = "bipolar"
    source: ClassVar[str] = "Ma et al., arbitrary precision bipolar-INT tensor cores, 2024"

    width: int

    def __post_init__(self) -> None:
        if not _MIN_BITS <= self.width <= _MAX_BITS:
            raise FormatError(
                f"bipolar integer of {self.width} bits: {_MIN_BITS} to {_MAX_BITS} are allowed"
            )
        object.__setattr__(self, "name", f"bipolar{self.width}")

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `bipolar{bits}`."""
        match = _NAME.fullmatch(text)
        return cls(width=int(match[1])) if match else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return f"bipolar{_MIN_BITS}..bipolar{_MAX_BITS}"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.width

    def value_of(self, code: int) -> Fraction:
        """Exact value of a code."""
        return Fraction(2 * code - ((1 << self.width) - 1))


@dataclass(frozen=True, kw_only=True)
class Binary(LevelFormat):
    """Plus one (code 1) or minus one (code 0), for networks of XNOR and population count.

    The default rounding takes ties away from zero, so that zero becomes +1. Encoding is therefore
    the sign function of binarised networks.
    """

    family: ClassVar[str] = "binary"
    source: ClassVar[str] = "Courbariaux et al., Binarized neural networks, 2016"

    name: str = "binary"

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `binary`, the family's only name."""
        return cls() if text == "binary" else None

    @classmethod
    def syntax(cls) -> str:
        """Empty: the catalogue lists the family's only name."""
        return ""

    @property
    def bits(self) -> int:
        """Width of a code."""
        return 1

    @property
    def default_rounding(self) -> str:
        """Ties away from zero."""
        return "rna"

    def value_of(self, code: int) -> Fraction:
        """Exact value of a code."""
        return Fraction(1 if code else -1)
