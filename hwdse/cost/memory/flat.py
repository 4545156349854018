"""Memories with one energy per bit, whatever their size: off-chip DRAM."""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from hwdse.cost.memory.contents import Contents
from hwdse.cost.memory.model import MAX_PJ, MemoryModel
from hwdse.cost.toml_table import TomlTable
from hwdse.errors import TechnologyError


@dataclass(frozen=True, kw_only=True)
class FlatMemory(MemoryModel):
    """One energy per bit for reads and one for writes.

    Attributes:
        read_pj: energy in pJ to read a bit.
        write_pj: energy in pJ to write a bit.
        low_pj: lowest published energy in pJ of a bit, for the same kind of memory.
        high_pj: highest published energy in pJ of a bit.

    Raises:
        TechnologyError: the read energy lies outside `low_pj` to `high_pj`.
    """

    keyword: ClassVar[str] = "flat"

    read_pj: float
    write_pj: float
    low_pj: float
    high_pj: float

    def __post_init__(self) -> None:
        if not self.low_pj <= self.read_pj <= self.high_pj:
            raise TechnologyError(
                f"memory {self.name}: {self.read_pj:g} pJ is not between the lowest and the "
                f"highest published energy, {self.low_pj:g} and {self.high_pj:g} pJ"
            )

    @classmethod
    def from_table(cls, facts: dict[str, Any], table: TomlTable) -> Self:
        """Read `read_pj`, and `write_pj`, `low_pj`, `high_pj` where they differ from it."""
        read = table.number("read_pj", 0, MAX_PJ)
        return cls(
            **facts,
            read_pj=read,
            write_pj=table.number("write_pj", 0, MAX_PJ, default=read),
            low_pj=table.number("low_pj", 0, MAX_PJ, default=read),
            high_pj=table.number("high_pj", 0, MAX_PJ, default=read),
        )

    def read_pj_per_bit(self, capacity_bytes: float, contents: Contents | None = None) -> float:
        """`read_pj`; capacity and contents do not matter."""
        del capacity_bytes, contents
        return self.read_pj

    def write_pj_per_bit(self, capacity_bytes: float, contents: Contents | None = None) -> float:
        """`write_pj`; capacity and contents do not matter."""
        del capacity_bytes, contents
        return self.write_pj

    @property
    def spread(self) -> tuple[float, float]:
        """`low_pj` and `high_pj` as factors on `read_pj`."""
        if not self.read_pj:
            return (1.0, 1.0)
        return (self.low_pj / self.read_pj, self.high_pj / self.read_pj)
