"""Slow, exact codecs on Python's Fractions, written from the definition of each format.

Nothing here is taken from `hwdse`: sources are sections 0 to 1.4 of the project's format
specification, IEEE 754-2019 sections 3, 4.3 and 7.4, and the draft of IEEE P3109 (family of
formats, rounding to odd, stochastic rounding, propagating overflow). The codecs take one value at a
time and use no bit tricks.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache

ROUNDINGS = ("rne", "rna", "rhu", "rtz", "up", "down", "odd")
STOCHASTIC = ("stochastic_a", "stochastic_b", "stochastic_c")
OVERFLOWS = ("saturate", "ieee", "propagate")
#: Per rounding, the signs (negative or not) of values that never round beyond the largest value.
NEVER_BEYOND = {"rtz": (False, True), "odd": (False, True), "up": (True,), "down": (False,)}


@dataclass(frozen=True)
class Value:
    """A real number with a separate sign (zeros have a sign, too), an infinity, or NaN."""

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
    """The nearest float, rounded by Python; exact for all values that float64 can hold."""
    if value.special == "nan":
        return float("nan")
    magnitude = float("inf") if value.special else float(value.magnitude)
    return -magnitude if value.negative else magnitude


def floor_log2(x: Fraction) -> int:
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e - 1 if Fraction(2) ** e > x else e


def round_to_integer(
    x: Fraction, negative: bool, rounding: str, draw: int = 0, bits: int = 0, even=None
):
    """`x` rounded to an integer; `x` is the magnitude of a number with the given sign.

    `even` overrides whether the integer below `x` counts as even.
    """
    below = x.numerator // x.denominator
    fraction = x - below
    half = Fraction(1, 2)
    even = below % 2 == 0 if even is None else even
    match rounding:
        case "rne":
            up = fraction > half or (fraction == half and not even)
        case "rna":
            up = fraction >= half
        case "rhu":
            up = fraction > half or (fraction == half and not negative)
        case "rtz":
            up = False
        case "up":
            up = fraction > 0 and not negative
        case "down":
            up = fraction > 0 and negative
        case "odd":
            up = fraction > 0 and even
        case "stochastic_a":
            up = (fraction * 2**bits) // 1 + draw >= 2**bits
        case "stochastic_b":
            up = (fraction * 2 ** (bits + 1)) // 1 + 2 * draw + 1 >= 2 ** (bits + 1)
        case "stochastic_c":
            up = round(fraction * 2**bits) + draw >= 2**bits
    return below + up


@dataclass(frozen=True)
class Float:
    """FP(E, M, bias, variant).

    `zero=False` is the scale E8M0: field 0 is a normal binade. The variants `extended` and `p3109`
    are P3109 formats with and without infinities. With `flush`, subnormals become zeros.
    """

    E: int
    M: int
    bias: int
    variant: str = "ieee"
    signed: bool = True
    zero: bool = True
    flush: bool = False

    @property
    def bits(self) -> int:
        return self.E + self.M + self.signed

    @property
    def has_inf(self) -> bool:
        return self.variant in ("ieee", "extended")

    @property
    def has_negative_zero(self) -> bool:
        return self.signed and self.variant != "fnuz" and not self.is_p3109

    @property
    def is_p3109(self) -> bool:
        return self.variant in ("p3109", "extended")

    @lru_cache(maxsize=1 << 12)  # noqa: B019 - a handful of small frozen records
    def value_of_magnitude_code(self, code: int) -> Fraction:
        """The plain formula, which also works above the top of the format."""
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
        if self.is_p3109:
            if code == self.canonical_nan:
                return NAN
            if magnitude_code == self.max_code + 1:
                return infinity(negative)
        if self.flush and e == 0:
            return Value(negative and self.has_negative_zero)
        return Value(negative, self.value_of_magnitude_code(magnitude_code))

    @property
    def max_code(self) -> int:
        """The largest finite code.

        The codes above are reserved: a binade, one or two codes, or none.
        """
        reserved = {"ieee": 2**self.M, "fn": 1, "extended": 1}.get(self.variant, 0)
        if self.is_p3109 and not self.signed:
            reserved += 1  # NaN, which a signed format has in place of negative zero
        return 2 ** (self.E + self.M) - 1 - reserved

    @cached_property
    def max(self) -> Fraction:
        return self.decode(self.max_code).magnitude

    @property
    def canonical_nan(self) -> int:
        """The quiet NaN, positive if there is a choice; 0 in a format without NaN."""
        match self.variant:
            case "ieee":
                return ((2**self.E - 1) << self.M) + 2 ** (self.M - 1)
            case "fn":
                return 2 ** (self.E + self.M) - 1
            case "fnuz":
                return 2 ** (self.E + self.M)
            case "p3109" | "extended":
                return 2**self.bits // 2 if self.signed else 2**self.bits - 1
            case _:
                return 0

    @property
    def default_overflow(self) -> str:
        """The overflow rule that arithmetic in this format uses by default."""
        return "ieee" if self.has_inf else "saturate"

    def _special(self, negative: bool) -> int:
        """The code of infinity, else of NaN, else of the largest value."""
        if self.has_inf:
            return self._signed(self.max_code + 1, negative)
        if self.variant in ("finite", "p3109"):
            return self._signed(self.max_code, negative)
        return self.canonical_nan

    def _signed(self, magnitude_code: int, negative: bool) -> int:
        if negative and magnitude_code == 0 and not self.has_negative_zero:
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
        # Step 1: round to the precision, as if the exponent had no upper limit.
        lowest = (1 if self.zero else 0) - self.bias
        exponent = max(floor_log2(value.magnitude), lowest) if value.magnitude else lowest
        quantum = Fraction(2) ** (exponent - self.M)
        even = None
        if self.is_p3109 and self.M == 0:
            # With a one-digit significand, the parity of the lower code decides.
            even = value.magnitude < quantum or (exponent + self.bias) % 2 == 0
        count = round_to_integer(
            value.magnitude / quantum, value.negative, rounding, draw, bits, even
        )
        magnitude = count * quantum
        if self.flush and magnitude < Fraction(2) ** (1 - self.bias):
            magnitude, count = Fraction(0), 0
        # Step 2: test the rounded value.
        if not self.signed and value.negative:
            if magnitude == 0 or overflow != "ieee":
                return 0
            return self.canonical_nan
        if magnitude > self.max:
            held_back = value.negative in NEVER_BEYOND.get(rounding, ())
            if overflow != "ieee" or held_back:
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
    """An integer in units of 2^-fraction, in two's complement if signed."""

    width: int
    fraction: int = 0
    signed: bool = True
    symmetric: bool = False

    default_overflow = "saturate"

    @property
    def bits(self) -> int:
        return self.width

    @property
    def low(self) -> int:
        return -(2 ** (self.width - 1)) + self.symmetric if self.signed else 0

    @property
    def high(self) -> int:
        return 2 ** (self.width - self.signed) - 1

    def decode(self, code: int) -> Value:
        number = code - 2**self.width if self.signed and code >= 2 ** (self.width - 1) else code
        return real(Fraction(number, 2**self.fraction))

    def encode(
        self, value: Value, rounding: str = "rne", overflow: str = "saturate", draw=0, bits=0
    ) -> int:
        if value.special == "nan":
            return 0
        if value.special == "inf":
            number = self.low if value.negative else self.high
        else:
            scaled = value.magnitude * 2**self.fraction
            count = round_to_integer(scaled, value.negative, rounding, draw, bits)
            number = -count if value.negative else count
            if overflow != "wrap":
                number = min(max(number, self.low), self.high)
        return number % 2**self.width


