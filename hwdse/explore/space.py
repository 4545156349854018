"""A design space: a TOML file of design specs and of products of their parts.

```toml
network = "digits"           # what accuracy is measured on
samples = 360                # test samples, all by default
technology = "nangate45"
designs = ["a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4"]   # as they are

[[space]]                    # every combination of
a = ["int8", "e4m3fn"]
mul = ["exact", "lmul"]      # one value or a list; any key of a design spec
acc = ["kulisch", "fp:fp32"]
skip_invalid = true          # leave out combinations without meaning (lmul of integers)
```
"""

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hwdse.errors import HwdseError, SpaceError, SpecError
from hwdse.spec import Design

DEFAULT_NETWORK = "digits"
DEFAULT_TECHNOLOGY = "nangate45"

_BUILTIN = Path(__file__).with_name("builtin.toml")
_SETTINGS = ("network", "samples", "technology", "skip_invalid", "designs", "space")
_HEADER = re.compile(r"\s*\[\[\s*space\s*\]\]")
_TOML_PLACE = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)

# More combinations than anyone sweeps: a slip in a file, not a space.
_MAX_COMBINATIONS = 100_000


@dataclass(frozen=True, kw_only=True)
class Space:
    """Designs to compare, and on what.

    Attributes:
        name: file it came from, or `built-in`.
        designs: in the order of the file, each once.
        network: name of a shipped network or path of an ONNX file.
        samples: test samples to evaluate; None for all of the network's.
        technology: name of a technology table.
        skipped: combinations left out because they have no meaning.
    """

    name: str
    designs: tuple[Design, ...]
    network: str = DEFAULT_NETWORK
    samples: int | None = None
    technology: str = DEFAULT_TECHNOLOGY
    skipped: int = 0

    def __post_init__(self) -> None:
        if not self.designs:
            raise SpaceError(f"{self.name}: no designs; give `designs` or a [[space]] table")
        if self.samples is not None and self.samples < 1:
            raise SpaceError(f"{self.name}: samples = {self.samples} must be at least 1")

    @classmethod
    def builtin(cls) -> Self:
        """The space that `hwdse explore` sweeps when it is given none."""
        return cls._parse(_BUILTIN.read_text(encoding="utf-8"), "built-in space")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a space from a TOML file.

        Raises:
            SpaceError: the file cannot be read, is not TOML, or has an unknown key, a value of the
                wrong type or a design without meaning. The message names file and line.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise SpaceError(f"space file {path}: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise SpaceError(f"space file {path}: not UTF-8 text ({error.reason})") from error
        return cls._parse(text, str(path))

    @classmethod
    def _parse(cls, text: str, name: str) -> Self:
        source = _Source(text=text, name=name)
        document = source.document()
        for key in document:
            if key not in _SETTINGS:
                raise source.error(
                    f"unknown key {key!r}: allowed are {', '.join(_SETTINGS)}", source.key(key)
                )
        designs: dict[Design, None] = {}
        for spec in source.strings(document, "designs"):
            try:
                designs[Design.parse(spec)] = None
            except HwdseError as error:
                raise source.error(str(error), source.value(spec)) from error
        skip = source.typed(document, "skip_invalid", bool, False)
        skipped = 0
        tables = source.typed(document, "space", list, [])
        if not all(isinstance(table, dict) for table in tables):
            raise source.error("space must be [[space]] tables", source.key("space"))
        for index, content in enumerate(tables):
            found, left_out = _Table(source=source, index=index, content=content).designs(skip)
            designs |= dict.fromkeys(found)
            skipped += left_out
        settings = {
            "network": source.typed(document, "network", str, DEFAULT_NETWORK),
            "samples": source.typed(document, "samples", int, None),
            "technology": source.typed(document, "technology", str, DEFAULT_TECHNOLOGY),
        }
        return cls(name=name, designs=tuple(designs), skipped=skipped, **settings)


@dataclass(frozen=True, kw_only=True)
class _Source:
    """The text of a space and where things stand in it (tomllib keeps no positions)."""

    text: str
    name: str

    def document(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            place = _TOML_PLACE.fullmatch(str(error))
            line = int(place[2]) if place and place[2] else len(self.text.splitlines())
            reason = place[1] if place else str(error)
            raise self.error(f"not valid TOML: {reason}", line) from error

    def error(self, message: str, line: int | None) -> SpaceError:
        place = self.name if line is None else f"{self.name}:{line}"
        return SpaceError(f"{place}: {message}")

    def typed(self, table: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
        value = table.get(key, default)
        # bool is an int to Python, not to TOML.
        if value is not default and type(value) is not kind:
            words = {str: "text", int: "a whole number", bool: "true or false", list: "a list"}
            raise self.error(f"{key} = {value!r}: must be {words[kind]}", self.key(key))
        return value

    def strings(self, table: Mapping[str, Any], key: str) -> list[str]:
        values = self.typed(table, key, list, [])
        for value in values:
            if not isinstance(value, str):
                raise self.error(f"{key} holds {value!r}: must be text", self.key(key))
        return list(values)

    def key(self, key: str, first: int = 1, last: int | None = None) -> int | None:
        """Line of `key = ` between lines `first` and `last`; None when it is not found."""
        pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=|\s*\[+\s*{re.escape(key)}\b")
        return self._find(lambda line: pattern.match(line) is not None, first, last)

    def value(self, value: object, first: int = 1, last: int | None = None) -> int | None:
        """Line of a quoted text or a number between lines `first` and `last`."""
        if isinstance(value, str):
            return self._find(lambda s: f'"{value}"' in s or f"'{value}'" in s, first, last)
        pattern = re.compile(rf"(?<![\w.]){re.escape(str(value))}(?![\w.])")
        return self._find(lambda line: pattern.search(line) is not None, first, last)

    def table_lines(self, index: int) -> tuple[int, int] | None:
        """First and last line of the `index`-th [[space]] table."""
        lines = self.text.splitlines()
        starts = [i for i, line in enumerate(lines, start=1) if _HEADER.match(line)]
        if index >= len(starts):
            return None
        return starts[index], (starts[index + 1 :] or [len(lines) + 1])[0] - 1

    def _find(self, matches: Any, first: int, last: int | None) -> int | None:
        for number, line in enumerate(self.text.splitlines()[first - 1 : last], start=first):
            if matches(line):
                return number
        return None


@dataclass(frozen=True, kw_only=True)
class _Table:
    """One [[space]] table: every combination of the values of its keys."""

    source: _Source
    index: int
    content: Mapping[str, Any]

    def designs(self, skip_by_default: bool) -> tuple[list[Design], int]:
        """Designs of the table, and how many combinations were left out."""
        skip = self.source.typed(self.content, "skip_invalid", bool, skip_by_default)
        axes = {k: self._values(k, v) for k, v in self.content.items() if k != "skip_invalid"}
        if not axes:
            raise self._error(f"[[space]] number {self.index + 1} has no design keys")
        designs: list[Design] = []
        useful: set[tuple[str, str | int]] = set()
        refused: list[tuple[dict[str, str | int], HwdseError]] = []
        for combination in self._combinations(axes):
            try:
                designs.append(Design.parse(",".join(f"{k}={v}" for k, v in combination.items())))
                useful.update(combination.items())
            except SpecError as error:
                refused.append((combination, error))
                if not skip:
                    raise self._refusal(combination, error) from error
            except HwdseError as error:
                raise self._refusal(combination, error) from error
        # A value that makes sense nowhere is a slip, not a combination to leave out.
        for combination, error in refused:
            for item in combination.items():
                if item not in useful and str(item[1]) in str(error):
                    raise self._refusal(combination, error) from error
        if not designs:
            raise self._refusal(*refused[0])
        return designs, len(refused)

    def _values(self, key: str, given: Any) -> list[str | int]:
        values = given if isinstance(given, list) else [given]
        if not values:
            raise self._error(f"{key} = []: needs at least one value", key)
        for value in values:
            if type(value) not in (str, int):
                raise self._error(f"{key} holds {value!r}: must be text or a whole number", key)
            if isinstance(value, str) and "," in value:
                raise self._error(f"{key} holds {value!r}: one value of one key of a spec", key)
        return list(values)

    def _combinations(self, axes: dict[str, list[str | int]]) -> Iterator[dict[str, str | int]]:
        count = 1
        for values in axes.values():
            count *= len(values)
        if count > _MAX_COMBINATIONS:
            raise self._error(
                f"[[space]] number {self.index + 1} has {count} combinations: "
                f"at most {_MAX_COMBINATIONS} are allowed"
            )
        for values in itertools.product(*axes.values()):
            yield dict(zip(axes, values, strict=True))

    def _error(self, message: str, key: str | None = None) -> SpaceError:
        lines = self.source.table_lines(self.index)
        if lines is None:
            return self.source.error(message, None)
        line = self.source.key(key, *lines) if key else lines[0]
        return self.source.error(message, line or lines[0])

    def _refusal(self, combination: Mapping[str, str | int], error: HwdseError) -> SpaceError:
        """The error of one combination, at the line of the value that it names."""
        spec = ",".join(f"{k}={v}" for k, v in combination.items())
        message = f"{spec}: {error}" if spec not in str(error) else str(error)
        lines = self.source.table_lines(self.index)
        if lines is None:
            return self.source.error(message, None)
        named = [v for v in combination.values() if repr(v) in str(error)]
        named += [v for v in combination.values() if str(v) in str(error)]
        named += [k for k in combination if repr(k) in str(error)]
        found = [self.source.value(v, *lines) for v in named]
        found += [self.source.key(k, *lines) for k in combination if repr(k) in str(error)]
        return self.source.error(message, next((n for n in found if n), lines[0]))
