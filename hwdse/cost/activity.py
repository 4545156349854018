"""How often the numbers inside a unit change: the energy of logic is in proportion to it.

Normally distributed operands give products and running sums, here in double precision. Each number
is then looked at as the unit holds it: rounded to the significand of its record, as a normalised
significand with exponent and sign, or as a word of two's complement. From cycle to cycle, its bits
change. The activity of a block is the geometric mean of the numbers that pass through it. Random
bits have activity 1.

Products depend on the operand formats, sums also on the size of the group. So a sweep needs few
different activities, and each takes a fraction of a millisecond.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import prod

import numpy as np
import numpy.typing as npt

from hwdse.cost.stimuli import block_codes, normal_codes
from hwdse.formats import Format, UnpackedShape
from hwdse.spec import BlockProduct, Design

_Floats = npt.NDArray[np.float64]
_Integers = npt.NDArray[np.int64]

CYCLES, SUMS = 16, 8
"""Cycles that are looked at, and independent sums in each of them."""

MOST_LANES = 16
"""More lanes change the activity little."""

_DRAWN = CYCLES * SUMS * MOST_LANES
_LEAST = 0.02
_WORD_BITS = 60
_SIGNIFICAND_BITS = 52

THROUGH: Mapping[str, tuple[str, ...]] = {
    "decode": ("operands",),
    "multiply": ("operands", "operands", "products"),
    "accumulate": ("terms", "words", "sums", "products"),
    "encode": ("words", "sums"),
}
"""Numbers that pass through a block. A number that is named twice counts twice."""


@dataclass(frozen=True, kw_only=True)
class NumberActivity:
    """Mean changes per bit and cycle, relative to random bits.

    Attributes:
        operands: codes of the operands.
        products: significand, exponent and sign of the products. Without second operand: of the
            numbers of the first.
        terms: the products as words of two's complement.
        sums: significand, exponent and sign of the running sums. Without sums, as `products`.
        words: the running sums as words of two's complement. Without sums, as `terms`.
    """

    operands: float
    products: float
    terms: float
    sums: float
    words: float

    def of_blocks(self) -> dict[str, float]:
        """Activity by name of a block."""
        return {
            block: float(np.exp(np.mean([np.log(getattr(self, name)) for name in names])))
            for block, names in THROUGH.items()
        }


@dataclass(frozen=True, kw_only=True)
class Held:
    """How a unit holds numbers.

    Attributes:
        bits: width of the significand.
        lsb: least weight of its lowest bit (log2).
        fixed: True if the lowest bit always has this weight.
    """

    bits: int
    lsb: int
    fixed: bool

    @classmethod
    def of(cls, shape: UnpackedShape) -> "Held":
        """What the changes of the numbers of a record depend on."""
        return cls(
            bits=shape.magnitude_bits,
            lsb=shape.exponent_min,
            fixed=shape.exponent_min == shape.exponent_max,
        )


def activity_of(design: Design) -> NumberActivity:
    """Activity of a design on normally distributed operands.

    Registers, rounding and output format of the design have no influence.
    """
    shape = Held.of(design.product)
    held = None if design.acc is None else Held.of(design.state)
    if isinstance(design.mul, BlockProduct):
        numbers = _block_products(design.mul, min(design.unit.group, MOST_LANES))
        products, terms = _changes_of(numbers[:, :, 0], shape)
        sums, words = (products, terms) if held is None else _changes_of(_summed(numbers), held)
    else:
        products, terms = product_activity(design.a, design.b, shape)
        sums, words = products, terms
        if held is not None:
            sums, words = sum_activity(design.a, design.b, held, design.unit.group)
    return NumberActivity(
        operands=operand_activity(design.a, design.b),
        products=products,
        terms=terms,
        sums=sums,
        words=words,
    )


def operand_activity(a: Format, b: Format | None) -> float:
    """Geometric mean of the changes of both operands' codes."""
    if b is None:
        return switching(a)[0]
    return float(np.sqrt(switching(a)[0] * switching(b)[0]))


@lru_cache(maxsize=1 << 14)
def product_activity(a: Format, b: Format | None, held: Held) -> tuple[float, float]:
    """Changes of products in parts, and as words."""
    first, second = _values(a, first=True), 1.0 if b is None else _values(b, first=False)
    return _changes_of((first * second)[:, :, 0], held)


def sum_activity(a: Format, b: Format, held: Held, group: int) -> tuple[float, float]:
    """Changes of running sums in parts, and as words; `group` is the products per cycle."""
    return _sum_activity(a, b, held, min(group, MOST_LANES))


