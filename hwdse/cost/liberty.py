"""Reads cell functions, pin capacitances and energies from a Liberty cell library.

Standard-cell libraries state area, timing and power in Liberty, a text format (Liberty User Guide,
Synopsys). Liberty has groups `name (args) { ... }` and attributes `name : value;` and
`name (values);`. This reader keeps only the data for area and gate-level energy, in um2, pJ and fF.
Only the timing tool reads the timing tables.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from hwdse.errors import TechnologyError
from hwdse.reading import MEBIBYTE, read_bytes, unpacked

_TOKEN = re.compile(r'/\*.*?\*/|\\\r?\n|"(?:[^"\\]|\\.)*"|[{}();:,]|[^\s{}();:,"]+|\n', re.DOTALL)
#: One corner of a big commercial library has some hundred MiB of text.
_MAX_BYTES = 1024 * MEBIBYTE
_FARAD = {"ff": 1.0, "pf": 1000.0}


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A pin of a cell.

    Attributes:
        direction: `input`, `output`, ...
        function: for an output, the Boolean function of the input pins. Empty if the library states
            no function.
        capacitance_ff: capacitive load of the pin on the net.
        internal_pj: mean energy inside the cell per transition of the pin.
        clock: True for the clock pin of a flip-flop.
    """

    direction: str
    function: str
    capacitance_ff: float
    internal_pj: float
    clock: bool


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A standard cell.

    Attributes:
        name: name of the cell.
        area_um2: area of the cell.
        pins: pins by name.
        next_state: for a flip-flop, the Boolean function of the next state.
        state: for a flip-flop, the names of the state variable and of the inverted state variable.
    """

    name: str
    area_um2: float
    pins: dict[str, Pin]
    next_state: str = ""
    state: tuple[str, str] = ("", "")


@dataclass(frozen=True, kw_only=True)
class Library:
    """A cell library at one corner."""

    name: str
    voltage: float
    temperature: float
    cells: dict[str, Cell]


@dataclass
class _Group:
    kind: str
    args: list[str]
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list["_Group"] = field(default_factory=list)

    def all(self, kind: str) -> Iterator["_Group"]:
        return (group for group in self.groups if group.kind == kind)


def read_text(path: Path) -> str:
    """Read the text of a Liberty file. Decompress the file if the name ends in `.gz`.

    Raises:
        TechnologyError: the file cannot be read.
    """
    raw = read_bytes(path, "cell library", TechnologyError, most=_MAX_BYTES)
    if path.suffix == ".gz":
        raw = unpacked(raw, path, "cell library", TechnologyError, most=_MAX_BYTES)
    return raw.decode("utf-8", "replace")


def _parse(text: str, path: Path) -> _Group:
    """Return the group tree of a Liberty text. The values of tables stay unparsed strings."""
    root = _Group("", [])
    stack = [root]
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if token.startswith(("/*", "\\")):
            continue
        if token == "{":
            name, *args = words
            group = _Group(name, [word.strip('"') for word in args if word not in "(),"])
            stack[-1].groups.append(group)
            stack.append(group)
            words = []
        elif token in {";", "}", "\n"}:
            # Some libraries omit the semicolon. Therefore a line end closes a complete attribute
            # "name : value". A line end does not close "name (...)", because the brace of a group
            # may stand on the next line.
            if len(words) >= 3 and words[1] == ":":
                stack[-1].attributes[words[0]] = " ".join(words[2:]).strip('"')
                words = []
            elif token != "\n":
                if len(words) >= 3 and words[1] == "(":
                    values = [word.strip('"') for word in words[2:] if word not in "(),"]
                    stack[-1].attributes[words[0]] = ",".join(values)
                words = []
            if token == "}":
                stack.pop()
                if not stack:
                    break
        else:
            words.append(token)
    if len(stack) != 1 or len(root.groups) != 1 or root.groups[0].kind != "library":
        raise TechnologyError(f"{path} is no Liberty file: it is not one `library (...) {{...}}`")
    return root.groups[0]


def _middle(table: _Group) -> float:
    """Return the middle value of a table: the centre slew and, with two axes, the centre load."""
    numbers = [float(word) for word in re.split(r"[,\s]+", table.attributes["values"]) if word]
    slews = len(re.split(r"[,\s]+", table.attributes.get("index_1", "0").strip()))
    columns = max(len(numbers) // max(slews, 1), 1)
    row = min(slews // 2, len(numbers) // columns - 1)
    return numbers[row * columns + columns // 2]


def _internal(pin: _Group) -> float:
    """Return the mean energy per transition over all arcs, rise and fall, in the library's unit."""
    values = [
        _middle(table)
        for power in pin.all("internal_power")
        for table in power.groups
        if table.kind in {"rise_power", "fall_power", "power"} and "values" in table.attributes
    ]
    # An entry may be negative: then the characteriser has assigned too much energy to the other
    # edge. The mean of rise and fall is still correct.
    return fmean(values) if values else 0.0


def _cell(group: _Group, farad: float, joule: float) -> Cell:
    flop = next(group.all("ff"), None)
    pins: dict[str, Pin] = {}
    for item in group.all("pin"):
        for name in item.args:
            pins[name] = Pin(
                direction=item.attributes.get("direction", ""),
                function=item.attributes.get("function", ""),
                capacitance_ff=float(item.attributes.get("capacitance", 0.0)) * farad,
                internal_pj=_internal(item) * joule,
                clock=flop is not None and flop.attributes.get("clocked_on", "") == name,
            )
    return Cell(
        name=group.args[0],
        area_um2=float(group.attributes.get("area", 0.0)),
        pins=pins,
        next_state=flop.attributes.get("next_state", "") if flop else "",
        state=(flop.args[0], flop.args[1]) if flop else ("", ""),
    )


def load(path: Path) -> Library:
    """Read a Liberty file (`.lib` or `.lib.gz`).

    Internal energies are in units of voltage_unit**2 * capacitive_load_unit (Liberty User Guide,
    `internal_power`). The reader assumes a voltage_unit of 1 V, which all libraries used so far
    have.

    Raises:
        TechnologyError: the file cannot be read or is not a Liberty file.
    """
    text = read_text(path)
    try:
        top = _parse(text, path)
        scale, unit = top.attributes["capacitive_load_unit"].split(",")
        farad = float(scale) * _FARAD[unit.strip().lower()]
        cells = {cell.args[0]: _cell(cell, farad, farad / 1000) for cell in top.all("cell")}
        return Library(
            name=top.args[0],
            voltage=float(top.attributes["nom_voltage"]),
            temperature=float(top.attributes.get("nom_temperature", 25.0)),
            cells=cells,
        )
    except (KeyError, ValueError, IndexError) as error:
        raise TechnologyError(f"{path}: a damaged or unsupported Liberty file ({error})") from error
