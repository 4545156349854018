"""Amaranth generators. Never imports the golden model: two views of one spec prove each other."""

from dataclasses import replace

from hwdse.hdl.component import only_described
from hwdse.hdl.emit import PLAIN, circuit, emit, is_pipelined, multipliers, placement
from hwdse.hdl.structure import Register, Structure, UnitStructure
from hwdse.hdl.targets import CELLS, Target
from hwdse.hdl.units import unit
from hwdse.hdl.verilog import split_modules
from hwdse.spec import Design

__all__ = [
    "CELLS",
    "PLAIN",
    "Target",
    "circuit",
    "emit",
    "is_pipelined",
    "multipliers",
    "placement",
    "split_modules",
    "structure_of",
    "unit",
]


def structure_of(design: Design) -> UnitStructure:
    """The primitive blocks that the design's hardware consists of.

    With `stages` or `interleave`, the inserted registers and the stages they make are those of the
    emitted netlist.

    Raises:
        SpecError: no generator for a part of the design.
        ToolError: Yosys failed, which only inserted registers need.
    """
    component = unit(design.unit, design)
    only_described(component)
    structure: UnitStructure = component.structure
    if not is_pipelined(design):
        return structure
    placed = placement(design)
    inserted = (
        Register(width=placed.valid_bits),
        Register(width=placed.data_bits, control=False),
    )
    own = structure.blocks.get("registers", Structure()).parts
    registers = Structure(parts=(*own, *(part for part in inserted if not part.empty)))
    return replace(
        structure,
        blocks={**structure.blocks, "registers": registers},
        shares=tuple(delay / placed.unpipelined_ps for delay in placed.stage_ps)
        if placed.unpipelined_ps
        else (),
    )
