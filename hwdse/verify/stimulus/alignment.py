"""Sums of products with chosen exponents: alignment, sticky bit, cancellation, carries and ties."""

import math

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Design
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.operands import near_codes, negated


def aligned(design: Design, sums: int, rng: np.random.Generator) -> list[Block]:
    """Return sums of two products at every distance, then the same two products subtracted.

    The distance is the difference of the exponents of the two products. The distances cover the
    width of the accumulator register and the places beyond both ends. So the second product passes
    each edge of the window in which the unit forms the sum. Some subtracted products differ from
    the added products by one step of operand `a`.

    There are two orders. If the first product is subtracted first, the remaining sum has every
    number of leading zeros, and shows which bits of the second product survived rounding. If the
    second product is subtracted first, the sum crosses the power of two of the first product and
    returns, with carries as long as the distance.
    """
    a_format, b_format = design.a, design.b
    lanes = design.unit.group
    shape = (sums, 4, lanes)
    (a_least, a_most), (b_least, b_most) = end_exponents(a_format), end_exponents(b_format)
    lowest, reach = a_least + b_least, a_most + b_most
    digits = a_format.unpacked.magnitude_bits + b_format.unpacked.magnitude_bits
    # The distance of two products is at most the distance of the smallest and the largest product.
    register = min(design.state.magnitude_bits + 2 * digits, reach - lowest)
    distance = np.arange(sums) % (2 * register + 1) - register
    low = np.maximum(lowest, lowest - distance)
    high = np.maximum(np.minimum(reach, reach - distance), low)
    first = rng.integers(low, high + 1)
    second_last = np.arange(sums) // (2 * register + 1) % 2 == 0
    back = np.stack([~second_last, second_last], axis=1).astype(np.int64)
    exponents = np.stack([first, first + distance], axis=1)
    a, b = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    a[:, :2], b[:, :2] = placed(a_format, b_format, exponents[..., None], (sums, 2, lanes), rng)
    rows = np.arange(sums)
    for group in (2, 3):
        taken = back[:, group - 2]
        values = a_format.decode(negated(a_format, a[rows, taken])).astype(np.float64)
        # In some sums the operand is one step away from the exact opposite.
        nearly = rng.integers(-1, 2, sums)
        for step in (-1, 0, 1):
            where = nearly == step
            a[where, group] = near_codes(a_format, values[where], step)
        b[:, group] = b[rows, taken]
    if lanes > 1:
        # In half of the sums only one lane is busy, so the distance exists between groups only, not
        # within a group. In idle lanes one operand is zero and the other keeps its value.
        idle = np.arange(lanes) != rng.integers(0, lanes, (sums // 2, 1, 1))
        first_is_zero = rng.random((sums // 2, 1, 1)) < 0.5
        for codes, number_format, zero in (
            (a, a_format, first_is_zero),
            (b, b_format, ~first_is_zero),
        ):
            nothing = int(number_format.encode(0.0))
            codes[: sums // 2] = np.where(idle & zero, nothing, codes[: sums // 2])
    return [Block(purpose="accumulation_steps", a=a, b=b)]


def least(design: Design, sums: int, rng: np.random.Generator) -> list[Block]:
    """Return sums of products whose leading bits lie anywhere in the register, with some zeros.

    The exponents range from two places below the last place of the register up to its top. A
    quarter of the products are zero. If no product can reach these exponents, there are no sums.
    """
    lowest, span = design.state.exponent_min, design.state.magnitude_bits
    shape = (sums, 4, design.unit.group)
    (a_least, a_most), (b_least, b_most) = end_exponents(design.a), end_exponents(design.b)
    exponents = lowest + rng.integers(-2, span + 1, shape)
    if exponents.max() < a_least + b_least or exponents.min() > a_most + b_most:
        return []
    a, b = placed(design.a, design.b, exponents, shape, rng)
    a = np.where(rng.random(shape) < 0.25, int(design.a.encode(0.0)), a)
    return [Block(purpose="accumulation_steps", a=a, b=b)]


def ties(design: Design, sums: int, rng: np.random.Generator) -> list[Block]:
    """Return sums of three products that make a tie, or almost a tie.

    The first product is large. The second product is half of the last place that the register
    keeps of the first product, so both together are a tie. The third product is much smaller, at a
    random place, and decides the tie. In a quarter of the sums the third product is zero. The
    products come in all orders.
    """
    lanes = design.unit.group
    (a_least, a_most), (b_least, b_most) = end_exponents(design.a), end_exponents(design.b)
    lowest, reach = a_least + b_least, a_most + b_most
    places = design.state.magnitude_bits
    if lowest + places + 1 > reach:
        return []
    large = rng.integers(lowest + places + 1, reach + 1, sums)
    small = rng.integers(np.maximum(lowest, large - 3 * places), large - places)
    exponents = np.stack([large, large - places, small], axis=1)
    a, b = placed(design.a, design.b, exponents[..., None], (sums, 3, lanes), rng)
    # The product in the middle is a power of two.
    for codes, number_format in ((a, design.a), (b, design.b)):
        values = np.abs(number_format.decode(codes[:, 1]).astype(np.float64))
        _, exponent = np.frexp(values)
        power = number_format.encode(np.ldexp(0.5, exponent)).astype(np.int64)
        codes[:, 1] = np.where(rng.random(power.shape) < 0.5, power, negated(number_format, power))
    a[rng.random(sums) < 0.25, 2] = int(design.a.encode(0.0))
    order = rng.permuted(np.broadcast_to(np.arange(3), (sums, 3)), axis=1)
    rows = np.arange(sums)[:, None]
    a, b = a[rows, order], b[rows, order]
    if lanes > 1:
        busy = np.arange(lanes) == rng.integers(0, lanes, (sums, 1, 1))
        a = np.where(busy, a, int(design.a.encode(0.0)))
    return [Block(purpose="accumulation_steps", a=a, b=b)]


def end_exponents(number_format: Format) -> tuple[int, int]:
    """Return log2 of the smallest positive and of the largest value, rounded down."""
    ends = (number_format.min_subnormal, number_format.max)
    return tuple(math.frexp(float(end))[1] - 1 for end in ends)  # type: ignore[return-value]


def placed(
    a_format: Format,
    b_format: Format,
    exponents: Array,
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Return operand codes whose products have about the given exponents (log2), of both signs."""
    (a_least, a_most), (b_least, b_most) = end_exponents(a_format), end_exponents(b_format)
    low = np.maximum(a_least, exponents - b_most)
    high = np.minimum(a_most, exponents - b_least)
    of_a = rng.integers(np.minimum(low, high), high + 1, shape)
    return (
        _with_exponent(a_format, of_a, rng),
        _with_exponent(b_format, exponents - of_a, rng),
    )


def _with_exponent(number_format: Format, exponents: Array, rng: np.random.Generator) -> Array:
    """Return codes of values with the given exponents (log2).

    A third of the significands are powers of two, a third have only ones, a third are random.
    """
    kind = rng.integers(0, 3, exponents.shape)
    ones = 2.0 - 2.0 ** (1 - number_format.unpacked.magnitude_bits)
    digits = np.select([kind == 0, kind == 1], [1.0, ones], 1.0 + rng.random(exponents.shape))
    largest = float(number_format.max)
    values = np.minimum(np.ldexp(digits, exponents.astype(np.int64)), largest)
    if number_format.signed:
        values *= rng.choice([-1.0, 1.0], exponents.shape)
    return number_format.encode(values).astype(np.int64)
