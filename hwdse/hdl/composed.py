"""Products of several widths from one array of small multipliers."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import clog2
from hwdse.hdl.component import Component
from hwdse.primitives.primitive import Adder, Multiplier, Mux
from hwdse.primitives.structure import Structure
from hwdse.spec.engines.scalable import DIGIT_BITS, Mode

_PARTS = 4

_Bits = tuple[int | None, ...]
"""Places in a word, from the low bit; None for a zero."""


class DigitProduct(Component):
    """Multiplies two digits of 2 bits, each of which is signed or not.

    Combinational: latency 0, one product per cycle.

    Ports: `a`, `b`: the digits; `a_signed`, `b_signed`: whether they are in two's complement; `o`:
    the product.
    """

    def __init__(self) -> None:
        super().__init__(
            {
                "a": In(DIGIT_BITS),
                "b": In(DIGIT_BITS),
                "a_signed": In(1),
                "b_signed": In(1),
                "o": Out(signed(2 * DIGIT_BITS + 1)),
            }
        )

    @property
    def structure(self) -> Structure:
        """One multiplier."""
        bits = DIGIT_BITS + 1
        part = Multiplier(a_bits=bits, b_bits=bits, signed=True)
        return Structure(parts=(part,), path=(part,))

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = (
            Cat(digit, digit[-1] & is_signed).as_signed()
            for digit, is_signed in ((self.a, self.a_signed), (self.b, self.b_signed))
        )
        m.d.comb += self.o.eq(a * b)
        return m


class Composed(Component):
    """The sum of the products of all elements in two words, for several widths of elements.

    Combinational: latency 0. A unit of level 0 multiplies two digits. A unit of level l joins four
    units of level l - 1 (Sharma et al., Bit Fusion, 2018). Where elements of both words are longer
    than the parts, the parts multiply all pairs of halves. Where only those of `a` are, two parts
    share the elements of `b`. Otherwise each part multiplies other elements.

    Ports:
        mode: number of the mode in `modes`; other numbers count as the last.
        a, b: words of 2 * 4^level bits, with a slot of equal width for each product.
        a_signed, b_signed: whether elements are in two's complement.
        o: the sum.
    """

    def __init__(self, level: int, modes: tuple[Mode, ...]) -> None:
        self._level, self._modes = level, modes
        self.first = Composed(level - 1, modes) if level else DigitProduct()
        word, mode_bits = DIGIT_BITS << 2 * level, clog2(len(modes))
        super().__init__(
            {
                "mode": In(mode_bits),
                "a": In(word),
                "b": In(word),
                "a_signed": In(1),
                "b_signed": In(1),
                "o": Out(signed(_sum_bits(level))),
            }
        )

    @property
    def structure(self) -> Structure:
        """The choice of the parts' words, the parts, and the adders of their results."""
        if not self._level:
            return self.first.structure
        bits = _sum_bits(self._level)
        choices, shifts = [], []
        for k in range(_PARTS):
            ways = [self._sources(key, k) for key in self._alike()]
            word = DIGIT_BITS << 2 * (self._level - 1)
            choices += [Mux(width=word, ways=len(set(each))) for each in zip(*ways, strict=True)][
                :2
            ]
            shifts.append(Mux(width=bits, ways=len({places for _, _, places in ways})))
        words = Structure(parts=tuple(choices), path=(max(choices, key=lambda mux: mux.ways),))
        places = Structure(parts=tuple(shifts), path=(shifts[-1],))
        add = Adder(width=bits)
        sums = Structure(parts=(add,) * (_PARTS - 1), path=(add, add))
        return Structure.series([words, self.first.structure.times(_PARTS), places, sums])

    def _alike(self) -> dict[tuple[int, int], list[int]]:
        """Numbers of the modes that this level treats alike, by the levels of their elements."""
        found: dict[tuple[int, int], list[int]] = {}
        for number, mode in enumerate(self._modes):
            key = (min(mode.a_level, self._level), min(mode.b_level, self._level))
            found.setdefault(key, []).append(number)
        return found

    def elaborate(self, platform) -> Module:
        m = Module()
        if not self._level:
            m.submodules.digits = digits = self.first
            for name in ("a", "b", "a_signed", "b_signed"):
                m.d.comb += getattr(digits, name).eq(getattr(self, name))
            m.d.comb += self.o.eq(digits.o)
            return m
        parts = [self.first, *(Composed(self._level - 1, self._modes) for _ in range(_PARTS - 1))]
        moved = [Signal(signed(_sum_bits(self._level)), name=f"moved{k}") for k in range(_PARTS)]
        for k, part in enumerate(parts):
            m.submodules[f"part{k}"] = part
            m.d.comb += part.mode.eq(self.mode)
        *alike, (last, _) = self._alike().items()
        with m.Switch(self.mode):
            for key, numbers in alike:
                with m.Case(*numbers):
                    self._feed(m, key, parts, moved)
            with m.Default():
                self._feed(m, last, parts, moved)
        m.d.comb += self.o.eq((moved[0] + moved[1]) + (moved[2] + moved[3]))
        return m

    def _halves(self, key: tuple[int, int], k: int) -> tuple[int | None, int | None]:
        """Which halves of the elements of `a` and `b` part k multiplies; None for whole elements.

        Where halves of `a` are apart, odd parts have the high halves. Where halves of `b` are
        apart, too, the last two parts have its high halves.
        """
        whole = Mode(*key)
        return (
            k % 2 if whole.a_level == self._level else None,
            k // 2 if whole.b_level == self._level else None,
        )

    def _sources(self, key: tuple[int, int], k: int) -> tuple[_Bits, _Bits, int]:
        """Bits of `a` and of `b` that part k takes in the modes of one kind, and its place."""
        level, whole, halves = self._level, Mode(*key), self._halves(key, k)
        word = range(DIGIT_BITS << 2 * level)
        if whole.b_level == level:
            taken = word
        elif whole.a_level == level:
            taken = _share(word, k // 2, 2)
        else:
            taken = _share(word, k, _PARTS)
        count, to = whole.products(level - 1), len(word) // _PARTS
        a, b = (
            _packed(taken, count, bits, half, to)
            for bits, half in zip((whole.a_bits, whole.b_bits), halves, strict=True)
        )
        return a, b, sum(half or 0 for half in halves) << level

    def _feed(
        self, m: Module, key: tuple[int, int], parts: list["Composed"], moved: list[Signal]
    ) -> None:
        """Words, signs and places of the parts in the modes of one kind."""
        for k, part in enumerate(parts):
            (a_half, b_half), (a, b, place) = self._halves(key, k), self._sources(key, k)
            m.d.comb += [
                part.a.eq(_bits_of(self.a, a)),
                part.b.eq(_bits_of(self.b, b)),
                part.a_signed.eq(self.a_signed if a_half != 0 else 0),
                part.b_signed.eq(self.b_signed if b_half != 0 else 0),
                moved[k].eq(part.o << place),
            ]


def _share(word: range, number: int, of: int) -> range:
    """One of several equal shares of a word."""
    size = len(word) // of
    return word[size * number : size * (number + 1)]


def _packed(word: range, count: int, bits: int, half: int | None, to: int) -> _Bits:
    """The elements of a word, or their low or high halves, in the slots of a word of `to` bits."""
    taken = bits if half is None else bits // 2
    slot, narrow = len(word) // count, to // count
    begin = taken * (half or 0)
    found: list[int | None] = []
    for k in range(count):
        found += word[slot * k + begin : slot * k + begin + taken]
        found += [None] * (narrow - taken)
    return tuple(found)


def _bits_of(word: Value, places: _Bits) -> Value:
    """Bits of a word; zeros where there is none."""
    return Cat(Const(0, 1) if place is None else word[place] for place in places)


def _sum_bits(level: int) -> int:
    """Bits of the sum of a level: a product of halves without signs is the longest."""
    return (2 * DIGIT_BITS << level) + 1
