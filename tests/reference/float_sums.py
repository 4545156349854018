"""Slow, exact models of the floating-point accumulators `fp:{format}:{options}`, on Fractions.

Nothing here is taken from `hwdse`: sources are section 3 of the design document, sections 9
(approximate normalisation) and 16 (stochastic rounding, shift registers, compensated sums) of the
format specification, and IEEE 754-2019 as in `dot_products`. The models take one sum at a time,
from codes to codes.
"""

from dataclasses import dataclass, field, replace
from fractions import Fraction

from reference.dot_products import exact_product, exact_sum
from reference.number_formats import NAN, Float, Int, Value, floor_log2, infinity, real

TWO = Fraction(2)


def product(a: Float | Int, b: Float | Int, x: Value, y: Value) -> Value:
    exact = exact_product(x, y)
    if isinstance(a, Int) or isinstance(b, Int):
        exact = replace(exact, negative=exact.negative and exact.magnitude != 0)
    return exact


def exponent_of(number_format: Float | Int, value: Value) -> int:
    """The exponent of the top bit of an operand's significand, even if the hidden bit is 0."""
    if isinstance(number_format, Int):
        return number_format.width - 1
    lowest = 1 - number_format.bias
    return max(floor_log2(value.magnitude), lowest) if value.magnitude else lowest


@dataclass(frozen=True)
class Term:
    """A product, and the exponent of the top bit of its unnormalised significand."""

    value: Value
    top: int


def term(a: Float | Int, b: Float | Int, x: int, y: int) -> Term:
    first, second = a.decode(x), b.decode(y)
    # A product of significands has one bit above the product of both top bits.
    top = 0
    if not (first.special or second.special):
        top = exponent_of(a, first) + exponent_of(b, second) + 1
    return Term(product(a, b, first, second), top)


@dataclass(frozen=True)
class Rounding:
    """Rounding to the accumulator's format, with the default overflow of this format."""

    number_format: Float
    rounding: str

    def __call__(self, value: Value) -> Value:
        f = self.number_format
        return f.decode(f.encode(value, self.rounding, f.default_overflow))

    def sum(self, *values: Value) -> Value:
        return self(exact_sum(list(values), self.rounding))


def negated(value: Value) -> Value:
    return value if value == NAN else replace(value, negative=not value.negative)


# --- the accumulators: start(value), step(state, terms), number(state) ---------------------------


@dataclass(frozen=True)
class Fused(Rounding):
    def start(self, value: Value) -> Value:
        return self(value)

    def step(self, state: Value, terms: list[Term]) -> Value:
        return self.sum(state, *(t.value for t in terms))

    def number(self, state: Value) -> Value:
        return state


