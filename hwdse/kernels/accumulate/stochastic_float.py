"""Fused groups with stochastic rounding; a shift register gives the random bits.

Each group is added exactly and rounded once.
"""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba.extending import overload

from hwdse.errors import SpecError
from hwdse.jit import compiled
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.accumulate.fused_float import added, check_group, without_negative_zero
from hwdse.kernels.adding import at_step, rounded_sum
from hwdse.kernels.arithmetic import (
    ODD_MARGIN,
    exponent_bits,
    float_like,
    to_odd,
    two_sum,
    with_sign_of,
)
from hwdse.kernels.choice import Carrier, check_kind, drifting_tops
from hwdse.kernels.multiply import Values
from hwdse.kernels.rounding import can_round, is_tuple, rounding_to
from hwdse.spec import StochasticFloat


class Drawn(NamedTuple):
    """Sums are cut to some more bits than the format; random bits are added; the rest is cut.

    Attributes:
        draws: the random bits of each step, as integers.
        to_nearest: whether the first cut rounds to nearest even instead.
        lowest_exponent: see `NearestEven`.
        to_drawn: the exponent field (in place) plus `to_drawn` is the pattern of C for the first
            cut.
        to_drawn_unit: the exponent field minus `to_drawn_unit` is the pattern of its quantum.
        to_fixed: like `to_drawn`, for the second cut.
        to_unit: like `to_drawn_unit`, for the second cut.
        largest: largest finite value.
        beyond: magnitude that replaces a rounded value above `largest`.
    """

    draws: npt.NDArray[Any]
    to_nearest: bool
    lowest_exponent: int
    to_drawn: int
    to_drawn_unit: int
    to_fixed: int
    to_unit: int
    largest: float
    beyond: float


@plan.register
def _(acc: StochasticFloat, task: Task) -> Sums:
    check_kind(acc)
    check_group(acc, task)
    return without_negative_zero(acc, partial(_sums, acc, task))


def _sums(acc: StochasticFloat, task: Task, left: Values, right: Values) -> Values:
    bits = acc.format.fraction_bits + acc.drawn_bits
    for carrier, products, top in drifting_tops(acc, task, left, right):
        info = np.finfo(carrier)
        # All sums are multiples of the products' LSB. The quanta of the drawn bits must be normal
        # numbers.
        least = max(acc.format.lsb_exponent + acc.format.fraction_bits, products.lsb)
        if (
            can_round(acc.format, "rne", top, carrier)
            and bits + ODD_MARGIN <= info.nmant
            and least - bits >= info.minexp
        ):
            adder: Any = _drawn(acc, task, carrier, least)
            return added(task, left, right, adder, carrier)
    raise SpecError(
        f"accumulator {acc} has no fast kernel: its range or precision is beyond what float64 "
        "can carry"
    )


def _drawn(acc: StochasticFloat, task: Task, carrier: Carrier, least: int) -> Drawn:
    steps = -(-task.terms // task.design.unit.group)
    draws = _draws(np.array(acc.taps), acc.seed, acc.lfsr, acc.bits, steps)
    if acc.variant == "b":
        draws = 2 * draws + 1
    number: Any = carrier
    cut: Any = rounding_to(acc.format, "rtz", carrier, least=least)
    # A fraction bit more moves both patterns by one exponent.
    finer = cut.to_quantum.dtype.type(acc.drawn_bits << np.finfo(carrier).nmant)
    return Drawn(
        draws=draws.astype(carrier),
        to_nearest=acc.variant == "c",
        lowest_exponent=cut.lowest_exponent,
        to_drawn=cut.to_fixed - finer,
        to_drawn_unit=cut.to_quantum + finer,
        to_fixed=cut.to_fixed,
        to_unit=cut.to_quantum,
        largest=cut.largest,
        beyond=number(np.inf if acc.format.has_inf else acc.format.max),
    )


@compiled
def _draws(
    taps: npt.NDArray[np.int64], seed: int, width: int, bits: int, groups: int
) -> npt.NDArray[np.int64]:
    """The random bits for each group."""
    draws = np.empty(groups, np.int64)
    register = seed
    for k in range(groups):
        draws[k] = register & ((1 << bits) - 1)
        for _ in range(bits):
            feedback = 0
            for tap in taps:
                feedback ^= (register >> tap) & 1
            register = ((register << 1) | feedback) & ((1 << width) - 1)
    return draws


@overload(at_step)
def _(adder, step):  # type: ignore[no-untyped-def]
    return (lambda adder, step: adder.draws[step]) if is_tuple(adder, Drawn) else None


@overload(rounded_sum)
def _(adder, x, y, signs, given):  # type: ignore[no-untyped-def]
    if not is_tuple(adder, Drawn):
        return None

    def drawn_sum(adder, x, y, signs, given):  # type: ignore[no-untyped-def]
        nearest, error = two_sum(x, y)
        total = to_odd(nearest, error)
        magnitude = abs(total)
        exponent = max(exponent_bits(total), adder.lowest_exponent)
        fixed = float_like(total, exponent + adder.to_drawn)
        unit = float_like(total, exponent - adder.to_drawn_unit)
        drawn = (magnitude + fixed) - fixed
        drawn = drawn if adder.to_nearest or drawn <= magnitude else drawn - unit
        drawn += given * unit
        fixed = float_like(total, exponent + adder.to_fixed)
        rounded = (drawn + fixed) - fixed
        unit = float_like(total, exponent - adder.to_unit)
        rounded = rounded - unit if rounded > drawn else rounded
        rounded = adder.beyond if rounded > adder.largest else rounded
        return with_sign_of(rounded, total)

    return drawn_sum
