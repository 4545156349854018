"""Multi-level cells: the energy of a write depends on the level that a cell must reach."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from hwdse.cost.memory.contents import Contents
from hwdse.cost.memory.model import MAX_PJ, MemoryModel
from hwdse.cost.toml_table import TomlTable
from hwdse.errors import TechnologyError

_MAX_CELL_BITS = 4
_MAX_PULSES = 1000


@dataclass(frozen=True, kw_only=True)
class MultiLevelCells(MemoryModel):
    """Cells of several bits that are programmed by pulses, as in NVMain's model of phase change.

    A write first resets the cell with one pulse. A number of set pulses, which depends on the
    level, then brings the cell to the level. The energy of a cell is
    reset_pj + set_pulses[level] * set_pj. NVMain draws the number of pulses at random around these
    means; this model takes the means. Cells that already hold their level are written as well.

    Attributes:
        cell_bits: bits per cell, 1..4.
        read_pj: energy in pJ to read a cell, of any level.
        reset_pj: energy in pJ of the reset pulse.
        set_pj: energy in pJ of one set pulse.
        set_pulses: mean number of set pulses for each level; 2**cell_bits entries.

    Raises:
        TechnologyError: the number of levels does not fit.
    """

    keyword: ClassVar[str] = "multi-level"

    cell_bits: int
    read_pj: float
    reset_pj: float
    set_pj: float
    set_pulses: tuple[float, ...]

    def __post_init__(self) -> None:
        levels = 1 << self.cell_bits
        if len(self.set_pulses) != levels:
            raise TechnologyError(
                f"memory {self.name}: set pulses for {len(self.set_pulses)} levels, "
                f"{self.cell_bits} bits per cell need {levels}"
            )

    @classmethod
    def from_table(cls, facts: dict[str, Any], table: TomlTable) -> Self:
        """Read `cell_bits`, `read_pj`, `reset_pj`, `set_pj` and the tables [[levels]]."""
        pulses = []
        for entry in table.tables("levels"):
            pulses.append(entry.number("set_pulses", 0, _MAX_PULSES))
            entry.done()
        return cls(
            **facts,
            cell_bits=table.whole("cell_bits", 1, _MAX_CELL_BITS),
            read_pj=table.number("read_pj", 0, MAX_PJ),
            reset_pj=table.number("reset_pj", 0, MAX_PJ),
            set_pj=table.number("set_pj", 0, MAX_PJ),
            set_pulses=tuple(pulses),
        )

    @property
    def level_pj(self) -> tuple[float, ...]:
        """Energy in pJ to write a cell, for each level."""
        return tuple(self.reset_pj + pulses * self.set_pj for pulses in self.set_pulses)

    def read_pj_per_bit(self, capacity_bytes: float, contents: Contents | None = None) -> float:
        """Energy in pJ per bit of reading a cell; capacity and contents do not matter."""
        del capacity_bytes, contents
        return self.read_pj / self.cell_bits

    def write_pj_per_bit(self, capacity_bytes: float, contents: Contents | None = None) -> float:
        """Mean energy in pJ per bit of writing these contents; the capacity does not matter."""
        del capacity_bytes
        levels = len(self.level_pj)
        shares = (
            np.full(levels, 1 / levels)
            if contents is None
            else contents.level_shares(self.cell_bits)
        )
        return float(shares @ np.array(self.level_pj)) / self.cell_bits
