"""Units of few input bits as tables of their results.

From decoder, multiplier and encoder of few input bits, synthesis finds what the few different
results have in common. That is much where the numbers have few digits. A table of the results is
then nearer to what is built.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from hwdse.golden.stateless import STATELESS, operand_formats
from hwdse.hdl.lookup import lookup_table
from hwdse.primitives import LawTable
from hwdse.primitives.primitive import Table
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.spec import Design

TABLE, REGISTERS = "table", "registers"
"""Names of the block of a unit that is a table, and of the block of inserted registers."""

#: Most input bits of a table, and of a table whose results are computed. A larger one counts as a
#: table of random results.
_MOST_BITS, _COMPUTED_BITS = 12, 10


def as_built(design: Design, unit: UnitStructure, technology: LawTable) -> UnitStructure:
    """The unit, or the tables of its results if they are smaller.

    Args:
        design: the design.
        unit: its structure.
        technology: laws and factors.
    """
    table = table_of_results(replace(design, unit=design.unit.plain()))
    if table is None:
        return unit
    # A unit makes as many results at once as it takes operands or pairs of them.
    tables = Structure(parts=(table,), path=(table,)).times(int(unit.macs_per_cycle))
    registers = unit.blocks.get(REGISTERS, Structure())
    logic = {name: block for name, block in unit.blocks.items() if name != REGISTERS}
    if _size(logic, technology) <= _size({TABLE: tables}, technology):
        return unit
    return replace(unit, blocks={TABLE: tables, REGISTERS: registers}, stages=((TABLE,),))


def _size(blocks: Mapping[str, Structure], technology: LawTable) -> float:
    """Size of blocks, without what depends on the design as a whole."""
    adjustment = technology.adjustment(technology.size)
    return sum(
        count
        * technology.cost(primitive, technology.size)
        * adjustment.factor(name, type(primitive).__name__)
        for name, block in blocks.items()
        for primitive, count in block.counts.items()
    )


@lru_cache(maxsize=1024)
def table_of_results(design: Design) -> Table | None:
    """The results of a unit without state by the codes of its operands.

    Returns:
        None if the unit has a state, or too many input bits.
    """
    results = STATELESS.get(type(design.unit))
    if results is None:
        return None
    widths = [number_format.bits for number_format in operand_formats(design)]
    bits = sum(widths)
    if bits > _MOST_BITS:
        return None
    if bits > _COMPUTED_BITS:
        return Table(address_bits=bits, data_bits=design.out.bits)
    codes = np.indices([1 << width for width in widths]).reshape(len(widths), -1)
    words = results(design, *codes).tolist()
    return lookup_table(bits, words, design.out.bits)
