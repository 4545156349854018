"""Tables of the sums of activations with signs."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import clog2
from hwdse.hdl.blocks import balanced
from hwdse.hdl.component import Component
from hwdse.hdl.decode import decoder
from hwdse.hdl.fixed_point import ToFixedPoint, to_fixed_point
from hwdse.hdl.unpacked import Record
from hwdse.hdl.weighted_sum import SumPlan, plan, weighted_sum
from hwdse.primitives.primitive import Adder, Gates, Reduce, Register
from hwdse.primitives.structure import Child, Structure
from hwdse.spec import Design
from hwdse.spec.bit_planes import bit_planes
from hwdse.spec.engines.lut import TableLookup


class Sizes:
    """Widths of the words between the parts of the engine.

    Attributes:
        planes: bit planes of a weight.
        group: activations per table.
        word: bits of an activation in fixed point, with sign.
        entries: entries of a table.
        entry: bits of an entry. Bit 0 is the same for all entries: whether their sum is odd.
        stored: bits of each entry that the table has, those above bit 0.
        start: bits of the number from which each slice starts; 0 if there is none.
        partial: bits of the running sum of a slice after each bit plane but the last; 0 if the
            only bit plane is the last.
        total: bits of the last sum of a slice.
        low: bits that leave the running sum below, one per bit plane, and are part of the slice.
    """

    def __init__(self, spec: TableLookup, design: Design) -> None:
        own = bit_planes(design.b)
        self.planes, self.group = own.planes, spec.group
        self.word = design.a.unpacked.fixed_point_bits + 1
        self.entries = 1 << (spec.group - 1)
        self.offset = own.offset
        shape, most = design.a.unpacked, 1 << (self.word - 1)
        least = 0 if not shape.signed else -most if shape.twos_complement else 1 - most
        a = _Range(least, most - 1)
        entry = a + _Range(min(a.least, -a.most), max(a.most, -a.least)) * (spec.group - 1)
        self.entry, self.stored = entry.bits, entry.bits - 1
        looked_up = _Range(min(entry.least, -entry.most), max(entry.most, -entry.least))
        before = a * (spec.group * (own.offset or 0))
        self.start = before.bits if own.offset is not None else 0
        totals = [before + looked_up]
        for _ in range(own.planes - 1):
            totals.append(totals[-1].halved + looked_up)
        self.partial = max((total.halved.bits for total in totals[:-1]), default=0)
        self.total = max(total.bits for total in totals)
        # With an offset, the sum of a slice is half of what the bit planes give: bit 0 is 0.
        self.low = max(own.planes - 1 - (own.offset is not None), 0)


@dataclass(frozen=True)
class _Range:
    """All integers from `least` to `most`."""

    least: int
    most: int

    @property
    def bits(self) -> int:
        """Bits in two's complement."""
        return max((~self.least).bit_length() if self.least < 0 else 0, self.most.bit_length()) + 1

    @property
    def halved(self) -> "_Range":
        return _Range(self.least >> 1, self.most >> 1)

    def __add__(self, other: "_Range") -> "_Range":
        return _Range(self.least + other.least, self.most + other.most)

    def __mul__(self, factor: int) -> "_Range":
        ends = sorted((self.least * factor, self.most * factor))
        return _Range(*ends)


