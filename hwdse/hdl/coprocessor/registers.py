"""Control registers behind AXI4-Lite."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Member, Out

from hwdse.hdl.component import Component
from hwdse.hdl.select import any_selected
from hwdse.spec.registers import REGISTER_BYTES, ControlRegister, RegisterTable

_OKAY, _SLAVE_ERROR = 0, 2
_DATA_BITS = 32


class RegisterFile(Component):
    """The registers of a table behind AXI4-Lite.

    A write is done in the cycle after that in which its address and its data have both come, and
    answered one cycle later; a read is answered one cycle after its address has come. No output
    depends on an input of the same cycle.

    Answers are errors (SLVERR), and nothing happens, where there is no register, where a register
    takes no writes, and for writes while `busy`, but for registers with `always`. Strobes choose
    the bytes that are written. The lowest two bits of addresses do not matter.

    Ports:
        busy: a job runs.
        aw..., w..., b..., ar..., r...: the channels of AXI4-Lite.
        {register}: of a setting, an output with its value; of a status, an input.
        {register}_{field}: of each field of a command, an output: high for one cycle.
    """

    def __init__(self, table: RegisterTable) -> None:
        self._table = table
        address = table.address_bits
        channels = {
            **{"awvalid": In(1), "awready": Out(1), "awaddr": In(address)},
            **{"wvalid": In(1), "wready": Out(1), "wdata": In(_DATA_BITS), "wstrb": In(4)},
            **{"bvalid": Out(1), "bready": In(1), "bresp": Out(2)},
            **{"arvalid": In(1), "arready": Out(1), "araddr": In(address)},
            **{"rvalid": Out(1), "rready": In(1), "rdata": Out(_DATA_BITS), "rresp": Out(2)},
        }
        own: dict[str, Member] = {}
        for register in table:
            if register.kind == "command":
                own |= {f"{register.port}_{part.name}": Out(1) for part in register.fields}
            elif register.kind == "setting":
                own[register.port] = Out(register.bits)
            elif register.kind == "status":
                own[register.port] = In(register.bits)
        super().__init__({"busy": In(1), **channels, **own})

    def elaborate(self, platform) -> Module:
        m = Module()
        self._writes(m)
        self._reads(m)
        return m

    def _writes(self, m: Module) -> None:
        has_address, has_data = Signal(), Signal()
        place, strobes = Signal(self._place_bits), Signal(REGISTER_BYTES)
        data = Signal(_DATA_BITS)
        m.d.comb += [self.awready.eq(~has_address), self.wready.eq(~has_data)]
        with m.If(self.awvalid & self.awready):
            m.d.sync += [has_address.eq(1), place.eq(self._place_of(self.awaddr))]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [has_data.eq(1), data.eq(self.wdata), strobes.eq(self.wstrb)]
        write, allowed = Signal(), Signal()
        m.d.comb += write.eq(has_address & has_data & ~self.bvalid)
        with m.If(self.bvalid & self.bready):
            m.d.sync += self.bvalid.eq(0)
        with m.If(write):
            m.d.sync += [has_address.eq(0), has_data.eq(0), self.bvalid.eq(1)]
            m.d.sync += self.bresp.eq(Mux(allowed, _OKAY, _SLAVE_ERROR))
        for register in self._table:
            if not register.writable:
                continue
            here, done = Signal(name=f"{register.port}_here"), Signal(name=f"{register.port}_done")
            may = here if register.always else here & ~self.busy
            m.d.comb += [here.eq(place == register.offset // REGISTER_BYTES), done.eq(write & may)]
            with m.If(may):
                m.d.comb += allowed.eq(1)
            if register.kind == "command":
                for part in register.fields:
                    port = getattr(self, f"{register.port}_{part.name}")
                    strobe = strobes[part.low // 8]
                    m.d.comb += port.eq(done & strobe & data[part.low])
            else:
                self._set(m, register, done, data, strobes)

    def _set(
        self, m: Module, register: ControlRegister, done: Value, data: Value, strobes: Value
    ) -> None:
        value = Signal(register.bits, init=register.value, name=f"{register.port}_value")
        m.d.comb += getattr(self, register.port).eq(value)
        for byte in range(-(-register.bits // 8)):
            bits = slice(8 * byte, min(8 * byte + 8, register.bits))
            with m.If(done & strobes[byte]):
                m.d.sync += value[bits].eq(data[bits])

    def _reads(self, m: Module) -> None:
        m.d.comb += self.arready.eq(~self.rvalid)
        place, found, known = self._place_of(self.araddr), [], []
        for register in self._table:
            here = Signal(name=f"{register.port}_read")
            m.d.comb += here.eq(place == register.offset // REGISTER_BYTES)
            known.append(here)
            if register.kind == "constant":
                found.append((here, Const(register.value, _DATA_BITS)))
            elif register.kind != "command":
                found.append((here, getattr(self, register.port)))
        with m.If(self.rvalid & self.rready):
            m.d.sync += self.rvalid.eq(0)
        with m.If(self.arvalid & self.arready):
            m.d.sync += [
                self.rvalid.eq(1),
                self.rdata.eq(any_selected(found, _DATA_BITS)),
                self.rresp.eq(Mux(Cat(known).any(), _OKAY, _SLAVE_ERROR)),
            ]

    @property
    def _place_bits(self) -> int:
        return self._table.address_bits - 2

    @staticmethod
    def _place_of(address: Value) -> Value:
        """The number of a register, from its address in bytes."""
        return Cat(address[2:])
