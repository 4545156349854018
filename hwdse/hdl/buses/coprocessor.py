"""The co-processor: registers, DMA and sequencer around a matrix engine."""

from amaranth.hdl import Cat, ClockDomain, Const, DomainRenamer, Module
from amaranth.lib.wiring import In, Out

from hwdse.hdl.buses import wrapped
from hwdse.hdl.component import Component
from hwdse.hdl.coprocessor.bursts import ADDRESS_CHANNEL
from hwdse.hdl.coprocessor.column_table import ColumnTable
from hwdse.hdl.coprocessor.feeder import Feeder
from hwdse.hdl.coprocessor.line_reader import LineReader
from hwdse.hdl.coprocessor.line_writer import LineWriter
from hwdse.hdl.coprocessor.output_stage import OutputStage
from hwdse.hdl.coprocessor.registers import RegisterFile
from hwdse.hdl.coprocessor.row_reader import RowReader
from hwdse.hdl.coprocessor.sequencer import ADDRESSES, TARGETS, Sequencer
from hwdse.hdl.coprocessor.tile_buffer import TileBuffer
from hwdse.spec import Axi, Design
from hwdse.spec.coprocessor import element_bytes

_REGISTER_PORTS = (
    *("awvalid", "awready", "awaddr", "wvalid", "wready", "wdata", "wstrb"),
    *("bvalid", "bready", "bresp", "arvalid", "arready", "araddr"),
    *("rvalid", "rready", "rdata", "rresp"),
)
_READ_PORTS = (
    *("arvalid", "arready", "rvalid", "rready", "rdata", "rresp"),
    *(f"ar{name}" for name in ADDRESS_CHANNEL),
)
_WRITE_PORTS = (
    *("awvalid", "awready", "wvalid", "wready", "wdata", "wstrb", "wlast"),
    *("bvalid", "bready", "bresp"),
    *(f"aw{name}" for name in ADDRESS_CHANNEL),
)
_COMMAND = ("start", "address", "stride", "lines", "words")