#: All named formats, copied from the parameter table of the specification.
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
    "e4m3finite": Float(4, 3, 7, "finite"),
    "e5m2finite": Float(5, 2, 15, "finite"),
    "binary8p3se": Float(5, 2, 16, "extended"),
    "binary8p4se": Float(4, 3, 8, "extended"),
    "binary8p5se": Float(3, 4, 4, "extended"),
    "binary6p3se": Float(3, 2, 4, "extended"),
    "binary4p2sf": Float(2, 1, 2, "p3109"),
    "int4": Int(4),
    "int8": Int(8),
    "int16": Int(16),
    "int32": Int(32),
    "int4_sym": Int(4, symmetric=True),
    "int8_sym": Int(8, symmetric=True),
    "uint4": Int(4, signed=False),
    "uint8": Int(8, signed=False),
    "q2_6": Int(8, 6),
    "q2_14": Int(16, 14),
}

#: Parametric names: together they use each letter of the grammar.
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
    "e4m3fn_ftz": Float(4, 3, 7, "fn", flush=True),
    "e5m2_ftz": Float(5, 2, 15, flush=True),
    "fp16_ftz": Float(5, 10, 15, flush=True),
    "e4m3fnuz_ftz": Float(4, 3, 8, "fnuz", flush=True),
    "ue4m3_ftz": Float(4, 3, 7, "fn", signed=False, flush=True),
    "bf16_finite": Float(8, 7, 127, "finite"),
    "binary8p4se_ftz": Float(4, 3, 8, "extended", flush=True),
    "int2": Int(2),
    "int12_sym": Int(12, symmetric=True),
    "uint11": Int(11, signed=False),
    "q1_1": Int(2, 1),
    "q0_8": Int(8, 8),
    "uq3_5": Int(8, 5, signed=False),
    "q6_2_sym": Int(8, 2, symmetric=True),
    "int3": Int(3),
    "int11": Int(11),
}


def p3109(k: int, p: int, signed: bool, extended: bool) -> Float:
    """binary{k}p{p}{s|u}{e|f} with k bits and precision p.

    The bias is 2^(k-p-1) if signed and 2^(k-p) if unsigned.
    """
    exponent_bits = k - p if signed else k - p + 1
    bias = 2 ** (k - p - 1) if signed else 2 ** (k - p)
    return Float(exponent_bits, p - 1, bias, "extended" if extended else "p3109", signed)


def p3109_family(low: int, high: int) -> dict[str, Float]:
    """All P3109 formats with `low` to `high` bits."""
    return {
        f"binary{k}p{p}{'s' if signed else 'u'}{'e' if extended else 'f'}": p3109(
            k, p, signed, extended
        )
        for k in range(low, high + 1)
        for signed in (True, False)
        for p in range(1, k + (not signed))
        for extended in (True, False)
    }


ALL = NAMED | PARAMETRIC
