"""HiFloat8, the tapered 8-bit float whose prefix code says how wide its exponent is."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

from hwdse.formats.levels import LevelFormat

_NAN, _INF, _NEGATIVE_INF = 0x80, 0x6F, 0xEF
#: The dot field after the sign, and the widths of exponent and mantissa that it announces.
_DOT_FIELDS = (("11", 4, 1), ("10", 3, 2), ("01", 2, 3), ("001", 1, 3), ("0001", 0, 3))


@dataclass(frozen=True, kw_only=True)
class HiF8(LevelFormat):
    """HiFloat8: sign | dot field | sign-magnitude exponent with a hidden one | mantissa.

    Precision is 4 bits around one and falls to 2; below 2^-15 powers of two down to 2^-22 follow.
    There is one zero. The codes of +-1.5 * 2^15 are the infinities; rounding sees that value, so
    that magnitudes from 1.25 * 2^15 on overflow. Rounding is to nearest with ties away from zero
    (which the paper calls TA) where none is named.
    """

    family: ClassVar[str] = "HiFloat8"
    source: ClassVar[str] = "Luo et al., Ascend HiFloat8 format for deep learning, 2024"

    name: str = "hif8"

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """`hif8`, the only one."""
        return cls() if text == "hif8" else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase; its one name is in the catalogue."""
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
        """The value that infinity's code would have."""
        return Fraction(3, 2) * 2**15

    def value_of(self, code: int) -> Fraction | float:
        """Exact value of a code, by its fields."""
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
    """The exponent's sign and a magnitude whose leading one is not stored; no field means 0."""
    if not field:
        return 0
    magnitude = int("1" + field[1:], 2)
    return -magnitude if field[0] == "1" else magnitude