@dataclass(frozen=True)
class Tree(Fused):
    def step(self, state: Value, terms: list[Term]) -> Value:
        level = [self(t.value) for t in terms]
        while len(level) > 1:
            pairs = [level[k : k + 2] for k in range(0, len(level), 2)]
            level = [self.sum(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
        return self.sum(state, level[0])


@dataclass(frozen=True)
class Kahan(Rounding):
    def start(self, value: Value) -> tuple[Value, Value]:
        return self(value), Value()

    def step(self, state: tuple[Value, Value], terms: list[Term]) -> tuple[Value, Value]:
        s, c = state
        x = self.sum(*(t.value for t in terms))
        y = self.sum(x, negated(c))
        t = self.sum(s, y)
        c = self.sum(self.sum(t, negated(s)), negated(y))
        return t, Value() if c.special else c

    def number(self, state: tuple[Value, Value]) -> Value:
        return state[0]


TAPS = {
    8: (8, 6, 5, 4),
    10: (10, 7),
    12: (12, 11, 10, 4),
    13: (13, 12, 11, 8),
    16: (16, 15, 13, 4),
    32: (32, 22, 2, 1),
}


def lfsr(width: int, state: int) -> int:
    """One step: shift left and feed back the XOR of the taps. Bit 1 is the lowest bit."""
    bits = [int(digit) for digit in reversed(f"{state:0{width}b}")]
    feedback = sum(bits[tap - 1] for tap in TAPS[width]) % 2
    return int("".join(map(str, reversed([feedback, *bits[:-1]]))), 2)


@dataclass(frozen=True)
class Stochastic(Rounding):
    bits: int
    variant: str = "b"
    width: int = 16
    seed: int = 0xACE1

    def start(self, value: Value) -> tuple[Value, int]:
        return self(value), self.seed

    def step(self, state: tuple[Value, int], terms: list[Term]) -> tuple[Value, int]:
        number, register = state
        f = self.number_format
        total = exact_sum([number, *(t.value for t in terms)], "rne")
        draw = register % 2**self.bits
        code = f.encode(total, f"stochastic_{self.variant}", f.default_overflow, draw, self.bits)
        for _ in range(self.bits):
            register = lfsr(self.width, register)
        return f.decode(code), register

    def number(self, state: tuple[Value, int]) -> Value:
        return state[0]


@dataclass(frozen=True)
class Partial:
    """An un-normalised partial sum, less than 2^(top + 1)."""

    value: Value
    top: int


@dataclass(frozen=True)
class Approximate(Rounding):
    """Approximate normalisation by section 9, with a register of `width` fraction bits.

    The products of a group are added one after the other.
    """

    k: int
    lam: int
    width: int
    shifts: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def lowest(self) -> int:
        return 1 - self.number_format.bias

    @property
    def highest(self) -> int:
        return floor_log2(self.number_format.max)

    def start(self, value: Value) -> Partial:
        if value.special:
            return self.bounded(value, self.lowest)
        assert value.magnitude == 0, "sums that start from a number are not modelled"
        return self.bounded(value, self.lowest)

    def step(self, state: Partial, terms: list[Term]) -> Partial:
        for one in terms:
            state = self.add(state, one)
        return state

    def number(self, state: Partial) -> Value:
        return state.value

    def cut(self, magnitude: Fraction, top: int) -> Fraction:
        quantum = TWO ** (top - self.width)
        return magnitude // quantum * quantum

    def add(self, state: Partial, one: Term) -> Partial:
        if state.value.special or one.value.special:
            special = exact_sum([state.value, one.value], self.rounding)
            return self.bounded(special, self.lowest)
        top = max(state.top, one.top) if one.value.magnitude else state.top
        terms = [
            replace(value, magnitude=self.cut(value.magnitude, top))
            for value in (state.value, one.value)
        ]
        total = exact_sum(terms, self.rounding)
        magnitude = total.magnitude
        if magnitude >= TWO ** (top + 1):
            top += 1
            magnitude = self.cut(magnitude, top)
            self.count("right")
        elif magnitude:
            shift, name = self.shift(magnitude, top), "left"
            while top - shift < self.lowest:
                shift, name = (self.k if shift > self.k else 0), "held"
            top -= shift
            self.count(f"{name}{shift}")
        else:
            top = self.lowest
            self.count("zero")
        return self.bounded(replace(total, magnitude=magnitude), top)

    def shift(self, magnitude: Fraction, top: int) -> int:
        """The left shift that the normaliser takes for a sum less than 2^(top + 1)."""
        if magnitude >= TWO ** (top + 1 - self.k):
            return 0
        return self.k if magnitude >= TWO ** (top + 1 - self.k - self.lam) else self.k + self.lam

    def bounded(self, value: Value, top: int) -> Partial:
        f = self.number_format
        largest = TWO ** (self.highest + 1) - TWO ** (self.highest - self.width)
        if value.special == "nan":
            return Partial(NAN, self.lowest)
        if value.special == "inf" and f.has_inf:
            return Partial(value, self.lowest)
        if top > self.highest or value.special == "inf":
            self.count("overflow")
            held_back = self.rounding == "rtz" or self.rounding == (
                "up" if value.negative else "down"
            )
            if f.has_inf and not held_back:
                return Partial(infinity(value.negative), self.lowest)
            return Partial(Value(value.negative, largest), self.highest)
        if not value.magnitude and not f.has_negative_zero:
            value = Value()
        return Partial(value, top)

    def count(self, what: str) -> None:
        self.shifts[what] = self.shifts.get(what, 0) + 1


@dataclass(frozen=True)
class SumUnit:
    """A unit from codes to codes: groups of `lanes` terms, with an output after each group."""

    a: Float | Int
    b: Float | Int
    accumulator: Fused | Kahan | Stochastic | Approximate
    out: Float | Int
    rounding: str = "rne"
    lanes: int = 1

    def running(self, x: list[int], y: list[int], c: int | None = None) -> list[int]:
        acc = self.accumulator
        state = acc.start(Value() if c is None else self.out.decode(c))
        outputs = []
        for k in range(0, len(x), self.lanes):
            pairs = zip(x[k : k + self.lanes], y[k : k + self.lanes], strict=True)
            terms = [term(self.a, self.b, p, q) for p, q in pairs]
            terms += [Term(Value(), 0)] * (self.lanes - len(terms))
            state = acc.step(state, terms)
            value = acc.number(state)
            outputs.append(self.out.encode(value, self.rounding, self.out.default_overflow))
        return outputs


def accumulator(number_format: Float, rounding: str, options: str):
    """The accumulator for the options after `fp:{format}:` in the design spec."""
    first, *rest = options.split(":")
    given = {word.rstrip("0123456789"): word.lstrip("lfsredw") for word in rest}
    if first.startswith("an"):
        k, lam = map(int, first[2:].split("-"))
        return Approximate(number_format, rounding, k, lam, int(given.get("w", number_format.M)))
    if first.startswith("sr"):
        variant = first[-1] if first[-1] in "abc" else "b"
        bits = int(first[2:].rstrip("abc") or 8)
        width = int(given.get("lfsr", 16 if bits <= 16 else 32))
        seed = {16: 0xACE1, 32: 0xDEADBEEF}.get(width, 1)
        return Stochastic(
            number_format, rounding, bits, variant, width, int(given.get("seed", seed))
        )
    return {"kahan": Kahan, "tree": Tree, "": Fused}[first](number_format, rounding)


def rms_error(values: list[float], exact: list[float]) -> float:
    """The root of the mean squared error, relative to the root mean square of the exact values."""
    squared = sum((v - e) ** 2 for v, e in zip(values, exact, strict=True))
    return float((squared / sum(e * e for e in exact)) ** 0.5)


__all__ = ["SumUnit", "accumulator", "lfsr", "real", "rms_error"]
