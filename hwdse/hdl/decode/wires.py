"""Decoders of formats whose codes are integers, up to one or two gates."""

from functools import singledispatch

from amaranth.hdl import Cat, Const, Module, Value
from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.formats import Binary, Bipolar, Format, PowersOfTwo, Ternary
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import unpacked_signature
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Structure


@singledispatch
def integer_of(number_format: Format, code: Value) -> Value:
    """The two's-complement word of a code.

    Raises:
        SpecError: the codes of the format are no integers.
    """
    raise SpecError(f"format {number_format}: its codes are no integers")


@integer_of.register
def _(number_format: PowersOfTwo, code: Value) -> Value:
    """The code itself."""
    return code


@integer_of.register(Bipolar)
@integer_of.register(Binary)
def _(number_format: Bipolar | Binary, code: Value) -> Value:
    """2 code + 1 - 2^n. In two's complement, this inverts one bit."""
    return Cat(Const(1, 1), code[:-1], ~code[-1])


@integer_of.register
def _(number_format: Ternary, code: Value) -> Value:
    """The code itself, except 10, which reads as 0."""
    return Cat(code[0], code.all())


@decoder.register(PowersOfTwo)
@decoder.register(Bipolar)
@decoder.register(Binary)
@decoder.register(Ternary)
class WireDecoder(Component):
    """Wires, and at most one gate. Combinational: latency 0, one code per cycle."""

    def __init__(self, number_format: PowersOfTwo | Bipolar | Binary | Ternary) -> None:
        self._format = number_format
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """A gate for ternary numbers. Inverters merge into the logic that follows."""
        if not isinstance(self._format, Ternary):
            return Structure()
        gate = Gates(width=1)
        return Structure(parts=(gate,), path=(gate,))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.o.significand.eq(integer_of(self._format, self.i).as_signed())
        return m
