"""Integers on a power scale (PowerQuant, NUPES): x is raised to a power, then rounded."""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np

from hwdse.errors import FormatError
from hwdse.formats.levels import LevelFormat
from hwdse.formats.rounding import Position
from hwdse.formats.unpacked import Array, Unpacked, bit_length

_MIN_BITS, _MAX_BITS = 2, 8
_NAME = re.compile(r"nupes([0-9]{1,9})(?:_a([0-9]{1,9}))?")
# Much more than the relative error of a float64 power. If an integer is this close to the float64
# result, exact arithmetic decides.
_DOUBT = 2.0**-44


@dataclass(frozen=True, kw_only=True)
class PowerExponent(LevelFormat):
    """Value = sign(q) * (|q| / Q)^(1/a) for q = -Q..Q in two's complement, Q = 2^(b-1) - 1.

    A real x becomes q = round(Q * |x|^a) with the sign of x. The rounding takes place in the power
    domain, where the steps are equal, and is exact. A product of values is a power of the product
    of codes. For sums there is no such shortcut.

    float64 cannot hold some levels (irrational or not). The nearest float64 then takes the place of
    the level, and encodes to its code under every rounding. Values beyond +-1 saturate. The code
    -Q - 1 decodes by the same formula, and encoding never produces it.

    Attributes:
        width: b, bits of a code, 2..8.
        percent: 100 a, 1..100; at the default a = 1/2, values are squares.

    Raises:
        FormatError: the width or the power is out of range.
    """

    family: ClassVar[str] = "power exponent"
    source: ClassVar[str] = (
        "Yvinec et al., PowerQuant, ICLR 2023; Yvinec et al., NUPES, arXiv 2308.05600"
    )

    width: int
    percent: int = 50

    def __post_init__(self) -> None:
        name = f"nupes{self.width}" + f"_a{self.percent}" * (self.percent != 50)
        if not _MIN_BITS <= self.width <= _MAX_BITS:
            raise FormatError(f"{name}: {_MIN_BITS} to {_MAX_BITS} bits are allowed")
        if not 1 <= self.percent <= 100:
            raise FormatError(f"{name}: a power of 1 to 100 percent is allowed")
        object.__setattr__(self, "name", name)

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `nupes{bits}` and `nupes{bits}_a{percent}`."""
        match = _NAME.fullmatch(text)
        return cls(width=int(match[1]), percent=int(match[2] or 50)) if match else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return f"nupes{_MIN_BITS}..nupes{_MAX_BITS}[_a{{percent}}]"

    @property
    def bits(self) -> int:
        """Width of a code."""
        return self.width

    @property
    def power(self) -> Fraction:
        """The exponent a."""
        return Fraction(self.percent, 100)

    @property
    def steps(self) -> int:
        """The greatest code Q, which stands for the value one."""
        return (1 << (self.width - 1)) - 1

    def value_of(self, code: int) -> Fraction:
        """The float64 nearest to the value of a code."""
        q = code - ((code >> (self.width - 1)) << self.width)
        magnitude = _nearest_power(Fraction(abs(q), self.steps), 1 / self.power)
        return Fraction(-magnitude if q < 0 else magnitude)

    def is_produced(self, code: int) -> bool:
        """Whether the code is not -Q - 1."""
        return code != self.steps + 1

    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """Cut Q * |x|^a after its integer part; the integers are the levels."""
        value = value[None]  # an array without axes gets one axis
        unit = self.steps << fraction_bits
        estimate = unit * _estimate(value) ** float(self.power)
        low, high = estimate * (1 - _DOUBT), estimate * (1 + _DOUBT)
        fine = np.floor(low).astype(np.int64)
        sticky = np.ones(value.shape, bool)
        for i in zip(*np.nonzero(np.ceil(low) <= np.floor(high)), strict=True):
            significand, exponent = int(value.significand[i]), int(value.exponent[i])
            fine[i], sticky[i] = _cut(self, significand, exponent, fraction_bits)
        beyond = (fine > unit) | ((fine == unit) & sticky)
        index = np.where(beyond, self.steps + 1, fine >> fraction_bits)
        fraction = np.where(beyond, 0, fine & ((1 << fraction_bits) - 1) | sticky)
        return Position(index=index[0], fraction=fraction[0], odd=index[0] & 1 == 1)


def _estimate(value: Unpacked) -> Array:
    """Magnitudes to 52 bits as float64: at most 2, and 0 where float64 loses precision."""
    drop = np.maximum(bit_length(value.significand) - 53, 0)
    leading = (value.significand >> drop.astype(value.significand.dtype)).astype(np.float64)
    with np.errstate(over="ignore"):
        magnitude = np.minimum(np.ldexp(leading, value.exponent + drop), 2.0)
    return np.where(magnitude < np.finfo(np.float64).tiny, 0.0, magnitude)


@lru_cache(maxsize=1 << 16)
def _cut(
    number_format: PowerExponent, significand: int, exponent: int, fraction_bits: int
) -> tuple[int, bool]:
    """Q * x^a in units of 2^-fraction_bits: its integer part, and whether a remainder exists.

    With a = p / r, the integer part n is the last one with n^r <= (2^fraction_bits Q)^r x^p.
    """
    x = Fraction(significand) * Fraction(2) ** exponent
    unit = number_format.steps << fraction_bits
    if x > 1:
        return unit, True
    p, r = number_format.power.as_integer_ratio()
    target = unit**r * x**p
    n = _floor_root(target.numerator // target.denominator, r)
    sticky = n**r != target
    # A value between an exact level and the float64 in its place needs no rounding.
    step = 1 << fraction_bits
    if n % step == 0:
        return n, sticky and x > _level(number_format, n // step)
    if (n + 1) % step == 0 and x >= _level(number_format, (n + 1) // step):
        return n + 1, False
    return n, sticky


@lru_cache(maxsize=1 << 12)
def _level(number_format: PowerExponent, q: int) -> Fraction:
    return number_format.value_of(q)


def _nearest_power(base: Fraction, power: Fraction) -> float:
    """The float64 nearest to base^power, for 0 <= base < 2 and power >= 1."""
    r, p = power.as_integer_ratio()
    exact = base**r
    if exact == 0:
        return 0.0
    # The p-th root with more bits than a float64 has, and a sticky bit for all bits after them.
    shift = 64 + max(exact.denominator.bit_length() - exact.numerator.bit_length(), 0) // p
    scaled = exact * Fraction(2) ** (shift * p)
    root = _floor_root(scaled.numerator // scaled.denominator, p)
    sticky = root**p != scaled
    return float(Fraction(2 * root + sticky, 2 << shift))


def _floor_root(number: int, degree: int) -> int:
    """Floor of the root of a non-negative integer, by Newton's method from above."""
    if degree == 2:
        return math.isqrt(number)
    if number < 2 or degree == 1:
        return number
    root = 1 << -(-number.bit_length() // degree)
    while True:
        better = ((degree - 1) * root + number // root ** (degree - 1)) // degree
        if better >= root:
            return root
        root = better
