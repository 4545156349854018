"""Inserts pipeline registers and interleaved sums into the flat netlist of any unit.

Generators build combinational logic around at most one rank of state registers. This module adds
`stages` ranks of registers. The registers lie where the estimated clock period gets shortest, with
the fewest register bits at this period (`hwdse.hdl.retiming`).

With `interleave` k, the unit holds the state of k sums that take turns. Each state register becomes
k registers. k - 1 of the k registers move into the loop (Leiserson and Saxe 1991), so the loop has
k cycles for each addition.

The latency is `interleave + stages` cycles for a unit with state, and `stages` cycles for a bare
unit. Registers of valid bits have a synchronous reset. Data registers have no reset. With
`interleave` 1, one cycle of reset clears the unit. With more sums, `rst` must be active for
`latency` cycles, so that every sum passes through the registers during the reset.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hwdse.hdl.idle import Known, idle_values
from hwdse.hdl.netlist import Bit, output_pin, read_nodes
from hwdse.hdl.own_registers import in_parts
from hwdse.hdl.retiming import Circuit, Limits
from hwdse.hdl.targets import CELLS, Target
from hwdse.spec.unit import MAX_INTERLEAVE


@dataclass(frozen=True, kw_only=True)
class LoopLimit:
    """A loop of a running sum that alone sets the clock period of a unit.

    Attributes:
        loop_ps: delay of the loop per cycle in ps, without the overhead of registers.
        others_ps: delay in ps of the slowest stage if registers could also divide the loop.
        interleave: smallest `interleave` with which the loop needs at most `others_ps`. None if no
            allowed `interleave` is enough.
    """

    loop_ps: int
    others_ps: int
    interleave: int | None


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The inserted registers, and the delays with and without them.

    Attributes:
        stage_ps: delay in ps of every stage between two register ranks, from inputs to outputs. The
            delays come from the delay laws of the target, without the overhead of registers.
        unpipelined_ps: delay in ps of the slowest stage without inserted registers.
        data_bits: number of inserted register bits without reset.
        valid_bits: number of inserted register bits with reset.
        loop: the loop of the running sum, if this loop alone sets the clock period; otherwise None.
    """

    stage_ps: tuple[int, ...]
    unpipelined_ps: int
    data_bits: int
    valid_bits: int
    loop: LoopLimit | None = None


def pipelined(
    module: Mapping[str, Any],
    stages: int,
    interleave: int,
    valid: Sequence[str],
    target: Target = CELLS,
) -> tuple[dict[str, Any], Placement]:
    """Insert registers into a netlist.

    For a target with hard multipliers, each multiplication that fits a hard multiplier is split
    into parts and stays in parts (`hwdse.hdl.own_registers`).

    Args:
        module: flat netlist in the schema of Yosys's `write_json`, cells at word level.
        stages: register ranks to insert between inputs and outputs.
        interleave: number of interleaved sums.
        valid: names of the valid inputs.
        target: target whose delay laws place the registers.

    Returns:
        The netlist with registers, and the placement of the registers.

    Raises:
        ToolError: the netlist contains a cell without a delay law.
    """
    module = _placeable(module, target)
    nodes = read_nodes(module, target)
    circuit = Circuit(nodes)
    period = circuit.shortest_period(stages, interleave)
    limits, loop = Limits(period=period), None
    if any(circuit.in_loop):
        opened = Circuit(nodes, opened=True)
        if opened.earliest(Limits(period=period - 1), stages, 1) is not None:
            others = opened.shortest_period(stages, 1)
            loop = _loop_limit(circuit, period, others, stages, interleave)
            # The loop sets the period. The paths outside of the loop still get as short as
            # possible, although the period would allow longer paths.
            outside = circuit.shortest_outside(period, stages, interleave)
            limits = Limits(period=period, outside=outside)
    lags = circuit.fewest_registers(limits, stages, interleave)
    insertion = _Insertion(module, circuit, lags, interleave, idle_values(module, valid))
    placement = Placement(
        stage_ps=_stage_delays(circuit, lags, stages, interleave),
        unpipelined_ps=max(_stage_delays(circuit, [0] * len(lags), 0, 1)),
        data_bits=insertion.data_bits,
        valid_bits=insertion.valid_bits,
        loop=loop,
    )
    return insertion.module, placement


