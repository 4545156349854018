"""Decoders of packed words: elements of one of several formats, as one set of fields per lane."""

from functools import cache
from operator import or_

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format, clog2
from hwdse.hdl.blocks import balanced
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.tiles import parts
from hwdse.hdl.unpacked import Record
from hwdse.primitives.primitive import Gates, Incrementer
from hwdse.primitives.structure import Structure
from hwdse.spec import PackedProduct


class PackedDecoder(Component):
    """Decodes the elements of a word in the format of the mode.

    Combinational: latency 0, one word per cycle. Every format has its own decoders, one for each
    element. Those of other modes than the present one get zeros, so they rest. Their outputs then
    are mostly zero, and the fields of all modes are joined by OR.

    Ports:
        active: bit k is set in mode k, and only one bit is.
        i: the word.
        significand: the magnitudes of all elements, in the `parts` of the word.
        sign0, exponent0, nan0, inf0, zero0, ...: the other fields of each lane, as in the record of
            the element, if some format has them. `zero` is only for formats with infinities.
    """

    def __init__(self, mul: PackedProduct) -> None:
        self._mul, self._width = mul, significand_bits(mul)
        self._decoders = [decoder(mode) for mode in mul.modes]
        ports = {
            "active": In(len(mul.modes)),
            "i": In(mul.word_bits),
            "significand": Out(self._width),
        }
        for lane in range(mul.most_lanes):
            widths = field_widths(mul, lane)
            ports |= {f"{name}{lane}": Out(width) for name, width in widths.items() if width}
        super().__init__(ports)

    @property
    def structure(self) -> Structure:
        """Gates that hold the inputs, all decoders, and gates that join the fields."""
        mul, hold = self._mul, Gates(width=self._mul.word_bits * len(self._mul.modes))
        decoders, joined = [], 0
        for mode, made in zip(mul.modes, self._decoders, strict=True):
            shape, lanes = mode.unpacked, mul.lanes(mode)
            negate = Incrementer(width=shape.significand_bits if shape.twos_complement else 0)
            magnitude = Structure(parts=(negate,), path=(negate,))
            decoders.append(Structure.series([made.structure, magnitude]).times(lanes))
            joined += lanes * (shape.significand_bits + 2 * shape.exponent_bits + 2)
        join = Gates(width=joined)
        return Structure.series(
            [
                Structure(parts=(hold,), path=(hold,)),
                Structure.parallel(decoders),
                Structure(parts=(join,), path=(join,)),
            ]
        )

    def elaborate(self, platform) -> Module:
        m, mul = Module(), self._mul
        bits: list[list[Value]] = [[] for _ in range(self._width)]
        found: dict[str, list[Value]] = {}
        for number, (mode, made) in enumerate(zip(mul.modes, self._decoders, strict=True)):
            active = self.active[number]
            places = parts(self._width, clog2(mul.lanes(mode)))
            for lane, place in enumerate(places):
                decode = decoder(mode) if lane else made
                m.submodules[f"mode{number}_element{lane}"] = decode
                code = self.i.word_select(lane, mode.bits)
                m.d.comb += decode.i.eq(code & active.replicate(mode.bits))
                record = Record(mode.unpacked, decode.o)
                significand = _magnitude(m, record, f"magnitude{number}_{lane}")
                fields = {
                    "sign": record.sign,
                    "nan": record.nan,
                    "inf": record.inf,
                    "significand": significand,
                }
                if not is_quiet(mode):
                    fields = {name: _held(value, active) for name, value in fields.items()}
                if mode.unpacked.exponent_bits:
                    fields["exponent"] = _held(record.exponent, active)
                if mode.unpacked.has_inf:
                    fields["zero"] = _held(record.zero, active)
                for place_bit, bit in zip(place, fields.pop("significand"), strict=False):
                    bits[place_bit].append(bit)
                for name, value in fields.items():
                    found.setdefault(f"{name}{lane}", []).append(value)
        m.d.comb += self.significand.eq(Cat(balanced(or_, [*b, Const(0, 1)]) for b in bits))
        for name, values in found.items():
            if name in self.signature.members:
                m.d.comb += getattr(self, name).eq(balanced(or_, values))
        return m


def significand_bits(mul: PackedProduct) -> int:
    """Width of the word of significands: each mode finds room for its own in the word's parts."""
    return max(mul.lanes(mode) * mode.unpacked.significand_bits for mode in mul.modes)


def field_widths(mul: PackedProduct, lane: int) -> dict[str, int]:
    """Widths of the fields of a lane besides the significand; 0 for those that no format has."""
    shapes = [mode.unpacked for mode in mul.modes if mul.lanes(mode) > lane]
    infinite = any(shape.has_inf for shape in shapes)
    return {
        "sign": int(any(shape.signed for shape in shapes)),
        "exponent": max(shape.exponent_bits for shape in shapes),
        "nan": int(any(shape.has_nan for shape in shapes)),
        "inf": int(infinite),
        "zero": int(infinite),
    }


@cache
def is_quiet(number_format: Format) -> bool:
    """Whether the code 0 is +0: a decoder that gets zeros gives no significand, sign or flag."""
    record = number_format.unpack(number_format.check_codes(np.zeros(1, np.int64)))
    return bool(record.zero[0]) and not record.sign[0]


def _magnitude(m: Module, record: Record, name: str) -> Value:
    if not record.shape.twos_complement:
        return record.significand
    number = record.significand
    magnitude = Signal(len(number), name=name)
    m.d.comb += magnitude.eq(Mux(record.sign, -number, number))
    return magnitude


def _held(value: Value, active: Value) -> Value:
    return value & active.replicate(len(value))
