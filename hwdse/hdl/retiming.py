"""Retiming: places registers in a netlist for the shortest clock period, then for fewest registers.

The method is the retiming of Leiserson and Saxe, "Retiming synchronous circuitry", Algorithmica 6
(1991). Each node has a *lag*: the number of registers that retiming adds on every path from the
inputs to this node (negative: removes). A wire from u to v therefore gets lag(v) - lag(u)
additional registers. Inputs have lag 0 and outputs have lag `stages`, which makes a pipeline. With
`interleave` k, k registers replace each register of the circuit before retiming ("k-slow", section
8 of the paper). Retiming may move k - 1 of the k registers.

The shortest period is exact. It is found by bisection: a period is possible if the earliest lags
for this period exist. The fewest register bits at the shortest period are exact, too. The number of
bits is an L-natural-convex function of the lags (Murota, "Discrete convex analysis", 2003).
Therefore steepest descent ends at the optimum: start with the earliest lags, and raise the best set
of lags by one until no set saves bits. The best set is a minimum cut. All delays are whole
picoseconds and all flows are integers, so the placement is the same on every machine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hwdse.hdl.netlist import Node

_INFINITE = 1 << 29

Arrival = dict[int, tuple[int, int]]
"""For each bit: time in ps after the last register at which the bit is ready, and the input bit
that the time depends on (-1: none)."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Longest allowed delays in ps.

    Attributes:
        period: limit of every path between registers.
        outside: limit of paths through cells outside of loops. None: only `period` limits them.
    """

    period: int
    outside: int | None = None

    @property
    def periods(self) -> tuple[int, ...]:
        """The limit of all paths, then the limit of paths outside of loops if it is set."""
        return (self.period,) if self.outside is None else (self.period, self.outside)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Bits of one driver with the same readers. All bits of a group need equally many registers.

    Attributes:
        driver: number of the node that drives the bits.
        bits: the bits.
        readers: numbers of the nodes that read the bits.
    """

    driver: int
    bits: tuple[int, ...]
    readers: tuple[int, ...]


class Circuit:
    """The graph of a netlist: nodes, the driver of each bit, and the inputs of each node.

    Args:
        nodes: nodes of the netlist.
        opened: open all loops: leave out each wire from a register to a node in the same loop.
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
        """For each node, the number of the loop that contains the node; 0 outside of loops."""
        # Every command loads this module, and few need SciPy.
        from scipy.sparse import csr_matrix  # noqa: PLC0415
        from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

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
        """Cells in topological order: each cell comes after the cells that drive its inputs."""
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
        """All bits with at least one reader, grouped by driver and readers."""
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
        """Arrival of the output bits of cell k.

        Input bits that are not in `arrival` come from registers or ports: they are ready at time 0.
        """
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
        """Arrival of the input bits of cell k that come from cells with the lag `lag`.

        No register lies between these cells and a cell k with this lag.
        """
        return {
            bit: arrival[bit]
            for bit in self.inputs[k]
            if lags[self.driver[bit]] == lag and bit in arrival
        }

    def arrivals(self, lags: Sequence[int], *, outside: bool = False) -> Arrival:
        """Arrival of the output bits of all cells, for registers according to the lags.

        With `outside`, only cells outside of loops count.
        """
        arrival: Arrival = {}
        for k in self.order:
            if not (outside and self.in_loop[k]):
                arrival.update(self._cell_times(k, self._at(k, lags[k], lags, arrival)))
        return arrival

    def _times(
        self, k: int, lag: int, lags: Sequence[int], limits: Limits, each: Sequence[Arrival]
    ) -> list[Arrival] | None:
        """Arrival of the output bits of cell k, for each limit; None if a bit misses a limit.

        The first entry is for all paths, the second entry for paths outside of loops.
        """
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
        """The smallest lag of every node that keeps the limits; None if no lags keep the limits."""
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
                    # One more register before the cell: now no driver has the lag of the cell, so
                    # all inputs of the cell come from registers.
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
        """The largest lag that each node may have, so that the outputs can have lag `stages`."""
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

    def enough(
        self, limits: Limits, most_stages: int, most_interleave: int
    ) -> Iterator[tuple[int, int]]:
        """Yield each possible number of stages and the smallest `interleave` that is enough for it.

        A number of stages is left out if even `most_interleave` sums do not keep the limits.
        """
        for stages in range(most_stages + 1):
            if self.earliest(limits, stages, most_interleave) is None:
                continue
            low, high = 1, most_interleave
            while low < high:
                middle = (low + high) // 2
                if self.earliest(limits, stages, middle) is None:
                    low = middle + 1
                else:
                    high = middle
            yield stages, high

    @property
    def unpipelined_ps(self) -> int:
        """Delay in ps of the slowest path without inserted registers."""
        arrival = self.arrivals([0] * len(self.nodes))
        return max((time for time, _ in arrival.values()), default=0)

    def shortest_period(self, stages: int, interleave: int) -> int:
        """The shortest period in ps, without register overhead."""
        return self._shortest(lambda period: Limits(period=period), stages, interleave)

    def shortest_outside(self, period: int, stages: int, interleave: int) -> int:
        """The shortest limit in ps for paths outside of loops, if `period` limits all paths."""
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
        """Number of inserted registers in series after each bit of a group."""
        return max(self.needed(group.driver, k, lags, interleave) for k in group.readers)

    def needed(self, driver: int, reader: int, lags: Sequence[int], interleave: int) -> int:
        """Number of inserted registers between a driver and a reader."""
        return lags[reader] + self._moving(reader, interleave) - lags[driver]

    def _moving(self, reader: int, interleave: int) -> int:
        """Number of registers before a node that retiming may move.

        The number is `interleave - 1` for a register, which is replaced by `interleave` registers.
        It is 0 for all other nodes.
        """
        return interleave - 1 if self.nodes[reader].kind == "register" else 0

    def fewest_registers(self, limits: Limits, stages: int, interleave: int) -> list[int]:
        """Lags that keep the limits with the fewest register bits."""
        lags = self.earliest(limits, stages, interleave)
        assert lags is not None  # the caller gives limits that are possible
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
        """The set of nodes for which raising the lags by one saves most register bits.

        The set is empty if no set saves bits. The set is a closure of largest profit, found as a
        minimum cut (Picard 1976). A driver in the set saves one register after each of its bits. A
        reader in the set may need one more register before it.

        Args:
            lags: the present lags.
            apart: pairs of nodes (u, v). The path from u to v is too long without a register, so if
                u is raised and the lag of v is only one larger, v must be raised, too.
            interleave: number of interleaved sums.
        """
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - as in `_loops`
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow  # noqa: PLC0415

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
        """Pairs of nodes (first, last) of paths without register that are longer than a limit."""
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
