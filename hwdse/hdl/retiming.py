"""Where registers go in a netlist: the shortest clock period, then the fewest registers.

Retiming of Leiserson and Saxe, "Retiming synchronous circuitry", Algorithmica 6 (1991): each node
has a *lag*, the number of registers on every way from the inputs to it, less those that the circuit
had there. A wire from u to v then carries lag(v) - lag(u) registers more than before. Inputs have
lag 0 and outputs `stages`: a pipeline. With `interleave` k each register of the circuit stands for
k (section 8 there, "k-slow"), of which k - 1 may move.

The shortest period is found exactly, by bisection over the earliest lags. The fewest register bits
at that period are found exactly too: the number of bits is an L-natural-convex function of the lags
(Murota, "Discrete convex analysis", 2003), so raising the best set of lags by one, from the
earliest lags on and until nothing is gained, ends at the optimum; the best set is a minimum cut.
Whole picoseconds and integer flows: the same placement on every machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, connected_components, maximum_flow

from hwdse.hdl.netlist import Node

_INFINITE = 1 << 29

Arrival = dict[int, tuple[int, int]]
"""By bit: when it is ready in ps after the last register, and the bit it waited for (-1: none)."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Longest allowed delays in ps.

    Attributes:
        period: of every path between registers.
        outside: of paths through cells outside of loops; None if the period is enough.
    """

    period: int
    outside: int | None = None

    @property
    def periods(self) -> tuple[int, ...]:
        """Limit of all paths, then that of paths outside of loops if there is one."""
        return (self.period,) if self.outside is None else (self.period, self.outside)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Bits of one driver that the same nodes read, so that they need equally many registers."""

    driver: int
    bits: tuple[int, ...]
    readers: tuple[int, ...]