def circuit_of(module: Mapping[str, Any], target: Target = CELLS) -> Circuit:
    """The graph of a netlist in which `pipelined` places registers."""
    return Circuit(read_nodes(_placeable(module, target), target))


def _placeable(module: Mapping[str, Any], target: Target) -> Mapping[str, Any]:
    return in_parts(module, target.multiplier) if target.multiplier else module


def _loop_limit(
    circuit: Circuit, period: int, others: int, stages: int, interleave: int
) -> LoopLimit:
    enough = (
        more
        for more in range(interleave + 1, MAX_INTERLEAVE + 1)
        if circuit.earliest(Limits(period=others), stages, more) is not None
    )
    return LoopLimit(loop_ps=period, others_ps=others, interleave=next(enough, None))


def _stage_delays(
    circuit: Circuit, lags: Sequence[int], stages: int, interleave: int
) -> tuple[int, ...]:
    """The delay of the slowest path of each stage in ps, from inputs to outputs.

    A loop counts in the stage in which the loop begins.
    """
    state = bool(circuit.registers)
    behind = _behind_state(circuit)
    delays = [0] * (stages + 1 + (interleave if state else 0))
    for bit, (time, _) in circuit.arrivals(lags).items():
        k = circuit.driver[bit]
        stage = lags[k] + (interleave if behind[k] else 0)
        # Cells of a loop can have a negative lag. They count in the first stage.
        stage = min(max(stage, 0), len(delays) - 1)
        delays[stage] = max(delays[stage], time)
    return tuple(delays)


def _behind_state(circuit: Circuit) -> list[bool]:
    """For each node: True for a cell that depends on the state but leads to no state register."""
    ahead = [node.kind == "register" for node in circuit.nodes]
    for k in circuit.registers:
        for u in circuit.before[k]:
            ahead[u] = True
    for k in reversed(circuit.order):
        if ahead[k]:
            for u in circuit.before[k]:
                ahead[u] = True
    reached = [node.kind == "register" for node in circuit.nodes]
    for k in circuit.order:
        reached[k] = any(reached[u] for u in circuit.before[k])
    return [r and not a for r, a in zip(reached, ahead, strict=True)]


