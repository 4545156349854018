"""Amaranth generators of the hardware.

This package never imports the golden model. Hardware and golden model are two independent
implementations of one spec, so that each can verify the other.
"""

from dataclasses import replace

from hwdse.hdl.component import described_only, only_described
from hwdse.hdl.emit import PLAIN, circuit, emit, is_pipelined, multipliers, placement
from hwdse.hdl.targets import CELLS, Target
from hwdse.hdl.units import Blocks, shared_blocks, unit
from hwdse.hdl.verilog import split_modules
from hwdse.primitives.primitive import Register
from hwdse.primitives.structure import Child, Structure, UnitStructure
from hwdse.spec import Design, Unit

__all__ = [
    "CELLS",
    "PLAIN",
    "Target",
    "block_of",
    "blocks_of",
    "circuit",
    "emit",
    "is_pipelined",
    "makes_blocks",
    "multipliers",
    "placement",
    "split_modules",
    "structure_of",
    "unit",
]


def blocks_of(design: Design) -> Blocks | None:
    """The blocks of a unit that makes its blocks alone; None for other units."""
    return shared_blocks(design.unit, design)


def makes_blocks(spec: Unit) -> bool:
    """Whether designs with this unit have blocks that are made alone."""
    return shared_blocks.dispatch(type(spec)) is not shared_blocks.dispatch(object)


def block_of(design: Design, name: str) -> Structure:
    """One block of the structure of a unit that makes its blocks alone.

    Raises:
        SpecError: a part of the design has no generator.
    """
    with described_only():
        found = blocks_of(design)
        assert found is not None  # by `makes_blocks`
        return found.each[name].make()


def structure_of(design: Design, target: Target = CELLS) -> UnitStructure:
    """The primitive blocks of the design's hardware.

    If `stages` or `interleave` insert registers, the structure has the registers and the pipeline
    stages of the emitted netlist.

    Args:
        design: the design.
        target: target whose delays place inserted registers.

    Raises:
        SpecError: a part of the design has no generator.
        ToolError: Yosys failed. Only designs with inserted registers need Yosys.
    """
    with described_only():
        component = unit(design.unit, design)
        structure: UnitStructure = component.structure
    # A plugin may use components of Amaranth, which warn if nothing elaborates them.
    only_described(component)
    if not is_pipelined(design):
        return structure
    placed = placement(design, target)
    inserted = (
        Register(width=placed.valid_bits),
        Register(width=placed.data_bits, control=False),
    )
    registers = Structure(
        parts=tuple(part for part in inserted if not part.empty),
        children=(Child(structure=structure.blocks.get("registers", Structure())),),
    )
    return replace(
        structure,
        blocks={**structure.blocks, "registers": registers},
        shares=tuple(delay / placed.unpipelined_ps for delay in placed.stage_ps)
        if placed.unpipelined_ps
        else (),
    )
