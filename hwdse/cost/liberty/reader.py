"""Reads cell libraries from Liberty files and converts them to fixed units."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import numpy as np

from hwdse.cost.liberty.library import (
    FALL,
    RISE,
    Arc,
    Cell,
    FlipFlop,
    Floats,
    Library,
    LookupTable,
    Pin,
    Power,
    WireLoad,
)
from hwdse.cost.liberty.syntax import LibertyGroup, parse, read_text
from hwdse.errors import TechnologyError

_FARAD = {"ff": 1.0, "pf": 1e3, "nf": 1e6}
_SECOND = {"fs": 1e-3, "ps": 1.0, "ns": 1e3, "us": 1e6}
_WATT = {"pw": 1e-3, "nw": 1.0, "uw": 1e3, "mw": 1e6}
_VOLT = {"mv": 1e-3, "v": 1.0}
_OHM = {"ohm": 1e-3, "kohm": 1.0}
_UNIT = re.compile(r"\s*([\d.]+(?:[eE][+-]?\d+)?)?\s*([a-zA-Z]+)\s*$")

_ASYNCHRONOUS = ("clear", "preset", "clear_preset_var1", "clear_preset_var2")
_SENSES = {"positive_unate": "positive", "negative_unate": "negative"}
_DELAYS = {"", "combinational", "rising_edge", "falling_edge"}
_SETUPS = {"setup_rising", "setup_falling"}
_SLEW_AXES = {"input_net_transition", "input_transition_time", "constrained_pin_transition"}
_LOAD_AXES = {"total_output_net_capacitance", "equal_or_opposite_output_net_capacitance"}
_CLOCK_AXIS = "related_pin_transition"


class _Units:
    """Factors from the units of one Liberty file to ps, fF, nW, fJ and kohm."""

    def __init__(self, top: LibertyGroup) -> None:
        scale, unit = [*top.words("capacitive_load_unit"), "", ""][:2]
        self.capacitance = float(scale) * _FARAD[unit.lower()]
        self.time = self._factor(top, "time_unit", _SECOND, "1ns")
        self.leakage = self._factor(top, "leakage_power_unit", _WATT, "1nW")
        self.resistance = self._factor(top, "pulling_resistance_unit", _OHM, "1kohm")
        # Liberty User Guide, `internal_power`: voltage_unit**2 * capacitive_load_unit.
        self.energy = self._factor(top, "voltage_unit", _VOLT, "1V") ** 2 * self.capacitance

    @staticmethod
    def _factor(top: LibertyGroup, name: str, units: dict[str, float], default: str) -> float:
        text = top.text(name, default)
        match = _UNIT.match(text)
        if match is None or match[2].lower() not in units:
            raise ValueError(f"{name} is {text!r}: known units are {', '.join(units)}")
        return float(match[1] or 1) * units[match[2].lower()]


class _Reader:
    """Reads the cells of one Liberty file."""

    def __init__(self, top: LibertyGroup) -> None:
        self.units = _Units(top)
        kinds = ("lu_table_template", "power_lut_template")
        self.templates = {g.arguments[0]: g for g in top.all(*kinds) if g.arguments}

    def table(self, group: LibertyGroup, unit: float) -> LookupTable:
        """A table with the slew first and the load second, whatever the order in the file."""
        template = self.templates.get(group.arguments[0] if group.arguments else "", group)
        values = np.array(group.numbers("values")) * unit
        axes: list[tuple[str, list[float]]] = []
        for number in (1, 2, 3):
            index = group.numbers(f"index_{number}") or template.numbers(f"index_{number}")
            if index:
                axes.append((template.text(f"variable_{number}"), index))
        if not axes:
            return self._ordered(values.reshape(1, 1), {})
        shaped = values.reshape([len(index) for _, index in axes])
        named: dict[str, list[float]] = {}
        for place in reversed(range(len(axes))):
            name, index = axes[place]
            role = self._role(name, place)
            if role in ("slew", "load") and role not in named:
                named = {role: index, **named}
            else:
                # The slew of an ideal clock is 0: the smallest one of the table. Of two loads, the
                # second is taken to be small too.
                shaped = np.take(shaped, 0, axis=place)
        return self._ordered(shaped, named)

    @staticmethod
    def _role(name: str, place: int) -> str:
        if name in _SLEW_AXES:
            return "slew"
        if name in _LOAD_AXES:
            return "load"
        if name == _CLOCK_AXIS:
            return "clock"
        return "slew" if place == 0 else "load"

    def _ordered(self, values: Floats, axes: dict[str, list[float]]) -> LookupTable:
        if list(axes) == ["load", "slew"]:
            values = values.T
        return LookupTable(
            slews_ps=np.array(axes.get("slew", [0.0])) * self.units.time,
            loads_ff=np.array(axes.get("load", [0.0])) * self.units.capacitance,
            values=values.reshape(len(axes.get("slew", [0])), len(axes.get("load", [0]))),
        )

    def _pair(
        self, group: LibertyGroup, rise: str, fall: str, unit: float
    ) -> dict[int, LookupTable]:
        found: dict[int, LookupTable] = {}
        for item in group.groups:
            if item.kind == rise:
                found[RISE] = self.table(item, unit)
            elif item.kind == fall:
                found[FALL] = self.table(item, unit)
        return found

    def arcs(self, pin: LibertyGroup) -> tuple[Arc, ...]:
        found = []
        for group in pin.all("timing"):
            if group.text("timing_type") not in _DELAYS:
                continue
            delay = self._pair(group, "cell_rise", "cell_fall", self.units.time)
            slew = self._pair(group, "rise_transition", "fall_transition", self.units.time)
            sense = _SENSES.get(group.text("timing_sense"), "either")
            if group.text("timing_type").endswith("_edge"):
                sense = "either"
            found += [
                Arc(related=related, sense=sense, delay=delay, slew=slew)
                for related in group.text("related_pin").split()
                if delay
            ]
        return tuple(found)

    def setups(self, pin: LibertyGroup) -> tuple[Arc, ...]:
        found = []
        for group in pin.all("timing"):
            if group.text("timing_type") in _SETUPS:
                times = self._pair(group, "rise_constraint", "fall_constraint", self.units.time)
                related = group.text("related_pin")
                found.append(Arc(related=related, sense="either", delay=times))
        return tuple(found)

    def powers(self, pin: LibertyGroup) -> tuple[Power, ...]:
        found = []
        for group in pin.all("internal_power"):
            energy = self._pair(group, "rise_power", "fall_power", self.units.energy)
            for both in group.all("power"):
                table = self.table(both, self.units.energy)
                energy = {RISE: table, FALL: table, **energy}
            # A group may name several pins. Without a name, the energy holds for every pin.
            found += [
                Power(
                    related=related,
                    when=group.text("when"),
                    supply=group.text("related_pg_pin"),
                    energy=energy,
                )
                for related in group.text("related_pin").split() or [""]
                if energy
            ]
        return tuple(found)

    def leakage(self, cell: LibertyGroup) -> float:
        """Mean over the states of the inputs, summed over the supplies."""
        supplies: dict[str, list[tuple[str, float]]] = {}
        for group in cell.all("leakage_power"):
            entry = (group.text("when"), group.number("value"))
            supplies.setdefault(group.text("related_pg_pin"), []).append(entry)
        if "cell_leakage_power" in cell.attributes and len(supplies) < 2:
            return cell.number("cell_leakage_power") * self.units.leakage
        total = 0.0
        for entries in supplies.values():
            stated = [value for when, value in entries if when]
            total += fmean(stated or [value for _, value in entries])
        return total * self.units.leakage

    def cell(self, group: LibertyGroup) -> Cell:
        pins: dict[str, Pin] = {}
        for item in group.all("pin"):
            capacitance = item.number("capacitance")
            edges = (item.number("rise_capacitance"), item.number("fall_capacitance"))
            for name in item.arguments:
                pins[name] = Pin(
                    name=name,
                    direction=item.text("direction"),
                    function=item.text("function"),
                    capacitance_ff=(capacitance or fmean(edges)) * self.units.capacitance,
                    limit_ff=item.number("max_capacitance") * self.units.capacitance,
                    arcs=self.arcs(item),
                    setups=self.setups(item),
                    powers=self.powers(item),
                )
        stored = next(group.all("ff"), None)
        flip_flop = None
        if stored is not None:
            clock = stored.text("clocked_on").strip("() ")
            flip_flop = FlipFlop(
                state=(stored.arguments[0], stored.arguments[1]),
                next_state=stored.text("next_state"),
                clock=clock.strip("!'() "),
                rising="!" not in clock and "'" not in clock,
                asynchronous={
                    name: stored.attributes[name]
                    for name in _ASYNCHRONOUS
                    if name in stored.attributes
                },
            )
        return Cell(
            name=group.arguments[0],
            area_um2=group.number("area"),
            leakage_nw=self.leakage(group),
            pins=pins,
            flip_flop=flip_flop,
        )

    def wire_load(self, group: LibertyGroup) -> WireLoad:
        lengths = [
            (int(float(words[0])), float(words[1]))
            for name, words in group.lists
            if name == "fanout_length"
        ]
        return WireLoad(
            name=group.arguments[0],
            capacitance_ff=group.number("capacitance") * self.units.capacitance,
            resistance_kohm=group.number("resistance") * self.units.resistance,
            slope=group.number("slope"),
            lengths=tuple(sorted(lengths)),
        )


def _voltage(top: LibertyGroup) -> float:
    """Nominal voltage, or that of the default operating conditions."""
    if "nom_voltage" in top.attributes:
        return top.number("nom_voltage")
    chosen = top.text("default_operating_conditions")
    for group in top.all("operating_conditions"):
        if not chosen or chosen in group.arguments:
            return group.number("voltage")
    raise KeyError("nom_voltage")


def read(text: str, name: str) -> Library:
    """Read one Liberty text.

    Args:
        text: the text.
        name: name of the file, for error messages.

    Raises:
        TechnologyError: the text is empty, ends early, is damaged, or is not a Liberty library.
    """
    top = parse(text, name)
    cell = ""
    try:
        reader = _Reader(top)
        cells = {}
        for group in top.all("cell"):
            if any(group.all("latch", "statetable", "latch_bank", "ff_bank")):
                continue  # synthesis of our Verilog never asks for latches and clock gates
            cell = f", cell {group.arguments[0]}" if group.arguments else ""
            cells[group.arguments[0]] = reader.cell(group)
        cell = ""
        selections = [
            (float(words[0]), float(words[1]), words[2])
            for group in top.all("wire_load_selection")
            for given, words in group.lists
            if given == "wire_load_from_area"
        ]
        library = Library(
            name=top.arguments[0],
            voltage=_voltage(top),
            temperature=top.number("nom_temperature", 25.0),
            cells=cells,
            wire_loads={g.arguments[0]: reader.wire_load(g) for g in top.all("wire_load")},
            default_wire_load=top.text("default_wire_load"),
            selection=tuple(selections),
            texts=(text,),
        )
    except (KeyError, ValueError, IndexError) as error:
        raise TechnologyError(
            f"{name}{cell}: a damaged or unsupported Liberty file ({error})"
        ) from error
    if not cells:
        raise TechnologyError(f"{name} holds no cells")
    return library


def load(paths: Path | Sequence[Path]) -> Library:
    """Read a cell library from one Liberty file (`.lib` or `.lib.gz`) or from several.

    Raises:
        TechnologyError: there is no file, a file cannot be read or is damaged, two files define the
            same cell, or the files have different supply voltages.
    """
    files = [paths] if isinstance(paths, Path) else list(paths)
    if not files:
        raise TechnologyError("no cell library is given: at least one Liberty file is needed")
    parts = [read(read_text(file), str(file)) for file in files]
    first = parts[0]
    cells: dict[str, Cell] = {}
    wires: dict[str, WireLoad] = {}
    for file, part in zip(files, parts, strict=True):
        if part.voltage != first.voltage:
            raise TechnologyError(
                f"{file} holds for {part.voltage:g} V, {files[0]} for {first.voltage:g} V: "
                "the files of one library hold for one supply voltage"
            )
        twice = sorted(cells.keys() & part.cells.keys())
        if twice:
            raise TechnologyError(
                f"{file} defines cell {twice[0]} again: each cell is defined once"
            )
        cells |= part.cells
        wires = part.wire_loads | wires
    if not any(cell.flip_flop for cell in cells.values()):
        given = ", ".join(str(file) for file in files)
        raise TechnologyError(
            f"no flip-flop in {given}: give all files of the library, each with --liberty"
        )
    return replace(
        first,
        name=_common([part.name for part in parts]),
        cells=cells,
        wire_loads=wires,
        default_wire_load=next((p.default_wire_load for p in parts if p.default_wire_load), ""),
        selection=next((p.selection for p in parts if p.selection), ()),
        texts=tuple(part.texts[0] for part in parts),
    )


def _common(names: Sequence[str]) -> str:
    """The words that all names share, so that five files of one library have one name."""
    each = [name.split("_") for name in names]
    shared = [word for word in each[0] if all(word in other for other in each)]
    return "_".join(shared or each[0])
