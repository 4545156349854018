"""The IEEE P3109 family of small binary floats: binary{K}p{P}{s|u}{e|f}."""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from hwdse.errors import FormatError
from hwdse.formats.binary_float import BinaryFloat, FlushedFloat
from hwdse.formats.unpacked import Array

_MIN_BITS, _MAX_BITS = 3, 16
_NAME = re.compile(r"binary([0-9]{1,9})p([0-9]{1,9})([su])([ef])")


@dataclass(frozen=True, kw_only=True)
class P3109(BinaryFloat):
    """K bits; P of them are the significand, including the hidden bit; one zero and one NaN.

    The exponent bias is 2^(K-P-1) if signed and 2^(K-P) if unsigned. NaN is the code of the
    negative zero (signed) or the last code (unsigned). In an extended format, the code after the
    largest finite value is infinity. Overflow `ieee` is P3109's SatNone. In a finite format,
    SatNone gives the largest value. Ties at P = 1 go to the even exponent field.

    With the widest exponents, values do not fit float64 (`fits_float64`). These formats decode to
    Fractions.

    Attributes:
        width: K, 3..16.
        precision_bits: P, 1..K-1 if signed, 1..K if unsigned.
        extended: whether infinities exist.

    Raises:
        FormatError: K or P is out of range.
    """

    family: ClassVar[str] = "P3109"
    source: ClassVar[str] = "IEEE SA P3109 interim report 4.0"

    exponent_bits: int = None  # type: ignore[assignment]
    fraction_bits: int = None  # type: ignore[assignment]
    width: int
    precision_bits: int
    extended: bool

    def __post_init__(self) -> None:
        k, p = self.width, self.precision_bits
        name = f"binary{k}p{p}{'s' if self.signed else 'u'}{'e' if self.extended else 'f'}"
        if not _MIN_BITS <= k <= _MAX_BITS:
            raise FormatError(f"{name}: {_MIN_BITS} to {_MAX_BITS} bits are allowed")
        if not 1 <= p <= k - self.signed:
            raise FormatError(f"{name}: a precision of 1 to {k - self.signed} bits is allowed")
        exponent_bits = k - p + (not self.signed)
        derived = {
            "name": name,
            "exponent_bits": exponent_bits,
            "fraction_bits": p - 1,
            "bias": 1 << (exponent_bits - 1),
        }
        for attribute, value in derived.items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `binary{K}p{P}{s|u}{e|f}`."""
        match = _NAME.fullmatch(text)
        if not match:
            return None
        width, precision, sign, domain = match.groups()
        return cls(
            width=int(width),
            precision_bits=int(precision),
            signed=sign == "s",
            extended=domain == "e",
        )

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return "binary{K}p{P}{s|u}{e|f}"

    def modified(self, modifier: str) -> BinaryFloat | None:
        """`ftz` flushes subnormals to zero."""
        return FlushedFloat.of(self) if modifier == "ftz" else None

    @property
    def max_code(self) -> int:
        """Code of the largest finite value."""
        magnitudes = 1 << (self.width - self.signed)
        return magnitudes - 1 - self.extended - (not self.signed)

    @property
    def has_negative_zero(self) -> bool:
        """Always False: the code of the negative zero is NaN."""
        return False

    @property
    def tie_on_exponent(self) -> bool:
        """At P = 1, a value is even if its exponent field is even."""
        return True

    @property
    def inf_code(self) -> int | None:
        """Code of +infinity."""
        return self.max_code + 1 if self.extended else None

    @property
    def nan_code(self) -> int:
        """Code of NaN."""
        return self.sign_code if self.signed else (1 << self.width) - 1

    @property
    def overflow_gives(self) -> Literal["inf", "max"]:
        """Infinity in an extended format, the largest value in a finite one."""
        return "inf" if self.extended else "max"

    @property
    def fits_float64(self) -> bool:
        """Whether float64 holds every value."""
        return self.lsb_exponent >= -1074 and self.max_exponent <= 1023

    def special_codes(self, magnitude: Array, negative: Array) -> tuple[Array, Array]:
        """Masks of the NaN codes and of the infinity codes."""
        nan = negative & (magnitude == 0) if self.signed else magnitude == self.nan_code
        return nan, (magnitude > self.max_code) & ~nan