class TableRow(Component):
    """The table of one row: all sums of its activations with signs, the last one with plus.

    Entry c is a[-1] + the sum of (2 c_k - 1) a[k], exact and in fixed point. Loaded in one cycle;
    the outputs are registers. Adders combine the tables of both halves of the activations.

    Ports:
        load: take the activations in this cycle.
        a: codes of the activations, the first in the low bits.
        table: the entries without their bit 0, entry 0 in the low bits.
        odd: bit 0 of all entries.
        start: the number from which each slice starts: the sum of the activations times the offset
            of the weights. Only for weights with an offset.
        nan: an activation is NaN.
        plus, minus: activations that are infinite; only if the format has infinity.
    """

    def __init__(self, spec: TableLookup, design: Design) -> None:
        self._sizes = sizes = Sizes(spec, design)
        self._format = design.a
        self._decode = decoder(design.a)
        shape = design.a.unpacked
        flags = {"nan": Out(1)} if shape.has_nan else {}
        if shape.has_inf:
            flags |= {"plus": Out(spec.group), "minus": Out(spec.group)}
        super().__init__(
            {
                "load": In(1),
                "a": In(spec.group * design.a.bits),
                "table": Out(sizes.entries * sizes.stored),
                "odd": Out(1),
                **({"start": Out(signed(sizes.start))} if sizes.start else {}),
                **flags,
            }
        )

    @property
    def decode(self) -> Structure:
        """Decoders, and shifters that put activations into fixed point."""
        shape = self._format.unpacked
        plain = shape.twos_complement and shape.exponent_min == shape.exponent_max
        place = Structure() if plain else ToFixedPoint(shape).structure
        return Structure.series([self._decode.structure, place]).times(self._sizes.group)

    @property
    def sums(self) -> Structure:
        """Adders and registers of the table."""
        sizes, shape = self._sizes, self._format.unpacked
        adders, path = _adders(sizes.group, sizes.word)
        factor = self._factor.adders - 1 + (self._negates and sizes.start > 0)
        more = (Adder(width=sizes.start),) * (factor if sizes.start else 0)
        flags = shape.has_nan + 2 * sizes.group * shape.has_inf
        logic = (
            Reduce(width=sizes.group * shape.has_nan),
            Gates(width=2 * sizes.group * shape.has_inf),
        )
        registers = tuple(
            Register(width=width) for width in (sizes.entries * sizes.stored + 1, flags) if width
        )
        registers += (Register(width=sizes.start, control=sizes.planes == 1),)
        return Structure(
            parts=(*more, *logic, *registers),
            children=(Child(structure=Structure(parts=adders)),),
            path=(*path, *more),
        )

    @property
    def _factor(self) -> SumPlan:
        return plan([abs(self._sizes.offset or 1)])

    @property
    def _negates(self) -> bool:
        return (self._sizes.offset or 0) < 0

    def elaborate(self, platform) -> Module:
        m, sizes = Module(), self._sizes
        shape, bits = self._format.unpacked, self._format.bits
        records, words = [], []
        for k in range(sizes.group):
            m.submodules[f"decode{k}"] = decode = self._decode if k == 0 else decoder(self._format)
            m.d.comb += decode.i.eq(self.a.word_select(k, bits))
            records.append(Record(shape, decode.o))
            words.append(to_fixed_point(m, records[-1], f"place{k}"))
        entries = _sums(m, words, "sum")
        following: dict[str, Value] = {
            "table": Cat(entry[1:] for entry in _extended(m, entries, sizes)),
            "odd": entries[0][0],
        }
        if sizes.start:
            # The last entry is the sum of all activations.
            total = weighted_sum(m, [entries[-1]], self._factor, sizes.start, "start")
            following["start"] = -total if self._negates else total
        if shape.has_nan:
            following["nan"] = Cat(record.nan for record in records).any()
        if shape.has_inf:
            infinite = [record.inf & ~record.nan for record in records]
            signs = [record.inf_sign for record in records]
            pairs = list(zip(infinite, signs, strict=True))
            following["plus"] = Cat(inf & ~sign for inf, sign in pairs)
            following["minus"] = Cat(inf & sign for inf, sign in pairs)
        for name, value in following.items():
            register = Signal.like(getattr(self, name), name=f"{name}_register", reset_less=True)
            # The start is used in the first cycle only; with one bit plane, this cycle may wait.
            with m.If(self.load if name != "start" or sizes.planes == 1 else 1):
                m.d.sync += register.eq(value)
            m.d.comb += getattr(self, name).eq(register)
        return m


def _extended(m: Module, entries: Sequence[Value], sizes: Sizes) -> list[Value]:
    """The entries as wide as the table has them."""
    found = []
    for number, entry in enumerate(entries):
        word = Signal(signed(sizes.entry), name=f"entry{number}")
        m.d.comb += word.eq(entry)
        found.append(word)
    return found


def _sums(m: Module, words: Sequence[Value], name: str) -> list[Value]:
    """All sums of the words with signs, the last word with plus.

    Bit k of the number of a sum is set if word k is added.
    """
    if len(words) == 1:
        return [words[0]]
    half = len(words) // 2
    low, high = _sums(m, words[:half], f"{name}l"), _sums(m, words[half:], f"{name}h")
    sums: list[Value] = []
    for upper in high:
        for number in range(1 << half):
            # The lower half's table ends with plus; its mirror image has the opposite signs.
            added = number >> (half - 1)
            place = number & (len(low) - 1)
            other = low[place] if added else low[len(low) - 1 - place]
            total = Signal(signed(len(words[0]) + clog2(len(words))), name=f"{name}_{len(sums)}")
            m.d.comb += total.eq(upper + other if added else upper - other)
            sums.append(total)
    return sums


def _adders(group: int, word: int) -> tuple[tuple[Adder, ...], tuple[Adder, ...]]:
    """The adders of `_sums`, and those in series."""
    if group == 1:
        return (), ()
    half = group // 2
    low, high = _adders(half, word), _adders(group - half, word)
    last = Adder(width=word + clog2(group))
    return (*low[0], *high[0], *(last,) * (1 << (group - 1))), (*high[1], last)


def selected(entries: Sequence[Value], chosen: Value) -> Value:
    """The entry whose bit in `chosen` is set: gates are smaller than a tree of multiplexers."""
    return balanced(
        lambda x, y: x | y,
        [entry & bit.replicate(len(entry)) for entry, bit in zip(entries, chosen, strict=True)],
    )
