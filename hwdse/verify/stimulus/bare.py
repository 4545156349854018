"""Stimulus of the units without a running sum."""

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Design, Fma, Mul
from hwdse.verify.stimulus import Block, Stimulus, stimulus
from hwdse.verify.stimulus.operands import (
    any_codes,
    corner_codes,
    every_pair,
    finite_codes,
    listable,
    near_codes,
    normal_codes,
    one_code,
    short_codes,
)

_PAIRS = {"quick": 512, "full": 65536, "exhaustive": 65536}
_RANDOM = {"quick": 512, "full": 40000, "exhaustive": 40000}
_CANCELLING = {"quick": 128, "full": 10000, "exhaustive": 10000}
# Largest number of combinations of corner codes.
_CORNERS = {"quick": 1500, "full": 20000, "exhaustive": 20000}


@stimulus.register
def mul_stimulus(unit: Mul, design: Design, level: str, seed: int) -> Stimulus:
    """Return operand pairs and corners, and random operands for wide formats.

    If both operands together have at most 16 bits, levels full and exhaustive try every operand
    pair. Otherwise the operand pairs are a random sample.
    """
    rng = np.random.default_rng(seed)
    a, b = _pairs(design, level, rng)
    corners = _grid([corner_codes(design.a), corner_codes(design.b)], _CORNERS[level], rng)
    blocks = [_block("operand_pairs", a, b), _block("corners", *corners)]
    if not listable(design.a, design.b):
        count = _RANDOM[level]
        for source in (finite_codes, normal_codes):
            operands = (source(f, rng, (count,)) for f in (design.a, design.b))
            blocks.append(_block("random", *operands))
    return Stimulus(blocks=tuple(blocks))


@stimulus.register
def fma_stimulus(unit: Fma, design: Design, level: str, seed: int) -> Stimulus:
    """Return operand pairs with random addends, corners, and addends that make the sum special.

    Special sums are:

    * cancelling: the addend is the negated product, rounded to the addend's format, or a
      neighbouring code.
    * ties: the last bit of the addend is worth about twice the product. Or the product has one
      digit more than the output keeps, and an addend with a single digit lies below.
    * small: small numbers, whose leading bit can be anywhere.
    """
    rng = np.random.default_rng(seed)
    assert design.c is not None  # the unit uses it
    operands = (design.a, design.b, design.c)
    a, b = _pairs(design, level, rng)
    blocks = [_block("operand_pairs", a, b, any_codes(design.c, rng, a.shape))]
    corners = _grid([corner_codes(f) for f in operands], _CORNERS[level], rng)
    blocks.append(_block("corners", *corners))
    blocks += _cancelling(design, design.c, _CANCELLING[level], rng)
    blocks.append(_ties(design, design.c, _CANCELLING[level], rng))
    blocks += _decided(design, design.c, _CANCELLING[level], rng)
    blocks.append(_small(design, design.c, _CANCELLING[level], rng))
    for source in (any_codes, finite_codes, normal_codes):
        drawn = (source(f, rng, (_RANDOM[level],)) for f in operands)
        blocks.append(_block("random", *drawn))
    return Stimulus(blocks=tuple(blocks))


def _block(purpose: str, a: Array, b: Array, c: Array | None = None) -> Block:
    a, b = a[:, None, None], b[:, None, None]
    return Block(purpose=purpose, a=a, b=b, c=None if c is None else c[:, None, None])


def _pairs(design: Design, level: str, rng: np.random.Generator) -> tuple[Array, Array]:
    if level != "quick" and listable(design.a, design.b):
        return every_pair(design.a, design.b)
    shape = (_PAIRS[level],)
    return any_codes(design.a, rng, shape), any_codes(design.b, rng, shape)


def _grid(codes: list[Array], most: int, rng: np.random.Generator) -> list[Array]:
    """Return all combinations of the codes, or `most` random combinations if there are more."""
    grids = [grid.ravel() for grid in np.meshgrid(*codes, indexing="ij")]
    if grids[0].size <= most:
        return grids
    chosen = rng.permutation(grids[0].size)[:most]
    return [grid[chosen] for grid in grids]


