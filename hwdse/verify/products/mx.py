"""Matrix products on the block-scaled engine: as on a `dot`, of blocks.

With modes, the products are computed in the mode of the design's operands.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import BlockFormat
from hwdse.formats.unpacked import Array
from hwdse.spec import BlockProduct, Design
from hwdse.spec.engines.mx import Mx
from hwdse.verify.products import Operands, Pass, passes
from hwdse.verify.products.summing import one_sum_after_another


@passes.register
def _(unit: Mx, design: Design, operands: Operands, most: int) -> Iterator[Pass]:
    a, a_scales, b, b_scales = operands
    mul = design.mul
    assert isinstance(mul, BlockProduct)  # the unit takes blocks
    left = _fields(unit, "a", mul.a, a, a_scales)
    right = _fields(unit, "b", mul.b, b.T, b_scales.T)
    found = one_sum_after_another(unit, design, left, right, most)
    (source,) = design.interface.inputs
    for part in found:
        given = dict(part.inputs[source.name])
        if unit.formats:
            given["mode"] = np.full(len(given["first"]), unit.formats.index(mul.a))
        yield replace(part, inputs={source.name: given})


def _fields(
    unit: Mx, name: str, block: BlockFormat, codes: Array, scales: Array
) -> dict[str, Array]:
    """Elements and scales of each cycle: shapes (vectors, cycles, elements), (..., blocks).

    An operand without scales has no field for them.

    Zeros fill the last block, and blocks of zeros the last cycle. The scale of a block that is
    larger than what a cycle takes of it comes again with each of its parts.
    """
    vectors, terms = codes.shape
    parts = -(-terms // unit.size)
    cycles = -(-parts // unit.blocks)
    columns = block.block.columns or unit.size
    repeated = np.repeat(scales, columns // unit.size, axis=1)[:, :parts]
    zero, one = int(block.element.encode(0.0)), int(block.scale.encode(1.0))
    taken = cycles * unit.blocks * unit.size
    if terms < taken and float(block.element.decode(np.array([zero]))[0]) != 0:
        raise SpecError(
            f"sums of {terms} terms fill no whole cycles of unit {unit}, which takes {taken}: "
            f"{block} has no zero to fill them"
        )
    filled = np.full((vectors, taken), zero, codes.dtype)
    filled[:, :terms] = codes
    complete = np.full((vectors, cycles * unit.blocks), one, scales.dtype)
    complete[:, :parts] = repeated
    made = {name: filled.reshape(vectors, cycles, -1)}
    if block.scale.bits:
        made[f"{name}_scale"] = complete.reshape(vectors, cycles, -1)
    return made
