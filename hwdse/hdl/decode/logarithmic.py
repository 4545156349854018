"""Decoder of logarithmic numbers, for multipliers that add logarithms."""

from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In, Out, Signature

from hwdse.errors import SpecError
from hwdse.formats import Logarithmic
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.unpacked import drive
from hwdse.primitives.primitive import Gates, Reduce
from hwdse.primitives.structure import Structure


def logarithm_signature(number_format: Logarithmic) -> Signature:
    """Ports of a decoded logarithmic number.

    `log` is unsigned. It counts from the least two's-complement value, or from 0 if the format's
    logarithm is unsigned. `zero` exists only in formats with a zero. If `zero` is set, `log` and
    `sign` mean nothing.
    """
    members = {"sign": Out(1), "log": Out(number_format.exponent_bits)}
    if number_format.has_zero:
        members["zero"] = Out(1)
    return Signature(members)


class LogarithmDecoder(Component):
    """Names the fields of a code. Combinational: latency 0, one code per cycle."""

    def __init__(self, number_format: Logarithmic) -> None:
        self._format = number_format
        super().__init__(
            {"i": In(number_format.bits), "o": Out(logarithm_signature(number_format))}
        )

    @property
    def structure(self) -> Structure:
        """Detection of the zero code, and an inverter for the sign of the logarithm."""
        f = self._format
        lowest = Reduce(width=f.exponent_bits if f.zero == "lowest" else 0)
        invert = Gates(width=int(f.signed_exponent))
        return Structure(parts=(lowest, invert), path=(lowest,))

    def elaborate(self, platform) -> Module:
        m = Module()
        f, field = self._format, self.i[: self._format.exponent_bits]
        log = Cat(field[:-1], ~field[-1]) if f.signed_exponent else field
        # The lowest code is the origin.
        zero = self.i[f.exponent_bits] if f.zero == "flag" else ~log.any()
        drive(m, self.o, sign=self.i[-1], log=log, zero=zero)
        return m


@decoder.register(Logarithmic)
def _(number_format: Logarithmic) -> Component:
    raise SpecError(
        f"format {number_format} has no hardware decoder to a significand: its values are "
        "irrational; use mul=log, which adds logarithms"
    )
