"""Decoder of binary floats."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib.wiring import Component, In, Out

from hwdse.formats import Minifloat
from hwdse.hdl.decode import decoder
from hwdse.hdl.structure import Gates, Reduce, Structure
from hwdse.hdl.unpacked import drive, unpacked_signature


@decoder.register(Minifloat)
class MinifloatDecoder(Component):
    """Splits sign, exponent field and fraction, and restores the hidden bit.

    Combinational: latency 0, one code per cycle. The exponent field of a subnormal becomes 1, the
    field of the lowest binade, so the exponent is max(field, 1) counted from -bias - M.
    """

    def __init__(self, number_format: Minifloat) -> None:
        self._format = number_format
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Hidden bit and special values: reductions over both fields."""
        f = self._format
        hidden = Reduce(width=f.exponent_bits)
        specials = Reduce(width=f.exponent_bits + f.fraction_bits) if f.has_nan else None
        parts = (hidden, Reduce(width=f.fraction_bits), Gates(width=2))
        return Structure(parts=(*parts, specials) if specials else parts, path=(hidden,))

    def elaborate(self, platform) -> Module:
        f = self._format
        m = Module()
        fraction = self.i[: f.fraction_bits]
        field = self.i[f.fraction_bits : f.fraction_bits + f.exponent_bits]
        magnitude = self.i[: f.fraction_bits + f.exponent_bits]
        sign = self.i[-1] if f.signed else Const(0)
        normal = Signal()
        m.d.comb += normal.eq(field.any() if f.subnormals else 1)
        zero = ~magnitude.any() if f.subnormals else Const(0)
        lowest = ~normal if f.subnormals else Const(0)
        nan, inf = Const(0), Const(0)
        match f.variant:
            case "ieee":
                top = field.all()
                nan, inf = top & fraction.any(), top & ~fraction.any()
            case "fn":
                nan = magnitude.all()
            case "fnuz":
                nan = sign & zero
                sign, zero = sign & ~nan, zero & ~nan
        drive(
            m,
            self.o,
            sign=sign,
            significand=Cat(fraction, normal),
            exponent=field | lowest,
            zero=zero,
            nan=nan,
            inf=inf,
        )
        return m
