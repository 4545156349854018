"""Matrix products on the precision-scalable unit, in its widest mode: as on a `mac`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwdse.spec import Design, Mac
from hwdse.spec.engines.scalable import Scalable
from hwdse.verify.products import Operands, Pass, passes


@passes.register
def _(unit: Scalable, design: Design, operands: Operands, most: int) -> Iterator[Pass]:
    (source,) = design.interface.inputs
    others = unit.word_bits // design.a.bits - 1
    for part in passes.dispatch(Mac)(unit, design, operands, most):
        given = part.inputs[source.name]
        # The first element of a word is the only one in mode 0.
        words = {name: np.pad(given[name], ((0, 0), (0, others))) for name in ("a", "b")}
        mode = np.zeros(len(given["first"]), np.int64)
        yield replace(part, inputs={source.name: {**given, **words, "mode": mode}})
