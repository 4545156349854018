"""Decoder of any short list of values, by a table."""

from collections.abc import Iterator

import numpy as np
from amaranth.hdl import Module
from amaranth.lib.wiring import In, Out

from hwdse.errors import SpecError
from hwdse.formats import LevelFormat
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.lookup import fields_table, lookup_fields
from hwdse.hdl.unpacked import field_widths, fields, unpacked_signature
from hwdse.primitives.structure import Structure

_MAX_BITS = 8


class LevelDecoder(Component):
    """A constant table, made of logic. Combinational: latency 0, one code per cycle.

    The table serves formats whose codes have no structure. Families with structured codes have
    other decoders.
    """

    def __init__(self, number_format: LevelFormat) -> None:
        self._format = number_format
        super().__init__(
            {
                "i": In(number_format.bits),
                "o": Out(unpacked_signature(number_format.unpacked)),
            }
        )

    @property
    def structure(self) -> Structure:
        """One table."""
        widths = field_widths(self._format.unpacked)
        whole = fields_table(self._format.bits, _entries(self._format), widths)
        return Structure(parts=(whole,), path=(whole,))

    def elaborate(self, platform) -> Module:
        m = Module()
        outputs = fields(self.o)
        widths = {name: len(value) for name, value in outputs.items()}
        found = lookup_fields(m, self.i, _entries(self._format), widths, "table")
        m.d.comb += [value.eq(found[name]) for name, value in outputs.items()]
        return m


@decoder.register(LevelFormat)
def _(number_format: LevelFormat) -> Component:
    if number_format.bits > _MAX_BITS:
        raise SpecError(
            f"format {number_format} of {number_format.bits} bits has no hardware decoder: "
            f"lists of values have one up to {_MAX_BITS} bits"
        )
    return LevelDecoder(number_format)


def _entries(number_format: LevelFormat) -> Iterator[dict[str, int]]:
    """The fields of the record of every code."""
    shape = number_format.unpacked
    records = number_format.unpack(np.arange(1 << number_format.bits))
    for sign, significand, exponent, nan, inf in zip(
        records.sign.tolist(),
        records.significand.tolist(),
        records.exponent.tolist(),
        records.nan.tolist(),
        records.inf.tolist(),
        strict=True,
    ):
        negative = shape.twos_complement and sign
        yield {
            "sign": int(sign),
            "significand": -significand if negative else significand,
            "exponent": 0 if nan or inf else exponent - shape.exponent_origin,
            "zero": int(significand == 0 and not nan and not inf),
            "nan": int(nan),
            "inf": int(inf),
            "inf_sign": int(sign),
        }
