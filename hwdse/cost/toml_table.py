"""Strict reading of TOML tables: each key is checked, and a key that nobody reads is an error."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hwdse.errors import HwdseError, quoted, unknown
from hwdse.reading import MAX_TOML, parse_toml, read_text
from hwdse.resources import resource

_MISSING: Any = object()


class TomlTable:
    """One table of a TOML file.

    Args:
        values: the parsed table.
        where: the file and the table, for messages.
        raised: type of the errors.
    """

    def __init__(self, values: Mapping[str, Any], where: str, raised: type[HwdseError]) -> None:
        self._values, self.where, self._raised = values, where, raised
        self._read: set[str] = set()

    @classmethod
    def load(cls, path: Path, what: str, raised: type[HwdseError]) -> "TomlTable":
        """Read a TOML file.

        Raises:
            HwdseError: of type `raised`, if the file cannot be read or is no TOML.
        """
        text = read_text(path, what, raised, most=MAX_TOML)
        try:
            return cls(parse_toml(text), f"{what} {path}", raised)
        except ValueError as error:
            raise raised(f"{what} {path} is no valid TOML: {error}") from error

    def error(self, message: str) -> HwdseError:
        """An error that says where the table stands."""
        return self._raised(f"{self.where}: {message}")

    def number(self, key: str, least: float, most: float, default: Any = _MISSING) -> float:
        """A number of `least` to `most`.

        Raises:
            HwdseError: the key is missing and has no default, or the value is not allowed.
        """
        value = self._take(key, default)
        real = isinstance(value, int | float) and not isinstance(value, bool)
        if value is default and default is not _MISSING:
            return value  # type: ignore[no-any-return]
        if not real or not math.isfinite(value) or not least <= value <= most:
            raise self._wrong(key, value, f"a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, key: str, least: int, most: int, default: Any = _MISSING) -> int:
        """A whole number of `least` to `most`; errors as for `number`."""
        value = self._take(key, default)
        if value is default and default is not _MISSING:
            return value  # type: ignore[no-any-return]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self._wrong(key, value, f"a whole number from {least} to {most}")
        return value

    def truth(self, key: str, default: Any = _MISSING) -> bool:
        """True or false; errors as for `number`."""
        value = self._take(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def text(self, key: str, default: Any = _MISSING) -> str:
        """A text of printable characters; errors as for `number`."""
        value = self._take(key, default)
        if value is default and default is not _MISSING:
            return value  # type: ignore[no-any-return]
        if not isinstance(value, str) or not value or not value.isprintable():
            raise self._wrong(key, value, "a text of printable characters")
        return value

    def table(self, key: str, default: Any = _MISSING) -> "TomlTable":
        """A table in this one; errors as for `number`."""
        value = self._take(key, default)
        if not isinstance(value, dict):
            raise self._wrong(key, value, f"a table [{key}]")
        return TomlTable(value, f"{self.where}, [{key}]", self._raised)

    def tables(self, key: str) -> list["TomlTable"]:
        """The tables of a list; errors as for `number`."""
        value = self._take(key, _MISSING)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self._wrong(key, value, f"tables [[{key}]]")
        return [
            TomlTable(item, f"{self.where}, [[{key}]] number {number}", self._raised)
            for number, item in enumerate(value, start=1)
        ]

    def done(self) -> None:
        """Check that every key was read.

        Raises:
            HwdseError: a key was not read. The message names similar keys.
        """
        for key in self._values:
            if key not in self._read:
                raise self.error(unknown("key", key, sorted(self._read)))

    def _take(self, key: str, default: Any) -> Any:
        self._read.add(key)
        if key in self._values:
            return self._values[key]
        if default is _MISSING:
            raise self.error(f"key {key} is missing")
        return default

    def _wrong(self, key: str, value: Any, needed: str) -> HwdseError:
        return self.error(f"{key} = {quoted(str(value))}: {needed} is needed")


def shipped_names(folder: str) -> list[str]:
    """Names of the TOML files in models/`folder`, sorted."""
    return sorted(path.stem for path in resource("models", folder).glob("*.toml"))


def locate(text: str, folder: str, what: str, raised: type[HwdseError]) -> Path:
    """Path of a shipped TOML file by name, or of any other TOML file by path.

    Raises:
        HwdseError: of type `raised`, if the name is unknown.
    """
    if text.endswith(".toml"):
        return Path(text)
    names: Sequence[str] = shipped_names(folder)
    if text not in names:
        raise raised(unknown(what, text, names, "anything else must be the path of a .toml file"))
    return resource("models", folder, f"{text}.toml")
