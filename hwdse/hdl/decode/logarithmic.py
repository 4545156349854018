"""Decoders of logarithmic numbers: to the logarithm for multipliers, to a number for converters."""

import numpy as np
from amaranth.hdl import Cat, Const, Module
from amaranth.lib.wiring import In, Out, Signature

from hwdse.errors import SpecError
from hwdse.formats import Logarithmic, UnpackedShape
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.lookup import lookup, lookup_table
from hwdse.hdl.unpacked import drive, unpacked_signature
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


class LogarithmToNumber(Component):
    """Makes a number of a code: a table of significands, and the integer part as the exponent.

    Combinational: latency 0, one code per cycle. The significands are those of the nearest float64
    values. A reader that rounds to few digits does not need all of their 53 bits: the table then
    has `digits` bits, and the last of them is set if anything was cut off.

    Args:
        number_format: the format.
        digits: width of the significands. None: all bits.
    """

    def __init__(self, number_format: Logarithmic, digits: int | None = None) -> None:
        f = self._format = number_format
        self._fields = LogarithmDecoder(f)
        width = f.significand_bits if digits is None else min(digits, f.significand_bits)
        words, _ = f.magnitude(np.arange(f.gamma))
        cut = f.significand_bits - width
        self._words = [word >> cut | (word & ((1 << cut) - 1) != 0) for word in words.tolist()]
        origin = -1 << (f.exponent_bits - 1) if f.signed_exponent else 0
        below_one = width - 1
        #: Bounds of the numbers.
        self.shape = UnpackedShape(
            significand_bits=width,
            exponent_min=(f.lowest >> f.fraction_bits) - below_one,
            exponent_max=(f.highest >> f.fraction_bits) - below_one,
            exponent_origin=(origin >> f.fraction_bits) - below_one,
            leading_zeros=0,
        )
        super().__init__({"i": In(f.bits), "o": Out(unpacked_signature(self.shape))})

    @property
    def structure(self) -> Structure:
        """The fields, the table, and gates that make zeros."""
        f, width = self._format, self.shape.significand_bits
        table = lookup_table(f.fraction_bits, self._words, width)
        zero = Gates(width=width * f.has_zero)
        rest = Structure(parts=(table, zero), path=(table, zero))
        return Structure.series([self._fields.structure, rest])

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.fields = fields = self._fields
        m.d.comb += fields.i.eq(self.i)
        split, width = self._format.fraction_bits, self.shape.significand_bits
        significand = lookup(m, fields.o.log[:split], self._words, width, "antilog")
        number = getattr(fields.o, "zero", Const(0, 1)) == 0
        drive(
            m,
            self.o,
            sign=fields.o.sign & number,
            zero=~number,
            significand=significand & number.replicate(width),
            exponent=fields.o.log[split:],
        )
        return m


@decoder.register(Logarithmic)
def _(number_format: Logarithmic) -> Component:
    raise SpecError(
        f"format {number_format} has no hardware decoder to a significand: its values are "
        "irrational; use mul=log, which adds logarithms"
    )
