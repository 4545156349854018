"""The kinds of cost tables: cell libraries and FPGAs. Each says how it is read and fitted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwdse.cost.calibration.fabric import fitted_fabric
from hwdse.cost.calibration.table import fitted_table
from hwdse.errors import TechnologyError, unknown
from hwdse.primitives import LawTable, fabric, technology
from hwdse.reading import read_json


@dataclass(frozen=True, kw_only=True)
class TableKind:
    """A kind of cost table.

    Attributes:
        schema: value of the key `schema` of its tables.
        names: gives the names of the shipped tables.
        path: gives the path of a shipped table by name.
        parse: builds the table from parsed JSON data.
        fit: fits a table to its measurements again.
        subject: keys of a table whose values say what was measured.
    """

    schema: str
    names: Callable[[], list[str]]
    path: Callable[[str], Path]
    parse: Callable[[Any], LawTable]
    fit: Callable[[Mapping[str, Any]], dict[str, Any]]
    subject: tuple[str, ...]

    def heading(self, table: Mapping[str, Any]) -> str:
        """What was measured, in one line."""
        return f"{table['name']}: {', '.join(str(table[key]) for key in self.subject)}"


KINDS = (
    TableKind(
        schema=technology.SCHEMA,
        names=technology.technologies,
        path=technology.table_path,
        parse=technology.parse_technology,
        fit=fitted_table,
        subject=("library", "corner"),
    ),
    TableKind(
        schema=fabric.SCHEMA,
        names=fabric.fabrics,
        path=fabric.fabric_path,
        parse=fabric.parse_fabric,
        fit=fitted_fabric,
        subject=("device",),
    ),
)


def shipped() -> list[str]:
    """Names of all shipped tables."""
    return [name for kind in KINDS for name in kind.names()]


def kind_of(table: Mapping[str, Any]) -> TableKind:
    """The kind of a table.

    Raises:
        TechnologyError: the table is of no kind.
    """
    for kind in KINDS:
        if table.get("schema") == kind.schema:
            return kind
    allowed = ", ".join(kind.schema for kind in KINDS)
    raise TechnologyError(f"`schema` is {table.get('schema')!r}: allowed are {allowed}")


def named_table(name: str) -> dict[str, Any]:
    """Read a shipped table by name, or any table by the path of its JSON file.

    Raises:
        TechnologyError: the name is unknown, or the file is not a cost table.
    """
    if name.endswith(".json"):
        return read_table(Path(name))
    for kind in KINDS:
        if name in kind.names():
            return read_table(kind.path(name))
    more = "anything else must be the path of a table (.json)"
    raise TechnologyError(unknown("technology or fabric", name, shipped(), more))


def read_table(path: Path) -> dict[str, Any]:
    """Read a table whose measurements will be fitted again.

    Raises:
        TechnologyError: the file cannot be read or is not a cost table.
    """
    table = read_json(path, "cost table", TechnologyError)
    if not isinstance(table, dict) or not isinstance(table.get("primitives"), dict):
        raise TechnologyError(f"{path} holds no measurements of primitives")
    try:
        kind_of(table)
    except TechnologyError as error:
        raise TechnologyError(f"cost table {path}: {error}") from error
    return table
