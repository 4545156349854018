"""A tree of rounding adders, then a rounding adder for the running sum."""

from functools import partial
from typing import Any

import numpy as np

from hwdse.jit import compiled
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.accumulate.fused_float import without_negative_zero
from hwdse.kernels.adding import Adder, enter, leave, rounded_sum
from hwdse.kernels.arithmetic import sign_bits
from hwdse.kernels.choice import check_kind, pair_adder
from hwdse.kernels.multiply import Values, product
from hwdse.kernels.panels import WIDTH, run, store
from hwdse.kernels.rounding import round_sum
from hwdse.spec import TreeFloat


@plan.register
def _(acc: TreeFloat, task: Task) -> Sums:
    check_kind(acc)
    return without_negative_zero(acc, partial(_sums, acc, task))


def _sums(acc: TreeFloat, task: Task, left: Values, right: Values) -> Values:
    lanes = task.design.unit.group
    adder, carrier = pair_adder(acc, task, left, right, groups=False)
    return run(
        _tree_steps,
        task.mul,
        left,
        right,
        arguments=(adder, lanes),
        lanes=lanes,
        carrier=carrier,
    )


@compiled
def _tree_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any, rows: Values, panels: Values, adder: Adder, lanes: int, out: Values
) -> None:
    enter(adder)
    row = np.empty(WIDTH, rows.dtype)
    level = np.empty((lanes, WIDTH), rows.dtype)
    for p in range(panels.shape[0]):
        for i in range(rows.shape[0]):
            row[:] = 0
            for k in range(0, rows.shape[1], lanes):
                for lane in range(lanes):
                    a, terms, node = rows[i, k + lane], panels[p, k + lane], level[lane]
                    for j in range(WIDTH):
                        term = product(source, a, terms[j])
                        node[j] = round_sum(adder, term, sign_bits(term))
                count = lanes
                while count > 1:
                    for pair in range(count // 2):
                        # The sum may replace its first term, but no later one.
                        node, first, second = level[pair], level[2 * pair], level[2 * pair + 1]
                        for j in range(WIDTH):
                            node[j] = rounded_sum(adder, first[j], second[j], 0, 0)
                    if count % 2:
                        level[count // 2] = level[count - 1]
                    count = (count + 1) // 2
                node = level[0]
                for j in range(WIDTH):
                    row[j] = rounded_sum(adder, row[j], node[j], 0, 0)
            store(row, out, i, p)
    leave(adder)
