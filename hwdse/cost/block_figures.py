"""Costs of one block as a few numbers, so that blocks of many designs can be joined as arrays.

The numbers are what `hwdse.cost.analytic` needs of a block, with the factors of the technology and
without what depends on the rest of the design: corrections, activity, and the depth of the logic.

Carry chains overlap where they follow each other (`hwdse.primitives.timing`), also from block to
block. So the delay of a block has three parts: the chain at its start that may overlap with the
block before, the chain at its end that may overlap with the block after, and all the rest.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from hwdse.primitives import Technology
from hwdse.primitives.primitive import Primitive, Register, Timing
from hwdse.primitives.structure import Structure
from hwdse.primitives.timing import one_bit

Floats = npt.NDArray[np.float64]

PATH = "path"
"""Name that stands for all blocks in adjustments of delays."""


@dataclass(frozen=True, kw_only=True)
class BlockFigures:
    """Figures of one block, or of many blocks as arrays of one shape.

    Delays come twice: by the laws alone, which decides which of two carry chains is the longer, and
    `adjusted` by the factors of the technology.

    Attributes:
        area_um2: cell area.
        logic_pj: energy per cycle of combinational logic, at activity 1.
        logic_pj_per_ns: what glitches add to it per ns of depth.
        register_pj: energy per cycle of registers.
        register_pj_per_ns: what the technology adds to it per ns of depth.
        waits: 1 if some primitive waits for whole words, else 0.
        rest_ns: delay without the chains at start and end.
        start_ns: what the chain at the start adds. Without a primitive that waits, start and end
            are the same chain.
        end_ns: what the chain at the end adds.
        rest_adjusted_ns: `rest_ns`, adjusted.
        start_adjusted_ns: `start_ns`, adjusted.
        end_adjusted_ns: `end_ns`, adjusted.
    """

    area_um2: Floats
    logic_pj: Floats
    logic_pj_per_ns: Floats
    register_pj: Floats
    register_pj_per_ns: Floats
    waits: Floats
    rest_ns: Floats
    start_ns: Floats
    end_ns: Floats
    rest_adjusted_ns: Floats
    start_adjusted_ns: Floats
    end_adjusted_ns: Floats

    @property
    def delay_ns(self) -> Floats:
        """Delay by the laws alone."""
        return self.rest_ns + self.waits * self.start_ns + self.end_ns

    @property
    def adjusted_ns(self) -> Floats:
        """Delay with the factors of the technology."""
        return self.rest_adjusted_ns + self.waits * self.start_adjusted_ns + self.end_adjusted_ns

    def row(self) -> Floats:
        """All figures of one block as an array."""
        return np.array([getattr(self, item.name) for item in fields(self)], np.float64)

    @classmethod
    def from_rows(cls, rows: Floats) -> "BlockFigures":
        """Figures of blocks from an array of shape (blocks, figures)."""
        return cls(**dict(zip((item.name for item in fields(cls)), rows.T, strict=True)))

    def times(self, copies: Floats) -> "BlockFigures":
        """Copies of each block, side by side."""
        scaled = ("area_um2", "logic_pj", "logic_pj_per_ns", "register_pj", "register_pj_per_ns")
        given = {item.name: getattr(self, item.name) for item in fields(self)}
        return BlockFigures(**{**given, **{name: given[name] * copies for name in scaled}})


def figures_of(name: str, block: Structure, technology: Technology) -> BlockFigures:
    """Figures of the block called `name`."""
    area, energy = technology.adjustment("area_um2"), technology.adjustment("energy_pj")
    totals = dict.fromkeys(("area_um2", "logic_pj", "register_pj"), 0.0)
    slopes = {"logic_pj": 0.0, "register_pj": 0.0}
    for primitive, count in block.counts.items():
        kind = type(primitive).__name__
        totals["area_um2"] += (
            count * technology.cost(primitive, "area_um2") * area.factor(name, kind)
        )
        of = "register_pj" if isinstance(primitive, Register) else "logic_pj"
        cost = count * technology.cost(primitive, "energy_pj")
        at_once = energy.factor(name, kind)
        totals[of] += cost * at_once
        slopes[of] += cost * (energy.factor(name, kind, 1.0) - at_once)
    return BlockFigures(
        **{name: np.array(value) for name, value in totals.items()},
        logic_pj_per_ns=np.array(slopes["logic_pj"]),
        register_pj_per_ns=np.array(slopes["register_pj"]),
        **_delays(block.path, technology),
    )


def _delays(path: tuple[Primitive, ...], technology: Technology) -> dict[str, Floats]:
    delays = technology.adjustment("delay_ns")
    rest = rest_adjusted = 0.0
    chain = start = (0.0, 0.0)
    waits = False
    for step in path:
        if step.empty:
            continue
        factor = delays.factor(PATH, type(step).__name__)
        delay = technology.cost(step, "delay_ns")
        if step.timing is Timing.RIPPLE:
            first = min(delay, technology.cost(one_bit(step), "delay_ns"))
            rest, rest_adjusted = rest + first, rest_adjusted + first * factor
            if delay - first > chain[0]:
                chain = (delay - first, (delay - first) * factor)
            continue
        if step.timing is not Timing.BITWISE:
            if waits:
                rest, rest_adjusted = rest + chain[0], rest_adjusted + chain[1]
            else:
                waits, start = True, chain
            chain = (0.0, 0.0)
        rest, rest_adjusted = rest + delay, rest_adjusted + delay * factor
    if not waits:
        start = chain
    found = {
        **{"waits": float(waits), "rest_ns": rest, "rest_adjusted_ns": rest_adjusted},
        **{"start_ns": start[0], "start_adjusted_ns": start[1]},
        **{"end_ns": chain[0], "end_adjusted_ns": chain[1]},
    }
    return {name: np.array(value) for name, value in found.items()}


def in_series(first: BlockFigures, second: BlockFigures) -> BlockFigures:
    """Two blocks after each other: costs add up, and chains that meet overlap."""
    summed = (
        *("area_um2", "logic_pj", "logic_pj_per_ns", "register_pj", "register_pj_per_ns"),
        *("rest_ns", "rest_adjusted_ns"),
    )
    total = {name: getattr(first, name) + getattr(second, name) for name in summed}
    first_waits, second_waits = first.waits > 0, second.waits > 0
    # The chain at the end of the first block and the one at the start of the second.
    later = second.start_ns > first.end_ns
    meeting = np.where(later, second.start_ns, first.end_ns)
    meeting_adjusted = np.where(later, second.start_adjusted_ns, first.end_adjusted_ns)
    inside = first_waits & second_waits
    total["rest_ns"] = total["rest_ns"] + np.where(inside, meeting, 0.0)
    total["rest_adjusted_ns"] = total["rest_adjusted_ns"] + np.where(inside, meeting_adjusted, 0.0)
    return BlockFigures(
        **total,
        waits=np.maximum(first.waits, second.waits),
        start_ns=np.where(first_waits, first.start_ns, meeting),
        start_adjusted_ns=np.where(first_waits, first.start_adjusted_ns, meeting_adjusted),
        end_ns=np.where(second_waits, second.end_ns, meeting),
        end_adjusted_ns=np.where(second_waits, second.end_adjusted_ns, meeting_adjusted),
    )
