"""Gate-level timing and energy of netlists of library cells.

`MappedNetlist` holds a netlist. `StaticTiming` finds the delays of all gates and the shortest clock
period. `Simulator` counts how often every net switches, glitches included. `energy_of` turns the
counts into energy per clock cycle.
"""

from hwdse.cost.gates.circuit import MappedNetlist
from hwdse.cost.gates.energy import Energy, energy_of
from hwdse.cost.gates.events import Activity, Simulator
from hwdse.cost.gates.timing import StaticTiming

__all__ = ["Activity", "Energy", "MappedNetlist", "Simulator", "StaticTiming", "energy_of"]
