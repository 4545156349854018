"""The floating-point accumulator with approximate normalisation."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.data import StructLayout
from amaranth.lib.wiring import In, Out

from hwdse.formats import clog2
from hwdse.hdl.accumulate import Read, Step, read, step
from hwdse.hdl.accumulate.float_group import special_terms
from hwdse.hdl.blocks import above, absolute_sum
from hwdse.hdl.component import Component
from hwdse.hdl.rounding import overflow_goes_to_inf
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, drive, fields, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Incrementer, Reduce, Shifter
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure
from hwdse.spec import ApproximateFloat, Design

#: Fields of the state, from the low bits up.
_KEPT = ("significand", "exponent", "sign", "inf", "nan")


@step.register(ApproximateFloat)
class ApproximateFloatStep(Step):
    """A chain of approximately normalising multiply-adds; the state is the un-normalised sum.

    Combinational: latency 0, one group per cycle. Lanes are added one after the other, as in a
    column of a systolic array.
    """

    def __init__(self, acc: ApproximateFloat, design: Design) -> None:
        self._acc, self._design = acc, design
        self._adders = [ApproximateAdd(acc, design) for _ in range(design.unit.group)]
        members = unpacked_signature(design.state).members
        # The state has no zero flag: significand and exponent field of a zero are both zero.
        super().__init__(design, {n: members[n].shape for n in _KEPT if n in members})

    @property
    def structure(self) -> Structure:
        """The additions in series, and the clearing gates."""
        clear = Structure(parts=(Gates(width=self.layout.size),))
        return Structure.series([*(add.structure for add in self._adders), clear])

    def elaborate(self, platform) -> Module:
        m = Module()
        names = list(self.layout.members)
        source = {name: Mux(self.clear, 0, self.state[name]) for name in names}
        for k, add in enumerate(self._adders):
            m.submodules[f"add{k}"] = add
            drive(m, add.p, **fields(getattr(self, f"i{k}")))
            drive(m, add.s, **source)
            source = fields(add.o)
        m.d.comb += [self.next[name].eq(source[name]) for name in names]
        return m


@read.register(ApproximateFloat)
class ApproximateFloatRead(Read):
    """The un-normalised sum as it is, with its zero flag.

    Combinational: latency 0.
    """

    def __init__(self, acc: ApproximateFloat, design: Design, layout: StructLayout) -> None:
        self._names = list(layout.members)
        super().__init__(design, layout)

    def elaborate(self, platform) -> Module:
        m = Module()
        drive(m, self.o, **{name: self.state[name] for name in self._names})
        drive(m, self.o, zero=~self.state.significand.any())
        return m


class ApproximateAdd(Component):
    """One product added to an un-normalised sum, normalised by two groups of leading bits.

    Combinational: latency 0, one sum per cycle. Ports: `p` (product), `s` (sum before) and `o` (sum
    after).
    """

    def __init__(self, acc: ApproximateFloat, design: Design) -> None:
        self._acc, self._rounding = acc, design.rounding
        self._product, self._state = design.product, design.state
        self._top_bit = design.mul.top_bit(design.a, design.b)
        # Exponent of the product's top bit at exponent field 0, counted from the lowest exponent.
        self._offset = self._product.exponent_origin + self._top_bit - acc.lowest
        super().__init__(
            {
                "p": In(unpacked_signature(self._product)),
                "s": In(unpacked_signature(self._state)),
                "o": Out(unpacked_signature(self._state)),
            }
        )

    @property
    def structure(self) -> Structure:
        """Exponent difference, swap, truncating shift, addition, negation, three-way shift."""
        bits = self._acc.width + 1
        exponent = max(self._product.exponent_bits, self._state.exponent_bits) + 1
        absolute = Incrementer(
            width=self._product.significand_bits if self._product.twos_complement else 0
        )
        rebase, difference = Incrementer(width=exponent), Adder(width=exponent)
        swap = MuxBlock(width=2 * bits + exponent, ways=2)
        shift = Shifter(width=bits, max_shift=bits - 1)
        flip, add = Gates(width=bits), Adder(width=bits + 1)
        negate = Incrementer(width=bits + 1)
        groups = Reduce(width=self._acc.k + self._acc.lam)
        normalise = MuxBlock(width=bits, ways=4)
        adjust, zero, clear = Adder(width=exponent), Reduce(width=bits), Gates(width=exponent)
        overflow = Reduce(width=exponent)
        specials = Gates(width=bits + exponent if self._state.has_nan else 0)
        path = (
            absolute,
            rebase,
            difference,
            swap,
            shift,
            flip,
            add,
            negate,
            groups,
            normalise,
            adjust,
            overflow,
        )
        return Structure(parts=(*path, zero, clear, specials), path=path)

    def elaborate(self, platform) -> Module:
        acc, m = self._acc, Module()
        bits = acc.width + 1
        p, s = Record(self._product, self.p), Record(self._state, self.s)
        terms = self._aligned(m, p, s)

        subtract, beyond, zero = Signal(), Signal(), Signal()
        m.d.comb += subtract.eq(p.sign ^ s.sign)
        total, negative, equal = absolute_sum(
            m,
            terms.large,
            terms.small,
            subtract=subtract,
            inexact=Const(0, 1),
            name="sum",
            target=target_of(platform),
        )
        magnitude = total[:bits]
        m.d.comb += [
            beyond.eq(total[bits] & ~subtract),
            zero.eq(Mux(subtract, equal, ~total.any())),
        ]
        significand, top = self._normalised(m, magnitude, beyond, terms.top)

        sign = Signal()
        m.d.comb += sign.eq(
            Mux(
                zero & subtract,
                self._rounding == "down",
                Mux(terms.product_first, p.sign, s.sign) ^ negative,
            )
        )
        exponent, highest = Signal(len(top)), acc.highest - acc.lowest
        m.d.comb += exponent.eq(top & ~zero.replicate(len(top)))
        overflow = above(exponent, highest)
        nan, inf, minus = special_terms([p, s])
        goes = overflow_goes_to_inf(self._rounding, sign)
        if not acc.format.has_inf:
            overflow, goes = overflow | inf, Const(0, 1)
        saturated = overflow & ~goes
        kept_sign = Mux(inf, minus, sign)
        if not acc.format.has_negative_zero:
            kept_sign = kept_sign & (~zero | inf)
        drive(
            m,
            self.o,
            sign=kept_sign,
            significand=significand | saturated.replicate(bits),
            exponent=Mux(saturated, highest, exponent),
            zero=zero,
            nan=nan,
            inf=inf | (overflow & goes),
        )
        return m

    def _aligned(self, m: Module, p: Record, s: Record) -> "_Terms":
        """Both significands at the greater exponent, with the smaller term's low bits cut off."""
        bits, width = self._acc.width + 1, self._top_bit + 1
        number = Cat(p.significand, Const(0, width - self._product.magnitude_bits))
        if self._product.twos_complement:
            number = Signal(width, name="product_magnitude")
            m.d.comb += number.eq(Mux(p.sign, -p.significand, p.significand))
        product = Cat(Const(0, max(bits - width, 0)), number[max(width - bits, 0) :])
        offset = self._offset
        reach = max(len(p.exponent), len(s.exponent), abs(offset).bit_length()) + 3
        product_top, difference = Signal(signed(reach)), Signal(signed(reach))
        below, product_first = Signal(), Signal()
        small, distance = Signal(bits), Signal(reach - 1)
        m.d.comb += [
            product_top.eq(p.exponent + offset),
            difference.eq(product_top - s.exponent),
            below.eq(difference[-1]),
            product_first.eq(~below & ~p.zero),
            # The one's complement is one too small, so the product starts one place lower.
            distance.eq(difference[:-1] ^ below.replicate(reach - 1)),
            small.eq(Mux(product_first, s.significand, product[1:])),
        ]
        rows = clog2(bits)
        shifted = small
        for k in range(min(rows, len(distance))):
            row = Signal(bits, name=f"align_row{k}")
            m.d.comb += row.eq(Mux(distance[k], shifted >> (1 << k), shifted))
            shifted = row
        inside = ~distance[rows:].any() if len(distance) > rows else Const(1, 1)
        large, aligned = Signal(bits), Signal(bits)
        most = max((1 << len(p.exponent)) - 1 + offset, (1 << len(s.exponent)) - 1)
        top = Signal(range(most + 1))
        m.d.comb += [
            large.eq(Mux(product_first, product, s.significand)),
            aligned.eq(shifted & inside.replicate(bits)),
            top.eq(Mux(product_first, product_top, s.exponent)),
        ]
        return _Terms(large=large, small=aligned, top=top, product_first=product_first)

    def _normalised(
        self, m: Module, magnitude: Value, beyond: Value, top: Value
    ) -> tuple[Value, Value]:
        """Significand and exponent after a right shift by 1, or a left shift by 0, k or k + lam."""
        k, both, bits = self._acc.k, self._acc.k + self._acc.lam, self._acc.width + 1
        stays, by_k = Signal(), Signal()
        significand = Signal(bits, name="normalised")
        adjusted = Signal(len(top) + 1, name="adjusted")
        m.d.comb += [
            stays.eq(magnitude[bits - k :].any() | (top < k)),
            by_k.eq(magnitude[bits - both : bits - k].any() | (top < both)),
        ]
        with m.If(beyond):
            m.d.comb += [significand.eq(Cat(magnitude[1:], 1)), adjusted.eq(top + 1)]
        with m.Elif(stays):
            m.d.comb += [significand.eq(magnitude), adjusted.eq(top)]
        with m.Elif(by_k):
            m.d.comb += [significand.eq(magnitude << k), adjusted.eq(top - k)]
        with m.Else():
            m.d.comb += [significand.eq(magnitude << both), adjusted.eq(top - both)]
        return significand, adjusted


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """Two terms at one exponent: `top` is the exponent of the top bit of both significands."""

    large: Value
    small: Value
    top: Value
    product_first: Value
