"""Slow, exact sums of logarithmic products on Fractions, written from the definition.

Nothing here is taken from `hwdse`: the source is section 3 of the format specification. Decisions
about irrational numbers use integer roots, or decimal logarithms with far more digits than needed.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import cache, cached_property

from reference.lns import Logarithmic, root

#: A product or a term: its sign, and its logarithm in units of 1/gamma; None for zero.
Term = tuple[bool, int | None]


@dataclass(frozen=True, eq=False)
class Product:
    """`mul=log`: logarithms are added.

    The number of a product comes from a table of 2^(r/gamma) and a shift.
    """

    a: Logarithmic
    b: Logarithmic
    table: int = 12
    index: int | None = None

    @property
    def fraction(self) -> int:
        return max(self.a.fraction, self.b.fraction)

    @property
    def gamma(self) -> int:
        return 2**self.fraction

    @property
    def high(self) -> int:
        """The number of bits of r that select a constant."""
        return self.fraction if self.index is None else self.index

    @cache  # noqa: B019 - the references live as long as the tests
    def term(self, x: int, y: int) -> Term:
        (negative_x, log_x), (negative_y, log_y) = self.a.fields(x), self.b.fields(y)
        if log_x is None or log_y is None:
            return False, None
        log_x *= self.gamma // self.a.gamma
        log_y *= self.gamma // self.b.gamma
        return negative_x != negative_y, log_x + log_y

    @cache  # noqa: B019
    def constant(self, i: int) -> Fraction:
        """2^(i / 2^high), rounded to the nearest multiple of 2^-table."""
        entries = 2**self.high
        doubled = root(2 ** ((self.table + 1) * entries + i), entries)
        return Fraction((doubled + 1) // 2, 2**self.table)

    def factor(self, log: int) -> tuple[int, Fraction]:
        """The index of the constant, and the factor of the constant."""
        whole, r = divmod(log, self.gamma)
        i, low = divmod(r, 2 ** (self.fraction - self.high))
        return i, (1 + Fraction(low, self.gamma)) * Fraction(2) ** whole

    @cache  # noqa: B019
    def number(self, term: Term) -> Fraction:
        negative, log = term
        if log is None:
            return Fraction(0)
        i, factor = self.factor(log)
        return (-1 if negative else 1) * self.constant(i) * factor


def wrapped(x: Fraction, bits: int, lsb: Fraction) -> Fraction:
    """`x` wrapped to a two's-complement word of `bits` bits, with the LSB `lsb`."""
    count = x / lsb
    assert count.denominator == 1
    half = 2 ** (bits - 1)
    return ((count + half) % 2**bits - half) * lsb


@dataclass(frozen=True)
class BinSum:
    """One register per constant.

    `register` and `word` are (LSB, bits) of the registers and of the weighted sum.
    """

    product: Product
    register: tuple[Fraction, int]
    word: tuple[Fraction, int]

    def start(self) -> list[Fraction]:
        return [Fraction(0)] * 2**self.product.high

    def add(self, bins: list[Fraction], terms: list[Term]) -> list[Fraction]:
        bins = list(bins)
        for negative, log in terms:
            if log is not None:
                i, factor = self.product.factor(log)
                bins[i] += -factor if negative else factor
        lsb, bits = self.register
        return [wrapped(x, bits, lsb) for x in bins]

    def read(self, bins: list[Fraction]) -> Fraction:
        lsb, bits = self.word
        return wrapped(
            sum((self.product.constant(i) * x for i, x in enumerate(bins)), Fraction(0)), bits, lsb
        )


@dataclass(frozen=True)
class GaussianSum:
    """`acc=lns`: the state is a number of `sum_format`, and an addition uses one table entry."""

    sum_format: Logarithmic
    product: Product

    @cached_property
    def step(self) -> int:
        return self.sum_format.gamma // self.product.gamma

    @cached_property
    def limits(self) -> tuple[int, int]:
        logs = [log for log in self.sum_format.logs if log is not None]
        return logs[0], logs[-1]

    def start(self) -> Term:
        return False, None

    def add(self, state: Term, terms: list[Term]) -> Term:
        level = [(negative, None if log is None else log * self.step) for negative, log in terms]
        while len(level) > 1:
            pairs = [self.plus(level[k], level[k + 1]) for k in range(0, len(level) - 1, 2)]
            level = pairs + level[2 * len(pairs) :]
        return self.plus(state, level[0])

    def plus(self, x: Term, y: Term) -> Term:
        (negative_x, log_x), (negative_y, log_y) = x, y
        if log_x is None or log_y is None:
            negative, log = y if log_x is None else x
            return self.limited(negative, log)
        if log_x < log_y:
            return self.plus(y, x)
        if negative_x == negative_y:
            return self.limited(negative_x, log_x + self.rounded(log_x - log_y, 1))
        if log_x == log_y:
            return False, None
        return self.limited(negative_x, log_x + self.rounded(log_x - log_y, -1))

    def rounded(self, distance: int, sign: int) -> int:
        return gaussian(self.sum_format.gamma, distance, sign)

    def limited(self, negative: bool, log: int | None) -> Term:
        low, high = self.limits
        if log is None or log < low:
            return False, None
        return negative, min(log, high)


@cache
def gaussian(gamma: int, distance: int, sign: int) -> int:
    """gamma * log2(1 +- 2^(-distance/gamma)), rounded to the nearest integer."""
    exact = gamma * gaussian_log(Fraction(-distance, gamma), sign)
    with localcontext() as context:
        context.prec = 60
        nearest = exact.to_integral_value(ROUND_HALF_EVEN)
        # No number comes near a tie.
        assert abs(abs(exact - nearest) - Decimal("0.5")) > Decimal(10) ** -20
    return int(nearest)


@cache
def gaussian_log(d: Fraction, sign: int) -> Decimal:
    """sb(d) = log2(1 + 2^d) or db(d) = log2(1 - 2^d), to about 50 digits."""
    with localcontext() as context:
        context.prec = 60
        ln_2 = Decimal(2).ln()
        power = (Decimal(d.numerator) / d.denominator * ln_2).exp()
        return (1 + sign * power).ln() / ln_2
