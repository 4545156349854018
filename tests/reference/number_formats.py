"""Slow, exact codecs on Python's Fractions, written from the definition of each format.

Nothing here is taken from `hwdse`: sources are sections 0 to 1.4 of the project's format
specification, IEEE 754-2019 sections 3, 4.3 and 7.4 and the draft of IEEE P3109 (stochastic
rounding). One value at a time, no bit tricks.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

ROUNDINGS = ("rne", "rna", "rtz", "up", "down")
OVERFLOWS = ("saturate", "ieee")


@dataclass(frozen=True)
class Value:
    """A real number with a sign of its own (zeros have one), an infinity, or NaN."""

    negative: bool = False
    magnitude: Fraction = Fraction(0)
    special: str = ""  # "", "inf" or "nan"

    @property
    def number(self) -> Fraction:
        assert not self.special
        return -self.magnitude if self.negative else self.magnitude


NAN = Value(special="nan")


def infinity(negative: bool = False) -> Value:
    return Value(negative, special="inf")


def real(number: Fraction | int, negative_zero: bool = False) -> Value:
    return Value(number < 0 or (number == 0 and negative_zero), abs(Fraction(number)))


def from_float(x: float) -> Value:
    if x != x:
        return NAN
    negative = str(x).startswith("-")
    return infinity(negative) if abs(x) == float("inf") else Value(negative, abs(Fraction(x)))


def to_float(value: Value) -> float:
    """Correctly rounded by Python; exact for everything that float64 holds."""
    if value.special == "nan":
        return float("nan")
    magnitude = float("inf") if value.special else float(value.magnitude)
    return -magnitude if value.negative else magnitude


def floor_log2(x: Fraction) -> int:
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e - 1 if Fraction(2) ** e > x else e


def round_to_integer(x: Fraction, negative: bool, rounding: str, draw: int = 0, bits: int = 0):
    """The non-negative `x`, magnitude of a number with the given sign, rounded to an integer."""
    below = x.numerator // x.denominator
    fraction = x - below
    match rounding:
        case "rne":
            up = fraction > Fraction(1, 2) or (fraction == Fraction(1, 2) and below % 2 == 1)
        case "rna":
            up = fraction >= Fraction(1, 2)
        case "rtz":
            up = False
        case "up":
            up = fraction > 0 and not negative
        case "down":
            up = fraction > 0 and negative
        case "stochastic_a":
            up = (fraction * 2**bits) // 1 + draw >= 2**bits
    return below + up


@dataclass(frozen=True)
class Float:
    """FP(E, M, bias, variant); `zero=False` is the E8M0 scale, whose field 0 is a binade."""

    E: int
    M: int
    bias: int
    variant: str = "ieee"
    signed: bool = True
    zero: bool = True

    @property
    def bits(self) -> int:
        return self.E + self.M + self.signed

    @property
    def has_inf(self) -> bool:
        return self.variant == "ieee"

    @lru_cache(maxsize=1 << 12)  # noqa: B019 - a handful of small frozen records
    def value_of_magnitude_code(self, code: int) -> Fraction:
        """The plain formula, also beyond the top of the format."""
        e, m = divmod(code, 2**self.M)
        if e == 0 and self.zero:
            return Fraction(m, 2**self.M) * Fraction(2) ** (1 - self.bias)
        return (1 + Fraction(m, 2**self.M)) * Fraction(2) ** (e - self.bias)

    @lru_cache(maxsize=1 << 12)  # noqa: B019
    def decode(self, code: int) -> Value:
        magnitude_code = code % 2 ** (self.E + self.M)
        negative = self.signed and code >= 2 ** (self.E + self.M)
        e, m = divmod(magnitude_code, 2**self.M)
        top = 2**self.E - 1
        if self.variant == "ieee" and e == top:
            return NAN if m else infinity(negative)
        if self.variant == "fn" and e == top and m == 2**self.M - 1:
            return NAN
        if self.variant == "fnuz" and negative and magnitude_code == 0:
            return NAN
        return Value(negative, self.value_of_magnitude_code(magnitude_code))

    @property
    def max_code(self) -> int:
        """Largest finite code: the top binade is reserved, the last code, or nothing."""
        reserved = {"ieee": 2**self.M, "fn": 1, "fnuz": 0, "finite": 0}[self.variant]
        return 2 ** (self.E + self.M) - 1 - reserved

    @cached_property
    def max(self) -> Fraction:
        return self.decode(self.max_code).magnitude

    @property
    def canonical_nan(self) -> int:
        """Quiet NaN, positive where there is a choice; 0 in a format without NaN."""
        match self.variant:
            case "ieee":
                return ((2**self.E - 1) << self.M) + 2 ** (self.M - 1)
            case "fn":
                return 2 ** (self.E + self.M) - 1
            case "fnuz":
                return 2 ** (self.E + self.M)
            case _:
                return 0

    @property
    def default_overflow(self) -> str:
        """What arithmetic in this format does by itself."""
        return "ieee" if self.has_inf else "saturate"

    def _special(self, negative: bool) -> int:
        """Infinity, else NaN, else the largest value."""
        if self.has_inf:
            return self._signed(self.max_code + 1, negative)
        if self.variant == "finite":
            return self._signed(self.max_code, negative)
        return self.canonical_nan

    def _signed(self, magnitude_code: int, negative: bool) -> int:
        if negative and self.variant == "fnuz" and magnitude_code == 0:
            return 0
        return magnitude_code + (2 ** (self.E + self.M) if negative else 0)

    def encode(
        self, value: Value, rounding: str = "rne", overflow: str = "saturate", draw=0, bits=0
    ) -> int:
        if value.special == "nan":
            return self.canonical_nan
        if not self.zero and (value.negative or value == Value()):
            return self.canonical_nan
        if value.special == "inf":
            if value.negative and not self.signed:
                return 0 if overflow == "saturate" else self.canonical_nan
            if overflow == "saturate":
                return self._signed(self.max_code, value.negative)
            return self._special(value.negative)
        # Step 1: round to precision as if the exponent had no top.
        lowest = (1 if self.zero else 0) - self.bias
        exponent = max(floor_log2(value.magnitude), lowest) if value.magnitude else lowest
        quantum = Fraction(2) ** (exponent - self.M)
        count = round_to_integer(value.magnitude / quantum, value.negative, rounding, draw, bits)
        magnitude = count * quantum
        # Step 2: test the rounded value.
        if not self.signed and value.negative:
            if magnitude == 0 or overflow == "saturate":
                return 0
            return self.canonical_nan
        if magnitude > self.max:
            away = {"rtz": False, "up": not value.negative, "down": value.negative}
            if overflow == "saturate" or not away.get(rounding, True):
                return self._signed(self.max_code, value.negative)
            return self._special(value.negative)
        # Step 3: encode.
        if magnitude < Fraction(2) ** lowest:
            return self._signed(count if self.zero else 0, value.negative)
        exponent = floor_log2(magnitude)
        fraction = magnitude / Fraction(2) ** exponent - 1
        code = ((exponent + self.bias) << self.M) + int(fraction * 2**self.M)
        return self._signed(code, value.negative)


@dataclass(frozen=True)
class Int:
    """A two's-complement integer."""

    width: int

    default_overflow = "saturate"

    @property
    def bits(self) -> int:
        return self.width

    def decode(self, code: int) -> Value:
        return real(code - 2**self.width if code >= 2 ** (self.width - 1) else code)

    def encode(
        self, value: Value, rounding: str = "rne", overflow: str = "saturate", draw=0, bits=0
    ) -> int:
        low, high = -(2 ** (self.width - 1)), 2 ** (self.width - 1) - 1
        if value.special == "nan":
            return 0
        if value.special == "inf":
            number = low if value.negative else high
        else:
            count = round_to_integer(value.magnitude, value.negative, rounding, draw, bits)
            number = min(max(-count if value.negative else count, low), high)
        return number % 2**self.width


