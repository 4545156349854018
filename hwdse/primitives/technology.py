"""Technology tables: cost laws of primitives, fitted to synthesis results in one process.

Each technology is one JSON file in models/technology/.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from hwdse.errors import TechnologyError
from hwdse.identity import stamp
from hwdse.primitives.laws import Entries, LawTable
from hwdse.primitives.table_files import path_of_table, read_laws, table_names

QUANTITIES = ("area_um2", "energy_pj", "delay_ns")
"""A technology table has one law per primitive for each of these quantities."""

DEFAULT_TECHNOLOGY = "nangate45"
"""Technology of estimates for which none is named."""

SCHEMA = "hwdse-technology-2"
"""Required value of the key `schema` in a technology table."""


@dataclass(frozen=True, kw_only=True)
class Technology(LawTable):
    """The cost laws of one process, cell library and corner.

    Attributes:
        node_nm: feature size of the process in nm.
        voltage: supply voltage in V. Energy and delay hold at this voltage.
        library: name of the cell library.
        corner: corner of the cell library, such as `typical, 25 C`.
        leakage_uw_per_um2: leakage power per cell area.
    """

    kind: ClassVar[str] = "technology"
    quantities: ClassVar[tuple[str, ...]] = QUANTITIES
    size: ClassVar[str] = "area_um2"

    node_nm: float
    voltage: float
    library: str
    corner: str
    leakage_uw_per_um2: float


def technologies() -> list[str]:
    """Names of the shipped technologies, sorted."""
    return table_names(Technology)


def load_technology(name: str) -> Technology:
    """Load a shipped technology by name, or a technology table by the path of its JSON file.

    Loaded tables are cached. If the file changes, the next call reads the file again.

    Raises:
        TechnologyError: the name is unknown, or the table is damaged.
    """
    path = table_path(name)
    return _load(path, stamp(path))


def table_path(name: str) -> Path:
    """Path of a shipped table by name, or the path itself if `name` is one (`.json`).

    Raises:
        TechnologyError: the name is unknown.
    """
    return path_of_table(name, Technology)


@cache
def _load(path: Path, _stamp: tuple[int, ...]) -> Technology:
    return read_laws(path, Technology, parse_technology)


def parse_technology(table: Any) -> Technology:
    """Build a technology from parsed JSON data.

    Raises:
        TechnologyError: a key is missing, or a value has the wrong type or is out of range. The
            message says where in the table.
    """
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        raise TechnologyError(f"not a technology table: `schema` must be {SCHEMA!r}")
    entries = Entries(table=table, kind=Technology)
    return Technology(
        name=entries.text("name"),
        node_nm=entries.number("node_nm"),
        voltage=entries.number("voltage"),
        library=entries.text("library"),
        corner=entries.text("corner"),
        method=entries.method(),
        laws=entries.laws(),
        adjustments=entries.adjustments(),
        leakage_uw_per_um2=entries.number("leakage_uw_per_um2"),
    )
