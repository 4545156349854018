"""Fused groups with stochastic rounding; a shift register gives the random bits.

Each group is added exactly and rounded once.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import clog2
from hwdse.jit import compiled, inner
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.accumulate.fused_float import check_group, check_kind, without_negative_zero
from hwdse.kernels.arithmetic import exponent_bits, float_like, to_odd, two_sum, with_sign_of
from hwdse.kernels.multiply import Values, product
from hwdse.kernels.panels import WIDTH, run
from hwdse.kernels.rounding import can_round
from hwdse.spec import StochasticFloat

_FLOAT64 = np.finfo(np.float64)


@plan.register
def _(acc: StochasticFloat, task: Task) -> Sums:
    check_kind(acc)
    check_group(acc, task)
    f, lanes = acc.format, task.design.unit.group
    top = max(f.max_exponent + 1, task.format_products.top + clog2(lanes)) + 1
    # The sums are divided by the quantum of the drawn bits, and multiplied by it later.
    if not can_round(acc.drawn, "rne", top) or acc.drawn.lsb_exponent < _FLOAT64.minexp:
        raise SpecError(
            f"accumulator {acc} has no fast kernel: its range or precision is beyond what float64 "
            "can carry"
        )
    numbers = (
        acc.drawn_bits,
        acc.variant == "c",
        f.lsb_exponent + f.fraction_bits,
        f.fraction_bits + acc.drawn_bits,
        f.max,
        np.inf if f.has_inf else f.max,
    )

    def sums(left: Values, right: Values) -> Values:
        groups = -(-left.shape[1] // lanes)
        draws = _draws(np.array(acc.taps), acc.seed, acc.lfsr, acc.bits, groups)
        if acc.variant == "b":
            draws = 2 * draws + 1
        arguments = (draws, *numbers, lanes)
        return run(_stochastic_steps, task.mul, left, right, arguments=arguments, lanes=lanes)

    return without_negative_zero(acc, sums)


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


@inner
def _power(exponent_field: Any) -> Any:
    """The power of two whose bit pattern has this exponent field."""
    return float_like(1.0, exponent_field << 52)


@compiled
def _stochastic_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any,
    rows: Values,
    panels: Values,
    draws: npt.NDArray[np.int64],
    drawn_bits: int,
    to_nearest: bool,
    lowest: int,
    fraction_bits: int,
    largest: float,
    beyond: float,
    lanes: int,
    out: Values,
) -> None:
    group = np.empty(WIDTH, np.float64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            row = out[i, p * WIDTH : (p + 1) * WIDTH]
            row[:] = 0.0
            for k in range(0, rows.shape[1], lanes):
                draw = draws[k // lanes]
                for j in range(WIDTH):
                    group[j] = product(source, rows[i, k], panels[p, k, j])
                for lane in range(1, lanes):
                    a, terms = rows[i, k + lane], panels[p, k + lane]
                    for j in range(WIDTH):
                        group[j] += product(source, a, terms[j])
                for j in range(WIDTH):
                    nearest, error = two_sum(row[j], group[j])
                    total = to_odd(nearest, error)
                    if np.isnan(total):
                        row[j] = total
                        continue
                    magnitude = abs(total)
                    if np.isinf(magnitude):
                        row[j] = with_sign_of(beyond, total)
                        continue
                    exponent = max((exponent_bits(magnitude) >> 52) - 1023, lowest)
                    # Scale to units of the drawn bits' quantum.
                    scaled = magnitude * _power(1023 + fraction_bits - exponent)
                    scaled = np.rint(scaled) if to_nearest else np.floor(scaled)
                    whole = (np.int64(scaled) + draw) >> drawn_bits
                    rounded = np.float64(whole) * _power(
                        1023 + exponent - fraction_bits + drawn_bits
                    )
                    row[j] = with_sign_of(beyond if rounded > largest else rounded, total)
