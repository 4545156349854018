"""The multiplier of logarithmic numbers: one adder, and a table of powers of two."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.formats import Format, Logarithmic
from hwdse.hdl.antilog import antilog_parts, drive_number
from hwdse.hdl.component import Component
from hwdse.hdl.decode.logarithmic import LogarithmDecoder, logarithm_signature
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.unpacked import unpacked_signature
from hwdse.primitives.primitive import Adder, Gates
from hwdse.primitives.structure import Structure
from hwdse.spec import Log

_MAX_INDEX_BITS = 10


@operand_decoder.register(Log)
def _(mul: Log, number_format: Logarithmic) -> Component:
    return LogarithmDecoder(number_format)


class LogMultiplier(Component):
    """Adds two logarithms; a table makes the product's number of the sum's fraction.

    Combinational: latency 0, one product per cycle. Accumulators that use the logarithm leave the
    table unused, and synthesis removes it.
    """

    def __init__(self, mul: Log, a: Format, b: Format) -> None:
        self._product = mul.product(a, b)
        # `product` checks this.
        assert isinstance(a, Logarithmic)
        assert isinstance(b, Logarithmic)
        fraction_bits = self._product.antilog.fraction_bits
        self._steps = tuple(fraction_bits - f.fraction_bits for f in (a, b))
        self._zeros = a.has_zero, b.has_zero
        super().__init__(
            {
                "a": In(logarithm_signature(a)),
                "b": In(logarithm_signature(b)),
                "o": Out(unpacked_signature(self._product)),
            }
        )

    @property
    def structure(self) -> Structure:
        """The adder, the table, and the gates for sign and zero."""
        add, flags = Adder(width=self._product.log_bits), Gates(width=2)
        table = antilog_parts(self._product)
        return Structure(parts=(add, flags, *table), path=(add, *table))

    def elaborate(self, platform) -> Module:
        m = Module()
        shape = self._product
        log, sign, zero = Signal(shape.log_bits), Signal(), Signal()
        aligned = [
            Cat(Const(0, step), x.log) if step else x.log
            for x, step in zip((self.a, self.b), self._steps, strict=True)
        ]
        zeros = [
            x.zero for x, has_zero in zip((self.a, self.b), self._zeros, strict=True) if has_zero
        ]
        m.d.comb += [
            log.eq(aligned[0] + aligned[1]),
            sign.eq(self.a.sign ^ self.b.sign),
            zero.eq(Cat(zeros).any() if zeros else 0),
        ]
        drive_number(m, self.o, shape, log, sign=sign, zero=zero)
        return m


@multiplier.register(Log)
def _(mul: Log, a: Format, b: Format) -> Component:
    antilog = mul.antilog(a, b)
    if antilog.index_bits > _MAX_INDEX_BITS:
        raise SpecError(
            f"multiplier {mul} of {a} and {b} has no hardware generator: its table has "
            f"{1 << antilog.index_bits} entries, use h{_MAX_INDEX_BITS} or less"
        )
    return LogMultiplier(mul, a, b)
