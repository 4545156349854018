"""Slow, exact dot products on Fractions, written from the definition of each unit.

Nothing here is taken from `hwdse`: sources are sections 3 and 6 of the design document, sections 4
(L-Mul), 5.1 and 11 (register widths) of the format specification, and IEEE 754-2019 sections 5.4.1,
6.1 and 6.3. The functions take one term at a time, from operand codes to an output code.
"""

from dataclasses import dataclass, replace
from fractions import Fraction

from reference.number_formats import NAN, Float, Int, Value, floor_log2, infinity, real

# --- products ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExactProduct:
    def __call__(self, a: Float | Int, b: Float | Int, x: int, y: int) -> Value:
        product = exact_product(a.decode(x), b.decode(y))
        if isinstance(a, Int) or isinstance(b, Int):
            # If one operand is two's complement, the product is two's complement, too: zero has no
            # sign.
            nonzero = product.magnitude != 0 or product.special == "inf"
            product = replace(product, negative=product.negative and nonzero)
        return product


def exact_product(x: Value, y: Value) -> Value:
    negative = x.negative != y.negative
    if "nan" in (x.special, y.special):
        return NAN
    if "inf" in (x.special, y.special):
        zero = any(not v.special and v.magnitude == 0 for v in (x, y))
        return NAN if zero else infinity(negative)
    return Value(negative, x.magnitude * y.magnitude)


def paper_offset(m: int) -> Fraction:
    """2^-l(m) of the L-Mul paper."""
    return Fraction(1, 2 ** (m if m <= 3 else 3 if m == 4 else 4))


@dataclass(frozen=True)
class LMulProduct:
    """Section 4: Z = X + Y - (bias << M) + (1 << (M - l)), or the formula in real numbers."""

    formula: bool = False
    offset: bool = True
    saturate: bool = False

    def __call__(self, a: Float, b: Float, x: int, y: int) -> Value:
        assert a == b
        smallest = Fraction(2) ** (1 - a.bias)
        first, second = (self._flush(a.decode(code), smallest) for code in (x, y))
        negative = first.negative != second.negative
        signed_zero = Value(negative and a.variant != "fnuz")
        special = exact_product(first, second)
        if special.special:
            return special
        if not first.magnitude or not second.magnitude:
            return signed_zero
        offset = paper_offset(a.M) if self.offset else Fraction(0)
        if self.formula:
            (xe, xm), (ye, ym) = (self._parts(v.magnitude) for v in (first, second))
            magnitude = (1 + xm + ym + offset) * Fraction(2) ** (xe + ye)
        else:
            sign_bit = 2 ** (a.E + a.M)
            z = x % sign_bit + y % sign_bit - (a.bias << a.M) + int(offset * 2**a.M)
            if z < 2**a.M:
                return signed_zero
            magnitude = a.value_of_magnitude_code(z)
        if magnitude < smallest:
            return signed_zero
        if magnitude > a.max:
            return infinity(negative) if a.has_inf and not self.saturate else Value(negative, a.max)
        return Value(negative, magnitude)

    @staticmethod
    def _flush(value: Value, smallest: Fraction) -> Value:
        if not value.special and value.magnitude < smallest:
            return Value(value.negative)
        return value

    @staticmethod
    def _parts(magnitude: Fraction) -> tuple[int, Fraction]:
        exponent = floor_log2(magnitude)
        return exponent, magnitude / Fraction(2) ** exponent - 1


# --- sums --------------------------------------------------------------------------------------


def exact_sum(terms: list[Value], rounding: str) -> Value:
    """IEEE 754: NaN is sticky, inf - inf is NaN, section 6.3 gives the sign of an exact zero."""
    infinities = {term.negative for term in terms if term.special == "inf"}
    if any(term.special == "nan" for term in terms) or len(infinities) == 2:
        return NAN
    if infinities:
        return infinity(infinities.pop())
    total = sum((term.number for term in terms), Fraction(0))
    if total:
        return real(total)
    signs = {term.negative for term in terms}
    if len(signs) == 1:
        return Value(signs.pop())
    return Value(rounding == "down")


@dataclass(frozen=True)
class FusedSum:
    """Products and running sum are added exactly; each group is rounded once to `number_format`."""

    number_format: Float

    def load(self, value: Value, rounding: str) -> Value:
        f = self.number_format
        return f.decode(f.encode(value, rounding, f.default_overflow))

    def add(self, state: Value, products: list[Value], rounding: str) -> Value:
        return self.load(exact_sum([state, *products], rounding), rounding)


