"""Gate-level energy of a circuit per clock cycle, with glitches, registers and leakage apart.

A transition of a net costs 1/2 C V**2 for the capacitance of the wire and of the driven pins. The
library states what a transition costs inside the cells. The clock is a net like any other, with two
transitions per cycle; its tree of buffers is not part of the netlist.
"""

from dataclasses import asdict, dataclass

import numpy as np

from hwdse.cost.gates.circuit import MappedNetlist
from hwdse.cost.gates.events import Activity
from hwdse.cost.gates.internal import FlipFlopEnergy
from hwdse.cost.gates.timing import StaticTiming


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Mean energy per clock cycle in pJ, and leakage power.

    Attributes:
        logic_pj: transitions of gates that are needed: one where the value differs at the end of
            the cycle.
        glitch_pj: all other transitions of gates.
        register_pj: transitions of the outputs and data pins of flip-flops.
        clock_pj: the clock net and the energy inside flip-flops at clock edges.
        input_pj: charging of the nets of the input ports.
        leakage_uw: leakage power of all cells in uW.
    """

    logic_pj: float
    glitch_pj: float
    register_pj: float
    clock_pj: float
    input_pj: float
    leakage_uw: float

    @property
    def dynamic_pj(self) -> float:
        """Energy per cycle without leakage."""
        return self.logic_pj + self.glitch_pj + self.register_pj + self.clock_pj + self.input_pj

    def leakage_pj(self, clock_ns: float) -> float:
        """Leakage in a cycle of `clock_ns`."""
        return self.leakage_uw * clock_ns / 1000

    def total_pj(self, clock_ns: float) -> float:
        """Energy per cycle of `clock_ns`, leakage included."""
        return self.dynamic_pj + self.leakage_pj(clock_ns)

    def to_json(self) -> dict[str, float]:
        """Return the attributes as plain data for `json.dumps`."""
        return asdict(self)


def energy_of(circuit: MappedNetlist, timing: StaticTiming, activity: Activity) -> Energy:
    """Energy of a circuit from the transitions of a simulation."""
    cycles = activity.cycles
    half_v2 = 0.5 * circuit.library.voltage**2
    net_fj = circuit.load_ff * half_v2 * activity.edges.sum(axis=1)
    gates = net_fj[circuit.output_of] + activity.gate_fj
    made = activity.edges[circuit.output_of].sum(axis=1)
    needed = np.divide(
        activity.settled[circuit.output_of], made, out=np.zeros(len(made)), where=made > 0
    )
    logic = float(gates @ needed)
    register = clock = 0.0
    for number, flop in enumerate(circuit.flip_flops):
        own = FlipFlopEnergy(circuit, timing, number)
        counts = activity.stored[number]
        clock += float(counts @ own.clock_fj)
        # Case 2 is 0 -> 1, case 1 is 1 -> 0.
        register += float(counts[2] * own.output_fj[0] + counts[1] * own.output_fj[1])
        for name, energies in own.data_fj.items():
            register += float(activity.edges[flop.net_of(name)] @ energies)
        register += sum(float(net_fj[net]) for net in flop.outputs.values())
    clock_nets = circuit.port_bits([circuit.clock] if circuit.clock else [])
    clock += sum(2 * cycles * half_v2 * float(circuit.load_ff[net]) for net in clock_nets)
    inputs = circuit.port_bits([name for name in circuit.inputs if name != circuit.clock])
    scale = 1 / (1000 * cycles)
    return Energy(
        logic_pj=logic * scale,
        glitch_pj=(float(gates.sum()) - logic) * scale,
        register_pj=register * scale,
        clock_pj=clock * scale,
        input_pj=float(net_fj[inputs].sum()) * scale,
        leakage_uw=circuit.leakage_nw / 1000,
    )
