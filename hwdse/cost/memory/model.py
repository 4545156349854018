"""What every memory states: the energy of a bit read or written, and the source of the figures."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from hwdse.cost.memory.contents import Contents
from hwdse.cost.toml_table import TomlTable, locate, shipped_names
from hwdse.errors import TechnologyError, unknown
from hwdse.identity import stamp

Found = TypeVar("Found")

MAX_PJ = 1e9
"""Largest energy in pJ that a file may state for one access, one cell or one mm of wire."""
MAX_BYTES = 1 << 50
"""Largest capacity in bytes of a memory: a pebibyte."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """Where published figures come from.

    Attributes:
        name: name of the file without suffix.
        source: author, title, place and year of the publication, and the table or page.
        seen: what was read to take the figures over: the publication, or texts that quote it.
        covers: what the figures include and leave out.
        node_nm: feature size of the process in nm. None: not stated, or not of a logic process.
    """

    name: str
    source: str
    seen: str
    covers: str
    node_nm: float | None

    def to_json(self) -> dict[str, Any]:
        """Name, source and scope as plain data."""
        return {
            "name": self.name,
            "source": self.source,
            "seen": self.seen,
            "covers": self.covers,
            "node_nm": self.node_nm,
        }


def published(name: str, table: TomlTable) -> dict[str, Any]:
    """The fields of `Published` from a table."""
    return {
        "name": name,
        "source": table.text("source"),
        "seen": table.text("seen"),
        "covers": table.text("covers"),
        "node_nm": table.number("node_nm", 1, 1e4, default=None),
    }


@dataclass(frozen=True, kw_only=True)
class MemoryModel(Published, ABC):
    """A memory with its law of energy. A subclass with a `keyword` is known by being defined."""

    keyword: ClassVar[str] = ""
    models: ClassVar[dict[str, type["MemoryModel"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.keyword:
            MemoryModel.models[cls.keyword] = cls

    @classmethod
    @abstractmethod
    def from_table(cls, facts: dict[str, Any], table: TomlTable) -> Self:
        """Read the figures of this law.

        Args:
            facts: the fields of `Published`.
            table: the table of the file.

        Raises:
            TechnologyError: a figure is missing or not allowed.
        """

    @abstractmethod
    def read_pj_per_bit(self, capacity_bytes: float, contents: Contents | None = None) -> float:
        """Energy in pJ to read one bit.

        Args:
            capacity_bytes: capacity in bytes of the array of cells that is accessed (a bank).
            contents: what the memory holds. None: every bit pattern is equally likely.
        """

    @abstractmethod
    def write_pj_per_bit(self, capacity_bytes: float, contents: Contents | None = None) -> float:
        """Energy in pJ to write one bit; arguments as for `read_pj_per_bit`."""

    @property
    def spread(self) -> tuple[float, float]:
        """Lowest and highest published energy, as factors on this one; (1, 1) without others."""
        return (1.0, 1.0)


def memories() -> list[str]:
    """Names of the shipped memories, sorted."""
    return shipped_names("memory")


def load_memory(name: str) -> MemoryModel:
    """Load a shipped memory by name, or any other by the path of its TOML file.

    Raises:
        TechnologyError: the name is unknown, or the file is damaged.
    """
    path = locate(name, "memory", "memory", TechnologyError)
    return _load(path, stamp(path))


@cache
def _load(path: Path, _stamp: tuple[int, ...]) -> MemoryModel:
    return read_published(path, "memory", _from_table)


def _from_table(facts: dict[str, Any], table: TomlTable) -> MemoryModel:
    keyword = table.text("model")
    if keyword not in MemoryModel.models:
        raise table.error(unknown("model", keyword, MemoryModel.models))
    return MemoryModel.models[keyword].from_table(facts, table)


def read_published(
    path: Path, what: str, make: Callable[[dict[str, Any], TomlTable], Found]
) -> Found:
    """Read a TOML file of published figures; every key has to be used.

    Args:
        path: the file.
        what: what the file describes, for messages.
        make: makes the result from the facts about the source and the rest of the table.

    Raises:
        TechnologyError: the file cannot be read or is damaged.
    """
    table = TomlTable.load(path, what, TechnologyError)
    found = make(published(path.stem, table), table)
    table.done()
    return found
