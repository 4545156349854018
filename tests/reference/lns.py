"""Slow, exact codecs of logarithmic numbers, and a table look-up for many values.

Nothing here is taken from `hwdse`. A level is the float64 nearest 2^(L/gamma). The place of a
number between two levels is the place of its logarithm. All decisions compare integers:

* floor(r * log2(m)) is the number of bits of m^r, minus one;
* floor(2^(p + j/r)) is the r-th root of 2^(p r + j), rounded down.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property, lru_cache
from math import isqrt

import numpy as np
from reference.number_formats import Value, round_to_integer
from reference.posit import away, neighbourhood

_LARGEST_POWER = 2**12
_DIGITS = 160


def root(n: int, degree: int) -> int:
    """floor(n^(1/degree)), for a degree that is a power of two."""
    while degree > 1:
        n, degree = isqrt(n), degree // 2
    return n


@lru_cache(maxsize=1 << 17)
def nearest_float64(j: int, gamma: int) -> Fraction:
    """The float64 nearest 2^(j/gamma), for 0 <= j < gamma."""
    return Fraction((root(2 ** (53 * gamma + j), gamma) + 1) // 2, 2**52)


@lru_cache(maxsize=1 << 17)
def float64_below(j: int, gamma: int) -> float:
    """The greatest float64 not above 2^(j/gamma), for 0 <= j < gamma."""
    return root(2 ** (52 * gamma + j), gamma) / 2**52


@lru_cache
def ln_2() -> Decimal:
    return Decimal(2).ln()


def floor_log2_times(m: int, r: int) -> int:
    """floor(r * log2(m)) for a positive integer m."""
    if m & (m - 1) == 0:
        return r * (m.bit_length() - 1)
    if r <= _LARGEST_POWER:
        return (m**r).bit_length() - 1
    with localcontext() as context:
        context.prec = _DIGITS
        product = r * Decimal(m).ln() / ln_2()
        # The distance to the next integer must be far above the precision, or the result is not
        # certain.
        assert abs(product - product.to_integral_value()) > Decimal(10) ** -130
        return int(product // 1)


@dataclass(frozen=True)
class Logarithmic:
    """A logarithm L of `width` bits, `fraction` of them after the point.

    `zero` is "flag", "lowest" or "none".
    """

    width: int
    fraction: int
    twos_complement: bool
    zero: str

    @property
    def gamma(self) -> int:
        return 2**self.fraction

    @property
    def bits(self) -> int:
        return self.width + 1 + (self.zero == "flag")

    def fields(self, code: int) -> tuple[bool, int | None]:
        """The sign, and L; None instead of L for a zero."""
        word = format(code, f"0{self.bits}b")
        log = int(word[-self.width :], 2)
        least = 0
        if self.twos_complement:
            least = -(2 ** (self.width - 1))
            log = log - 2**self.width if log >= -least else log
        zero = {"flag": word[1] == "1", "lowest": log == least, "none": False}[self.zero]
        return word[0] == "1", None if zero else log

    def magnitude(self, log: int) -> Fraction:
        whole, part = divmod(log, self.gamma)
        return nearest_float64(part, self.gamma) * Fraction(2) ** whole

    def decode(self, code: int) -> Value:
        negative, log = self.fields(code)
        return Value() if log is None else Value(negative, self.magnitude(log))

    @cached_property
    def codes(self) -> dict[tuple[bool, int | None], int]:
        """Canonical codes; the canonical code of zero is the least code of zero."""
        found: dict[tuple[bool, int | None], int] = {}
        for code in range(2**self.bits):
            negative, log = self.fields(code)
            found.setdefault((negative and log is not None, log), code)
        return found

    @cached_property
    def logs(self) -> list[int | None]:
        """The levels outward from zero."""
        logs = sorted(log for negative, log in self.codes if log is not None and not negative)
        return logs if self.zero == "none" else [None, *logs]

    def encode(
        self, value: Value, rounding: str = "rne", overflow: str = "saturate", draw=0, bits=0
    ) -> int:
        del overflow
        if value.special == "nan":
            return self.codes[False, self.logs[0]]
        level = len(self.logs) - 1
        if not value.special:
            place = self.place(value.magnitude, 1 + bits + (bits > 0))
            level = min(round_to_integer(place, value.negative, rounding, draw, bits), level)
        log = self.logs[level]
        return self.codes[value.negative and log is not None, log]

    def place(self, x: Fraction, digits: int) -> Fraction:
        """The number of the level that `x` reaches, and the fraction of the step above this level.

        The fraction is irrational. The result has the middle between two neighbouring multiples of
        2^-digits instead.
        """
        if x == 0:
            return Fraction(0)
        fine = floor_log2_times(x.numerator, self.gamma * 2**digits)
        fine -= self.gamma * 2**digits * (x.denominator.bit_length() - 1)
        log = fine // 2**digits
        fine -= log * 2**digits
        if x >= self.magnitude(log + 1):
            log, fine = log + 1, 0
        elif x < self.magnitude(log):
            log, fine = log - 1, 2**digits - 1
        has_zero = self.zero != "none"
        level = log - next(known for known in self.logs if known is not None) + has_zero
        if level < 0:
            return Fraction(has_zero, 2**200)
        if x == self.magnitude(log):
            return Fraction(level)
        return level + Fraction(2 * fine + 1, 2 ** (digits + 1))

    @cached_property
    def values(self) -> np.ndarray:
        """Magnitudes of the levels as float64."""
        return np.array([0.0 if log is None else float(self.magnitude(log)) for log in self.logs])

    @cached_property
    def ties(self) -> np.ndarray:
        """The greatest float64 not above each irrational tie between neighbouring levels."""
        first = next(log for log in self.logs if log is not None) - (self.zero != "none")
        halves = [divmod(2 * (first + i) + 1, 2 * self.gamma) for i in range(len(self.logs))]
        return np.array([float64_below(j, 2 * self.gamma) * 2.0**whole for whole, j in halves])

    def encode_many(self, x: np.ndarray, rounding: str = "rne") -> np.ndarray:
        """Expected codes of float64 values; every comparison is exact."""
        nan = np.isnan(x)
        magnitude, negative = np.where(nan, 0.0, np.abs(x)), np.signbit(x) & ~nan
        below = np.searchsorted(self.values, magnitude, side="right") - 1
        short, below = below < 0, np.maximum(below, 0)
        step = away(
            rounding,
            above=magnitude > self.ties[below],
            tie=np.zeros(x.shape, bool),
            inexact=(magnitude != self.values[below]) & ~short,
            odd=below % 2 == 1,
            negative=negative,
        )
        level = np.minimum(below + step, len(self.logs) - 1)
        table = [
            [self.codes[sign and log is not None, log] for log in self.logs]
            for sign in (False, True)
        ]
        return np.array(table)[negative.astype(int), level]

    def hard_places(self) -> np.ndarray:
        """Values, floats on both sides of the ties, all float64 neighbours, extremes, specials."""
        return neighbourhood(np.concatenate([self.values, self.ties]))


def gamma_form(bits: int, gamma: int, zero: bool = False) -> Logarithmic:
    """A format with a sign, then an unsigned L."""
    fraction = gamma.bit_length() - 1
    return Logarithmic(bits - 1, fraction, False, "lowest" if zero else "none")


def classic(integer: int, fraction: int, flag: bool = True) -> Logarithmic:
    """A format with a sign, a zero flag if `flag`, then a two's-complement L."""
    return Logarithmic(integer + fraction, fraction, True, "flag" if flag else "lowest")


#: Every named format.
NAMED = {
    "lns8_g8": gamma_form(8, 8),
    "lns8_g8z": gamma_form(8, 8, zero=True),
    "lns8_g4": gamma_form(8, 4),
    "lns4_3": classic(4, 3),
}
