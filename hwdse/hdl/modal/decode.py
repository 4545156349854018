"""Decoder of an element whose format a mode chooses, into the common form of all modes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.formats import BinaryFloat, Format
from hwdse.hdl.blocks import shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.modal.form import CommonForm, aligned_shapes, common_form, is_plain
from hwdse.hdl.unpacked import Record
from hwdse.primitives.primitive import Gates, Incrementer, Primitive, Reduce, Shifter
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Child, Structure


@dataclass(frozen=True)
class _Found:
    """What a decoder says in some modes: `on` is set in them."""

    on: Value
    significand: Value
    exponent: Value
    sign: Value


class ModalDecoder(Component):
    """Decodes an element in the format of the mode.

    Combinational: latency 0, one code per cycle. Floats share one decoder: their fields are chosen
    first, with fractions from the top and exponents from the bottom, so that one test finds
    subnormals and one shifter serves all. Other formats have their own decoders.

    Ports:
        active: bit k is set in mode k, and only one bit is.
        i: the slot; a narrower element lies in the low bits.
        significand, exponent, sign: the element in the common form.
        nan, inf: special elements, if some format has them. `zero` is there beside `inf`.
    """

    def __init__(self, formats: tuple[Format, ...]) -> None:
        self._formats, self._form = formats, common_form(formats)
        self._shapes = aligned_shapes(formats)
        self._floats = {
            k: one
            for k, one in enumerate(formats)
            if isinstance(one, BinaryFloat) and is_plain(one)
        }
        self._own = [k for k in range(len(formats)) if k not in self._floats]
        shapes = [one.unpacked for one in formats]
        self._has_nan = any(shape.has_nan for shape in shapes)
        self._has_inf = any(shape.has_inf for shape in shapes)
        self._decoders = {
            k: decoder(one)
            for k, one in enumerate(formats)
            if k in self._own or one.unpacked.has_nan or one.unpacked.has_inf
        }
        flags = ["nan"] * self._has_nan + ["inf", "zero"] * self._has_inf
        exponent = {"exponent": Out(self._form.exponent_bits)} if self._form.most else {}
        super().__init__(
            {
                "active": In(len(formats)),
                "i": In(max(one.bits for one in formats)),
                "significand": Out(self._form.significand_bits),
                **exponent,
                "sign": Out(1),
                **dict.fromkeys(flags, Out(1)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Decoders, negations, the shifter of fine steps, and the gates that choose."""
        form, floats = self._form, self._floats.values()
        bits = form.significand_bits
        fields = max((f.exponent_bits + f.fraction_bits for f in floats), default=0)
        pick = Gates(width=(fields + 1) * (len(floats) - 1) if floats else 0)
        hidden = Reduce(width=max((f.exponent_bits for f in floats), default=0))
        fine = Shifter(
            width=bits if form.step > 1 else 0,
            max_shift=form.step - 1,
            input_width=max((f.unpacked.significand_bits for f in floats), default=1),
        )
        join = MuxBlock(
            width=bits + form.exponent_bits + 1, ways=max(len(self._own) + bool(floats), 1)
        )
        parts: tuple[Primitive, ...] = (pick, hidden, fine, join)
        for k in self._own:
            shape = self._formats[k].unpacked
            if shape.twos_complement:
                negated = shape.significand_bits
                parts = (*parts, Gates(width=negated), Incrementer(width=negated))
            elif shape.exponent_bits and form.step > 1:
                parts = (*parts, Shifter(width=bits, max_shift=form.step - 1))
        inner = tuple(Child(structure=made.structure) for made in self._decoders.values())
        return Structure(parts=parts, children=inner, path=(pick, hidden, fine, join))

    def elaborate(self, platform) -> Module:
        m = Module()
        records = {}
        for k, made in self._decoders.items():
            m.submodules[f"decode{k}"] = made
            m.d.comb += made.i.eq(self.i)
            records[k] = Record(self._formats[k].unpacked, made.o)
        found = [self._float(m)] if self._floats else []
        found += [self._single(m, k, records[k]) for k in self._own]
        significand = Signal(self._form.significand_bits, name="joined")
        m.d.comb += [
            significand.eq(_joined([(one.on, one.significand) for one in found])),
            self.significand.eq(significand),
            self.sign.eq(_joined([(one.on, one.sign) for one in found])),
        ]
        if self._form.most:
            m.d.comb += self.exponent.eq(_joined([(one.on, one.exponent) for one in found]))
        if self._has_nan:
            m.d.comb += self.nan.eq(
                Cat(self.active[k] & record.nan for k, record in records.items()).any()
            )
        if self._has_inf:
            m.d.comb += [
                self.inf.eq(Cat(self.active[k] & r.inf for k, r in records.items()).any()),
                self.zero.eq(~significand.any()),
            ]
        return m

    def _float(self, m: Module) -> _Found:
        """The element as one of the floats, in whose modes alone the result means something."""
        floats = self._floats
        longest = max(f.fraction_bits for f in floats.values())

        def bit(place: int, of: str) -> Value:
            """A bit of a field; formats without it have a zero."""
            sources: dict[int | None, list[int]] = {}
            for k, f in floats.items():
                if of == "fraction":
                    source = place - (longest - f.fraction_bits)
                    there = source >= 0
                elif of == "exponent":
                    source, there = place + f.fraction_bits, place < f.exponent_bits
                else:
                    source, there = f.bits - 1, f.signed
                sources.setdefault(source if there else None, []).append(k)
            values = [
                (self._any(modes), Const(0, 1) if source is None else self.i[source])
                for source, modes in sources.items()
            ]
            return _joined(values)

        fraction = Cat(bit(place, "fraction") for place in range(longest))
        widest = max(f.exponent_bits for f in floats.values())
        field = Signal(widest, name="field")
        m.d.comb += field.eq(Cat(bit(place, "exponent") for place in range(widest)))
        normal = Signal()
        m.d.comb += normal.eq(field.any())
        # The field of subnormals is 1, that of the lowest binade.
        field = Cat(field[0] | ~normal, field[1:])
        # Formats of equal exponents, after their fractions are moved to the top, are placed alike.
        kinds: dict[tuple[int, int], list[int]] = {}
        for k, f in floats.items():
            offset = self._form.offset(self._shapes[k])
            kinds.setdefault((f.exponent_bits, offset), []).append(k)
        places = []
        for number, ((bits, offset), modes) in enumerate(kinds.items()):
            place = Signal(_place_bits(self._form), name=f"place{number}")
            m.d.comb += place.eq(field[:bits] + offset)
            places.append((self._any(modes), place))
        significand, exponent = self._placed(m, places, Cat(fraction, normal), "")
        return _Found(self._any(floats), significand, exponent, bit(0, "sign"))

    def _single(self, m: Module, k: int, record: Record) -> _Found:
        """The element as one of the other formats."""
        form, shape, on = self._form, record.shape, self.active[k]
        number, sign = record.significand, record.sign
        if shape.twos_complement:
            number = Signal(shape.significand_bits, name=f"magnitude{k}")
            m.d.comb += number.eq((record.significand ^ sign.replicate(len(number))) + sign)
        offset = form.offset(shape)
        if shape.exponent_min == shape.exponent_max:
            exponent, low = divmod(shape.exponent_min - form.base, form.step)
            if not form.carries_out(shape):
                return _Found(on, Cat(Const(0, low), number), Const(exponent), sign)
            own = shape.magnitude_bits
            carry = number[own]
            # 2^own is 2^(own + low - step) of the next exponent; all other bits are zero.
            place = own + low - form.step
            word = Cat(Const(0, low), number[:own]) | Cat(Const(0, place), carry)
            return _Found(on, word, Mux(carry, exponent + 1, exponent), sign)
        place = Signal(_place_bits(form), name=f"place_own{k}")
        m.d.comb += place.eq(record.exponent + offset)
        significand, exponent = self._placed(m, [(on, place)], number, f"{k}")
        return _Found(on, significand, exponent, sign)

    def _placed(
        self, m: Module, places: Sequence[tuple[Value, Value]], number: Value, name: str
    ) -> tuple[Value, Value]:
        """Significand and exponent of a number at the place that one of the pairs says."""
        form = self._form
        fine = (form.step - 1).bit_length()
        chosen = Signal(_place_bits(form), name=f"place_chosen{name}")
        m.d.comb += chosen.eq(_joined(places))
        word = shift_left(m, number, chosen[:fine], form.significand_bits, f"fine{name}")
        return word, chosen[fine:]

    def _any(self, modes: Iterable[int]) -> Value:
        return reduce(or_, (self.active[k] for k in modes))


def _place_bits(form: CommonForm) -> int:
    """Width of a place: the common exponent, and the steps between."""
    return ((form.most + 1) * form.step - 1).bit_length()


def _joined(values: Sequence[tuple[Value, Value]]) -> Value:
    """The value whose flag is set; if none is, any of them. Zeros only take a gate."""
    known = [(on, value) for on, value in values if not _is_zero(value)]
    if not known:
        return Const(0, 1)
    if len(known) == 1:
        (on, value) = known[0]
        return value if len(values) == 1 else value & on.replicate(len(value))
    if len(values) == 2:
        return Mux(values[0][0], values[0][1], values[1][1])
    return reduce(or_, (value & on.replicate(len(value)) for on, value in known))


def _is_zero(value: Value) -> bool:
    return isinstance(value, Const) and value.value == 0
