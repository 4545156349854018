"""HiFloat8, the tapered 8-bit float: a prefix code gives the width of its exponent."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from hwdse.formats.levels import LevelFormat

_NAN, _INF, _NEGATIVE_INF = 0x80, 0x6F, 0xEF
#: The dot field after the sign, then the widths of exponent and mantissa that it selects.
_DOT_FIELDS = (("11", 4, 1), ("10", 3, 2), ("01", 2, 3), ("001", 1, 3), ("0001", 0, 3))


@dataclass(frozen=True, kw_only=True)
class HiF8(LevelFormat):
    """HiFloat8: sign | dot field | sign-magnitude exponent with a hidden one | mantissa.

    The precision is 4 bits around one and falls to 2 bits. Below 2^-15 the values are powers of
    two, down to 2^-22. There is one zero. The codes that would mean +-1.5 * 2^15 are the
    infinities. Rounding treats 1.5 * 2^15 as a level, so that magnitudes from 1.25 * 2^15 on
    overflow. The default rounding is to nearest with ties away from zero; the paper calls it TA.
    """

    family: ClassVar[str] = "HiFloat8"
    source: ClassVar[str] = "Luo et al., Ascend HiFloat8 format for deep learning, 2024"

    name: str = "hif8"

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `hif8`, the family's only name."""
        return cls() if text == "hif8" else None

    @classmethod
    def syntax(cls) -> str:
        """Empty: the catalogue lists the family's only name."""
        return ""

    @property
    def bits(self) -> int:
        """Width of a code."""
        return 8

    @property
    def nan_code(self) -> int:
        """Code of NaN."""
        return _NAN

    @property
    def inf_code(self) -> int:
        """Code of +infinity."""
        return _INF

    @property
    def negative_inf_code(self) -> int:
        """Code of -infinity."""
        return _NEGATIVE_INF

    @property
    def default_rounding(self) -> str:
        """Ties away from zero."""
        return "rna"

    @property
    def min_normal(self) -> float:
        """Smallest positive value with a mantissa."""
        return 2.0**-15

    @property
    def beyond(self) -> Fraction:
        """The value that the code of infinity would have as a number."""
        return Fraction(3, 2) * 2**15

    def value_of(self, code: int) -> Fraction | float:
        """Exact value of a code, from its fields."""
        if code == _NAN:
            return float("nan")
        if code in (_INF, _NEGATIVE_INF):
            return float("inf" if code == _INF else "-inf")
        sign = -1 if code >> 7 else 1
        field = f"{code & 0x7F:07b}"
        for dot, exponent_width, mantissa_width in _DOT_FIELDS:
            if field.startswith(dot):
                mantissa = 1 + Fraction(int(field[-mantissa_width:], 2), 2**mantissa_width)
                exponent = _exponent(field[len(dot) : len(dot) + exponent_width])
                return sign * mantissa * Fraction(2) ** exponent
        denormal = int(field, 2)
        return sign * Fraction(2) ** (denormal - 23) if denormal else Fraction(0)


def _exponent(field: str) -> int:
    """Value of a sign bit and a magnitude without its leading one; an empty field means 0."""
    if not field:
        return 0
    magnitude = int("1" + field[1:], 2)
    return -magnitude if field[0] == "1" else magnitude
