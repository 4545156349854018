"""Decoder of posits."""

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib.wiring import In, Out

from hwdse.formats import Posit
from hwdse.hdl.blocks import leading_zero_count, shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import drive, unpacked_signature
from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Primitive,
    Reduce,
    Shifter,
)
from hwdse.primitives.structure import Structure


@decoder.register(Posit)
class PositDecoder(Component):
    """Takes the magnitude, counts the regime's run and shifts it out.

    Combinational: latency 0, one code per cycle. Let c be the length of the run without its first
    bit. The regime is c for a run of ones, and -c - 1 (the bitwise NOT of c) for a run of zeros. A
    left shift by c brings the bits after the run to the top: the exponent bits, then the fraction.
    """

    def __init__(self, number_format: Posit) -> None:
        self._format = number_format
        # The bits that remain after the run's first bit and its end.
        self._rest = max(number_format.width - 3, 0)
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Negation, count of the run, and the shift beside the arithmetic of the regime."""
        f = self._format
        negate = Incrementer(width=f.width - 1)
        run = Gates(width=f.width - 2)
        count = LeadingZeroCounter(width=f.width - 1)
        shift = Shifter(width=self._rest, max_shift=f.width - 2)
        invert = Gates(width=(f.width - 2).bit_length())
        offset = Adder(width=(f.width - 2).bit_length() + 1)
        specials = Reduce(width=f.width - 1)
        path: tuple[Primitive, ...] = (negate, run, count, shift)
        return Structure(parts=(*path, invert, offset, specials), path=path)

    def elaborate(self, platform) -> Module:
        f, shape = self._format, self._format.unpacked
        m = Module()
        sign, body = self.i[-1], self.i[:-1]
        magnitude = Signal(f.width - 1)
        real = Signal()
        m.d.comb += [
            magnitude.eq((body ^ sign.replicate(f.width - 1)) + sign),
            real.eq(body.any()),
        ]
        ones = magnitude[-1]
        differs = magnitude[:-1] ^ ones.replicate(f.width - 2)
        if f.width > 2:
            # Only zero and NaR have a run of zeros without an end: give the run an end.
            differs = Cat(differs[0] | ~ones, differs[1:])
        # A run of ones may fill the word: its end is then below the word.
        run, _ = leading_zero_count(m, Cat(Const(1, 1), differs), "run")
        tail = magnitude[: self._rest]
        if self._rest:
            tail = shift_left(m, tail, run, self._rest, "shift", long_steps_first=True)
        # Two's complement with the sign inverted: the number counts from the shape's exponent
        # origin.
        regime = Signal(shape.exponent_bits - f.es)
        m.d.comb += regime.eq(Cat(run ^ (~ones).replicate(len(run)), ones))

        written = min(f.es, self._rest)
        exponent = Cat(Const(0, f.es - written), tail[self._rest - written :])
        drive(
            m,
            self.o,
            sign=sign,
            significand=Cat(tail[: f.max_fraction_bits], real),
            exponent=Cat(exponent, regime),
            zero=~real & ~sign,
            nan=~real & sign,
        )
        return m
