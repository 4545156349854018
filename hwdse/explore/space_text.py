"""The text of a space file: its values with their types checked, and their line numbers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hwdse.errors import SpaceError
from hwdse.reading import parse_toml

_HEADER = re.compile(r"\s*\[\[\s*space\s*\]\]")
_TOML_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


def toml(settings: Mapping[str, Any]) -> str:
    """The text of a space file with these settings: texts, numbers, flags and lists of them."""
    return "".join(f"{key} = {_written(value)}\n" for key, value in settings.items())


def _written(value: Any) -> str:
    """A value in TOML. Its texts and numbers are those of JSON."""
    if isinstance(value, list):
        return "[" + "".join(f"\n    {_written(one)}," for one in value) + "\n]" if value else "[]"
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class SpaceText:
    """The text of a space file. It finds line numbers, because tomllib gives no positions."""

    text: str
    name: str

    def document(self) -> dict[str, Any]:
        """The parsed TOML."""
        try:
            return parse_toml(self.text)
        except ValueError as error:
            place = _TOML_PLACE.fullmatch(str(error))
            # A place without a line means the end of the document. An error without a place
            # concerns the whole text.
            end = len(self.text.splitlines()) if place else None
            line = int(place[2]) if place and place[2] else end
            reason = place[1] if place else str(error)
            raise self.error(f"not valid TOML: {reason}", line) from error

    def error(self, message: str, line: int | None) -> SpaceError:
        """An error that names the file, and the line if it is known."""
        place = self.name if line is None else f"{self.name}:{line}"
        return SpaceError(f"{place}: {message}")

    def typed(self, table: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
        """The value of a key, or the default; it must have the type `kind`."""
        value = table.get(key, default)
        # In Python bool is a subclass of int. In TOML they are different types.
        if value is not default and type(value) is not kind:
            words = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}
            raise self.error(f"{key} = {value!r}: must be {words[kind]}", self.key(key))
        return value

    def axis(self, table: Mapping[str, Any], key: str) -> tuple[str | float, ...]:
        """The value or values of a setting that may have several."""
        given = table[key]
        values = given if isinstance(given, list) else [given]
        number = key == "clock_ns"
        for value in values:
            if type(value) not in ((int, float) if number else (str,)):
                word = "a number" if number else "text"
                raise self.error(f"{key} = {value!r}: must be {word}", self.key(key))
        if not values or len(set(values)) < len(values):
            raise self.error(f"{key} = {given!r}: needs different values", self.key(key))
        return tuple(float(value) if number else value for value in values)

    def strings(self, table: Mapping[str, Any], key: str) -> list[str]:
        """The list of texts of a key; empty without it."""
        values = self.typed(table, key, list, [])
        for value in values:
            if not isinstance(value, str):
                raise self.error(f"{key} holds {value!r}: must be text", self.key(key))
        return list(values)

    def key(self, key: str, first: int = 1, last: int | None = None) -> int | None:
        """Line number of `key = ` between lines `first` and `last`; None if not found."""
        pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=|\s*\[+\s*{re.escape(key)}\b")
        return self._find(lambda line: pattern.match(line) is not None, first, last)

    def value(self, value: object, first: int = 1, last: int | None = None) -> int | None:
        """Line number of a quoted text or a number between lines `first` and `last`."""
        if isinstance(value, str):
            return self._find(lambda s: f'"{value}"' in s or f"'{value}'" in s, first, last)
        pattern = re.compile(rf"(?<![\w.]){re.escape(str(value))}(?![\w.])")
        return self._find(lambda line: pattern.search(line) is not None, first, last)

    def table_lines(self, index: int) -> tuple[int, int] | None:
        """First and last line number of [[space]] table `index`, counted from 0."""
        lines = self.text.splitlines()
        starts = [i for i, line in enumerate(lines, start=1) if _HEADER.match(line)]
        if index >= len(starts):
            return None
        return starts[index], (starts[index + 1 :] or [len(lines) + 1])[0] - 1

    def _find(self, matches: Callable[[str], bool], first: int, last: int | None) -> int | None:
        for number, line in enumerate(self.text.splitlines()[first - 1 : last], start=first):
            if matches(line):
                return number
        return None
