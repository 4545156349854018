"""Fabric tables: what primitives take on an FPGA, fitted to mapped, placed and routed circuits.

Each fabric is one JSON file in models/fabric/: a family of FPGAs with one choice of whether hard
multipliers are used.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from hwdse.errors import TechnologyError
from hwdse.identity import stamp
from hwdse.primitives.laws import Entries, LawTable
from hwdse.primitives.table_files import path_of_table, read_laws, table_names

QUANTITIES = ("luts", "flip_flops", "multipliers", "delay_ns")
"""A fabric table has one law per primitive for each of these quantities."""

SCHEMA = "hwdse-fabric-1"
"""Required value of the key `schema` in a fabric table."""


@dataclass(frozen=True, kw_only=True)
class Fabric(LawTable):
    """The cost laws of one family of FPGAs.

    Attributes:
        family: name of the family, as for `hwdse cost --fpga`.
        device: name of the part.
        dsp: whether hard multipliers are used.
    """

    kind: ClassVar[str] = "fabric"
    quantities: ClassVar[tuple[str, ...]] = QUANTITIES
    size: ClassVar[str] = "luts"

    family: str
    device: str
    dsp: bool


def fabrics() -> list[str]:
    """Names of the shipped fabrics, sorted."""
    return table_names(Fabric)


def load_fabric(name: str) -> Fabric:
    """Load a shipped fabric by name, or a fabric table by the path of its JSON file.

    Loaded tables are cached. If the file changes, the next call reads the file again.

    Raises:
        TechnologyError: the name is unknown, or the table is damaged.
    """
    path = fabric_path(name)
    return _load(path, stamp(path))


def fabric_path(name: str) -> Path:
    """Path of a shipped table by name, or the path itself if `name` is one (`.json`).

    Raises:
        TechnologyError: the name is unknown.
    """
    return path_of_table(name, Fabric)


@cache
def _load(path: Path, _stamp: tuple[int, ...]) -> Fabric:
    return read_laws(path, Fabric, parse_fabric)


def parse_fabric(table: Any) -> Fabric:
    """Build a fabric from parsed JSON data.

    Raises:
        TechnologyError: a key is missing, or a value has the wrong type or is out of range. The
            message says where in the table.
    """
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        raise TechnologyError(f"not a fabric table: `schema` must be {SCHEMA!r}")
    entries = Entries(table=table, kind=Fabric)
    return Fabric(
        name=entries.text("name"),
        family=entries.text("family"),
        device=entries.text("device"),
        dsp=entries.flag("dsp"),
        method=entries.method(),
        laws=entries.laws(),
        adjustments=entries.adjustments(),
    )
