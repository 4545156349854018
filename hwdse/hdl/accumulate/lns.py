"""The logarithmic accumulator: additions by tables of Gaussian logarithms."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.data import StructLayout

from hwdse.errors import SpecError
from hwdse.formats import clog2
from hwdse.hdl.accumulate import Read, Step, read, step
from hwdse.hdl.antilog import antilog_parts, drive_number
from hwdse.hdl.lookup import lookup, lookup_table
from hwdse.primitives.primitive import Adder, Gates, Primitive
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Child, Structure
from hwdse.spec import Design, LogSum
from hwdse.spec.accumulate.lns_tables import difference_table, sum_table
from hwdse.spec.multiply.log_tables import LogShape

_MAX_FRACTION_BITS = 8


@dataclass(frozen=True, kw_only=True)
class LogTerm:
    """A number to add: `log` is unsigned and counts from the constant `origin`.

    If `zero` is set, sign and logarithm mean nothing.
    """

    sign: Value
    zero: Value
    log: Value
    origin: int


class LogStep(Step):
    """Compares two logarithms, and adds a table entry for their difference to the larger one.

    Combinational: latency 0, one group per cycle. A balanced tree adds several lanes before the
    addition to the state. The state has a sign, a zero flag and a logarithm.
    """

    def __init__(self, acc: LogSum, design: Design) -> None:
        f = acc.format
        assert isinstance(design.product, LogShape)
        assert isinstance(design.state, LogShape)
        self._design, self._format = design, f
        self._product, self._state = design.product, design.state
        self._step, self._lanes = acc.alignment(design.product), design.unit.group
        self._like = sum_table(f.fraction_bits)
        # Equal magnitudes with opposite signs cancel: their table entry is not used.
        self._unlike = (0, *difference_table(f.fraction_bits))
        state = {"sign": 1, "zero": 1, "log": design.state.log_bits}
        super().__init__(design, state, {"zero": 1})

    @property
    def structure(self) -> Structure:
        """A tree of logarithmic additions, and the addition to the state."""
        width = max(self._product.log_bits + self._step, self._state.log_bits) + 1
        f = self._format
        compare, swap = Adder(width=width), MuxBlock(width=2 * width, ways=2)
        bits = f.fraction_bits + 6
        like, unlike = (
            lookup_table(address_bits, _entry_words(entries, address_bits, bits), bits)
            for entries, address_bits in ((e, clog2(len(e))) for e in (self._like, self._unlike))
        )
        correct, choose = Adder(width=width), MuxBlock(width=f.fraction_bits + 3, ways=2)
        limit = MuxBlock(width=f.exponent_bits, ways=3)
        path: tuple[Primitive, ...] = (compare, swap, unlike, choose, correct, limit)
        addition = Structure(parts=(*path, like, Gates(width=8)), path=path)
        tree = Structure(
            children=(Child(structure=addition, copies=self._lanes - 1),),
            path=addition.path * clog2(self._lanes),
        )
        return Structure.series([tree, addition])

    def elaborate(self, platform) -> Module:
        m = Module()
        origin = self._product.log_origin << self._step
        level = [
            LogTerm(
                sign=p.sign,
                zero=p.zero,
                log=Cat(Const(0, self._step), p.log) if self._step else p.log,
                origin=origin,
            )
            for p in self.records
        ]
        depth = 0
        while len(level) > 1:
            pairs = [
                self._added(m, level[k], level[k + 1], f"level{depth}_{k // 2}")
                for k in range(0, len(level) - 1, 2)
            ]
            level = [*pairs, *level[2 * len(pairs) :]]
            depth += 1
        before, after = self.state, self.next
        state = LogTerm(
            sign=before.sign,
            zero=before.zero | self.clear,
            log=before.log,
            origin=self._state.log_origin,
        )
        total = self._added(m, state, level[0], "loop")
        m.d.comb += [
            after.sign.eq(total.sign),
            after.zero.eq(total.zero),
            after.log.eq(total.log),
        ]
        return m

    def _added(self, m: Module, x: LogTerm, y: LogTerm, name: str) -> LogTerm:
        """The sum of two terms, rounded and limited to the format."""
        f, base = self._format, min(x.origin, y.origin)
        first, second = (t.log + (t.origin - base) for t in (x, y))
        width = max(len(first), len(second))
        ahead = Signal(signed(width + 1), name=f"{name}_ahead")
        distance = Signal(width, name=f"{name}_distance")
        leads, same, alone = (Signal(name=f"{name}_{n}") for n in ("leads", "same", "alone"))
        correction = Signal(signed(f.fraction_bits + 6), name=f"{name}_correction")
        log = Signal(signed(width + 2), name=f"{name}_log")
        like, unlike = (
            _entry(m, entries, distance, len(correction), f"{name}_{kind}")
            for kind, entries in (("like", self._like), ("unlike", self._unlike))
        )
        m.d.comb += [
            ahead.eq(first - second),
            leads.eq(y.zero | (~x.zero & (ahead >= 0))),
            distance.eq(Mux(ahead < 0, -ahead, ahead)),
            same.eq(x.sign == y.sign),
            alone.eq(x.zero | y.zero),
            correction.eq(Mux(alone, 0, Mux(same, like, unlike))),
            log.eq(Mux(leads, first, second) + correction),
        ]
        field = Signal(f.exponent_bits, name=f"{name}_field")
        zero = Signal(name=f"{name}_zero")
        origin = self._state.log_origin
        cancelled = ~alone & ~same & (ahead == 0)
        m.d.comb += [
            zero.eq((x.zero & y.zero) | cancelled | (log < f.lowest - base)),
            field.eq(Mux(log > f.highest - base, f.highest - origin, log + (base - origin))),
        ]
        return LogTerm(sign=Mux(leads, x.sign, y.sign), zero=zero, log=field, origin=origin)


@read.register(LogSum)
class LogRead(Read):
    """Makes the number from sign, zero flag and logarithm.

    Combinational: latency 0.
    """

    def __init__(self, acc: LogSum, design: Design, layout: StructLayout) -> None:
        assert isinstance(design.state, LogShape)
        self._shape = design.state
        super().__init__(design, layout)

    @property
    def structure(self) -> Structure:
        """The table of powers of two, and its gates."""
        return Structure(parts=antilog_parts(self._shape))

    def elaborate(self, platform) -> Module:
        m = Module()
        state = self.state
        drive_number(m, self.o, self._shape, state.log, sign=state.sign, zero=state.zero)
        return m


def _entry_words(entries: tuple[int, ...], address_bits: int, bits: int) -> list[int]:
    """The words of a table of 2^`address_bits` signed entries."""
    words = [entry % (1 << bits) for entry in entries[: 1 << address_bits]]
    return words + [0] * ((1 << address_bits) - len(words))


def _entry(m: Module, entries: tuple[int, ...], distance: Value, bits: int, name: str) -> Value:
    """A signed entry of a table; 0 if the distance is beyond the table."""
    address_bits = min(clog2(len(entries)), len(distance))
    words = _entry_words(entries, address_bits, bits)
    word = lookup(m, distance[:address_bits], words, bits, name)
    beyond = distance[address_bits:].any()
    return (word & (~beyond).replicate(bits)).as_signed()


@step.register(LogSum)
def _(acc: LogSum, design: Design) -> Step:
    fraction_bits = acc.format.fraction_bits
    if fraction_bits > _MAX_FRACTION_BITS:
        raise SpecError(
            f"accumulator {acc} has no hardware generator: its tables have "
            f"{len(sum_table(fraction_bits))} entries, formats of up to {_MAX_FRACTION_BITS} "
            "fraction bits have one"
        )
    return LogStep(acc, design)