class _Insertion:
    """A copy of a netlist with registers between its nodes."""

    def __init__(
        self,
        module: Mapping[str, Any],
        circuit: Circuit,
        lags: Sequence[int],
        interleave: int,
        idle: Known,
    ) -> None:
        self.data_bits = self.valid_bits = 0
        self._circuit, self._lags, self._interleave = circuit, lags, interleave
        self._behind = _behind_state(circuit)
        self._idle = idle
        self._names = _Names(module)
        self._next = 1 + max(b for net in module["netnames"].values() for b in _numbers(net))
        self.module: dict[str, Any] = {
            **module,
            "ports": dict(module["ports"]),
            "cells": dict(module["cells"]),
            "netnames": dict(module["netnames"]),
        }
        self._clock = self._clock_bit()
        self._late: dict[tuple[int, int], int] = {}
        for driver, registers in self._by_driver().items():
            for rank in range(1, max(registers.values(), default=0) + 1):
                self._rank(driver, rank, [bit for bit, n in registers.items() if n >= rank])
        self._rewire()

    def _clock_bit(self) -> Bit:
        """The bit of the clock port. A unit without state has no clock port: add one, as first."""
        ports = self.module["ports"]
        if "clk" not in ports:
            bits = self._new_bits(1)
            self.module["ports"] = {"clk": {"direction": "input", "bits": bits}, **ports}
            self._name("clk", bits)
        clock: Bit = self.module["ports"]["clk"]["bits"][0]
        return clock

    def _new_bits(self, count: int) -> list[int]:
        self._next += count
        return list(range(self._next - count, self._next))

    def _name(self, name: str, bits: list[Any]) -> None:
        self.module["netnames"][name] = {"hide_name": 0, "bits": bits, "attributes": {}}

    def _by_driver(self) -> dict[int, dict[int, int]]:
        """For each driver, the number of registers in series after each of the driver's bits."""
        after = {
            bit: self._circuit.registers_after(group, self._lags, self._interleave)
            for group in self._circuit.groups
            for bit in group.bits
        }
        return {
            k: {bit: after[bit] for bit in node.outputs if bit in after}
            for k, node in enumerate(self._circuit.nodes)
        }

    def _rank(self, driver: int, rank: int, bits: list[int]) -> None:
        """Insert register number `rank` of the series after some bits of a driver.

        Bits with a known idle value get a register with reset, all other bits one without.
        """
        stage = self._lags[driver] + rank + self._interleave * self._behind[driver]
        for decided in (False, True):
            word = [bit for bit in bits if (bit in self._idle) == decided]
            if word:
                reset = "".join(str(self._idle[bit]) for bit in reversed(word)) if decided else ""
                self._register(word, rank, f"{self._names.of(word)}_stage{max(stage, 0)}", reset)

    def _register(self, word: list[int], rank: int, wanted: str, reset: str) -> None:
        source = [self._late[bit, rank - 1] if rank > 1 else bit for bit in word]
        held = self._new_bits(len(word))
        self._late.update({(bit, rank): late for bit, late in zip(word, held, strict=True)})
        name = self._names.unused(wanted)
        self._name(name, held)
        parameters = {"CLK_POLARITY": "1", "WIDTH": f"{len(word):032b}"}
        connections: dict[str, list[Any]] = {"CLK": [self._clock], "D": source, "Q": held}
        if reset:
            parameters |= {"SRST_POLARITY": "1", "SRST_VALUE": reset}
            connections["SRST"] = self.module["ports"]["rst"]["bits"]
            self.valid_bits += len(word)
        else:
            self.data_bits += len(word)
        self.module["cells"][f"$pipeline${name}"] = {
            "hide_name": 1,
            "type": "$sdff" if reset else "$dff",
            "parameters": parameters,
            "attributes": {},
            "port_directions": {
                pin: "output" if pin == "Q" else "input" for pin in sorted(connections)
            },
            "connections": connections,
        }

    def _rewire(self) -> None:
        """Let every node read each input after the number of registers that the lags need."""
        for k, node in enumerate(self._circuit.nodes):
            late = {}
            for bit in self._circuit.inputs[k]:
                driver = self._circuit.driver[bit]
                needed = self._circuit.needed(driver, k, self._lags, self._interleave)
                late[bit] = self._late[bit, needed] if needed else bit
            if node.kind == "output":
                port = self.module["ports"][node.name]
                bits = [late.get(bit, bit) for bit in port["bits"]]
                self.module["ports"][node.name] = {**port, "bits": bits}
                if bits != port["bits"]:
                    # The port name now belongs to the registered value. The value before the
                    # registers needs another name.
                    self._name(self._names.unused(f"{node.name}_early"), port["bits"])
                self._name(node.name, bits)
            elif node.kind != "input":
                cell = self.module["cells"][node.name]
                self.module["cells"][node.name] = {
                    **cell,
                    "connections": {
                        pin: bits
                        if pin == output_pin(cell)
                        else [late.get(bit, bit) for bit in bits]
                        for pin, bits in cell["connections"].items()
                    },
                }


class _Names:
    """Chooses names for registers.

    A register gets the name of the wire. If Yosys hides the wire, the register gets the name of the
    instance. Each name is given only once.
    """

    def __init__(self, module: Mapping[str, Any]) -> None:
        self._taken = set(module["netnames"]) | set(module["cells"])
        self._best: dict[int, tuple[int, int, str]] = {}
        for name, net in module["netnames"].items():
            key = (net["hide_name"], len(name), name)
            for bit in _numbers(net):
                self._best[bit] = min(self._best.get(bit, key), key)

    def of(self, word: Sequence[int]) -> str:
        """Name of the wire that the lowest bit of a word belongs to."""
        hidden, _, name = self._best[word[0]]
        if not hidden:
            return name.replace("$", "_")
        # `$flatten\\accumulate.\\add.$procmux$16_Y` is a hidden wire in instance accumulate.add.
        path = [part.lstrip("\\") for part in name.removeprefix("$flatten").split(".")]
        return ".".join([part for part in path if part and "$" not in part] + ["value"])

    def unused(self, name: str) -> str:
        """The name, with a number appended if the name is already used."""
        candidate, number = name, 1
        while candidate in self._taken:
            number += 1
            candidate = f"{name}_{number}"
        self._taken.add(candidate)
        return candidate


def _numbers(net: Mapping[str, Any]) -> list[int]:
    return [bit for bit in net["bits"] if isinstance(bit, int)]
