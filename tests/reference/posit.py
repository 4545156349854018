"""A slow, exact posit codec on strings of bits and Fractions, and a table look-up for many values.

Nothing here is taken from `hwdse`: the source is the Standard for Posit Arithmetic (2022) with a
variable number of exponent bits.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from reference.number_formats import NAN, Value, floor_log2, round_to_integer


@dataclass(frozen=True)
class Posit:
    n: int
    es: int

    @property
    def bits(self) -> int:
        return self.n

    @property
    def nar(self) -> int:
        return 2 ** (self.n - 1)

    @property
    def top(self) -> int:
        return self.nar - 1

    @property
    def maxpos(self) -> Fraction:
        return Fraction(2) ** ((self.n - 2) * 2**self.es)

    def decode(self, code: int) -> Value:
        if code == self.nar:
            return NAN
        negative = code > self.nar
        body = format(2**self.n - code if negative else code, f"0{self.n}b")[1:]
        if "1" not in body:
            return Value()
        run = len(body) - len(body.lstrip(body[0]))
        k = run - 1 if body[0] == "1" else -run
        after = body[run + 1 :]
        exponent = int(after[: self.es].ljust(self.es, "0") or "0", 2)
        fraction = after[self.es :]
        scale = k * 2**self.es + exponent - len(fraction)
        significand = int("1" + fraction, 2)
        return Value(negative, Fraction(significand * 2 ** max(scale, 0), 2 ** max(-scale, 0)))

    def string(self, x: Fraction) -> str:
        """Regime, exponent and the whole fraction of a positive number, without the sign."""
        scale = floor_log2(x)
        k, exponent = divmod(scale, 2**self.es)
        fraction = x / Fraction(2) ** scale - 1
        digits = fraction.denominator.bit_length() - 1
        regime = "1" * (k + 1) + "0" if k >= 0 else "0" * -k + "1"
        es = format(exponent, f"0{self.es}b") if self.es else ""
        return regime + es + (format(fraction.numerator, f"0{digits}b") if digits else "")

    def encode(
        self, value: Value, rounding: str = "rne", overflow: str = "saturate", draw=0, bits=0
    ) -> int:
        del overflow
        if value.special:
            return self.nar
        x = value.magnitude
        if x == 0:
            return 0
        if x >= self.maxpos or x <= 1 / self.maxpos:
            code = self.top if x >= 1 else 1
        else:
            string = self.string(x)
            # The binary point lies at the end of the word.
            cut = Fraction(int(string, 2)) / Fraction(2) ** (len(string) - self.n + 1)
            code = round_to_integer(cut, value.negative, rounding, draw, bits)
        return 2**self.n - code if value.negative else code

    @cached_property
    def values(self) -> np.ndarray:
        """The values of the codes 0 to top. float64 holds the values of posits up to 32 bits."""
        return np.array([float(self.decode(code).magnitude) for code in range(self.nar)])

    @cached_property
    def ties(self) -> np.ndarray:
        """The ties of rounding to nearest between code c and code c + 1, for each c.

        The code of a tie is code c with one more bit, which is set.
        """
        longer = Posit(self.n + 1, self.es)
        ties = [float(longer.decode(2 * code + 1).magnitude) for code in range(self.nar)]
        return np.array([0.0, *ties[1:]])

    def encode_many(self, x: np.ndarray, rounding: str = "rne") -> np.ndarray:
        """Expected codes of float64 values; every comparison is exact."""
        magnitude, negative = np.abs(x), np.signbit(x)
        real = np.isfinite(x)
        magnitude = np.where(real, magnitude, 0.0)
        below = np.searchsorted(self.values, magnitude, side="right") - 1
        inexact = magnitude != self.values[below]
        code = below + away(
            rounding,
            above=magnitude > self.ties[below],
            tie=magnitude == self.ties[below],
            inexact=inexact,
            odd=below % 2 == 1,
            negative=negative,
        )
        code = np.clip(code, magnitude > 0, self.top)
        return np.where(real, np.where(negative, -code, code) % 2**self.n, self.nar)

    def hard_places(self) -> np.ndarray:
        """Values, ties, their float64 neighbours, extremes and specials, with both signs."""
        return neighbourhood(np.concatenate([self.values, self.ties]))


def away(rounding, above, tie, inexact, odd, negative):
    """Whether each value rounds to the next level away from zero."""
    return (
        inexact
        & {
            "rne": above | (tie & odd),
            "rna": above | tie,
            "rhu": above | (tie & ~negative),
            "rtz": np.zeros(above.shape, bool),
            "up": ~negative,
            "down": negative,
            "odd": ~odd,
        }[rounding]
    )


def neighbourhood(points: np.ndarray) -> np.ndarray:
    """The points, their float64 neighbours, extremes and specials, with both signs."""
    points = np.unique(points)
    points = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    extremes = [0.0, 5e-324, 1e-310, 2.0**-1022, 1e-30, 1e30, 1.7976931348623157e308]
    points = np.concatenate([points, extremes, [np.inf, np.nan]])
    return np.concatenate([points, -points])


#: Every named format.
NAMED = {
    "posit4_1": Posit(4, 1),
    "posit8_0": Posit(8, 0),
    "posit8_1": Posit(8, 1),
    "posit8_2": Posit(8, 2),
    "posit16_1": Posit(16, 1),
    "posit16_2": Posit(16, 2),
    "posit32_2": Posit(32, 2),
}
