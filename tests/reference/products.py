"""Products of two operands on Fractions, written from the definition of each multiplier.

Nothing here is taken from `hwdse`: sources are sections 4.2, 5.3, 5.5, 5.6 and 14 of the format
specification and Mitchell's paper (1962).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from reference import levels, number_formats
from reference.dot_products import exact_product
from reference.number_formats import Value, floor_log2, from_float
from reference.posit import Posit

# --- operands ----------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def values(name: str) -> list[Value]:
    """The value of each code of a format."""
    if name in levels.ALL:
        listed = levels.ALL[name]()
        return [
            _listed(value, negative_zero=code == listed.minus_zero)
            for code, value in enumerate(listed.values)
        ]
    if name.startswith("posit"):
        n, es = map(int, name.removeprefix("posit").split("_"))
        return [Posit(n, es).decode(code) for code in range(2**n)]
    fixed = _fixed_point(name)
    if fixed is not None:
        return [fixed.decode(code) for code in range(2**fixed.bits)]
    reference = number_formats.ALL[name]
    return [reference.decode(code) for code in range(2**reference.bits)]


def _listed(value: Fraction | float, *, negative_zero: bool) -> Value:
    if isinstance(value, float):
        return from_float(value)
    return Value(value < 0 or negative_zero, abs(value))


def _fixed_point(name: str) -> number_formats.Int | None:
    if name.startswith("uint"):
        return number_formats.Int(int(name[4:]), signed=False)
    if name.startswith("int"):
        return number_formats.Int(int(name[3:]))
    if name.startswith("q"):
        whole, fraction = map(int, name[1:].split("_"))
        return number_formats.Int(whole + fraction, fraction)
    return None


# --- products ----------------------------------------------------------------------------------

Rule = Callable[[str, str, int, int], Value]


def exact(a: str, b: str, x: int, y: int) -> Value:
    """The product of the values."""
    return exact_product(values(a)[x], values(b)[y])


@dataclass(frozen=True)
class Mitchell:
    """(1 + x) 2^k (1 + y) 2^l is about (1 + x + y) 2^(k+l), or (x + y) 2^(k+l+1) if x + y >= 1.

    With `bits`, only this many bits of x and of y are kept.
    """

    bits: int | None = None

    def __call__(self, a: str, b: str, x: int, y: int) -> Value:
        first, second = values(a)[x], values(b)[y]
        product = exact_product(first, second)
        if product.special or not product.magnitude:
            return product
        (k, p), (j, q) = (self._parts(v.magnitude) for v in (first, second))
        magnitude = (1 + p + q) * Fraction(2) ** (k + j)
        if p + q >= 1:
            magnitude = (p + q) * Fraction(2) ** (k + j + 1)
        return Value(product.negative, magnitude)

    def _parts(self, magnitude: Fraction) -> tuple[int, Fraction]:
        return _parts(magnitude, self.bits)


@lru_cache(maxsize=1 << 12)
def _parts(magnitude: Fraction, bits: int | None) -> tuple[int, Fraction]:
    """The exponent and the fraction, cut to `bits` bits if given."""
    exponent = floor_log2(magnitude)
    fraction = magnitude / Fraction(2) ** exponent - 1
    if bits is not None:
        fraction = Fraction(int(fraction * 2**bits), 2**bits)
    return exponent, fraction


def shift_add(a: str, b: str, x: int, y: int) -> Value:
    """The sum of shifted first operands, one for each leading signed digit of the second operand.

    Let the leading digit of the canonical form be 2^k. The remainder after this digit is less than
    a third of 2^k. The number is therefore between 2/3 and 4/3 of 2^k, which holds for one k only.
    """
    weight = _leading_digits(values(b)[y].number, int(b.rpartition("k")[2]))
    return exact_product(values(a)[x], Value(weight < 0, abs(weight)))


@lru_cache(maxsize=1 << 10)
def _leading_digits(rest: Fraction, terms: int) -> Fraction:
    weight = Fraction(0)
    for _ in range(terms):
        if rest:
            power = Fraction(1)
            while not 2 * power < 3 * abs(rest) < 4 * power:
                power *= 2
            digit = power if rest > 0 else -power
            weight, rest = weight + digit, rest - digit
    return weight


def xnor(a: str, b: str, x: int, y: int) -> Value:
    """Section 5.5: each pair of bits adds 2^(i+j) if the bits agree, or subtracts it if not."""
    bits = [len(values(name)).bit_length() - 1 for name in (a, b)]
    total = sum(
        2 ** (i + j) * (1 if (x >> i & 1) == (y >> j & 1) else -1)
        for i in range(bits[0])
        for j in range(bits[1])
    )
    return Value(total < 0, Fraction(abs(total)))


def radix4(a: str, b: str, x: int, y: int) -> Value:
    """Section 14: the sum over all pairs of 2-bit digits. Only the top digit is signed."""
    formats = [_fixed_point(name) for name in (a, b)]
    first, second = (_digits(code, f) for code, f in zip((x, y), formats, strict=True))
    total = sum(p * q * 4 ** (i + j) for i, p in enumerate(first) for j, q in enumerate(second))
    unit = Fraction(1, 2 ** sum(f.fraction for f in formats))
    return Value(total < 0, abs(total) * unit)


def _digits(code: int, f: number_formats.Int) -> list[int]:
    count = -(-f.width // 2)
    if f.signed and f.width % 2 and code >> (f.width - 1):
        code |= 1 << f.width
    digits = [code >> (2 * k) & 3 for k in range(count)]
    if f.signed and digits[-1] >= 2:
        digits[-1] -= 4
    return digits


def rule(mul: str) -> Rule:
    """The rule for a multiplier's keyword and options."""
    keyword, _, option = mul.partition(":")
    if keyword == "mitchell":
        return Mitchell(int(option[1:]) if option else None)
    return {
        "exact": exact,
        "lut": exact,
        "add-skip": exact,
        "shift-add": shift_add,
        "xnor": xnor,
        "radix4": radix4,
    }[keyword]


def without_sign_of_zero(product: Value) -> Value:
    """The product as two's complement holds it: with one zero, which has no sign."""
    zero = not product.special and not product.magnitude
    return replace(product, negative=product.negative and not zero)
