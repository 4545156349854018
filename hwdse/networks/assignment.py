"""A design for each layer of a network: which design computes which matrix products.

A file in TOML gives the design of each layer by its name, by a pattern or by its place:

```toml
default = "a=e4m3fn,acc=fp:bf16"
first = "a=bf16,acc=fp:fp32"     # the first matrix product, whatever its name
last = "float"                   # stays float32

[layers]
"conv*" = "a=int8,acc=int:32"    # of several patterns that match, the first counts
```

Its canonical text is one line of TOML, from the name to the last layer:

```toml
"mixed.toml" = {default = "a=e4m3fn,...", last = "float", layers = {"conv*" = "a=int8,..."}}
```
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from hwdse.errors import HwdseError, SpecError, unknown
from hwdse.identity import fingerprint
from hwdse.reading import MAX_TOML, parse_toml, read_text
from hwdse.spec import Design
from hwdse.spec.slug import slug
from hwdse.text import printable

SUFFIX = ".toml"
FLOAT = "float"
"""What stands for float32 in a file."""

_KEYS = ("default", "first", "last", "layers")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LINE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[A-Za-z0-9_-]+) = \{.*\}')


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
        return cls._of(document, name)

    @classmethod
    def named(cls, path: Path) -> Self:
        """Read a file, and call the assignment by the file's name without its folder.

        Raises:
            SpecError: as of `read`.
        """
        return replace(cls.read(path), name=printable(path.name))

    @staticmethod
    def is_line(text: str) -> bool:
        """Whether a text looks like `str` of an assignment. No design spec does."""
        return _LINE.fullmatch(text) is not None

    @classmethod
    def parse_line(cls, text: str) -> Self:
        """Parse the canonical text of an assignment, which `str` gives.

        Raises:
            SpecError: the text is none.
        """
        try:
            ((name, document),) = parse_toml(text).items()
        except ValueError as error:
            raise SpecError(f"{printable(text)}: no text of an assignment: {error}") from error
        if not isinstance(document, dict):
            raise SpecError(f"{name}: no text of an assignment: must be a table of designs")
        return cls._of(document, name)

    @classmethod
    def _of(cls, document: Mapping[str, Any], name: str) -> Self:
        """The assignment of a parsed file."""
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

    def __str__(self) -> str:
        pairs = [*(("default", one) for one in self.default), *self.ends]
        parts = [f"{key} = {_quoted(one)}" for key, one in pairs]
        if self.patterns:
            layers = (f"{_text(pattern)} = {_quoted(one)}" for pattern, one in self.patterns)
            parts.append(f"layers = {{{', '.join(layers)}}}")
        name = self.name if _BARE_KEY.fullmatch(self.name) else _text(self.name)
        return f"{name} = {{{', '.join(parts)}}}"

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of the canonical text and of all files that the designs name."""
        return fingerprint((str(self), [one.fingerprint for one in self.designs]))

    @cached_property
    def slug(self) -> str:
        """A unique name for files, of at most 100 characters: the name and a digest."""
        return slug([self.name], fingerprint=self.fingerprint, told=False)

    def changed(self, change: Callable[[Design], Design]) -> Self:
        """The same assignment with other designs.

        Args:
            change: function from a design to the one in its place.
        """

        def of(one: Design | None) -> Design | None:
            return None if one is None else change(one)

        return replace(
            self,
            default=tuple(map(of, self.default)),
            ends=tuple((key, of(one)) for key, one in self.ends),
            patterns=tuple((pattern, of(one)) for pattern, one in self.patterns),
        )

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
    """A text in TOML, which is that of JSON, with an escape for what cannot be shown."""
    return "".join(
        c if c.isprintable() else f"\\U{ord(c):08x}" for c in json.dumps(text, ensure_ascii=False)
    )


def _escaped(name: str) -> str:
    """A pattern that only a name itself matches."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
