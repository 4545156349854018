"""Sums that reach every place of an accumulator.

One kind of sum has products of all scales. The other kind fills the register up to its end.
"""

from math import log2

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.golden import products as golden_products
from hwdse.spec import Design, Kulisch
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.operands import negated

_MOST_GROUPS = 1 << 16
_SPREAD = 64


def scaled(design: Design, size: tuple[int, int], rng: np.random.Generator) -> Block:
    """Return sums of products whose logarithms are uniformly distributed.

    Uniform operand codes rarely give a very large product and a very small product in the same sum.
    Half of the sums subtract the first group at their end.
    """
    sums, groups = size
    shape = (sums, groups, design.unit.group)
    place = 2.0 * rng.random(shape)
    low, high = np.maximum(place - 1.0, 0.0), np.minimum(place, 1.0)
    of_a = low + (high - low) * rng.random(shape)
    a = _at(design.a, of_a, rng)
    b = _at(design.b, place - of_a, rng)
    half = sums // 2
    a[half:, -1], b[half:, -1] = negated(design.a, a[half:, 0]), b[half:, 0]
    return Block(purpose="accumulation_steps", a=a, b=b)


def _at(number_format: Format, place: Array, rng: np.random.Generator) -> Array:
    """Return codes by the log of the magnitude: `place` 0 is the smallest, 1 the largest value."""
    low, high = log2(float(number_format.min_subnormal)), log2(float(number_format.max))
    values = np.exp2(low + (high - low) * place)
    if number_format.min < 0:
        values *= rng.choice([-1.0, 1.0], values.shape)
    return number_format.encode(values).astype(np.int64)


def filling(design: Design) -> list[Block]:
    """Return sums that fill a Kulisch register with the largest finite products of each sign.

    Each sum has as many products as the register is designed for, up to 2^16 groups. Other
    accumulators get no sums.
    """
    if not isinstance(design.acc, Kulisch):
        return []
    groups = min(-(-design.acc.terms // design.unit.group), _MOST_GROUPS)
    shape = (1, groups, design.unit.group)
    a, b = np.meshgrid(*(_spread(f) for f in (design.a, design.b)), indexing="ij")
    products = golden_products(design, a.ravel(), b.ravel())
    values = np.where(products.nan | products.inf, 0.0, products.to_float64())
    return [
        Block(
            purpose="accumulation_steps",
            a=np.full(shape, a.ravel()[place], np.int64),
            b=np.full(shape, b.ravel()[place], np.int64),
        )
        for place in (int(values.argmax()), int(values.argmin()))
        if values[place]
    ]


def _spread(number_format: Format) -> Array:
    """Return codes of values of both signs over the whole range, including both ends."""
    low, high = log2(float(number_format.min_subnormal)), log2(float(number_format.max))
    values = np.exp2(np.linspace(low, high, _SPREAD))
    signed = np.concatenate([values, -values]) if number_format.min < 0 else values
    ends = [float(number_format.max), float(number_format.min)]
    return number_format.encode(np.concatenate([signed, ends])).astype(np.int64)
