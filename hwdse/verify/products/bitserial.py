"""Matrix products on the bit-serial unit: one sum after another, with all bits of the weights."""

from collections.abc import Iterator

import numpy as np

from hwdse.golden.engines.bitserial import walk
from hwdse.spec import Design
from hwdse.spec.engines.bitserial import BitSerial
from hwdse.verify.products import Operands, Pass, passes
from hwdse.verify.products.filling import filled


@passes.register
def _(unit: BitSerial, design: Design, operands: Operands, most: int) -> Iterator[Pass]:
    a, b = operands
    steps = -(-a.shape[1] // unit.lanes)
    a, b = filled(design, a, b, steps * unit.lanes, first=False)
    left = a.reshape(len(a), steps, unit.lanes)
    right = b.T.reshape(b.shape[1], steps, unit.lanes)
    sums = len(left) * len(right)
    together = max(most // steps, 1)
    for begin in range(0, sums, together):
        places = np.arange(begin, min(begin + together, sums))
        row, column = np.divmod(places, len(right))
        last = np.tile(np.arange(steps) == steps - 1, len(places))
        bits = np.full(len(last), unit.planes)
        yield Pass(
            inputs={
                "i": {
                    "last": last,
                    "bits": bits,
                    "a": left[row].reshape(-1, unit.lanes),
                    "b": right[column].reshape(-1, unit.lanes),
                }
            },
            places=places[:, None],
            cycles=walk(design, bits, last).cycles,
            tiles=len(places),
        )