def _values(number_format: Format, codes: Array) -> Array:
    """Return approximate float64 values, which are enough to choose addends. Not finite gives 0."""
    values = np.asarray(number_format.decode(codes), np.float64)
    return np.where(np.isfinite(values), values, 0.0)


def _cancelling(design: Design, c: Format, count: int, rng: np.random.Generator) -> list[Block]:
    """Return operands with addends near -a * b: the nearest code and one step on both sides."""
    blocks = []
    for source_a, source_b in (
        (finite_codes, finite_codes),
        (normal_codes, normal_codes),
        (short_codes, finite_codes),
    ):
        a, b = source_a(design.a, rng, (count,)), source_b(design.b, rng, (count,))
        with np.errstate(over="ignore"):
            product = _values(design.a, a) * _values(design.b, b)
        for steps in (-1, 0, 1):
            near = near_codes(c, -product, steps)
            blocks.append(_block("cancelling", a, b, near))
    return blocks


def _small(design: Design, c: Format, count: int, rng: np.random.Generator) -> Block:
    """Return small or zero products with small addends. The leading bits can be anywhere."""
    a, b = short_codes(design.a, rng, (count,)), short_codes(design.b, rng, (count,))
    a = np.where(rng.random(count) < 0.5, a, int(design.a.encode(0.0)))
    return _block("small", a, b, short_codes(c, rng, (count,)))


def _ties(design: Design, c: Format, count: int, rng: np.random.Generator) -> Block:
    """Return addends so large that the product is worth about half of the addend's last place."""
    a = normal_codes(design.a, rng, (count,))
    b = np.where(rng.random(count) < 0.5, one_code(design.b), normal_codes(design.b, rng, (count,)))
    product = _values(design.a, a) * _values(design.b, b)
    places = max(c.unpacked.magnitude_bits, 1)
    aim = product * 2.0 ** rng.integers(places - 1, places + 2, count)
    mantissa = 1.0 + rng.integers(0, 1 << min(places - 1, 30), count) / (1 << min(places - 1, 30))
    with np.errstate(over="ignore"):
        _, exponent = np.frexp(aim)
        addend = np.copysign(np.ldexp(mantissa, exponent), rng.normal(size=count))
    return _block("ties", a, b, near_codes(c, addend, 0))


def _decided(design: Design, c: Format, count: int, rng: np.random.Generator) -> list[Block]:
    """Return products halfway between two output values, with small addends that decide the tie.

    Each addend has a single digit at a random place below the product.
    """
    places = design.out.unpacked.magnitude_bits
    of_a, of_b = (f.unpacked.magnitude_bits for f in (design.a, design.b))
    low, high = max(1, places + 1 - of_b), min(of_a, places)
    if low > high:
        return []
    digits = rng.integers(low, high + 1, count)
    # The product of an odd number of m digits and an odd number of n digits has m + n or m + n - 1
    # digits.
    others = np.minimum(places + 1 - digits + rng.integers(0, 2, count), of_b)
    a, value_a = _odd(design.a, digits, rng)
    b, value_b = _odd(design.b, others, rng)
    with np.errstate(over="ignore", under="ignore"):
        _, exponent = np.frexp(value_a * value_b)
        below = rng.integers(places, 4 * places + 4, count)
        addend = np.copysign(np.ldexp(1.0, exponent - below), rng.normal(size=count))
    return [_block("ties", a, b, near_codes(c, addend, 0))]


def _odd(number_format: Format, digits: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return codes and values of numbers with `digits` significand bits, of both signs.

    The last of these bits is 1.
    """
    drawn = _values(number_format, normal_codes(number_format, rng, digits.shape))
    _, exponent = np.frexp(drawn)
    last = np.ldexp(1.0, 1 - digits)
    steps = np.floor(rng.random(digits.shape) * np.ldexp(1.0, digits - 2))
    mantissa = np.where(digits > 1, 1.0 + last + 2.0 * last * steps, 1.0)
    codes = near_codes(number_format, np.copysign(np.ldexp(mantissa, exponent - 1), drawn), 0)
    return codes, _values(number_format, codes)
