"""Gate-level timing and energy of netlists of library cells.

`Circuit` holds a mapped netlist. `Timing` finds the delays of all gates and the shortest clock
period. `Simulator` counts how often every net switches, glitches included. `energy_of` turns the
counts into energy per clock cycle.
"""

from hwdse.cost.gates.circuit import Circuit
from hwdse.cost.gates.energy import Energy, energy_of
from hwdse.cost.gates.events import Activity, Simulator
from hwdse.cost.gates.timing import Timing

__all__ = ["Activity", "Circuit", "Energy", "Simulator", "Timing", "energy_of"]
