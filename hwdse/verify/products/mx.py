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
    one = int(block.scale.encode(1.0))
    taken = cycles * unit.blocks * unit.size
    complete = np.full((vectors, cycles * unit.blocks), one, scales.dtype)
    complete[:, :parts] = repeated
    of_each = np.repeat(complete, unit.size, axis=1)
    filled = block.zero_codes(of_each).astype(codes.dtype)
    if terms < taken and block.multiplied.decode(block.multiplied_codes(filled, of_each)).any():
        raise SpecError(
            f"sums of {terms} terms fill no whole cycles of unit {unit}, which takes {taken}: "
            f"{block} has no zero to fill them"
        )
    filled[:, :terms] = codes
    made = {name: filled.reshape(vectors, cycles, -1)}
    if block.scale.bits:
        made[f"{name}_scale"] = complete.reshape(vectors, cycles, -1)
    return made
