"""AXI4-Stream around a unit: no result is lost while the reader waits."""

from amaranth.hdl import Cat, ClockDomain, Const, DomainRenamer, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.hdl.buses import wrapped
from hwdse.hdl.component import Component
from hwdse.spec import Axis, Design
from hwdse.spec.bus import whole_bytes


@wrapped.register(Axis)
class AxisWrapper(Component):
    """Takes operands while there is room for their result, and keeps results until they are taken.

    Latency: one cycle more than the unit. Throughput: one transfer per cycle while the reader is
    ready. The queue has room for `latency + 2` results, so that every result inside the unit finds
    a place.
    """

    def __init__(self, bus: Axis, design: Design, unit: Component) -> None:
        self._design, self._unit = design, unit
        self._source, self._sink = bus.streams(design)
        self._operands = bus.operands(self._source)
        self._interface = bus.interface(design)
        self._id_bits = bus.id_bits(design.interface)
        ports = {
            port.name: (In if port.direction == "input" else Out)(port.width)
            for port in self._interface.ports()
        }
        super().__init__(ports)

    def elaborate(self, platform) -> Module:
        m = Module()
        plain, latency = self._design.interface, self._sink.latency or 0
        ready_to_run = self._domains(m, plain.reset_cycles)
        turns, depth = plain.turns, latency + 2

        taken, last = Signal(), self.s_axis_tlast
        turn = Signal(range(max(turns, 2)))
        if turns > 1:
            m.d.sync += turn.eq(Mux(turn == turns - 1, 0, turn + 1))
        kept, flying = Signal(range(depth + 1)), Signal(range(depth + 1))
        mine = self.s_axis_tid == turn if turns > 1 else Const(1, 1)
        m.d.comb += [
            self.s_axis_tready.eq(ready_to_run & (kept + flying < depth) & mine),
            taken.eq(self.s_axis_tvalid & self.s_axis_tready),
        ]
        self._connect_unit(m, taken, turn)
        # Side signals that travel with the operands through the unit.
        along = Cat(last, turn[: self._id_bits]) if turns > 1 else Cat(last)
        valid, along = self._delayed(m, taken, along, latency)
        sums = bool(self._source.starts)
        push, pop = Signal(), Signal()
        m.d.comb += [
            push.eq(valid & along[0] if sums else valid),
            pop.eq(self.m_axis_tvalid & self.m_axis_tready),
        ]
        result = getattr(self._unit, self._sink.port_of(self._sink.fields[0]))
        padding = whole_bytes(len(result)) - len(result)
        entry = Cat(result, Const(0, padding), along)
        head = self._queue(m, entry, push, pop, kept, depth)
        m.d.sync += flying.eq(flying + taken - valid)
        width = len(self.m_axis_tdata)
        m.d.comb += [
            self.m_axis_tvalid.eq(kept > 0),
            self.m_axis_tdata.eq(head[:width]),
            self.m_axis_tlast.eq(head[width]),
        ]
        if turns > 1:
            m.d.comb += self.m_axis_tid.eq(head[width + 1 :])
        return m

    def _domains(self, m: Module, reset_cycles: int) -> Value:
        """Make the clock domains of wrapper and unit; returns whether the unit's reset is over."""
        m.domains.sync = own = ClockDomain()
        m.domains.unit = inner = ClockDomain()
        holding = Signal(range(max(reset_cycles, 2)), init=max(reset_cycles - 1, 0))
        m.d.comb += [
            own.clk.eq(self.aclk),
            own.rst.eq(~self.aresetn),
            inner.clk.eq(self.aclk),
            inner.rst.eq(~self.aresetn | (holding > 0)),
        ]
        if reset_cycles < 2:
            return Const(1, 1)
        with m.If(holding > 0):
            m.d.sync += holding.eq(holding - 1)
        return holding == 0

    def _connect_unit(self, m: Module, taken: Value, turn: Value) -> None:
        """Connect the unit's inputs to the fields of TDATA."""
        clocked = self._design.interface.clocked
        m.submodules.unit = DomainRenamer("unit")(self._unit) if clocked else self._unit
        low = 0
        for part in self._operands:
            port = getattr(self._unit, self._source.port_of(part))
            m.d.comb += port.eq(self.s_axis_tdata[low : low + part.width])
            low += whole_bytes(part.width)
        if self._source.valid:
            m.d.comb += getattr(self._unit, self._source.valid).eq(taken)
        if self._source.starts:
            turns = self._design.interface.turns
            here = Const(0, 1)
            for k in range(turns):
                first, mine = Signal(init=1, name=f"first{k}"), turn == k
                with m.If(taken & mine):
                    m.d.sync += first.eq(self.s_axis_tlast)
                here |= first & mine
            starts = f"{self._source.name}_{self._source.starts}"
            m.d.comb += getattr(self._unit, starts).eq(here)

    @staticmethod
    def _delayed(m: Module, valid: Value, along: Value, cycles: int) -> tuple[Value, Value]:
        """The valid bit and the side signals, delayed by `cycles`."""
        for cycle in range(cycles):
            later_valid = Signal(name=f"valid{cycle + 1}")
            later = Signal(len(along), name=f"along{cycle + 1}", reset_less=True)
            m.d.sync += [later_valid.eq(valid), later.eq(along)]
            valid, along = later_valid, later
        return valid, along

    @staticmethod
    def _queue(  # noqa: PLR0917 - ports of a queue
        m: Module, entry: Value, push: Value, pop: Value, kept: Signal, depth: int
    ) -> Value:
        """The oldest entry of a queue for at most `depth` entries. `kept` counts the entries."""
        places = [Signal(len(entry), name=f"place{k}", reset_less=True) for k in range(depth)]
        at = Signal(range(depth + 1))
        m.d.comb += at.eq(kept - pop)
        for k, place in enumerate(places):
            above = places[k + 1] if k + 1 < depth else place
            with m.If(push & (at == k)):
                m.d.sync += place.eq(entry)
            with m.Elif(pop):
                m.d.sync += place.eq(above)
        m.d.sync += kept.eq(at + push)
        return places[0]
