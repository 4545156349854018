"""Finds and reads the JSON files of cost tables: shipped ones by name, others by path."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hwdse.errors import HwdseError, TechnologyError, unknown
from hwdse.primitives.laws import LawTable
from hwdse.reading import read_json
from hwdse.resources import resource

Table = TypeVar("Table", bound=LawTable)


def table_names(kind: type[LawTable]) -> list[str]:
    """Names of the shipped tables of a kind, sorted."""
    return sorted(path.stem for path in resource("models", kind.kind).glob("*.json"))


def path_of_table(name: str, kind: type[LawTable]) -> Path:
    """Path of a shipped table by name, or the path itself if `name` is one (`.json`).

    Raises:
        TechnologyError: the name is unknown.
    """
    if name.endswith(".json"):
        return Path(name)
    known = table_names(kind)
    if name not in known:
        more = "anything else must be the path of a table (.json)"
        raise TechnologyError(unknown(kind.kind, name, known, more))
    return resource("models", kind.kind, f"{name}.json")


def read_laws(path: Path, kind: type[Table], parse: Callable[[Any], Table]) -> Table:
    """Read a table from its file.

    Raises:
        TechnologyError: the file cannot be read, or the table is damaged.
    """
    table = read_json(path, f"{kind.kind} table", TechnologyError)
    try:
        return parse(table)
    except HwdseError as error:
        raise TechnologyError(f"{kind.kind} table {path}: {error}") from error
