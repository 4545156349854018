"""Gate-level energy: the toggles of every net of a mapped netlist, times the energy per toggle.

The netlist is simulated cycle by cycle without gate delays. Every net settles once per cycle, so
glitches are not counted. Lanes are independent simulations that run in parallel. One Python integer
holds the value of a net in all lanes, one bit per lane. Therefore a gate costs a few integer
operations for all lanes together.

One transition of a net costs 1/2 C V**2, where C is the sum of the input capacitances of the driven
pins. To this, the mean internal energies of all connected pins (driver and driven pins) are added.
Each flip-flop also pays for two transitions of its clock pin per cycle. Wires, leakage and the
clock tree are not counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from random import Random
from typing import Any

from hwdse.cost.boolean import compile_function
from hwdse.cost.liberty import Cell, Library
from hwdse.errors import ToolError

Bit = int | str
"""A net of a netlist: the number of the net, or a constant "0", "1", "x"."""

Draw = Callable[[Random, int], int]
"""Function that draws one value of an input port: (random source, cycle number) -> value."""


@dataclass(frozen=True, kw_only=True)
class _Gate:
    output: int
    inputs: tuple[Bit, ...]
    evaluate: Callable[..., int]


class Simulator:
    """Cycle-based simulation of one flat netlist in several lanes.

    Raises:
        ToolError: a cell is not in the library, or the netlist contains a combinational loop.
    """

    def __init__(self, netlist: Mapping[str, Any], library: Library) -> None:
        self._library = library
        self._ports: Mapping[str, Any] = netlist["ports"]
        self._flops: list[tuple[_Gate, dict[int, bool]]] = []
        self._energy: dict[int, float] = {}
        self._clock_pj = 0.0
        compiled: dict[str, tuple[tuple[str, ...], Callable[..., int]]] = {}
        gates: list[_Gate] = []
        half_v2 = 0.5 * library.voltage**2 / 1000  # fF * V**2 is fJ
        for instance in netlist["cells"].values():
            cell = library.cells.get(instance["type"])
            if cell is None:
                raise ToolError(f"cell {instance['type']} is not in library {library.name}")
            wires: dict[str, Bit] = {pin: bits[0] for pin, bits in instance["connections"].items()}
            for pin, bit in wires.items():
                described = cell.pins[pin]
                energy = described.internal_pj + half_v2 * described.capacitance_ff
                if described.clock:
                    self._clock_pj += 2 * energy
                elif isinstance(bit, int):
                    self._energy[bit] = self._energy.get(bit, 0.0) + energy
            self._add(cell, wires, gates, compiled)
        self._gates = self._in_order(gates)

    def _add(
        self,
        cell: Cell,
        wires: Mapping[str, Bit],
        gates: list[_Gate],
        compiled: dict[str, tuple[tuple[str, ...], Callable[..., int]]],
    ) -> None:
        functions = {p: d.function for p, d in cell.pins.items() if d.direction == "output"}
        for function in (*functions.values(), cell.next_state):
            if function and function not in compiled:
                compiled[function] = compile_function(function)
        if cell.next_state:
            names, evaluate = compiled[cell.next_state]
            inputs = tuple(wires[name] for name in names)
            outputs: dict[int, bool] = {}
            for pin, function in functions.items():
                bit = wires.get(pin)
                if isinstance(bit, int):
                    outputs[bit] = function.strip("() ") == cell.state[1]
            self._flops.append((_Gate(output=-1, inputs=inputs, evaluate=evaluate), outputs))
            return
        for pin, function in functions.items():
            bit = wires.get(pin)
            if isinstance(bit, int):
                names, evaluate = compiled[function]
                inputs = tuple(wires[name] for name in names)
                gates.append(_Gate(output=bit, inputs=inputs, evaluate=evaluate))

    @staticmethod
    def _in_order(gates: list[_Gate]) -> list[_Gate]:
        """Sort the gates so that every gate comes after the gates that drive its inputs."""
        driver = {gate.output: gate for gate in gates}
        graph = {gate.output: [bit for bit in gate.inputs if bit in driver] for gate in gates}
        try:
            order = tuple(TopologicalSorter(graph).static_order())
        except CycleError as error:
            raise ToolError("the netlist holds a combinational loop") from error
        return [driver[output] for output in order if isinstance(output, int)]

    def energy_per_cycle(
        self,
        *,
        cycles: int,
        lanes: int,
        seed: int,
        stimuli: Mapping[str, Draw] | None = None,
        warm_up: int = 1,
    ) -> float:
        """Return the mean energy in pJ per clock cycle (per operation for combinational logic).

        Args:
            cycles: number of counted cycles. The inputs of each lane change this many times.
            lanes: number of independent simulations that run in parallel.
            seed: seed of the random operands.
            stimuli: functions that draw the values of ports, by port name. Other ports get uniform
                random bits. Values of the clock port have no effect.
            warm_up: number of cycles before counting starts, at least 1.
        """
        random = Random(seed)
        ones = (1 << lanes) - 1
        values: dict[Bit, int] = {"0": 0, "1": ones, "x": 0}
        for _, outputs in self._flops:
            for net, inverted in outputs.items():
                values[net] = ones * inverted
        toggles = dict.fromkeys(self._energy, 0)
        before: dict[Bit, int] = {}
        for cycle in range(warm_up + cycles):
            self._drive(values, random, cycle, lanes, stimuli or {})
            for gate in self._gates:
                values[gate.output] = gate.evaluate(ones, *(values[bit] for bit in gate.inputs))
            if cycle >= warm_up:
                for net in toggles:
                    toggles[net] += (values[net] ^ before[net]).bit_count()
            before = dict(values)
            after = [
                gate.evaluate(ones, *(values[bit] for bit in gate.inputs))
                for gate, _ in self._flops
            ]
            for (_, outputs), state in zip(self._flops, after, strict=True):
                for net, inverted in outputs.items():
                    values[net] = state ^ (ones * inverted)
        switched = sum(self._energy[net] * count for net, count in toggles.items())
        return switched / (cycles * lanes) + self._clock_pj

    def _drive(
        self,
        values: dict[Bit, int],
        random: Random,
        cycle: int,
        lanes: int,
        stimuli: Mapping[str, Draw],
    ) -> None:
        for name, port in self._ports.items():
            if port["direction"] != "input":
                continue
            bits: Sequence[Bit] = port["bits"]
            draw = stimuli.get(name)
            if draw is None:
                for bit in bits:
                    values[bit] = random.getrandbits(lanes)
                continue
            words = [draw(random, cycle) for _ in range(lanes)]
            for place, bit in enumerate(bits):
                values[bit] = sum((word >> place & 1) << lane for lane, word in enumerate(words))
