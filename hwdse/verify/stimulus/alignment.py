"""Sums of two and three products placed apart: alignment, sticky, cancellation and ties."""

import numpy as np

from hwdse.formats import BinaryFloat
from hwdse.formats.unpacked import Array
from hwdse.spec import Design
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.operands import near_codes, negated


def aligned(design: Design, sums: int, rng: np.random.Generator) -> list[Block]:
    """Sums of a product, a second one at every distance, and the first one taken back or nearly so.

    The distances run over a register's width and the places beyond it on both sides, so that the
    second product passes each edge of the window in which the sum is formed. What a third group
    leaves of the first product has every number of leading zeros; where the second product was
    rounded off it shows which of its bits were kept. Only for operands that are floats, whose
    products can be placed.
    """
    a_format, b_format = design.a, design.b
    if not isinstance(a_format, BinaryFloat) or not isinstance(b_format, BinaryFloat):
        return []
    lanes = design.unit.lanes
    shape = (sums, 3, lanes)
    reach = a_format.max_exponent + b_format.max_exponent - 1
    least = a_format.lsb_exponent + b_format.lsb_exponent + 1
    register = design.state.magnitude_bits + 2 * (a_format.precision + b_format.precision)
    distance = np.arange(sums) % (2 * register + 1) - register
    low = np.maximum(least, least - distance)
    high = np.maximum(np.minimum(reach, reach - distance), low)
    first = rng.integers(low, high + 1)
    exponents = np.stack([first, first + distance, first], axis=1)
    a, b = _placed(a_format, b_format, exponents[..., None], shape, rng)
    # The third group is the first one of the other sign, in some sums a step of an operand away.
    nearly = np.arange(sums) % 3 - 1
    for step in (-1, 0, 1):
        where = nearly == step
        back = a_format.decode(negated(a_format, a[where, 0])).astype(np.float64)
        a[where, 2] = near_codes(a_format, back, step)
    b[:, 2] = b[:, 0]
    if lanes > 1:
        # One busy lane in half of the sums: a distance between groups, not within one.
        alone = np.arange(lanes) != rng.integers(0, lanes, (sums // 2, 1, 1))
        a[: sums // 2] = np.where(alone, int(a_format.encode(0.0)), a[: sums // 2])
    return [Block(purpose="accumulation_steps", a=a, b=b)]


def _placed(
    a_format: BinaryFloat,
    b_format: BinaryFloat,
    exponents: Array,
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Codes of operands whose products have about the given exponents (log2), of both signs."""
    low = np.maximum(a_format.lsb_exponent, exponents - b_format.max_exponent)
    high = np.minimum(a_format.max_exponent, exponents - b_format.lsb_exponent)
    of_a = rng.integers(np.minimum(low, high), high + 1, shape)
    return (
        _with_exponent(a_format, of_a, rng),
        _with_exponent(b_format, exponents - of_a, rng),
    )


def _with_exponent(number_format: BinaryFloat, exponents: Array, rng: np.random.Generator) -> Array:
    """Codes of random digits; in a third of them powers of two, in a third with all digits one."""
    kind = rng.integers(0, 3, exponents.shape)
    ones = 2.0 - 2.0**-number_format.fraction_bits
    digits = np.select([kind == 0, kind == 1], [1.0, ones], 1.0 + rng.random(exponents.shape))
    values = np.minimum(np.ldexp(digits, exponents.astype(np.int64)), float(number_format.max))
    if number_format.signed:
        values *= rng.choice([-1.0, 1.0], exponents.shape)
    return number_format.encode(values).astype(np.int64)
