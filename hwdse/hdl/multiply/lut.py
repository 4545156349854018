"""The multiplier by a table of all products."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import In, Out, Signature

from hwdse.formats import Format
from hwdse.hdl.component import Component
from hwdse.hdl.lookup import fields_table, lookup_fields
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.unpacked import drive, field_widths, unpacked_signature
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Structure
from hwdse.spec import Lut


def code_signature(number_format: Format) -> Signature:
    """The port of an operand that is not decoded."""
    return Signature({"code": Out(number_format.bits)})


@operand_decoder.register(Lut)
class Code(Component):
    """Wires: the table takes codes as they are. Combinational: latency 0, one code per cycle."""

    def __init__(self, mul: Lut, number_format: Format) -> None:
        super().__init__({"i": In(number_format.bits), "o": Out(code_signature(number_format))})

    @property
    def structure(self) -> Structure:
        """Nothing but wires."""
        return Structure()

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.o.code.eq(self.i)
        return m


@dataclass(frozen=True, kw_only=True)
class _Operand:
    """The value of one code."""

    negative: bool
    significand: int
    exponent: int
    nan: bool
    inf: bool

    @property
    def zero(self) -> bool:
        return self.significand == 0 and not self.nan and not self.inf


def _values(number_format: Format, bits: int) -> list[_Operand]:
    """The values of all codes below 2^bits."""
    record = number_format.unpack(np.arange(1 << bits))
    rows = zip(
        record.sign.tolist(),
        record.significand.tolist(),
        record.exponent.tolist(),
        record.nan.tolist(),
        record.inf.tolist(),
        strict=True,
    )
    return [
        _Operand(negative=sign, significand=significand, exponent=exponent, nan=nan, inf=inf)
        for sign, significand, exponent, nan, inf in rows
    ]


@multiplier.register(Lut)
class LutMultiplier(Component):
    """A table of product records, made of logic.

    Combinational: latency 0, one product per cycle. If codes are sign-magnitude, the magnitudes
    address the table, and one XOR gives the sign of the product.
    """

    def __init__(self, mul: Lut, a: Format, b: Format) -> None:
        self._a, self._b = a, b
        self._shape = mul.product(a, b)
        self._apart = mul.sign_apart(a, b)
        super().__init__(
            {
                "a": In(code_signature(a)),
                "b": In(code_signature(b)),
                "o": Out(unpacked_signature(self._shape)),
            }
        )

    @property
    def address_bits(self) -> int:
        """Address bits of the table: log2 of its number of words."""
        return sum(self._widths())

    @property
    def structure(self) -> Structure:
        """One table, and the XOR of the signs."""
        table = fields_table(self.address_bits, self._entries(), self._columns())
        sign = Gates(width=1 if self._apart and self._shape.signed else 0)
        return Structure(parts=(table, sign), path=(table,))

    def elaborate(self, platform) -> Module:
        m = Module()
        widths, columns = self._widths(), self._columns()
        address = Cat(self.b.code[: widths[1]], self.a.code[: widths[0]])
        values = lookup_fields(m, address, self._entries(), columns, "table")
        if self._apart and self._shape.signed:
            values["sign"] = self._sign()
        drive(m, self.o, **values)
        return m

    def _widths(self) -> tuple[int, int]:
        """The number of bits of each code that address the table."""
        a, b = (f.bits - (f.signed and self._apart) for f in (self._a, self._b))
        return a, b

    def _sign(self) -> Value:
        signs = [port.code[-1] for port, f in ((self.a, self._a), (self.b, self._b)) if f.signed]
        return signs[0] ^ signs[1] if len(signs) == 2 else signs[0]

    def _columns(self) -> dict[str, int]:
        """The fields of the record in the table, with their widths."""
        return {
            name: width
            for name, width in field_widths(self._shape).items()
            if not (name == "sign" and self._apart)
        }

    def _entries(self) -> Iterator[dict[str, int]]:
        """The product record of every address; the code of `b` changes first."""
        widths = self._widths()
        first, second = (
            _values(f, width) for f, width in zip((self._a, self._b), widths, strict=True)
        )
        for x in first:
            for y in second:
                yield self._entry(x, y)

    def _entry(self, x: _Operand, y: _Operand) -> dict[str, int]:
        shape = self._shape
        negative = x.negative != y.negative
        nan = x.nan or y.nan or (x.inf and y.zero) or (x.zero and y.inf)
        inf = (x.inf or y.inf) and not nan
        number = x.significand * y.significand
        exponent = x.exponent + y.exponent
        if shape.exponent_min == shape.exponent_max:
            up = exponent - shape.exponent_min
            number, exponent = number << max(up, 0) >> max(-up, 0), shape.exponent_min
        return {
            "significand": -number if shape.twos_complement and negative else number,
            "exponent": exponent - shape.exponent_origin,
            "sign": int(negative),
            "zero": int(number == 0 and not nan and not inf),
            "nan": int(nan),
            "inf": int(inf),
            "inf_sign": int(negative),
        }
