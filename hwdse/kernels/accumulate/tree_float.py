"""A tree of rounding adders, then a rounding adder for the running sum."""

from functools import partial
from typing import Any

import numpy as np

from hwdse.jit import compiled, inner
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.accumulate.fused_float import rounding_in_float64, without_negative_zero
from hwdse.kernels.arithmetic import sign_bits, to_odd, two_sum
from hwdse.kernels.multiply import Values, product
from hwdse.kernels.panels import WIDTH, run
from hwdse.kernels.rounding import Rounding, note_signs, round_sum
from hwdse.spec import TreeFloat


@plan.register
def _(acc: TreeFloat, task: Task) -> Sums:
    rounding = rounding_in_float64(acc, task)
    lanes = task.design.unit.group
    sums = partial(run, _tree_steps, task.mul, arguments=(rounding, lanes), lanes=lanes)
    return without_negative_zero(acc, sums)


@inner
def rounded_sum(rounding: Rounding, left: Any, right: Any) -> Any:
    """Sum of two values of the format, rounded to the format."""
    nearest, error = two_sum(left, right)
    signs = note_signs(rounding, sign_bits(left), right)
    return round_sum(rounding, to_odd(nearest, error), signs)


@compiled
def _tree_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any, rows: Values, panels: Values, rounding: Rounding, lanes: int, out: Values
) -> None:
    level = np.empty((lanes, WIDTH), np.float64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            row = out[i, p * WIDTH : (p + 1) * WIDTH]
            row[:] = 0.0
            for k in range(0, rows.shape[1], lanes):
                for lane in range(lanes):
                    a, terms = rows[i, k + lane], panels[p, k + lane]
                    for j in range(WIDTH):
                        term = product(source, a, terms[j])
                        level[lane, j] = round_sum(rounding, term, sign_bits(term))
                count = lanes
                while count > 1:
                    for node in range(count // 2):
                        for j in range(WIDTH):
                            level[node, j] = rounded_sum(
                                rounding, level[2 * node, j], level[2 * node + 1, j]
                            )
                    if count % 2:
                        level[count // 2] = level[count - 1]
                    count = (count + 1) // 2
                for j in range(WIDTH):
                    row[j] = rounded_sum(rounding, row[j], level[0, j])