#: Every named format, copied from the parameter table of the specification.
NAMED: dict[str, Float | Int] = {
    "fp32": Float(8, 23, 127),
    "tf32": Float(8, 10, 127),
    "bf16": Float(8, 7, 127),
    "fp16": Float(5, 10, 15),
    "e5m2": Float(5, 2, 15),
    "e4m3fn": Float(4, 3, 7, "fn"),
    "e4m3": Float(4, 3, 7),
    "e3m4": Float(3, 4, 3),
    "e4m3fnuz": Float(4, 3, 8, "fnuz"),
    "e5m2fnuz": Float(5, 2, 16, "fnuz"),
    "e4m3b11fnuz": Float(4, 3, 11, "fnuz"),
    "e2m3fn": Float(2, 3, 1, "finite"),
    "e3m2fn": Float(3, 2, 3, "finite"),
    "e2m1fn": Float(2, 1, 1, "finite"),
    "e1m2fn": Float(1, 2, 1, "finite"),
    "e3m0fn": Float(3, 0, 3, "finite"),
    "e8m0": Float(8, 0, 127, "fn", signed=False, zero=False),
    "ue4m3": Float(4, 3, 7, "fn", signed=False),
    "ue5m3": Float(5, 3, 15, signed=False),
    "ue5m3fn": Float(5, 3, 15, "fn", signed=False),
    "int4": Int(4),
    "int8": Int(8),
    "int16": Int(16),
    "int32": Int(32),
}

#: Parametric names that exercise each letter of the grammar.
PARAMETRIC: dict[str, Float | Int] = {
    "e5m7": Float(5, 7, 15),
    "e3m3": Float(3, 3, 3),
    "e6m9": Float(6, 9, 31),
    "e2m1": Float(2, 1, 1),
    "e2m5fn": Float(2, 5, 1, "fn"),
    "e2m3b1fn": Float(2, 3, 1, "fn"),
    "e3m0b3fn": Float(3, 0, 3, "fn"),
    "e1m1b0fn": Float(1, 1, 0, "fn"),
    "e4m2fnuz": Float(4, 2, 8, "fnuz"),
    "e1m0fnuz": Float(1, 0, 1, "fnuz"),
    "e3m4b-2": Float(3, 4, -2),
    "e4m3b20finite": Float(4, 3, 20, "finite"),
    "e5m0finite": Float(5, 0, 15, "finite"),
    "e1m0finite": Float(1, 0, 0, "finite"),
    "e1m6finite": Float(1, 6, 0, "finite"),
    "ue3m3finite": Float(3, 3, 3, "finite", signed=False),
    "ue5m4fn": Float(5, 4, 15, "fn", signed=False),
    "e10m2": Float(10, 2, 511),
    "int2": Int(2),
    "int3": Int(3),
    "int11": Int(11),
}

ALL = NAMED | PARAMETRIC
