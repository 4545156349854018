"""Matrix products on units with one running sum: one group of terms per cycle."""

from collections.abc import Iterator, Mapping

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.golden.engines.summing import input_cycles
from hwdse.spec import Design, Dot, Mac
from hwdse.spec.unit import Summing
from hwdse.verify.products import NOWHERE, Operands, Pass, passes
from hwdse.verify.products.filling import filled


@passes.register(Mac)
@passes.register(Dot)
def _(unit: Mac | Dot, design: Design, operands: Operands, most: int) -> Iterator[Pass]:
    a, b = operands
    groups = -(-a.shape[1] // unit.group)
    a, b = filled(design, a, b, groups * unit.group, first=False)
    left = a.reshape(len(a), groups, unit.group)
    right = b.T.reshape(b.shape[1], groups, unit.group)
    yield from one_sum_after_another(unit, design, {"a": left}, {"b": right}, most)


def one_sum_after_another(
    unit: Summing,
    design: Design,
    left: Mapping[str, Array],
    right: Mapping[str, Array],
    most: int,
) -> Iterator[Pass]:
    """Passes with whole sums. With `interleave`, sums take turns.

    Args:
        unit: the unit.
        design: the design.
        left: fields of the input stream that a row of the first matrix decides, each of shape
            (M, groups, elements).
        right: fields that a column of the second matrix decides, of shape (N, groups, elements).
        most: as for `passes`.
    """
    (rows, groups), columns = next(iter(left.values())).shape[:2], len(next(iter(right.values())))
    (source,), (sink,) = design.interface.inputs, design.interface.outputs
    together = max(most // groups // unit.interleave, 1) * unit.interleave
    for begin in range(0, rows * columns, together):
        places = np.arange(begin, min(begin + together, rows * columns))
        row, column = np.divmod(places, columns)
        cycles = input_cycles(unit, len(places), groups)
        answers = np.full(cycles.shape, NOWHERE)
        answers[:, -1] = places
        # Sums that take turns answer in turns.
        order = np.argsort(cycles, axis=None)
        taken = [(left, row), (right, column)]
        yield Pass(
            inputs={
                source.name: {
                    "first": np.broadcast_to(np.arange(groups) == 0, cycles.shape).ravel(),
                    **{
                        name: codes[place].reshape(-1, codes.shape[-1])
                        for fields, place in taken
                        for name, codes in fields.items()
                    },
                }
            },
            places=answers.ravel()[order, None],
            cycles={
                source.name: cycles.ravel(),
                sink.name: cycles.ravel()[order] + unit.latency,
            },
            tiles=len(places),
        )
