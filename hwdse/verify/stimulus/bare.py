"""Stimulus of the units without running sum."""

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
# Corners of three operands, at most.
_CORNERS = {"quick": 1500, "full": 20000, "exhaustive": 20000}


@stimulus.register
def mul_stimulus(unit: Mul, design: Design, level: str, seed: int) -> Stimulus:
    """Every operand pair of at most 16 bits together; corners and a sample of wider ones."""
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
    """Operand pairs with random addends, corners, and addends that make the sum special.

    Cancelling addends are the product's opposite rounded to the addend's format, and the codes on
    both sides of it; ties have an addend whose last bit is worth twice the product, or a product of
    one digit too many and an addend of a single digit below; small numbers have their first digit
    anywhere.
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
    """All combinations, or a sample of `most` of them."""
    grids = [grid.ravel() for grid in np.meshgrid(*codes, indexing="ij")]
    if grids[0].size <= most:
        return grids
    chosen = rng.permutation(grids[0].size)[:most]
    return [grid[chosen] for grid in grids]


def _values(number_format: Format, codes: Array) -> Array:
    """As float64, near enough to aim with; zero for what is not finite."""
    values = np.asarray(number_format.decode(codes), np.float64)
    return np.where(np.isfinite(values), values, 0.0)


def _cancelling(design: Design, c: Format, count: int, rng: np.random.Generator) -> list[Block]:
    """Addends near -a * b: an exact zero where there is one, and one step beside it."""
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
    """Small products, or none, and small addends, whose first digit is anywhere."""
    a, b = short_codes(design.a, rng, (count,)), short_codes(design.b, rng, (count,))
    a = np.where(rng.random(count) < 0.5, a, int(design.a.encode(0.0)))
    return _block("small", a, b, short_codes(c, rng, (count,)))


def _ties(design: Design, c: Format, count: int, rng: np.random.Generator) -> Block:
    """Addends so large that the product is worth about half of their last place."""
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
    """Products halfway between two outputs, and addends of one digit, anywhere, that decide."""
    places = design.out.unpacked.magnitude_bits
    of_a, of_b = (f.unpacked.magnitude_bits for f in (design.a, design.b))
    low, high = max(1, places + 1 - of_b), min(of_a, places)
    if low > high:
        return []
    digits = rng.integers(low, high + 1, count)
    # Of as many digits together, the product of two odd numbers has as many, or one fewer.
    others = np.minimum(places + 1 - digits + rng.integers(0, 2, count), of_b)
    a, value_a = _odd(design.a, digits, rng)
    b, value_b = _odd(design.b, others, rng)
    with np.errstate(over="ignore", under="ignore"):
        _, exponent = np.frexp(value_a * value_b)
        below = rng.integers(places, 4 * places + 4, count)
        addend = np.copysign(np.ldexp(1.0, exponent - below), rng.normal(size=count))
    return [_block("ties", a, b, near_codes(c, addend, 0))]


def _odd(number_format: Format, digits: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Codes and values of normal numbers with that many digits, the last one 1, of both signs."""
    drawn = _values(number_format, normal_codes(number_format, rng, digits.shape))
    _, exponent = np.frexp(drawn)
    last = np.ldexp(1.0, 1 - digits)
    steps = np.floor(rng.random(digits.shape) * np.ldexp(1.0, digits - 2))
    mantissa = np.where(digits > 1, 1.0 + last + 2.0 * last * steps, 1.0)
    codes = near_codes(number_format, np.copysign(np.ldexp(mantissa, exponent - 1), drawn), 0)
    return codes, _values(number_format, codes)
