"""dINT: integers that trade their largest magnitude for a step of one half next to zero."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from hwdse.errors import FormatError
from hwdse.formats.levels import LevelFormat

_MIN_BITS, _MAX_BITS = 3, 8
_NAME = re.compile(r"dint([0-9]{1,9})(tc)?")


@dataclass(frozen=True, kw_only=True)
class DInt(LevelFormat):
    """Integers with a denormal: magnitude codes 0, 1, 2, 3, ... j mean 0, 1/2, 1, 2, ... (j - 1).

    The authors do not publish their codes. hwdse has two layouts:

    * `dint{b}`: sign | magnitude, with two zeros: 0, 1/2, 1, 2, ... 2^(b-1) - 2 with either sign.
    * `dint{b}tc`: the same magnitudes numbered in two's complement. All 2^b values differ. The
      most negative value is 1 - 2^(b-1): dint4tc reaches from -7 to 6.

    Under `rne`, a tie goes to the even code. Above one, an even code means an odd integer.

    Attributes:
        width: bits of a code, 3..8.
        twos_complement: True for the layout `dint{b}tc`.

    Raises:
        FormatError: the width is out of range.
    """

    family: ClassVar[str] = "dINT"
    source: ClassVar[str] = "Lee et al., Enhancing computation efficiency in LLMs (EMNLP 2023)"

    width: int
    twos_complement: bool = False

    def __post_init__(self) -> None:
        name = f"dint{self.width}{'tc' * self.twos_complement}"
        if not _MIN_BITS <= self.width <= _MAX_BITS:
            raise FormatError(f"{name}: {_MIN_BITS} to {_MAX_BITS} bits are allowed")
        object.__setattr__(self, "name", name)

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `dint{bits}` and `dint{bits}tc`."""
        if not (match := _NAME.fullmatch(text)):
            return None
        return cls(width=int(match[1]), twos_complement=match[2] is not None)

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return f"dint{_MIN_BITS}..dint{_MAX_BITS}[tc]"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.width

    @property
    def negative_zero_code(self) -> int | None:
        """The sign bit alone in the sign-magnitude layout; None in the other layout."""
        return None if self.twos_complement else 1 << (self.width - 1)

    def value_of(self, code: int) -> Fraction:
        """Exact value of a code."""
        sign_bit = 1 << (self.width - 1)
        negative, magnitude = bool(code & sign_bit), code & (sign_bit - 1)
        if self.twos_complement and negative:
            magnitude = sign_bit - magnitude
        value = Fraction(1, 2) if magnitude == 1 else Fraction(max(magnitude - 1, 0))
        return -value if negative else value
