"""Reads what measurement needs from a Liberty cell library: functions, capacitances, energies.

Liberty is the text format in which standard-cell libraries state area, timing and power (Liberty
User Guide, Synopsys; groups `name (args) { ... }`, attributes `name : value;` and
`name (values);`). Timing tables are left to the timing tool. Only what gate-level energy needs is
kept, in pJ and fF.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from hwdse.errors import TechnologyError
from hwdse.reading import MEBIBYTE, read_bytes, unpacked

_TOKEN = re.compile(r'/\*.*?\*/|\\\r?\n|"(?:[^"\\]|\\.)*"|[{}();:,]|[^\s{}();:,"]+|\n', re.DOTALL)
#: Corners of big commercial libraries have some hundred MiB of text.
_MAX_BYTES = 1024 * MEBIBYTE
_FARAD = {"ff": 1.0, "pf": 1000.0}


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A pin of a cell.

    Attributes:
        direction: `input`, `output`, ...
        function: Boolean function of the input pins (outputs), empty if the library has none.
        capacitance_ff: load that the pin presents to its driver.
        internal_pj: mean energy inside the cell at one transition of the pin.
        clock: whether it clocks the cell's flip-flop.
    """

    direction: str
    function: str
    capacitance_ff: float
    internal_pj: float
    clock: bool


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell: its pins and, for a flip-flop, next state and the name of the state variable."""

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
    """Text of a Liberty file, decompressed if its name ends in `.gz`.

    Raises:
        TechnologyError: the file cannot be read.
    """
    raw = read_bytes(path, "cell library", TechnologyError, most=_MAX_BYTES)
    if path.suffix == ".gz":
        raw = unpacked(raw, path, "cell library", TechnologyError, most=_MAX_BYTES)
    return raw.decode("utf-8", "replace")


def _parse(text: str, path: Path) -> _Group:
    """Group tree of a Liberty text; the tables stay unparsed strings."""
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
            # Some libraries leave out the semicolon: a line end closes a complete attribute. A
            # group's name and its brace may stand on two lines, so "name (...)" alone waits.
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
    """The value in the middle of a table: centre slew, and centre load where it has two axes."""
    numbers = [float(word) for word in re.split(r"[,\s]+", table.attributes["values"]) if word]
    slews = len(re.split(r"[,\s]+", table.attributes.get("index_1", "0").strip()))
    columns = max(len(numbers) // max(slews, 1), 1)
    row = min(slews // 2, len(numbers) // columns - 1)
    return numbers[row * columns + columns // 2]


def _internal(pin: _Group) -> float:
    """Mean over all arcs, rise and fall, of the energy at one transition (library's unit)."""
    values = [
        _middle(table)
        for power in pin.all("internal_power")
        for table in power.groups
        if table.kind in {"rise_power", "fall_power", "power"} and "values" in table.attributes
    ]
    # A negative entry is energy that the characteriser booked with the other edge: the mean of
    # rise and fall is what counts.
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
    `internal_power`); voltage_unit is taken as 1 V, as in every library this was used with.

    Raises:
        TechnologyError: the file cannot be read or is no Liberty file.
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