@dataclass(frozen=True)
class KulischSum:
    """A two's-complement register of `bits` bits with the LSB 2^lsb. Its zero has no sign."""

    lsb: int
    bits: int

    def load(self, value: Value, rounding: str) -> Value:
        if value.special:
            return value
        quantum = Fraction(2) ** self.lsb
        count = Int(200).decode(Int(200).encode(real(value.number / quantum), rounding)).number
        half = 2 ** (self.bits - 1)
        return real(((count + half) % 2**self.bits - half) * quantum)

    def add(self, state: Value, products: list[Value], rounding: str) -> Value:
        return self.load(exact_sum([state, *products], "rne"), rounding)


@dataclass(frozen=True)
class IntegerSum:
    """A two's-complement integer that wraps or saturates after each group."""

    bits: int
    saturate: bool = False

    def load(self, value: Value, rounding: str) -> Value:
        if not self.saturate:
            return KulischSum(0, self.bits).load(value, rounding)
        return Int(self.bits).decode(Int(self.bits).encode(value, rounding))

    def add(self, state: Value, products: list[Value], rounding: str) -> Value:
        return self.load(exact_sum([state, *products], "rne"), rounding)


def kulisch(a: Float | Int, b: Float | Int, terms: int) -> KulischSum:
    """Section 11: the register has magnitude bits, ceil(log2 K) guard bits and a sign."""
    lsb = sum(0 if isinstance(f, Int) else (f.zero - f.bias - f.M) for f in (a, b))
    if isinstance(a, Int) and isinstance(b, Int):
        top = a.width + b.width - 1  # |(-2^(a-1)) (-2^(b-1))| must be below 2^top
    elif isinstance(a, Int) or isinstance(b, Int):
        width, other = (a.width, b) if isinstance(a, Int) else (b.width, a)
        top = width + floor_log2(other.max) + 1
    else:
        top = floor_log2(a.max) + floor_log2(b.max) + 2
    return KulischSum(lsb, top - lsb + (terms - 1).bit_length() + 1)


# --- units -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unit:
    """A unit from codes to codes.

    The unit adds groups of `lanes` terms. It rounds the sum once to the output format.
    """

    a: Float | Int
    b: Float | Int
    product: ExactProduct | LMulProduct
    accumulator: FusedSum | KulischSum | IntegerSum
    out: Float | Int
    rounding: str = "rne"
    lanes: int = 1

    def dot(self, x: list[int], y: list[int], c: int | None = None) -> int:
        return self.running(x, y, c)[-1]

    def running(self, x: list[int], y: list[int], c: int | None = None) -> list[int]:
        """The output after loading `c` (or +0), and the output after each group."""
        state = Value()
        if c is not None:
            state = self.accumulator.load(self.out.decode(c), self.rounding)
        outputs = [self._encode(state)]
        for k in range(0, len(x), self.lanes):
            xs, ys = x[k : k + self.lanes], y[k : k + self.lanes]
            products = [self.product(self.a, self.b, p, q) for p, q in zip(xs, ys, strict=True)]
            products += [Value()] * (self.lanes - len(xs))
            state = self.accumulator.add(state, products, self.rounding)
            outputs.append(self._encode(state))
        return outputs

    def _encode(self, state: Value) -> int:
        return self.out.encode(state, self.rounding, self.out.default_overflow)


def unit(
    a: Float | Int, b: Float | Int, mul: str, acc: str, out: Float | Int | None, **others
) -> Unit:
    """A unit from the keywords of the design document; `acc` may have Kulisch terms and widths."""
    from reference.number_formats import ALL

    product = ExactProduct()
    if mul != "exact":
        words = mul.split(":")
        product = LMulProduct("formula" in words, "no-offset" not in words, "sat" in words)
    kind, *options = acc.split(":")
    own: Float | Int = ALL["fp32"]
    if kind == "fp":
        own = ALL[options[0]]
        accumulator: FusedSum | KulischSum | IntegerSum = FusedSum(own)
    elif kind == "int":
        own = Int(int(options[0]))
        accumulator = IntegerSum(own.width, options[1:] == ["sat"])
    else:
        accumulator = kulisch(a, b, int(options[0]) if options else 65536)
        if mul != "exact":
            accumulator = lmul_kulisch(a, "formula" in mul, int(options[0]) if options else 65536)
    return Unit(a, b, product, accumulator, out or own, **others)


def lmul_kulisch(a: Float, formula: bool, terms: int) -> KulischSum:
    """The register for L-Mul products, which are values of the operand format.

    Products of the formula have one more bit below.
    """
    lsb = 1 - a.bias - a.M - formula
    top = floor_log2(a.max) + 1 + formula
    return KulischSum(lsb, top - lsb + (terms - 1).bit_length() + 1)
