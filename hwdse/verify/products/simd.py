"""Matrix products on the packed unit, in the mode of whole words: as on a `mac`."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwdse.spec import Design, Mac
from hwdse.spec.engines.simd import Simd
from hwdse.verify.products import Operands, Pass, passes


@passes.register
def _(unit: Simd, design: Design, operands: Operands, most: int) -> Iterator[Pass]:
    (source,) = design.interface.inputs
    number = unit.formats.index(design.a)
    for part in passes.dispatch(Mac)(unit, design, operands, most):
        given = part.inputs[source.name]
        mode = np.full(len(given["first"]), number)
        yield replace(part, inputs={source.name: {**given, "mode": mode}})
