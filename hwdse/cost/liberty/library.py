"""A standard-cell library in fixed units: ps, fF, fJ, nW and um2."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from hwdse.cost.liberty.boolean import truth_table, variable

Floats = npt.NDArray[np.float64]

RISE, FALL = 0, 1
"""Numbers of the two edges in pairs and arrays."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LookupTable:
    """A lookup table over the slew at the input and the load at the output.

    Attributes:
        slews_ps: ascending; one element for a table that does not depend on the slew.
        loads_ff: ascending; one element for a table that does not depend on the load.
        values: shape (slews, loads), in ps or fJ.
    """

    slews_ps: Floats
    loads_ff: Floats
    values: Floats

    def at(self, slew_ps: float, load_ff: float) -> float:
        """Interpolate linearly; outside the table, extrapolate from the nearest two points."""
        row, across = _place(self.slews_ps, slew_ps)
        column, along = _place(self.loads_ff, load_ff)
        corner = self.values[row : row + 2, column : column + 2]
        if corner.shape[0] == 2:
            corner = corner[:1] * (1 - across) + corner[1:] * across
        if corner.shape[1] == 2:
            corner = corner[:, :1] * (1 - along) + corner[:, 1:] * along
        return float(corner[0, 0])


def _place(axis: Floats, value: float) -> tuple[int, float]:
    if len(axis) == 1:
        return 0, 0.0
    place = min(max(int(np.searchsorted(axis, value)) - 1, 0), len(axis) - 2)
    return place, float((value - axis[place]) / (axis[place + 1] - axis[place]))


@dataclass(frozen=True, kw_only=True, eq=False)
class Arc:
    """Delay from an input pin to an output pin, or the setup time of an input pin.

    Attributes:
        related: the input pin; for a setup time, the clock pin.
        sense: `positive`: the output has the edge of the input; `negative`: the opposite edge;
            `either`: any edge of the input may cause any edge of the output.
        delay: by edge of the output pin; for a setup time, the time by edge of the input pin.
        slew: slew by edge of the output pin; empty for a setup time.
    """

    related: str
    sense: str
    delay: dict[int, LookupTable]
    slew: dict[int, LookupTable] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Power:
    """Energy inside a cell per edge of a pin, drawn from one supply.

    Attributes:
        related: for an output pin, the input pin that causes the edge; empty if not stated.
        when: condition on the other pins; empty if the energy holds whenever no condition does.
        supply: name of the supply. The energies of several supplies add up.
        energy: in fJ, by edge of the pin.
    """

    related: str
    when: str
    supply: str
    energy: dict[int, LookupTable]


@dataclass(frozen=True, kw_only=True, eq=False)
class Pin:
    """A pin of a cell.

    Attributes:
        name: name of the pin.
        direction: `input`, `output`, ...
        function: for an output, the Boolean function of the pins. Empty if there is none.
        capacitance_ff: capacitive load of the pin on the net.
        limit_ff: largest load of an output; 0 if the library states none.
        arcs: for an output, the delays from the inputs.
        setups: for an input of a flip-flop, the setup times.
        powers: energies inside the cell per edge of this pin.
    """

    name: str
    direction: str
    function: str = ""
    capacitance_ff: float = 0.0
    limit_ff: float = 0.0
    arcs: tuple[Arc, ...] = ()
    setups: tuple[Arc, ...] = ()
    powers: tuple[Power, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class FlipFlop:
    """The storage of an edge-triggered cell.

    Attributes:
        state: names of the state variable and of the inverted state variable.
        next_state: Boolean function of the next state.
        clock: name of the clock pin.
        rising: True if the rising edge of the clock pin stores.
        asynchronous: Boolean functions by attribute of the library, such as `clear` and `preset`.
    """

    state: tuple[str, str]
    next_state: str
    clock: str
    rising: bool
    asynchronous: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A standard cell.

    Attributes:
        name: name of the cell.
        area_um2: area of the cell.
        leakage_nw: mean leakage over the states of the inputs, over all supplies.
        pins: pins by name.
        flip_flop: None for a combinational cell.
    """

    name: str
    area_um2: float
    leakage_nw: float
    pins: dict[str, Pin]
    flip_flop: FlipFlop | None = None

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """Names of the input pins, in the order of the library."""
        return tuple(name for name, pin in self.pins.items() if pin.direction == "input")

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """Names of the output pins that have a function."""
        return tuple(
            name for name, pin in self.pins.items() if pin.direction == "output" and pin.function
        )

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """Variables of truth tables: the input pins and, for a flip-flop, the state."""
        return self.inputs + ((self.flip_flop.state[0],) if self.flip_flop else ())

    @cached_property
    def words(self) -> dict[str, int]:
        """Truth table over `variables` of every variable, output and inverted state."""
        count = len(self.variables)
        words = {name: variable(place, count) for place, name in enumerate(self.variables)}
        if self.flip_flop is not None:
            stored, inverted = self.flip_flop.state
            words[inverted] = words[stored] ^ ((1 << (1 << count)) - 1)
        for name in self.outputs:
            words[name] = truth_table(self.pins[name].function, words, count)
        return words

    def truth(self, function: str) -> int:
        """Truth table of a Boolean function of the pins, over `variables`.

        Raises:
            TechnologyError: the text is not a function of the pins.
        """
        return truth_table(function, self.words, len(self.variables))


@dataclass(frozen=True, kw_only=True)
class WireLoad:
    """A statistical model of the wires before layout: length by fan-out.

    Attributes:
        name: name of the model.
        capacitance_ff: per unit of length.
        resistance_kohm: per unit of length.
        slope: length per sink beyond the last fan-out of the table.
        lengths: length by fan-out, ascending.
    """

    name: str
    capacitance_ff: float
    resistance_kohm: float
    slope: float
    lengths: tuple[tuple[int, float], ...]

    def length(self, fanout: int) -> float:
        """Length of a net with `fanout` sinks."""
        if fanout == 0 or not self.lengths:
            return self.slope * fanout
        before = (0, 0.0)
        for sinks, length in self.lengths:
            if fanout <= sinks:
                share = (fanout - before[0]) / (sinks - before[0])
                return before[1] + share * (length - before[1])
            before = (sinks, length)
        return before[1] + self.slope * (fanout - before[0])


NO_WIRES = WireLoad(name="none", capacitance_ff=0.0, resistance_kohm=0.0, slope=0.0, lengths=())


@dataclass(frozen=True, kw_only=True, eq=False)
class Library:
    """A cell library at one corner, from one Liberty file or several.

    Attributes:
        name: name of the library.
        voltage: supply voltage in V.
        temperature: in degrees Celsius.
        cells: cells by name.
        wire_loads: models of wires by name; empty if the library has none.
        default_wire_load: name of the model that the library chooses if none is asked for.
        selection: model by the area of the cells: (area from, area to, name).
        texts: the Liberty texts, for programs that read them.
    """

    name: str
    voltage: float
    temperature: float
    cells: dict[str, Cell]
    wire_loads: dict[str, WireLoad]
    default_wire_load: str
    selection: tuple[tuple[float, float, str], ...]
    texts: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """SHA-256 digest of the Liberty texts."""
        return sha256("\0".join(self.texts).encode()).hexdigest()

    def wires(self, area_um2: float) -> WireLoad:
        """The model of wires for a module: by its cell area, else the default, else no wires."""
        for low, high, name in self.selection:
            if low <= area_um2 < high and name in self.wire_loads:
                return self.wire_loads[name]
        return self.wire_loads.get(self.default_wire_load, NO_WIRES)
