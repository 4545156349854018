"""Bias, scale, shift and rounding of integer sums on their way out."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import FixedPoint, Format, UnpackedShape
from hwdse.hdl.component import Component
from hwdse.hdl.encode import encoder
from hwdse.hdl.unpacked import drive
from hwdse.spec.coprocessor import PARAMETER_BYTES, SHIFT_BITS

_BITS = 8 * PARAMETER_BYTES
#: Bits below a sum's unit that decide how to round: a half, and whether anything is left below.
_BELOW = 2


class OutputStage(Component):
    """Gives round((sum + bias) * scale / 2^shift), encoded in the output format, rounded once.

    Everything before the rounding is exact. Latency 4; one element per cycle while the receiver is
    ready.

    Args:
        sums: format of the sums.
        out: format of the results, of which no unit is finer than that of the sums.
        rounding: rounding of the results.

    Ports:
        in_valid, in_ready, in_data, in_last: a sum, and whether it is the last of its row.
        bias: the sum's bias, in units of the sum, with its sign.
        scale: the sum's factor, with its sign.
        shift: binary places to the right.
        valid, ready, o, last: a result.
    """

    def __init__(self, sums: FixedPoint, out: Format, rounding: str) -> None:
        self._sum_bits = sums.bits
        self._product_bits = max(sums.bits, _BITS) + 1 + _BITS
        lsb = -sums.fraction_bits - _BELOW
        self._encode = encoder(
            out,
            UnpackedShape(
                significand_bits=self._product_bits + _BELOW,
                exponent_min=lsb,
                exponent_max=lsb,
                twos_complement=True,
            ),
            rounding,
        )
        super().__init__(
            {
                **{
                    "in_valid": In(1),
                    "in_ready": Out(1),
                    "in_data": In(sums.bits),
                    "in_last": In(1),
                },
                **{"bias": In(_BITS), "scale": In(_BITS), "shift": In(SHIFT_BITS)},
                **{"valid": Out(1), "ready": In(1), "o": Out(out.bits), "last": Out(1)},
            }
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.encode = self._encode
        go = Signal()
        m.d.comb += [go.eq(~self.valid | self.ready), self.in_ready.eq(go)]
        total = Signal(signed(max(self._sum_bits, _BITS) + 1), reset_less=True)
        factor = Signal(signed(_BITS), reset_less=True)
        product = Signal(signed(self._product_bits), reset_less=True)
        word = Signal(signed(self._product_bits + _BELOW), reset_less=True)
        drive(m, self._encode.i, significand=word)
        with m.If(go):
            m.d.sync += [
                total.eq(self.in_data.as_signed() + self.bias.as_signed()),
                factor.eq(self.scale.as_signed()),
                product.eq(total * factor),
                word.eq(self._moved(m, product)),
                self.o.eq(self._encode.o),
            ]
        flags: Value = Cat(self.in_valid, self.in_last)
        for stage in ("total", "product", "word"):
            after = Signal(2, name=f"{stage}_flags")
            with m.If(go):
                m.d.sync += after.eq(flags)
            flags = after
        with m.If(go):
            m.d.sync += [self.valid.eq(flags[0]), self.last.eq(flags[1])]
        return m

    def _moved(self, m: Module, product: Value) -> Value:
        """The product, shifted right: rounded down, with the lowest bit set if any bit was lost."""
        moved: Value = Cat(Const(0, _BELOW), product).as_signed()
        lost: Value = Const(0, 1)
        for stage in range(SHIFT_BITS):
            step = Signal(signed(len(moved)), name=f"moved{stage}")
            lower, by = Signal(name=f"lost{stage}"), 1 << stage
            m.d.comb += [step.eq(moved), lower.eq(lost)]
            with m.If(self.shift[stage]):
                m.d.comb += [step.eq(moved >> by), lower.eq(lost | moved[:by].any())]
            moved, lost = step, lower
        return Cat(moved[0] | lost, moved[1:]).as_signed()
