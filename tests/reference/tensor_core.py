"""Slow, exact tensor-core style sums on Fractions, written from the model's definition.

Nothing here is taken from `hwdse`. The source is section 10 of the format specification: model T(L,
F, out), its table of architectures and its known answers. Beyond this section, three properties of
tensor cores are modelled: the exponent of zeros, overflow to infinity and the sign of zero. Terms
are numbers with the exponents of their operands, taken one at a time, as in a calculation on paper.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from reference.number_formats import NAN, Float, Int, Value, infinity, real


def power(exponent: int) -> Fraction:
    return Fraction(2) ** exponent


def operand_exponent(f: Float | Int, code: int) -> int:
    """The exponent of a code's binade.

    Subnormals have the least exponent of the format. Integers have the exponent of their sign bit.
    """
    if isinstance(f, Int):
        return f.width - 1 - f.fraction
    field = code % 2 ** (f.E + f.M) >> f.M
    return max(field, int(f.zero)) - f.bias


def truncated(x: Fraction, grid: Fraction) -> Fraction:
    """`x` rounded toward zero to a multiple of `grid`."""
    count = floor(abs(x) / grid)
    return (-count if x < 0 else count) * grid


def floored(x: Fraction, grid: Fraction) -> Fraction:
    return floor(x / grid) * grid


@dataclass(frozen=True)
class Term:
    value: Value
    exponent: int  # sum of both operands' exponents; means nothing for zeros

    @property
    def is_zero(self) -> bool:
        return not self.value.special and self.value.magnitude == 0


def product(a: Float | Int, b: Float | Int, x: int, y: int) -> Term:
    p, q = a.decode(x), b.decode(y)
    exponent = operand_exponent(a, x) + operand_exponent(b, y)
    negative = p.negative != q.negative
    if "nan" in (p.special, q.special):
        return Term(NAN, exponent)
    if "inf" in (p.special, q.special):
        zero = any(not v.special and v.magnitude == 0 for v in (p, q))
        return Term(NAN if zero else infinity(negative), exponent)
    return Term(Value(negative, p.magnitude * q.magnitude), exponent)


def special_sum(terms: list[Value]) -> Value | None:
    """NaN or infinity, or None if the sum is a real number."""
    infinities = {t.negative for t in terms if t.special == "inf"}
    if any(t.special == "nan" for t in terms) or len(infinities) == 2:
        return NAN
    return infinity(infinities.pop()) if infinities else None


@dataclass(frozen=True)
class TensorCore:
    """A unit: `lanes` products per cycle in fused steps of at most L products, and one output code.

    `floor` and `parts` select the variant with separate group sums. `floor` has the fraction bits
    to which the group sums and c are rounded down. Zeros have `zero_exponent`, and no smaller
    exponent counts in the search for the greatest exponent. With `to_infinity`, a sum becomes
    infinity if it exceeds the largest value after its extra digits are cut. With `signed_zero`, a
    sum that rounds to zero keeps its sign.
    """

    a: Float | Int
    b: Float | Int
    L: int | None
    F: int
    c_format: Float
    c_rounding: str
    out: Float
    lanes: int = 1
    rounding: str = "rne"
    floor: tuple[int, int] | None = None
    parts: int = 1
    zero_exponent: int = -133
    to_infinity: bool = True
    signed_zero: bool = False

    def running(self, x: list[int], y: list[int], c: int | None = None) -> list[int]:
        """The output after each cycle."""
        state = self._convert(Value() if c is None else self.out.decode(c))
        outputs = []
        for k in range(0, len(x), self.lanes):
            pairs = zip(x[k : k + self.lanes], y[k : k + self.lanes], strict=True)
            terms = [product(self.a, self.b, p, q) for p, q in pairs]
            terms += [Term(Value(), 0)] * (self.lanes - len(terms))
            step = self.L or self.lanes
            for first in range(0, self.lanes, step):
                state = self._step(state, terms[first : first + step])
            outputs.append(self.out.encode(self._decoded(state), self.rounding, self._overflow))
        return outputs

    @property
    def _overflow(self) -> str:
        return self.out.default_overflow

    def _convert(self, value: Value) -> int:
        """The code of a value in the running format."""
        f = self.c_format
        if self.to_infinity and not value.special:
            beyond = f.value_of_magnitude_code(f.max_code) + f.value_of_magnitude_code(f.max_code)
            beyond -= f.value_of_magnitude_code(f.max_code - 1)
            if value.magnitude >= beyond:
                value = infinity(value.negative)
        code = f.encode(value, self.c_rounding, f.default_overflow)
        if self.signed_zero or f.decode(code).special or f.decode(code).magnitude:
            return code
        return f.encode(Value(), self.c_rounding, f.default_overflow)

    def _greatest(self, terms: list[Term]) -> int:
        return max([t.exponent for t in terms if not t.is_zero] + [self.zero_exponent])

    def _decoded(self, code: int) -> Value:
        return self.c_format.decode(code)

    def _step(self, c_code: int, products: list[Term]) -> int:
        c = Term(self._decoded(c_code), operand_exponent(self.c_format, c_code))
        special = special_sum([t.value for t in [*products, c]])
        if special is not None:
            return self._convert(special)
        total = self._fused(c, products) if self.floor is None else self._floored(c, products)
        return self._convert(real(total))

    def _fused(self, c: Term, products: list[Term]) -> Fraction:
        terms = [*products, c]
        grid = power(self._greatest(terms) - self.F)
        return sum((truncated(t.value.number, grid) for t in terms), Fraction(0))

    def _floored(self, c: Term, products: list[Term]) -> Fraction:
        sums = []
        for part in range(self.parts):
            terms = products[part :: self.parts]
            greatest = self._greatest(terms)
            grid = power(greatest - self.F)
            total = sum((truncated(t.value.number, grid) for t in terms), Fraction(0))
            sums.append((total, greatest))
        greatest = max([exponent for _, exponent in sums] + [self._greatest([c])])
        sum_grid, c_grid = (power(greatest - bits) for bits in self.floor)
        total = floored(c.value.number, c_grid)
        return total + sum((floored(value, sum_grid) for value, _ in sums), Fraction(0))
