"""Formats that are defined by their values, on Python's Fractions and by lookup in sorted lists.

Written from sections 5.3 to 5.6, 7 and 8 of the project's format specification. Stochastic rounding
is written from the draft of IEEE P3109. Nothing here is taken from `hwdse`.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

DETERMINISTIC = ("rne", "rna", "rhu", "rtz", "up", "down", "odd")
STOCHASTIC = ("stochastic_a", "stochastic_b", "stochastic_c")
OVERFLOWS = ("saturate", "ieee", "propagate")
HALF = Fraction(1, 2)


def by_code_parity(near: int, far: int) -> bool:
    """Whether the middle of two neighbours rounds to `far`: it does if the code `near` is odd."""
    del far
    return near % 2 == 1


@dataclass(frozen=True, eq=False)
class List:
    """A format as the list of the values of all codes, with floats for infinities and NaN.

    Codes in `unused` only decode. `slot` is the magnitude that infinity's code would have as a
    number. Rounding takes place in the domain |x|^`power`, if `power` is given.
    """

    values: list[Fraction | float]
    unused: frozenset[int] = frozenset()
    minus_zero: int | None = None
    slot: Fraction | None = None
    tie: Callable[[int, int], bool] = by_code_parity
    rounding: str = "rne"
    power: Fraction | None = None
    special: dict[str, int] = field(default_factory=dict)
    _places: dict = field(default_factory=dict)

    @property
    def bits(self) -> int:
        return (len(self.values) - 1).bit_length()

    @cached_property
    def levels(self) -> list[tuple[Fraction, int]]:
        """The values with their codes, in order.

        The codes of infinities have the values of the slots. There is one zero.
        """
        found = [
            (value, code)
            for code, value in enumerate(self.values)
            if isinstance(value, Fraction) and code not in self.unused | {self.minus_zero}
        ]
        if self.slot:
            found += [(self.slot, self.special["inf"]), (-self.slot, self.special["-inf"])]
        return sorted(found)

    @cached_property
    def reals(self) -> list[Fraction]:
        return [value for value, _ in self.levels]

    @cached_property
    def codes(self) -> list[int]:
        return [code for _, code in self.levels]

    def to_float(self, code: int) -> float:
        return -0.0 if code == self.minus_zero else float(self.values[code])

    def encode(
        self, x: float | Fraction, rounding: str = "", overflow="saturate", draw=0, bits=0
    ) -> int:
        """The code of a real number.

        Of all floats, only -0.0 has a sign that its value does not show.
        """
        rounding = rounding or self.rounding
        if isinstance(x, float) and math.isnan(x):
            if "nan" in self.special:
                return self.special["nan"]
            x = 0.0
        negative = x < 0 or (x == 0 and self.minus_zero is not None and str(x) == "-0.0")
        if isinstance(x, float) and math.isinf(x):
            return self._outside(negative, infinite=True, rounding=rounding, overflow=overflow)
        chosen = self._round(x, negative, rounding, draw, bits)
        if not 0 <= chosen < len(self.reals) or abs(self.reals[chosen]) == self.slot:
            return self._outside(negative, infinite=False, rounding=rounding, overflow=overflow)
        code = self.codes[chosen]
        return self.minus_zero if negative and self.values[code] == 0 and self.minus_zero else code

    def _round(self, x: float | Fraction, negative: bool, rounding: str, draw: int, bits: int):
        near, far, part = self._place(x, negative)
        if part == 0:
            return near
        return far if self._goes_far(part, near, far, negative, rounding, draw, bits) else near

    def _place(self, x: float | Fraction, negative: bool) -> tuple[int, int, Fraction]:
        """Both neighbours of a number, and the fraction of the step between them.

        At a level, both neighbours are this level and the fraction is 0.
        """
        key = x, negative
        if key not in self._places:
            value = Fraction(x)
            below = bisect_right(self.reals, value) - 1
            above = bisect_left(self.reals, value)
            near, far = (above, below) if negative else (below, above)
            inside = range(len(self.reals))
            if near == far or near not in inside or far not in inside:
                place = far, far, Fraction(0)
            else:
                place = near, far, self._part(value, near, far)
                for level in (near, far):
                    if self.power and self._is_level(value, level):
                        place = level, level, Fraction(0)
            self._places[key] = place
        return self._places[key]

    def _outside(self, negative: bool, infinite: bool, rounding: str, overflow: str) -> int:
        directions = {"rtz": False, "odd": False, "up": not negative, "down": negative}
        away = infinite or directions.get(rounding, True)
        if "inf" in self.special and (
            (overflow == "ieee" and away) or (overflow == "propagate" and infinite)
        ):
            return self.special["-inf" if negative else "inf"]
        last = 1 if self.slot else 0
        return self.codes[last if negative else -1 - last]

    def _part(self, value: Fraction, near: int, far: int) -> Fraction:
        """The discarded fraction of the step.

        In a power domain, the result is an approximation. Its comparisons with all multiples of
        2^-40 give the same results as those of the true fraction.
        """
        if self.power is None:
            return (value - self.reals[near]) / (self.reals[far] - self.reals[near])
        with localcontext(prec=100):
            power = Decimal(self.power.numerator) / self.power.denominator
            magnitude = Decimal(abs(value).numerator) / abs(value).denominator
            fine = Decimal(len(self.reals) // 2) * magnitude**power * 2**40
            nearest = int(fine.to_integral_value())
            doubt = abs(fine - nearest) < Decimal(10) ** -50
            floor = int(fine // 1)
        steps = len(self.reals) // 2
        exact = False
        if doubt:
            excess = self._excess(value, Fraction(nearest, 2**40))
            exact, floor = excess == 0, nearest - (excess < 0)
        part = Fraction(2 * floor + (not exact), 2**41) - abs(near - steps)
        return min(max(part, Fraction(1, 2**41)), 1 - Fraction(1, 2**41))

    def _excess(self, value: Fraction, count: Fraction) -> Fraction:
        """A number with the sign of steps * |value|^power - count."""
        p, r = self.power.as_integer_ratio()
        return abs(value) ** p - (count / (len(self.reals) // 2)) ** r

    def _is_level(self, value: Fraction, level: int) -> bool:
        """Whether a value counts as a level of the power domain.

        The exact level, its float64, and all values between both count as the level.
        """
        float_excess = abs(value) - abs(self.reals[level])
        if abs(float_excess) > abs(self.reals[level]) / 2**50:
            return False
        excess = self._excess(value, Fraction(abs(level - len(self.reals) // 2)))
        return excess * float_excess <= 0

    def _goes_far(
        self,
        part: Fraction,
        near: int,
        far: int,
        negative: bool,
        rounding: str,
        draw: int,
        bits: int,
    ) -> bool:
        tie = self.tie(self.codes[near], self.codes[far])
        match rounding:
            case "rne":
                return part > HALF or (part == HALF and tie)
            case "rna":
                return part >= HALF
            case "rhu":
                return part > HALF or (part == HALF and not negative)
            case "rtz":
                # If `near` has the other sign, no level of this sign lies nearer to zero than
                # `far`.
                return self.reals[near] != 0 and (self.reals[near] < 0) != negative
            case "up":
                return not negative
            case "down":
                return negative
            case "odd":
                return not tie
            case "stochastic_a":
                return math.floor(part * 2**bits) + draw >= 2**bits
            case "stochastic_b":
                return math.floor(part * 2 ** (bits + 1)) + 2 * draw + 1 >= 2 ** (bits + 1)
            case "stochastic_c":
                return round(part * 2**bits) + draw >= 2**bits
        raise ValueError(rounding)

    # --- the same for whole arrays, rounding to nearest only -----------------------------------

    def lookup(self, x: np.ndarray, rounding: str) -> np.ndarray:
        """Codes of finite float64 values, rounded by rne or rna and saturated."""
        cuts, codes = self._cuts(rounding)
        found = codes[np.searchsorted(cuts, x, side="right")]
        if self.minus_zero is not None:
            found = np.where((found == self.codes[self.reals.index(0)]) & np.signbit(x),
                             self.minus_zero, found)  # fmt: skip
        return found

    def _cuts(self, rounding: str) -> tuple[np.ndarray, np.ndarray]:
        """For each pair of neighbours, the least float64 that rounds to the upper neighbour."""
        cuts = []
        for i, (low, high) in enumerate(pairwise(self.reals)):
            middle = self._middle(low, high)
            near, far = (i, i + 1) if middle >= 0 else (i + 1, i)
            goes_far = rounding == "rna" or self.tie(self.codes[near], self.codes[far])
            tie_goes_up = goes_far == (middle >= 0)
            cuts.append(_least_float(middle, included=tie_goes_up))
        codes = [self.encode(value) for value in self.reals]  # slots saturate to the largest values
        return np.array(cuts), np.array(codes)

    def _middle(self, low: Fraction, high: Fraction) -> Fraction:
        if self.power is None:
            return (low + high) / 2
        assert self.power == HALF
        steps = len(self.reals) // 2
        root = Fraction(2 * self.reals.index(low) + 1, 2) - steps
        square = (root / steps) ** 2
        return square if root > 0 else -square

    def decision_points(self, most: int = 1 << 20) -> list[float]:
        """Values at which encoders are likely to fail.

        These are levels, middles, quarter points, their float64 neighbours, extremes and special
        values.
        """
        pairs = list(pairwise(self.reals))
        pairs = pairs[:: 1 + len(pairs) // most] + pairs[-3:]
        points = [level for pair in pairs for level in pair]
        points += [low + (high - low) * n / 4 for low, high in pairs for n in (1, 2, 3)]
        if self.power == HALF:
            points += [self._middle(low, high) for low, high in pairs]
        first, last = self.reals[0], self.reals[-1]
        points += [last + (last - self.reals[-2]) * n / 2 for n in (1, 2)]
        points += [first + (first - self.reals[1]) * n / 2 for n in (1, 2)]
        floats = {float(p) for p in points if abs(p) < 2**1023}
        floats |= {0.0, 5e-324, 2.0**-1022, 1e-30, 1e30, 1.7e308}
        floats |= {-x for x in floats}
        near = {math.nextafter(x, side) for x in floats for side in (math.inf, -math.inf)}
        most = {side * x for side in (1, -1) for x in (1.7976931348623157e308, math.inf)}
        return [*sorted(floats | near | most), -0.0, math.nan]


def _largest(holds: Callable[[int], bool], limit: int) -> int:
    """The largest count below `limit` for which a predicate holds.

    The predicate holds for 0. If it fails for a count, it fails for all larger counts.
    """
    low, high = 0, limit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _least_float(bound: Fraction, included: bool) -> float:
    """The least float64 above `bound`; `bound` itself counts if `included`."""
    near = float(bound)
    if Fraction(near) < bound or (Fraction(near) == bound and not included):
        return math.nextafter(near, math.inf)
    return near


# --- the families ------------------------------------------------------------------------------


def hif8() -> List:
    def value(code: int) -> Fraction | float:
        if code in (0x80, 0x6F, 0xEF):
            return {0x80: math.nan, 0x6F: math.inf, 0xEF: -math.inf}[code]
        sign, body = (-1) ** (code // 128), code % 128
        if body >= 0x60:
            back, magnitude, fraction = body // 16 % 2, 8 + body // 2 % 8, Fraction(body % 2, 2)
        elif body >= 0x40:
            back, magnitude, fraction = body // 16 % 2, 4 + body // 4 % 4, Fraction(body % 4, 4)
        elif body >= 0x20:
            back, magnitude, fraction = body // 16 % 2, 2 + body // 8 % 2, Fraction(body % 8, 8)
        elif body >= 0x10:
            back, magnitude, fraction = body // 8 % 2, 1, Fraction(body % 8, 8)
        elif body >= 0x08:
            back, magnitude, fraction = 0, 0, Fraction(body % 8, 8)
        elif body:
            return sign * Fraction(2) ** (body - 23)
        else:
            return Fraction(0)
        return sign * Fraction(2) ** (-magnitude if back else magnitude) * (1 + fraction)

    return List(
        [value(code) for code in range(256)],
        slot=Fraction(49152),
        rounding="rna",
        special={"nan": 0x80, "inf": 0x6F, "-inf": 0xEF},
    )


def hif8_rule(x: float) -> float:
    """The authors' rule for finite values, ties away from zero.

    The result is a value of the format or an infinity.
    """
    sign, a = (-1 if x < 0 else 1), abs(Fraction(x))
    if a >= 40960:
        return sign * math.inf
    if a < Fraction(1, 2**23):
        return 0.0
    e = math.frexp(float(a))[1] - 1
    e = -22 if e == -23 else e
    bits = 3 if abs(e) <= 3 else 2 if abs(e) <= 7 else 1 if abs(e) <= 15 else 0
    unit = Fraction(2) ** (e - bits)
    return float(sign * math.floor(a / unit + HALF) * unit)


def dint(bits: int, twos_complement: bool) -> List:
    half = 2 ** (bits - 1)
    magnitudes = [Fraction(0), HALF] + [Fraction(n) for n in range(1, half)]
    if not twos_complement:
        positive = magnitudes[:half]
        return List(positive + [-m for m in positive], minus_zero=half)
    inorder = [-m for m in magnitudes[:0:-1]] + magnitudes[:-1]
    assert len(inorder) == 2**bits
    return List(inorder[half:] + inorder[:half])


def bipolar(bits: int) -> List:
    def value(code: int) -> Fraction:
        return Fraction(sum(2**i * (2 * (code >> i & 1) - 1) for i in range(bits)))

    return List([value(code) for code in range(2**bits)])


def binary() -> List:
    return List([Fraction(-1), Fraction(1)], rounding="rna")


def ternary() -> List:
    return List([Fraction(0), Fraction(1), Fraction(0), Fraction(-1)], unused=frozenset({2}))


@lru_cache(maxsize=4)
def fewest_powers(bits: int) -> dict[int, int]:
    """The number of signed powers of two that each integer of `bits` bits needs.

    The function tries all sums.
    """
    limit = 2 ** (bits - 1)
    powers = [sign * 2**shift for shift in range(bits) for sign in (1, -1)]
    needed, frontier, count = {0: 0}, {0}, 0
    while len([n for n in needed if -limit <= n < limit]) < 2 * limit:
        count += 1
        frontier = {n + p for n in frontier for p in powers if abs(n + p) <= 2 * limit}
        frontier -= needed.keys()
        needed |= dict.fromkeys(frontier, count)
    return needed


def pot(bits: int, terms: int) -> List:
    needed = fewest_powers(bits)
    integers = [code - (2**bits if code >= 2 ** (bits - 1) else 0) for code in range(2**bits)]

    def fewer(near: int, far: int) -> bool:
        return needed[integers[far]] < needed[integers[near]]

    unused = frozenset(code for code, n in enumerate(integers) if needed[n] > terms)
    return List([Fraction(n) for n in integers], unused=unused, tie=fewer)


def codebook(levels: list[float]) -> List:
    size = 1 << (len(levels) - 1).bit_length()
    padded = [Fraction(level) for level in levels] + [Fraction(levels[-1])] * (size - len(levels))
    return List(padded, unused=frozenset(range(len(levels), size)))


def nupes(bits: int, percent: int) -> List:
    steps = 2 ** (bits - 1) - 1

    def value(code: int) -> Fraction:
        q = code - (2**bits if code > steps else 0)
        with localcontext(prec=90):
            magnitude = (Decimal(abs(q)) / steps) ** (Decimal(100) / percent)
        return Fraction(math.copysign(float(magnitude), q))

    return List(
        [value(code) for code in range(2**bits)],
        unused=frozenset({steps + 1}),
        power=Fraction(percent, 100),
    )


NF4 = [
    -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022833, -0.09105003625154, 0, 0.07958029955625, 0.16093020141125, 0.24611230194569,
    0.33791524171829, 0.44070982933044, 0.56261700391769, 0.72295683622360, 1,
]  # fmt: skip


def nf4() -> List:
    """The format with the float32 levels that `NF4` lists with fewer digits."""
    return codebook([float(np.float32(level)) for level in NF4])


NAMED: dict[str, Callable[[], List]] = {
    "hif8": hif8,
    "dint4": lambda: dint(4, False),
    "dint4tc": lambda: dint(4, True),
    "bipolar2": lambda: bipolar(2),
    "bipolar4": lambda: bipolar(4),
    "binary": binary,
    "ternary": ternary,
    "pot4_k1": lambda: pot(4, 1),
    "pot8_k2": lambda: pot(8, 2),
    "nf4": nf4,
    "nupes4": lambda: nupes(4, 50),
    "nupes8": lambda: nupes(8, 50),
}

PARAMETRIC: dict[str, Callable[[], List]] = (
    {f"dint{b}": lambda b=b: dint(b, False) for b in (3, 5, 6, 7, 8)}
    | {f"dint{b}tc": lambda b=b: dint(b, True) for b in (3, 5, 6, 7, 8)}
    | {f"bipolar{n}": lambda n=n: bipolar(n) for n in (1, 3, 5, 6, 7, 8, 11, 16)}
    | {
        f"pot{w}_k{k}": lambda w=w, k=k: pot(w, k)
        for w in (2, 3, 4, 5, 6, 7, 8, 11)
        for k in range(1, (w + 1) // 2 + 1)
        if (w, k) not in ((4, 1), (8, 2))
    }
    | {
        f"nupes{b}_a{percent}": lambda b=b, percent=percent: nupes(b, percent)
        for b, percent in ((2, 25), (3, 100), (4, 33), (5, 1), (6, 75), (8, 40))
    }
)
ALL = NAMED | PARAMETRIC
