"""Compensated summation; every operation rounds."""

from functools import partial
from typing import Any

import numpy as np

from hwdse.jit import compiled
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.accumulate.fused_float import (
    check_group,
    rounding_in_float64,
    without_negative_zero,
)
from hwdse.kernels.accumulate.tree_float import rounded_sum
from hwdse.kernels.arithmetic import sign_bits
from hwdse.kernels.multiply import Values, product
from hwdse.kernels.panels import WIDTH, run
from hwdse.kernels.rounding import Rounding, note_signs, round_sum
from hwdse.spec import KahanFloat


@plan.register
def _(acc: KahanFloat, task: Task) -> Sums:
    check_group(acc, task)
    rounding = rounding_in_float64(acc, task)
    lanes = task.design.unit.group
    sums = partial(run, _compensated_steps, task.mul, arguments=(rounding, lanes), lanes=lanes)
    return without_negative_zero(acc, sums)


@compiled
def _compensated_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any, rows: Values, panels: Values, rounding: Rounding, lanes: int, out: Values
) -> None:
    lost = np.empty(WIDTH, np.float64)
    group = np.empty(WIDTH, np.float64)
    signs = np.empty(WIDTH, np.int64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            row = out[i, p * WIDTH : (p + 1) * WIDTH]
            row[:] = 0.0
            lost[:] = 0.0
            for k in range(0, rows.shape[1], lanes):
                for j in range(WIDTH):
                    group[j] = product(source, rows[i, k], panels[p, k, j])
                    signs[j] = sign_bits(group[j])
                for lane in range(1, lanes):
                    a, terms = rows[i, k + lane], panels[p, k + lane]
                    for j in range(WIDTH):
                        term = product(source, a, terms[j])
                        signs[j] = note_signs(rounding, signs[j], term)
                        group[j] += term
                for j in range(WIDTH):
                    x = round_sum(rounding, group[j], signs[j])
                    y = rounded_sum(rounding, x, -lost[j])
                    total = rounded_sum(rounding, row[j], y)
                    taken = rounded_sum(rounding, total, -row[j])
                    compensation = rounded_sum(rounding, taken, -y)
                    lost[j] = compensation if np.isfinite(compensation) else 0.0
                    row[j] = total