@wrapped.register(Axi)
class CoProcessor(Component):
    """A matrix engine with AXI4-Lite registers, and AXI4 to the memory with the matrices.

    One tile after another: a tile's terms are read, then fed at one step per cycle, then its
    results are written at one element per cycle. Without waiting for memory, a tile of m x n
    results with K terms takes about (m + n) K / e + K + m n cycles, where e elements fit into a
    word of the bus.
    """

    def __init__(self, bus: Axi, design: Design, unit: Component) -> None:
        self._bus, self._design, self._unit = bus, design, unit
        self._inside, self._array = bus.inside(design), bus.array(design)
        self._table, self._interface = bus.registers(design), bus.interface(design)
        super().__init__(
            {
                port.name: (In if port.direction == "input" else Out)(port.width)
                for port in self._interface.ports()
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        bus, design, array = self._bus, self._design, self._array
        rows, cols, bytes_ = array.rows, array.cols, bus.word_bytes
        sizes = (element_bytes(design.a), element_bytes(design.b), element_bytes(design.out))
        terms = bus.chunk(design)
        tables = {name: ColumnTable(cols, bytes_) for name in ("bias", "scales")}
        if not bus.has_output_stage(design):
            tables = {}
        words = max(bus.words, *(table.words for table in tables.values()), 0)
        m.submodules.registers = registers = RegisterFile(self._table)
        m.submodules.sequencer = sequencer = Sequencer(rows, cols, bytes_, sizes, terms, words)
        m.submodules.reader = reader = LineReader(bytes_, max(rows, cols), words)
        m.submodules.feeder = feeder = Feeder(terms)
        m.submodules.row_reader = results = RowReader(rows, cols, self._inside.out.bits)
        m.submodules.writer = writer = LineWriter(bytes_, sizes[2], design.out.bits, rows, cols)
        self._domains(m, sequencer)
        self._expose(m, "s_axi", registers, _REGISTER_PORTS)
        self._expose(m, "m_axi", reader, _READ_PORTS)
        self._expose(m, "m_axi", writer, _WRITE_PORTS)
        self._control(m, registers, sequencer)
        m.d.comb += [
            *(getattr(reader, name).eq(getattr(sequencer, f"read_{name}")) for name in _COMMAND),
            sequencer.read_busy.eq(reader.busy),
            sequencer.read_failed.eq(reader.failed),
            *(
                getattr(feeder, name).eq(getattr(sequencer, f"feed_{name}"))
                for name in ("start", "count", "ends")
            ),
            sequencer.feed_busy.eq(feeder.busy),
            sequencer.write_busy.eq(results.busy | writer.busy),
            sequencer.write_failed.eq(writer.failed),
            writer.address.eq(sequencer.write_address),
            writer.stride.eq(sequencer.r_stride),
        ]
        for part in (results, writer):
            m.d.comb += [
                part.start.eq(sequencer.write_start),
                part.lines.eq(sequencer.lines),
                part.count.eq(sequencer.count),
            ]
        self._feed(m, reader, sequencer, feeder, results)
        self._results(m, registers, sequencer, reader, results, writer, tables)
        return m

    def _domains(self, m: Module, sequencer: Sequencer) -> None:
        """The clock domains of the co-processor, and of the array, which each job resets."""
        m.domains.sync = own = ClockDomain()
        m.domains.unit = inner = ClockDomain()
        m.d.comb += [
            own.clk.eq(self.aclk),
            own.rst.eq(~self.aresetn),
            inner.clk.eq(self.aclk),
            inner.rst.eq(~self.aresetn | sequencer.restart),
        ]

    def _expose(self, m: Module, prefix: str, part: Component, names: tuple[str, ...]) -> None:
        """Connect ports of a part to the ports `{prefix}_...` of the co-processor."""
        directions = {port.name: port.direction for port in self._interface.ports()}
        for name in names:
            own, inner = getattr(self, f"{prefix}_{name}"), getattr(part, name)
            into = directions[f"{prefix}_{name}"] == "input"
            m.d.comb += inner.eq(own) if into else own.eq(inner)

    def _control(self, m: Module, registers: RegisterFile, sequencer: Sequencer) -> None:
        """Connect registers and sequencer."""
        m.d.comb += [
            registers.busy.eq(sequencer.busy),
            registers.cycles.eq(sequencer.cycles),
            sequencer.start.eq(registers.control_start),
            sequencer.clear.eq(registers.control_clear),
            self.irq.eq(sequencer.done & registers.interrupt),
        ]
        status = {"busy": sequencer.busy, "done": sequencer.done, "error": sequencer.error}
        for part in self._table["STATUS"].fields:
            m.d.comb += registers.status[part.low : part.low + part.bits].eq(status[part.name])
        for name in ("m", "n", "k", "a_stride", "w_stride", "r_stride"):
            m.d.comb += getattr(sequencer, name).eq(getattr(registers, name))
        for name in ADDRESSES:
            if f"{name.upper()}_LOW" in self._table:
                halves = [getattr(registers, f"{name}_{half}") for half in ("low", "high")]
                m.d.comb += getattr(sequencer, f"{name}_address").eq(Cat(halves))
        if "OPTIONS" in self._table:
            for part in self._table["OPTIONS"].fields:
                asked = registers.options[part.low]
                m.d.comb += getattr(sequencer, f"with_{part.name}").eq(asked)

    def _feed(
        self,
        m: Module,
        reader: LineReader,
        sequencer: Sequencer,
        feeder: Feeder,
        results: RowReader,
    ) -> None:
        """Words to buffers, steps to the array, rows of results from it."""
        bus, design, array = self._bus, self._design, self._array
        unit = self._unit
        m.submodules.unit = DomainRenamer("unit")(unit)
        terms = bus.chunk(design)
        for name, lines, operand in (("a", array.rows, design.a), ("w", array.cols, design.b)):
            element = element_bytes(operand)
            words = terms * element // bus.word_bytes
            buffer = TileBuffer(lines, words, 8 * element, operand.bits, bus.width)
            m.submodules[f"buffer_{name}"] = buffer
            m.d.comb += [
                buffer.put.eq(reader.put & (sequencer.read_target == TARGETS.index(name))),
                buffer.put_line.eq(reader.put_line),
                buffer.put_place.eq(reader.put_place),
                buffer.put_data.eq(reader.put_data),
                buffer.take.eq(feeder.take),
                buffer.take_term.eq(feeder.take_term),
                getattr(unit, f"{name}_data").eq(buffer.o),
                getattr(unit, f"{name}_valid").eq(feeder.valid),
            ]
        # Both streams are offered together, and so taken together.
        m.d.comb += [
            unit.a_last.eq(feeder.last),
            feeder.ready.eq(unit.a_ready & unit.w_ready),
            results.row_valid.eq(unit.o_valid),
            results.row.eq(unit.o_data),
            unit.o_ready.eq(results.row_ready),
        ]

    def _results(  # noqa: PLR0917 - the parts on the way
        self,
        m: Module,
        registers: RegisterFile,
        sequencer: Sequencer,
        reader: LineReader,
        results: RowReader,
        writer: LineWriter,
        tables: dict[str, ColumnTable],
    ) -> None:
        """Elements of results to the writer, through the output stage if there is one."""
        sums = self._bus.sums(self._design)
        if sums is None:
            m.d.comb += [
                writer.in_valid.eq(results.valid),
                writer.in_last.eq(results.last),
                writer.in_data.eq(results.o),
                results.ready.eq(writer.in_ready),
            ]
            return
        stage = OutputStage(sums, self._design.out, self._design.rounding)
        m.submodules.output_stage = stage
        instead = {"bias": Const(0, 32), "scales": registers.scale}
        outputs = {"bias": stage.bias, "scales": stage.scale}
        for name, table in tables.items():
            m.submodules[f"{name}_table"] = table
            m.d.comb += [
                table.put.eq(reader.put & (sequencer.read_target == TARGETS.index(name))),
                table.put_place.eq(reader.put_place),
                table.put_data.eq(reader.put_data),
                table.skip.eq(sequencer.skip),
                table.column.eq(results.column),
                table.used.eq(getattr(sequencer, f"with_{name}")),
                table.instead.eq(instead[name]),
                outputs[name].eq(table.o),
            ]
        m.d.comb += [
            stage.shift.eq(registers.shift),
            stage.in_valid.eq(results.valid),
            stage.in_last.eq(results.last),
            stage.in_data.eq(results.o),
            results.ready.eq(stage.in_ready),
            writer.in_valid.eq(stage.valid),
            writer.in_last.eq(stage.last),
            writer.in_data.eq(stage.o),
            stage.ready.eq(writer.in_ready),
        ]
