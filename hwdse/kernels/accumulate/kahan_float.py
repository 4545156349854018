"""Compensated summation; every operation rounds."""

from functools import partial
from typing import Any

import numpy as np

from hwdse.jit import compiled
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.accumulate.fused_float import check_group, without_negative_zero
from hwdse.kernels.adding import (
    Adder,
    enter,
    leave,
    note_signs,
    noted_signs,
    rounded_sum,
)
from hwdse.kernels.arithmetic import float_like
from hwdse.kernels.choice import check_kind, pair_adder
from hwdse.kernels.multiply import Values, product
from hwdse.kernels.panels import WIDTH, run, store
from hwdse.kernels.rounding import round_sum
from hwdse.spec import KahanFloat


@plan.register
def _(acc: KahanFloat, task: Task) -> Sums:
    check_kind(acc)
    check_group(acc, task)
    return without_negative_zero(acc, partial(_sums, acc, task))


def _sums(acc: KahanFloat, task: Task, left: Values, right: Values) -> Values:
    lanes = task.design.unit.group
    adder, carrier = pair_adder(acc, task, left, right)
    return run(
        _compensated_steps,
        task.mul,
        left,
        right,
        arguments=(adder, lanes),
        lanes=lanes,
        carrier=carrier,
    )


@compiled
def _compensated_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any, rows: Values, panels: Values, adder: Adder, lanes: int, out: Values
) -> None:
    enter(adder)
    row = np.empty(WIDTH, rows.dtype)
    lost = np.empty(WIDTH, rows.dtype)
    group = np.empty(WIDTH, rows.dtype)
    signs = np.empty(WIDTH, np.int64)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            row[:] = 0
            lost[:] = 0
            for k in range(0, rows.shape[1], lanes):
                a, terms = rows[i, k], panels[p, k]
                for j in range(WIDTH):
                    group[j] = product(source, a, terms[j])
                    note_signs(adder, signs, j, group[j], True)
                for lane in range(1, lanes):
                    a, terms = rows[i, k + lane], panels[p, k + lane]
                    for j in range(WIDTH):
                        term = product(source, a, terms[j])
                        group[j] += term
                        note_signs(adder, signs, j, term, False)
                for j in range(WIDTH):
                    x = round_sum(adder, group[j], noted_signs(adder, signs, j))
                    y = rounded_sum(adder, x, -lost[j], 0, 0)
                    total = rounded_sum(adder, row[j], y, 0, 0)
                    taken = rounded_sum(adder, total, -row[j], 0, 0)
                    compensation = rounded_sum(adder, taken, -y, 0, 0)
                    nothing = float_like(total, 0)
                    lost[j] = compensation if abs(compensation) < np.inf else nothing
                    row[j] = total
            store(row, out, i, p)
    leave(adder)
