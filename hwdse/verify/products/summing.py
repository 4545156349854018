"""Matrix products on `mac` and `dot`: one sum after another, one group of terms per cycle."""

from collections.abc import Iterator

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.golden.engines.summing import input_cycles
from hwdse.spec import Design, Dot, Mac
from hwdse.verify.products import NOWHERE, Pass, passes
from hwdse.verify.products.filling import filled


@passes.register(Mac)
@passes.register(Dot)
def _(unit: Mac | Dot, design: Design, a: Array, b: Array, most: int) -> Iterator[Pass]:
    groups = -(-a.shape[1] // unit.group)
    a, b = filled(design, a, b, groups * unit.group, first=False)
    left = a.reshape(len(a), groups, unit.group)
    right = b.T.reshape(b.shape[1], groups, unit.group)
    (source,), (sink,) = design.interface.inputs, design.interface.outputs
    together = max(most // groups // unit.interleave, 1) * unit.interleave
    sums = len(left) * len(right)
    for begin in range(0, sums, together):
        places = np.arange(begin, min(begin + together, sums))
        row, column = np.divmod(places, len(right))
        cycles = input_cycles(unit, len(places), groups)
        answers = np.full(cycles.shape, NOWHERE)
        answers[:, -1] = places
        # Sums that take turns answer in turns.
        order = np.argsort(cycles, axis=None)
        yield Pass(
            inputs={
                source.name: {
                    "first": np.broadcast_to(np.arange(groups) == 0, cycles.shape).ravel(),
                    "a": left[row].reshape(-1, unit.group),
                    "b": right[column].reshape(-1, unit.group),
                }
            },
            places=answers.ravel()[order, None],
            cycles={
                source.name: cycles.ravel(),
                sink.name: cycles.ravel()[order] + unit.latency,
            },
            tiles=len(places),
        )
