"""Sums of floats and integers on the precision-scalable unit: cancellation and ties between both.

Floats alone leave few fraction bits below a sum, and integers alone leave none. Only together they
cancel to every place of the register, and make ties that one far digit decides.
"""

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.golden.engines.scalable import term
from hwdse.spec import Design
from hwdse.spec.engines.scalable import Scalable
from hwdse.verify.stimulus.alignment import end_exponents, placed
from hwdse.verify.stimulus.operands import one_code

#: Steps of a sum: three floats and an integer.
STEPS = 4


def mixed_sums(
    unit: Scalable, design: Design, words: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return the modes and the operands of sums of three floats and one integer, in any order.

    In half of the sums, the first two floats cancel the integer as far as their format allows. In
    the other half, the first float is about half of the last place that the register keeps of the
    integer. The last float is a product at any place below, in half of the first sums near that
    last place, so that as much as possible is cancelled. A quarter of the last floats are zero.

    Args:
        unit: a unit with a mode of floats.
        design: design of the unit.
        words: random words, of shape (2, sums), as Python integers. Each pair is the integer of a
            sum.
        rng: source of random numbers.

    Returns:
        Modes, operands `a` and operands `b`, each of shape (sums, `STEPS`). Operands of floats are
        codes; the bits above are zero.
    """
    floats = unit.number_format
    assert floats is not None  # the unit is asked for
    sums = words.shape[1]
    mode = np.full((sums, STEPS), len(unit.modes))
    mode[:, -1] = rng.integers(0, len(unit.modes), sums)
    integer = np.zeros(sums)
    for number in range(len(unit.modes)):
        there = mode[:, -1] == number
        integer[there] = term(unit, number, *words[:, there]).astype(np.float64)
    top = np.frexp(np.where(integer, np.abs(integer), 1.0))[1] - 1

    codes = np.full((2, sums, STEPS - 1), int(floats.encode(0.0)), np.int64)
    cancelled = rng.random(sums) < 0.5
    # A factor of 1 gives floats of the format as products.
    codes[1, :, :2] = one_code(floats)
    rest = -integer
    for place in range(2):
        codes[0, cancelled, place] = floats.encode(rest, overflow="saturate")[cancelled]
        rest = rest - floats.decode(codes[0, :, place]).astype(np.float64)
    (least, most), ties = end_exponents(floats), ~cancelled
    half = top - design.state.magnitude_bits - rng.integers(0, 2, sums)
    tie = placed(floats, floats, half, (sums,), rng)
    lowest = np.full(sums, 2 * least)
    below = np.clip(np.where(cancelled, top, half), 2 * least, 2 * most)
    exponents = rng.integers(lowest, below + 1)
    near = half + rng.integers(0, 3, sums)
    exponents = np.where(cancelled & (rng.random(sums) < 0.5), near, exponents)
    last = placed(floats, floats, exponents, (sums,), rng)
    for side in range(2):
        codes[side, ties, 0] = tie[side][ties]
        codes[side, :, 2] = last[side]
    codes[0, rng.random(sums) < 0.25, 2] = int(floats.encode(0.0))

    order = rng.permuted(np.broadcast_to(np.arange(STEPS), (sums, STEPS)), axis=1)
    rows = np.arange(sums)[:, None]
    both = np.concatenate([codes.astype(object), words[..., None]], axis=-1)
    a, b = both[:, rows, order]
    return mode[rows, order], a, b
