"""Wires on the chip: energy of a bit that travels one millimetre."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hwdse.cost.memory.model import MAX_PJ, Published, read_published
from hwdse.cost.toml_table import TomlTable, locate, shipped_names
from hwdse.errors import TechnologyError
from hwdse.identity import stamp


@dataclass(frozen=True, kw_only=True)
class Wire(Published):
    """A kind of wire, repeaters included.

    Attributes:
        pj_per_bit_mm: energy in pJ of a bit of random data per mm. Random data changes every second
            bit on average, so this is half the energy of a change.
    """

    pj_per_bit_mm: float

    def energy_pj(self, bits: float, length_mm: float) -> float:
        """Energy in pJ of moving random bits over a length in mm."""
        return bits * length_mm * self.pj_per_bit_mm


def wires() -> list[str]:
    """Names of the shipped kinds of wire, sorted."""
    return shipped_names("wire")


def load_wire(name: str) -> Wire:
    """Load a shipped kind of wire by name, or any other by the path of its TOML file.

    Raises:
        TechnologyError: the name is unknown, or the file is damaged.
    """
    path = locate(name, "wire", "wire", TechnologyError)
    return _load(path, stamp(path))


@cache
def _load(path: Path, _stamp: tuple[int, ...]) -> Wire:
    def make(facts: dict[str, Any], table: TomlTable) -> Wire:
        return Wire(**facts, pj_per_bit_mm=table.number("pj_per_bit_mm", 0, MAX_PJ))

    return read_published(path, "wire", make)