@lru_cache(maxsize=1 << 16)
def _sum_activity(a: Format, b: Format, held: Held, lanes: int) -> tuple[float, float]:
    products = _values(a, first=True)[..., :lanes] * _values(b, first=False)[..., :lanes]
    return _changes_of(_summed(products), held)


@lru_cache(maxsize=256)
def _block_products(mul: BlockProduct, lanes: int) -> _Floats:
    """Products of block pairs, shape (CYCLES, SUMS, lanes)."""
    codes = block_codes(mul, CYCLES * SUMS * lanes, np.random.default_rng(1))
    sides = []
    for name, block in (("a", mul.a), ("b", mul.b)):
        scales = codes[f"{name}_scale"]
        numbers = block.multiplied.decode(block.multiplied_codes(codes[name], scales))
        sides.append(np.asarray(numbers, np.float64) * block.scale.decode(scales))
    products: _Floats = (sides[0] * sides[1]).sum(axis=1)
    return products.reshape(CYCLES, SUMS, lanes)


def _summed(products: _Floats) -> _Floats:
    """Running sums of products of shape (CYCLES, SUMS, lanes)."""
    sums: _Floats = np.cumsum(products.sum(axis=2), axis=0)
    return sums


@lru_cache(maxsize=1024)
def switching(fmt: Format) -> tuple[float, float]:
    """Mean transitions per bit relative to random bits, and the share of zeros.

    The values are normally distributed, as those of `hwdse.cost.stimuli`.
    """
    codes = _codes(fmt, first=True)
    if codes.dtype == object:
        flips = sum(int(x ^ y).bit_count() for x, y in pairwise(codes))
    else:
        flips = int(np.bitwise_count(codes[1:] ^ codes[:-1]).sum())
    zeros = float(np.mean(_values(fmt, first=True) == 0))
    return max(flips / ((_DRAWN - 1) * fmt.bits * 0.5), _LEAST), zeros


def share_of_products(a: Format, b: Format | None) -> float:
    """Share of the products that are not zero."""
    zeros = [switching(f)[1] for f in (a, b) if f is not None]
    return max(prod(1 - share for share in zeros), _LEAST)


@lru_cache(maxsize=2048)
def _codes(fmt: Format, *, first: bool) -> npt.NDArray[np.int64]:
    return normal_codes(fmt, _DRAWN, np.random.default_rng(1 if first else 2))


@lru_cache(maxsize=2048)
def _values(fmt: Format, *, first: bool) -> _Floats:
    """Values of an operand, shape (CYCLES, SUMS, MOST_LANES)."""
    # Not by `decode`: its table of all values takes longer than these.
    values = fmt.unpack(_codes(fmt, first=first)).to_float64()
    return values.reshape(CYCLES, SUMS, MOST_LANES)


def _changes_of(numbers: _Floats, held: Held) -> tuple[float, float]:
    """Changes of numbers of shape (CYCLES, SUMS) in parts, and as words of two's complement."""
    fractions, exponents = np.frexp(np.abs(numbers))
    nonzero = fractions != 0
    if not nonzero.any():
        return _LEAST, _LEAST
    least, top = int(exponents[nonzero].min()), int(exponents[nonzero].max())
    lsb = held.lsb if held.fixed else max(least - held.bits, held.lsb)
    width = max(top - lsb, 1) if held.fixed else held.bits
    rounded = np.ldexp(fractions, min(width, held.bits, _SIGNIFICAND_BITS))
    significands = np.rint(rounded).astype(np.int64)
    # A zero counts with the least exponent.
    fields = np.where(nonzero, exponents - least, 0).astype(np.int64)
    signs = (numbers < 0).astype(np.int64)
    parts = _changes(significands) + _changes(fields) + _changes(signs)
    # Lower bits of a word than these hardly ever change.
    lowest = max(lsb, top - _WORD_BITS)
    words = np.rint(np.ldexp(numbers, -lowest)).astype(np.int64)
    mask = (1 << (max(top - lowest, 1) + 1)) - 1
    return (
        max(parts / (width + int(fields.max()).bit_length() + 1), _LEAST),
        max(_changes(words & mask) / (max(top - lsb, 1) + 1), _LEAST),
    )


def _changes(words: _Integers) -> float:
    """Mean number of bits that change from one row to the next, twice: random bits change half."""
    return 2 * float(np.bitwise_count(words[1:] ^ words[:-1]).mean())
