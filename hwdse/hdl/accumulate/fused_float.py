"""The fused floating-point accumulator: multiply-add with one rounding a group."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component

from hwdse.formats import UnpackedShape, clog2
from hwdse.hdl.accumulate import accumulator, accumulator_ports, product_records
from hwdse.hdl.decode import decoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.fixed_point import fixed_point_sum, to_fixed_point
from hwdse.hdl.fused_add import FusedAdd
from hwdse.hdl.structure import Gates, Register, Structure
from hwdse.hdl.unpacked import Record, connect
from hwdse.spec import Design, FusedFloat


@accumulator.register(FusedFloat)
class FusedFloatAccumulator(Component):
    """Adds a group of products to a float exactly and rounds once.

    Latency 1, one group per cycle: add, normalise and round close in a single cycle. The register
    holds a code of the format; several lanes are first summed exactly in fixed point.
    """

    def __init__(self, acc: FusedFloat, design: Design) -> None:
        self._format, self._rounding = acc.format, design.rounding
        self._product, self._lanes = design.product, design.unit.lanes
        self._group = self._product if self._lanes == 1 else _group_shape(design)
        self._add = FusedAdd(self._group, acc.format)
        self._decode = decoder(acc.format)
        self._encode = encoder(acc.format, self._add.shape, design.rounding)
        self._output = decoder(acc.format)
        self._design = design
        super().__init__(accumulator_ports(design))

    @property
    def structure(self) -> Structure:
        """Fixed-point adder tree if there are lanes, then the fused add, rounding and register."""
        bits = self._format.bits
        group = fixed_point_sum(self._product, self._lanes) if self._lanes > 1 else Structure()
        clear, register = Gates(width=bits), Register(width=bits)
        specials = Gates(width=bits if self._format.has_nan else 0)
        around = Structure(
            parts=(*self._decode.structure.parts, clear, register, specials), path=(specials,)
        )
        return Structure.series([group, self._add.structure, self._encode.structure, around])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.add = add = self._add
        m.submodules.decode = decode = self._decode
        m.submodules.encode = encode = self._encode
        m.submodules.output = output = self._output
        products = product_records(self, self._design)
        register = Signal(self._format.bits)
        m.d.comb += decode.i.eq(Mux(self.i_first, 0, register))
        state = Record(self._format.unpacked, decode.o)
        self._connect_group(m, products)
        connect(m, add.a, decode.o)
        signs = [p.sign for p in products] + [state.sign]
        everything_negative, anything_negative = signs[0], signs[0]
        for sign in signs[1:]:
            everything_negative &= sign
            anything_negative |= sign
        m.d.comb += add.zero_sign.eq(
            anything_negative if self._rounding == "down" else everything_negative
        )
        connect(m, encode.i, add.o)

        with m.If(self.i_valid):
            m.d.sync += register.eq(self._with_specials(m, [*products, state], encode.o))
        m.d.comb += output.i.eq(register)
        connect(m, self.o, output.o)
        return m

    def _connect_group(self, m: Module, products: list[Record]) -> None:
        """Give the adder one product, or the exact fixed-point sum of all."""
        if self._lanes == 1:
            connect(m, self._add.p, self.i0)
            return
        terms = [to_fixed_point(m, p, f"lane{k}") for k, p in enumerate(products)]
        m.d.comb += self._add.p.significand.eq(sum(terms[1:], start=terms[0]))

    def _with_specials(self, m: Module, terms: list[Record], code: Signal) -> Signal:
        """The rounded sum, overruled by NaN and infinities among the terms."""
        f = self._format
        result = Signal(f.bits)
        plus, minus, nan = Signal(), Signal(), Signal()
        m.d.comb += [
            result.eq(code),
            plus.eq(_any(t.inf & ~t.inf_sign for t in terms)),
            minus.eq(_any(t.inf & t.inf_sign for t in terms)),
            nan.eq(_any(t.nan for t in terms) | (plus & minus)),
        ]
        inf_code = f.max_code if f.inf_code is None else f.inf_code
        with m.If(plus | minus):
            m.d.comb += result.eq(Mux(minus, inf_code | f.sign_code, inf_code))
        with m.If(nan):
            m.d.comb += result.eq(f.nan_code or 0)
        return result


def _any(bits):
    first, *rest = bits
    for bit in rest:
        first = first | bit
    return first


def _group_shape(design: Design) -> UnpackedShape:
    """Bounds of the exact sum of one group, a fixed-point word."""
    product = design.product
    return UnpackedShape(
        significand_bits=product.fixed_point_bits + clog2(design.unit.lanes) + 1,
        exponent_min=product.exponent_min,
        exponent_max=product.exponent_min,
        twos_complement=True,
    )
