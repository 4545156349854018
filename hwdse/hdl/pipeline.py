"""Pipeline registers and interleaved sums, inserted into the flat netlist of any unit.

Generators build combinational logic around at most one rank of state registers. Here `stages` ranks
of registers are added where the delay estimate says that the clock period gets shortest, with the
fewest register bits at that period (`hwdse.hdl.retiming`). With `interleave` k the state is held
for k sums that take turns: each state register becomes k, and k - 1 of them are moved into the loop
(Leiserson and Saxe 1991), so that the loop has k cycles to close.

A unit with state has latency `interleave + stages`, a bare unit `stages`. Registers of valid bits
have a synchronous reset, data registers none. With `interleave` 1 one cycle of reset clears
everything; otherwise `rst` has to be held for `latency` cycles, so that every sum passes its reset.
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
    """A unit whose clock period is set by the loop of its running sum alone.

    Attributes:
        loop_ps: delay of the loop in one cycle, without registers, as `Placement.stage_ps`.
        others_ps: slowest stage if the same `stages` could divide the loop as well.
        interleave: smallest number of sums with which the loop is no slower than that; None if
            none that is allowed is enough.
    """

    loop_ps: int
    others_ps: int
    interleave: int | None


@dataclass(frozen=True, kw_only=True)
class Placement:
    """What was inserted, and what it does to the delay.

    Attributes:
        stage_ps: delay of every stage between two register ranks, in order, without the overhead
            of the registers; by the delay laws that place the registers.
        unpipelined_ps: slowest stage without any of them.
        data_bits: inserted registers without reset.
        valid_bits: inserted registers with reset.
        loop: set if the loop of the running sum alone sets the period.
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
    """A netlist with its registers, and what they are.

    For a target with hard multipliers, each multiplication is left in parts
    (`hwdse.hdl.own_registers`).

    Args:
        module: flat netlist in the schema of Yosys's `write_json`, cells at word level.
        stages: register ranks to insert between inputs and outputs.
        interleave: sums that take turns.
        valid: names of the inputs that say whether the others are.
        target: whose delay laws say where registers go.

    Raises:
        ToolError: the netlist holds a cell without a delay law.
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
            # The loop is what it is; the rest shall not be as slow only because it may.
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
    """The slowest path between each two ranks, inputs first; loops count where they begin."""
    state = bool(circuit.registers)
    behind = _behind_state(circuit)
    delays = [0] * (stages + 1 + (interleave if state else 0))
    for bit, (time, _) in circuit.arrivals(lags).items():
        k = circuit.driver[bit]
        stage = lags[k] + (interleave if behind[k] else 0)
        # What a loop does ahead of the first input belongs to the first stage.
        stage = min(max(stage, 0), len(delays) - 1)
        delays[stage] = max(delays[stage], time)
    return tuple(delays)


def _behind_state(circuit: Circuit) -> list[bool]:
    """Which cells see the state but are not part of what leads to it."""
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
        """The clock port, added first if a unit without state has none."""
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
        """Registers in a row behind each bit, by driver, in the order of the driver's bits."""
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
        """One more register behind some bits of a driver."""
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
        """Let every node read its inputs behind as many registers as its lag says."""
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
                    # The value that had the name of the port gets another name.
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
    """Names for registers: that of the wire, or of the instance where the wire has none."""

    def __init__(self, module: Mapping[str, Any]) -> None:
        self._taken = set(module["netnames"]) | set(module["cells"])
        self._best: dict[int, tuple[int, int, str]] = {}
        for name, net in module["netnames"].items():
            key = (net["hide_name"], len(name), name)
            for bit in _numbers(net):
                self._best[bit] = min(self._best.get(bit, key), key)

    def of(self, word: Sequence[int]) -> str:
        """Name of the wire that the lowest bit belongs to."""
        hidden, _, name = self._best[word[0]]
        if not hidden:
            return name.replace("$", "_")
        # `$flatten\\accumulate.\\add.$procmux$16_Y` is something in accumulate.add.
        path = [part.lstrip("\\") for part in name.removeprefix("$flatten").split(".")]
        return ".".join([part for part in path if part and "$" not in part] + ["value"])

    def unused(self, name: str) -> str:
        """This name, numbered if it is taken."""
        candidate, number = name, 1
        while candidate in self._taken:
            number += 1
            candidate = f"{name}_{number}"
        self._taken.add(candidate)
        return candidate


def _numbers(net: Mapping[str, Any]) -> list[int]:
    return [bit for bit in net["bits"] if isinstance(bit, int)]
