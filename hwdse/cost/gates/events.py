"""Event simulation of a mapped netlist with gate delays: how often every net switches.

Gates have inertial delays: a pulse at the inputs that is shorter than the delay does not reach the
output. So every net makes the transitions that it would make in hardware, glitches among them. The
simulator is a timing wheel in compiled code with integer time. Per clock cycle, flip-flops and
ports change shortly after the clock edge. Then the circuit settles, and the next cycle starts. So a
cycle is as long as its slowest transition.

A gate with several changed inputs takes the shortest of their delays. A new value of the gate
replaces a value that still waits. If the output has the new value already, nothing waits. Path
delays in Verilog behave so too (IEEE 1364-2005, section 14).
"""

from dataclasses import dataclass

import numpy as np

from hwdse.cost.gates.circuit import Floats, Ints, MappedNetlist
from hwdse.cost.gates.internal import InternalEnergy
from hwdse.cost.gates.timing import StaticTiming
from hwdse.cost.gates.wheel import (
    Bits,
    CountsArrays,
    EnergiesArrays,
    FlopsArrays,
    GatesArrays,
    SourcesArrays,
    StateArrays,
    run_cycles,
)
from hwdse.errors import ToolError

TICKS_PER_DELAY = 64
"""Time steps of the simulator per median delay of a gate."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Activity:
    """What happened in the counted cycles of a simulation.

    Attributes:
        cycles: number of counted cycles.
        edges: shape (nets, 2): rising and falling transitions, glitches among them.
        settled: shape (nets,): cycles at whose end the net has a new value.
        stored: shape (flip-flops, 4): clock edges by old state + 2 * new state.
        gate_fj: shape (gates,): internal energy of each gate in all counted cycles.
        events: transitions in all cycles, the uncounted ones among them.
        longest_ps: longest time that a cycle took to settle.
    """

    cycles: int
    edges: Ints
    settled: Ints
    stored: Ints
    gate_fj: Floats
    events: int
    longest_ps: float


class Simulator:
    """Event simulator of one circuit.

    Attributes:
        circuit: the circuit.
        tick_ps: time step.
        delay: shape (gates, most inputs, 2): delays in ticks, at least 1.
        source_net: nets that input bits and outputs of flip-flops drive.
        source_delay: shape (sources, 2): delay of each source after the clock edge, in ticks.
    """

    def __init__(self, circuit: MappedNetlist, timing: StaticTiming) -> None:
        self.circuit = circuit
        self._energy = InternalEnergy(circuit, timing)
        delays = timing.delay_ps[timing.delay_ps > 0]
        self.tick_ps = float(np.median(delays)) / TICKS_PER_DELAY if len(delays) else 1.0
        self.delay = np.maximum(np.rint(timing.delay_ps / self.tick_ps), 1).astype(np.int64)
        flops = circuit.flip_flops
        clock = set(circuit.ports.get(circuit.clock, ()))
        self.input_bits = [
            (name, place)
            for name in circuit.inputs
            for place, net in enumerate(circuit.ports[name])
            if net not in clock
        ]
        ports = [circuit.ports[name][place] for name, place in self.input_bits]
        driven = [
            (number, net, flop.cell.words[name] != flop.cell.words[flop.cell.variables[-1]])
            for number, flop in enumerate(flops)
            for name, net in flop.outputs.items()
        ]
        self._ports = len(ports)
        self.source_net = np.array(ports + [net for _, net, _ in driven], np.int64)
        arrival = timing.arrival_ps[self.source_net] if len(self.source_net) else np.zeros((0, 2))
        self.source_delay = np.maximum(np.rint(arrival / self.tick_ps), 1).astype(np.int64)
        self._flop_of_source = np.array([number for number, _, _ in driven], np.int64)
        self._inverted = np.array([inverted for _, _, inverted in driven], np.uint8)
        self._collect_truths()
        self._collect_fanout()

    def _collect_truths(self) -> None:
        circuit = self.circuit
        words: list[int] = []

        def add(truth: int, variables: int) -> int:
            start = len(words)
            words.extend(truth >> low & (2**64 - 1) for low in range(0, 1 << variables, 64))
            return start

        starts = [add(k.cell.words[k.output], len(k.inputs)) for k in circuit.kinds]
        self._truth_start = np.array(starts, np.int64)
        following: dict[str, int] = {}
        flops = circuit.flip_flops
        for flop in flops:
            cell = flop.cell
            if cell.name not in following:
                assert cell.flip_flop is not None
                truth = cell.truth(cell.flip_flop.next_state)
                following[cell.name] = add(truth, len(cell.variables))
        self._flop_truth = np.array([following[flop.cell.name] for flop in flops], np.int64)
        self._truth = np.array(words, np.uint64)
        most = max((len(flop.inputs) for flop in flops), default=1)
        self._flop_inputs = np.array([len(flop.inputs) for flop in flops], np.int64)
        self._flop_pins = np.zeros((len(flops), most), np.int64)
        for number, flop in enumerate(flops):
            self._flop_pins[number, : len(flop.inputs)] = flop.inputs
        inputs = np.array([len(kind.inputs) for kind in circuit.kinds], np.int64)
        self._inputs_of = inputs[circuit.kind_of] if len(inputs) else np.zeros(0, np.int64)

    def _collect_fanout(self) -> None:
        pins = self.circuit.pins
        used = np.arange(pins.shape[1])[None, :] < self._inputs_of[:, None]
        gate, pin = np.nonzero(used & (pins > 1))
        net = pins[gate, pin]
        by_net = np.argsort(net, kind="stable")
        self._fan_gate, self._fan_pin = gate[by_net], pin[by_net]
        counts = np.bincount(net, minlength=self.circuit.nets)
        self._fan_start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    def run(self, stimulus: Bits, *, warm_up: int = 1) -> Activity:
        """Simulate from the state in which all flip-flops and inputs are 0.

        Args:
            stimulus: shape (cycles, bits): value of each bit of `input_bits` in each cycle.
            warm_up: number of cycles before counting starts, at least 1.

        Raises:
            ToolError: the stimulus has the wrong number of bits or too few cycles.
        """
        if stimulus.ndim != 2 or stimulus.shape[1] != self._ports or len(stimulus) <= warm_up:
            raise ToolError(
                f"a stimulus of shape {stimulus.shape}: needed are more than {warm_up} cycles of "
                f"{self._ports} bits"
            )
        circuit, energy = self.circuit, self._energy
        gates, now = self._gates(), self._fresh()
        sources = SourcesArrays(
            net=self.source_net,
            delay=self.source_delay,
            ports=self._ports,
            flop=self._flop_of_source,
            inverted=self._inverted,
        )
        flops = FlopsArrays(pins=self._flop_pins, inputs=self._flop_inputs, truth=self._flop_truth)
        energies = EnergiesArrays(
            index_start=energy.index_start,
            of_output=energy.of_output,
            of_input=energy.of_input,
            start=energy.start,
            fj=energy.energy_fj,
        )
        counts = CountsArrays(
            edges=np.zeros((circuit.nets, 2), np.int64),
            settled=np.zeros(circuit.nets, np.int64),
            stored=np.zeros((len(circuit.flip_flops), 4), np.int64),
            gate_fj=np.zeros(len(circuit.kind_of)),
        )
        rows = np.ascontiguousarray(stimulus, np.uint8)
        events, longest = run_cycles(rows, warm_up, gates, sources, flops, energies, now, counts)
        return Activity(
            cycles=len(stimulus) - warm_up,
            edges=counts.edges,
            settled=counts.settled,
            stored=counts.stored,
            gate_fj=counts.gate_fj,
            events=int(events),
            longest_ps=float(longest * self.tick_ps),
        )

    def _gates(self) -> GatesArrays:
        circuit = self.circuit
        return GatesArrays(
            order=circuit.order,
            kind=circuit.kind_of,
            inputs=self._inputs_of,
            pins=circuit.pins,
            output=circuit.output_of,
            delay=self.delay,
            truth_start=self._truth_start,
            truth=self._truth,
            fan_start=self._fan_start,
            fan_gate=self._fan_gate,
            fan_pin=self._fan_pin,
        )

    def _fresh(self) -> StateArrays:
        gates, events = len(self._inputs_of), len(self._inputs_of) + len(self.source_net)
        slowest = max(self.delay.max(initial=1), self.source_delay.max(initial=1))
        return StateArrays(
            value=np.zeros(self.circuit.nets, np.uint8),
            inputs=np.zeros(gates, np.int64),
            settling=np.zeros(gates, np.uint8),
            kept=np.zeros(len(self.circuit.flip_flops), np.uint8),
            head=np.full(int(slowest) + 1, -1, np.int64),
            following=np.full(events, -1, np.int64),
            preceding=np.full(events, -1, np.int64),
            due=np.full(events, -1, np.int64),
            cost=np.zeros(gates),
            changed=np.zeros(gates, np.int64),
            work=np.zeros(gates, np.int64),
        )