class Circuit:
    """Nodes with who drives and who reads what.

    Args:
        nodes: of the netlist.
        opened: leave out the wires by which registers feed their own loops.
    """

    def __init__(self, nodes: Sequence[Node], *, opened: bool = False) -> None:
        self.nodes = list(nodes)
        self.driver = {bit: k for k, node in enumerate(self.nodes) for bit in node.outputs}
        self.inputs = [[bit for bit in node.inputs if bit in self.driver] for node in self.nodes]
        loops = self._loops()
        self.in_loop = [bool(loops[k]) for k in range(len(self.nodes))]
        if opened:
            self.inputs = [
                [
                    bit
                    for bit in bits
                    if not (
                        loops[k]
                        and loops[self.driver[bit]] == loops[k]
                        and self.nodes[self.driver[bit]].kind == "register"
                    )
                ]
                for k, bits in enumerate(self.inputs)
            ]
        self.before = [sorted({self.driver[bit] for bit in bits}) for bits in self.inputs]
        self.order = self._order()
        self.registers = [k for k, node in enumerate(self.nodes) if node.kind == "register"]

    def _loops(self) -> list[int]:
        """For each node the number of its loop, 0 outside of loops."""
        edges = [(self.driver[bit], k) for k, bits in enumerate(self.inputs) for bit in bits]
        count = len(self.nodes)
        rows, columns = zip(*edges, strict=True) if edges else ((), ())
        graph = csr_matrix((np.ones(len(edges)), (rows, columns)), shape=(count, count))
        _, labels = connected_components(graph, directed=True, connection="strong")
        sizes = np.bincount(labels, minlength=count)
        itself = {u for u, v in edges if u == v}
        return [
            int(labels[k]) + 1 if sizes[labels[k]] > 1 or k in itself else 0 for k in range(count)
        ]

    def _order(self) -> list[int]:
        """Cells, each after those that drive it."""
        cells = [k for k, node in enumerate(self.nodes) if node.kind == "cell"]
        missing = {k: sum(self.nodes[u].kind == "cell" for u in self.before[k]) for k in cells}
        after: dict[int, list[int]] = {k: [] for k in cells}
        for k in cells:
            for u in self.before[k]:
                if self.nodes[u].kind == "cell":
                    after[u].append(k)
        ready = [k for k in cells if not missing[k]]
        order = []
        while ready:
            k = ready.pop()
            order.append(k)
            for following in after[k]:
                missing[following] -= 1
                if not missing[following]:
                    ready.append(following)
        return order

    @cached_property
    def groups(self) -> list[Group]:
        """All bits that anything reads, by driver and readers."""
        readers: dict[int, list[int]] = {}
        for k, bits in enumerate(self.inputs):
            for bit in bits:
                readers.setdefault(bit, []).append(k)
        found: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for bit in sorted(readers):
            found.setdefault((self.driver[bit], tuple(readers[bit])), []).append(bit)
        return [
            Group(driver=driver, bits=tuple(bits), readers=who)
            for (driver, who), bits in found.items()
        ]

    def _cell_times(self, k: int, arrival: Arrival) -> Arrival:
        """Output bits of cell k; input bits that are not in `arrival` come from registers."""
        node = self.nodes[k]
        timing = node.timing
        assert timing is not None  # every cell has one
        common = (0, -1)
        for bit in timing.common:
            if bit in arrival and arrival[bit][0] > common[0]:
                common = (arrival[bit][0], bit)
        times = []
        chain = (-1, -1)
        for column, delay in zip(timing.columns, timing.delays, strict=True):
            latest = common
            for bit in column:
                if bit in arrival and arrival[bit][0] > latest[0]:
                    latest = (arrival[bit][0], bit)
            own = (latest[0] + delay, latest[1])
            if timing.step is not None:
                if chain[0] + timing.step > own[0]:
                    own = (chain[0] + timing.step, chain[1])
                chain = own
            times.append(own)
        if timing.last_only:
            times = times[-1:]
        return dict(zip(node.outputs, times, strict=False))

    def _at(self, k: int, lag: int, lags: Sequence[int], arrival: Arrival) -> Arrival:
        """Input bits of cell k that come from cells with the same lag, without a register."""
        return {
            bit: arrival[bit]
            for bit in self.inputs[k]
            if lags[self.driver[bit]] == lag and bit in arrival
        }

    def arrivals(self, lags: Sequence[int], *, outside: bool = False) -> Arrival:
        """When each cell's output bits are ready, with registers where the lags say.

        With `outside` only cells outside of loops count.
        """
        arrival: Arrival = {}
        for k in self.order:
            if not (outside and self.in_loop[k]):
                arrival.update(self._cell_times(k, self._at(k, lags[k], lags, arrival)))
        return arrival

    def _times(
        self, k: int, lag: int, lags: Sequence[int], limits: Limits, each: Sequence[Arrival]
    ) -> list[Arrival] | None:
        """Output bits of cell k by all paths and by those outside of loops; None if too late."""
        found: list[Arrival] = []
        for period, arrival in zip(limits.periods, each, strict=True):
            if arrival is not each[0] and self.in_loop[k]:
                found.append({})
                continue
            times = self._cell_times(k, self._at(k, lag, lags, arrival))
            if any(time > period for time, _ in times.values()):
                return None
            found.append(times)
        return found

    def earliest(self, limits: Limits, stages: int, interleave: int) -> list[int] | None:
        """The least lag of every node with which the limits are kept; None if there is none."""
        lowest = 1 - interleave
        latest = self._latest(stages, interleave)
        lags = [0 if node.kind == "input" else lowest for node in self.nodes]
        changed = True
        while changed:
            changed = False
            each: list[Arrival] = [{} for _ in limits.periods]
            for k in self.order:
                lag = max((lags[u] for u in self.before[k]), default=lowest)
                times = self._times(k, lag, lags, limits, each)
                if times is None:
                    # Behind registers; a node's own lag is no driver's of its inputs then.
                    lag += 1
                    times = self._times(k, lag, lags, limits, each)
                if times is None or lag > latest[k]:
                    return None
                lags[k] = lag
                for arrival, new in zip(each, times, strict=True):
                    arrival.update(new)
            for k in self.registers:
                lag = max((lags[u] for u in self.before[k]), default=lowest) + lowest
                if lag > lags[k]:
                    lags[k] = lag
                    changed = True
                    if lag > latest[k]:
                        return None
        return [
            stages if node.kind == "output" else lag
            for node, lag in zip(self.nodes, lags, strict=True)
        ]

    def _latest(self, stages: int, interleave: int) -> list[int]:
        """The greatest lag that each node may have for the outputs to have `stages`."""
        nodes = range(len(self.nodes))
        highest = stages + len(self.registers) * (interleave - 1)
        latest = [stages if self.nodes[k].kind == "output" else highest for k in nodes]
        backwards = [k for k in nodes if self.nodes[k].kind == "output"]
        backwards += [*reversed(self.order), *self.registers]
        lowered = True
        while lowered:
            lowered = False
            for k in backwards:
                limit = latest[k] + self._moving(k, interleave)
                for u in self.before[k]:
                    if limit < latest[u]:
                        latest[u], lowered = limit, True
        return latest

    def shortest_period(self, stages: int, interleave: int) -> int:
        """The shortest period in ps, without register overhead."""
        return self._shortest(lambda period: Limits(period=period), stages, interleave)

    def shortest_outside(self, period: int, stages: int, interleave: int) -> int:
        """With `period` for all paths, the shortest that the paths outside of loops can have."""
        return self._shortest(
            lambda outside: Limits(period=period, outside=outside), stages, interleave, outside=True
        )

    def _shortest(
        self,
        limits: Callable[[int], Limits],
        stages: int,
        interleave: int,
        *,
        outside: bool = False,
    ) -> int:
        unpipelined = self.arrivals([0] * len(self.nodes), outside=outside)
        high = max((time for time, _ in unpipelined.values()), default=0)
        cells = [k for k in self.order if not (outside and self.in_loop[k])]
        alone = (time for k in cells for time, _ in self._cell_times(k, {}).values())
        low = max(max(alone, default=0), high // (stages + interleave + 1))
        while low < high:
            middle = (low + high) // 2
            if self.earliest(limits(middle), stages, interleave) is None:
                low = middle + 1
            else:
                high = middle
        return high

    def registers_after(self, group: Group, lags: Sequence[int], interleave: int) -> int:
        """Inserted registers in a row behind each bit of a group."""
        return max(self.needed(group.driver, k, lags, interleave) for k in group.readers)

    def needed(self, driver: int, reader: int, lags: Sequence[int], interleave: int) -> int:
        """Inserted registers between two nodes."""
        return lags[reader] + self._moving(reader, interleave) - lags[driver]

    def _moving(self, reader: int, interleave: int) -> int:
        """Registers that retiming may take away before a node: those that a register stands for."""
        return interleave - 1 if self.nodes[reader].kind == "register" else 0

    def fewest_registers(self, limits: Limits, stages: int, interleave: int) -> list[int]:
        """Lags with which the limits are kept, with the fewest register bits."""
        lags = self.earliest(limits, stages, interleave)
        assert lags is not None  # the caller gives limits that can be kept
        apart: set[tuple[int, int]] = set()
        while True:
            raised = self._best_raise(lags, apart, interleave)
            if not raised:
                return lags
            candidate = [lag + (k in raised) for k, lag in enumerate(lags)]
            too_long = self._paths_beyond(limits, candidate)
            if too_long:
                apart |= too_long
            else:
                lags = candidate

    def _best_raise(
        self, lags: Sequence[int], apart: set[tuple[int, int]], interleave: int
    ) -> set[int]:
        """The set of nodes whose lags are best raised by one; empty if nothing is gained.

        A closure of greatest profit, found as a minimum cut (Picard 1976): a driver in the set
        saves the registers behind it, a reader in the set may need one more.
        """
        count = len(self.nodes)
        source, sink = count + len(self.groups), count + len(self.groups) + 1
        saved = [0] * count
        arcs: dict[tuple[int, int], int] = {}
        for number, group in enumerate(self.groups):
            most = self.registers_after(group, lags, interleave)
            saved[group.driver] += len(group.bits)
            arcs[count + number, sink] = len(group.bits)
            for reader in group.readers:
                needed = self.needed(group.driver, reader, lags, interleave)
                if needed == most:
                    arcs[reader, count + number] = _INFINITE
                if needed == 0:
                    arcs[group.driver, reader] = _INFINITE
        for u, v in apart:
            if lags[v] == lags[u] + 1:
                arcs[u, v] = _INFINITE
        for k, node in enumerate(self.nodes):
            if node.kind in {"input", "output"}:
                arcs[k, sink] = _INFINITE
            elif saved[k]:
                arcs[source, k] = saved[k]
        rows, columns = zip(*arcs, strict=True)
        capacity = csr_matrix(
            (np.array(list(arcs.values()), np.int32), (rows, columns)), shape=(sink + 1, sink + 1)
        )
        flow = maximum_flow(capacity, source, sink).flow
        residual = capacity - flow
        residual.eliminate_zeros()
        reached = breadth_first_order(residual, source, return_predecessors=False)
        return {int(k) for k in reached if k < count}

    def _paths_beyond(self, limits: Limits, lags: Sequence[int]) -> set[tuple[int, int]]:
        """Pairs of nodes between which a path without register is longer than its limit."""
        found = set()
        for outside, period in enumerate(limits.periods):
            arrival = self.arrivals(lags, outside=bool(outside))
            for bit, (time, _) in arrival.items():
                if time <= period:
                    continue
                start = bit
                while True:
                    cause = arrival[start][1]
                    if cause < 0 or time - arrival[cause][0] > period:
                        break
                    start = cause
                found.add((self.driver[start], self.driver[bit]))
        return found
