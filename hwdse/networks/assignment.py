"""A design for each layer of a network: which design computes which matrix products.

A file in TOML gives the design of each layer by its name, by a pattern or by its place:

```toml
default = "a=e4m3fn,acc=fp:bf16"
first = "a=bf16,acc=fp:fp32"     # the first matrix product, whatever its name
last = "float"                   # stays float32

[layers]
"conv*" = "a=int8,acc=int:32"    # of several patterns that match, the first counts
```
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Self

from hwdse.errors import HwdseError, SpecError, unknown
from hwdse.reading import MAX_TOML, parse_toml, read_text
from hwdse.spec import Design

SUFFIX = ".toml"
FLOAT = "float"
"""What stands for float32 in a file."""

_KEYS = ("default", "first", "last", "layers")


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Which design computes which layer. None: the layer stays float32.

    Attributes:
        name: name in results.
        default: design of all layers that nothing else names, if it is given.
        ends: designs of the first and the last layer, by "first" and "last". They come before all
            patterns.
        patterns: designs by a pattern of names. Of several that match, the first counts.
    """

    name: str
    default: tuple[Design | None, ...] = ()
    ends: tuple[tuple[str, Design | None], ...] = ()
    patterns: tuple[tuple[str, Design | None], ...] = ()

    @classmethod
    def of_layers(cls, name: str, layers: Mapping[str, Design | None]) -> Self:
        """An assignment that names each layer."""
        return cls(name=name, patterns=tuple((_escaped(key), one) for key, one in layers.items()))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            SpecError: the file cannot be read, is no TOML, or what it says is no assignment.
        """
        return cls.parse(read_text(path, "assignment", SpecError, most=MAX_TOML), str(path))

    @classmethod
    def parse(cls, text: str, name: str) -> Self:
        """Parse the text of a file; see the module docstring.

        Raises:
            SpecError: the text is no TOML, or no assignment.
        """
        try:
            document = parse_toml(text)
        except ValueError as error:
            raise SpecError(f"{name}: not valid TOML: {error}") from error
        for key in document:
            if key not in _KEYS:
                raise SpecError(f"{name}: {unknown('key', key, _KEYS)}")
        layers = document.get("layers", {})
        if not isinstance(layers, dict):
            raise SpecError(f"{name}: layers must be a table of patterns and designs")
        if "default" not in document and not layers:
            raise SpecError(f"{name}: no layer has a design: give default or [layers]")

        def design(key: str, value: Any) -> Design | None:
            if not isinstance(value, str):
                raise SpecError(f"{name}: {key} = {value!r}: must be a design or {FLOAT!r}")
            try:
                return None if value == FLOAT else Design.parse(value)
            except HwdseError as error:
                raise SpecError(f"{name}: {key}: {error}") from error

        given = {key: design(key, document[key]) for key in _KEYS[:3] if key in document}
        return cls(
            name=name,
            default=(given.pop("default"),) if "default" in given else (),
            ends=tuple(given.items()),
            patterns=tuple((pattern, design(pattern, one)) for pattern, one in layers.items()),
        )

    @property
    def designs(self) -> tuple[Design, ...]:
        """The different designs, in the order of the file."""
        every = [*self.default, *(one for _, one in (*self.ends, *self.patterns))]
        return tuple(dict.fromkeys(one for one in every if one is not None))

    def of_sites(self, network: str, sites: Sequence[str]) -> dict[str, Design | None]:
        """The design of each layer of a network.

        Args:
            network: name of the network, for errors.
            sites: names of its matrix products, in the order of execution.

        Raises:
            SpecError: a layer has no design, or a pattern matches no layer.
        """
        for pattern, _ in self.patterns:
            if not any(fnmatchcase(site, pattern) for site in sites):
                raise SpecError(f"{self.name}: {unknown(f'layer of {network}', pattern, sites)}")
        ends = dict(self.ends)
        found = {}
        for place, site in enumerate(sites):
            choices = [ends["first"]] if "first" in ends and place == 0 else []
            choices += [ends["last"]] if "last" in ends and place == len(sites) - 1 else []
            choices += [one for pattern, one in self.patterns if fnmatchcase(site, pattern)]
            choices += self.default
            if not choices:
                raise SpecError(
                    f"{self.name}: layer {site!r} of {network} has no design: name it, or give "
                    "default"
                )
            found[site] = choices[0]
        return found

    def to_toml(self) -> str:
        """The text of a file that parses to this assignment."""
        lines = [f"default = {_quoted(one)}" for one in self.default]
        lines += [f"{key} = {_quoted(one)}" for key, one in self.ends]
        if self.patterns:
            lines += ["", "[layers]"] if lines else ["[layers]"]
            lines += [f"{_text(pattern)} = {_quoted(one)}" for pattern, one in self.patterns]
        return "\n".join(lines) + "\n"


def _quoted(design: Design | None) -> str:
    return _text(FLOAT if design is None else str(design))


def _text(text: str) -> str:
    """A text in TOML, which is that of JSON but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _escaped(name: str) -> str:
    """A pattern that only a name itself matches."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
