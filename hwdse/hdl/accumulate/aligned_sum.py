"""Sums of products and an addend, aligned to the greatest exponent of all terms."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import UnpackedShape, clog2
from hwdse.hdl.component import Component
from hwdse.hdl.fixed_point import adder_tree
from hwdse.hdl.signed_words import placed, shift_right, signed_sum
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Adder, Gates, Incrementer, Primitive, Reduce, Shifter
from hwdse.primitives.primitive import Mux as MuxBlock
from hwdse.primitives.structure import Structure
from hwdse.spec import Aligned, Design
from hwdse.spec.accumulate.aligned import product_point


def goes_to_infinity(acc: Aligned, design: Design) -> bool:
    """Whether a sum of finite products may become infinite."""
    return acc.overflow == "inf" and acc.overflows(design.product, design.unit.group)


class _GroupSum(Component):
    """The common part of both kinds of sums: ports, exponents and special values.

    Exponents are compared as stored, in units of the products' exponent field. The addend's field
    differs from these units by a constant.

    Ports: `p0`, `p1`, ... (products), `c` (the running value) and `o`. The output `o` is a
    sign-magnitude record with the bounds `shape` and with special values.
    """

    def __init__(self, acc: Aligned, design: Design, lanes: int, fraction_bits: int) -> None:
        self._product, self._addend = design.product, acc.format.unpacked
        self._lanes, self._fraction_bits = lanes, acc.fraction_bits
        p, c = self._product, self._addend
        self._point = product_point(design.mul, design.a, design.b)
        # The addend has one integer bit.
        self._integer_bits = max(p.magnitude_bits - self._point + p.twos_complement, 1)
        # Exponents of the products and of the addend at exponent field 0.
        self._product_base = p.exponent_origin + self._point
        self._addend_base = c.exponent_origin + c.significand_bits - 1
        self._last_field = p.exponent_max - p.exponent_origin
        least = (p.exponent_min + self._point, c.exponent_min + c.significand_bits - 1)
        # The exponent of zeros in units of the products' field. Products and addend may have
        # exponents below it; the addend may have all exponents above it.
        zero = acc.zero_exponent
        self._zero_field = zero - self._product_base
        self._clamp = least[0] < zero
        self._addend_below, self._addend_above = least[1] < zero, least[1] > max(zero, least[0])
        self._top_field = max(self._last_field, self._zero_field)
        greatest = max(
            self._product_base + self._top_field, c.exponent_max + c.significand_bits - 1
        )
        self._width = fraction_bits + self._integer_bits + clog2(lanes + 1)
        origin = min(self._product_base, self._addend_base) - fraction_bits
        self.shape = UnpackedShape(
            significand_bits=self._width,
            exponent_origin=origin,
            exponent_min=max(zero, min(least)) - fraction_bits,
            exponent_max=greatest - fraction_bits,
            has_inf=p.has_inf or (c.has_inf and goes_to_infinity(acc, design)),
            has_nan=p.has_nan or p.has_inf,
        )
        ports = {f"p{k}": In(unpacked_signature(p)) for k in range(lanes)}
        super().__init__(
            {**ports, "c": In(unpacked_signature(c)), "o": Out(unpacked_signature(self.shape))}
        )

    @property
    def _products(self) -> list[Record]:
        return [Record(self._product, getattr(self, f"p{k}")) for k in range(self._lanes)]

    def _greatest_field(
        self, m: Module, products: Sequence[Record], name: str
    ) -> tuple[Value, Value]:
        """The greatest exponent field of all products that are not zero, and whether there are any.

        The search goes bit by bit from the top. If any product in the search has a one, the
        products with a zero drop out. This circuit is smaller than a tree of comparators, and no
        slower.
        """
        alive: Value = Cat(*(~p.zero for p in products))
        found = alive.any()
        greatest = Signal(len(products[0].exponent), name=f"{name}_field")
        for k in reversed(range(len(greatest))):
            # Signals: nested expressions would double in size in every step.
            ones = Signal(len(products), name=f"{name}_ones{k}")
            left = Signal(len(products), name=f"{name}_left{k}")
            bit = Signal(name=f"{name}_bit{k}")
            m.d.comb += [
                ones.eq(alive & Cat(*(p.exponent[k] for p in products))),
                bit.eq(ones.any()),
                left.eq(Mux(bit, ones, alive)),
                greatest[k].eq(bit),
            ]
            alive = left
        return greatest, found

    def _clamped(self, field: Value) -> Value:
        """The field, or the exponent field of zeros if that is greater."""
        if not self._clamp:
            return field
        if self._zero_field >= self._last_field:  # a comparison would be constant
            return Const(self._zero_field)
        return Mux(field > self._zero_field, field, self._zero_field)

    def _reference(self, m: Module, greatest: Value, found: Value, reach: int) -> "_Reference":
        """The greatest exponent of the products and the addend.

        Args:
            m: the module.
            greatest: greatest field of the products.
            found: whether any product is not zero.
            reach: distance from which on every product is shifted out completely.
        """
        c = Record(self._addend, self.c)
        # If the addend can have a smaller exponent than zeros, such exponents do not count.
        alone = self._addend_below and not self._clamp
        field = Signal(
            range(min(self._zero_field, 0) if alone else 0, self._top_field + 1), name="greatest"
        )
        addend = Signal(signed(len(c.exponent) + 2 + self._offset.bit_length()), name="addend")
        m.d.comb += [
            field.eq(Mux(found, greatest, self._zero_field) if alone else greatest),
            addend.eq(c.exponent + self._offset),
        ]
        floored = self._clamp or self._addend_below
        wins = Signal(name="addend_wins")
        above = addend > field if floored else ~found | (addend > field)
        # The exponent field of a zero addend means a greater exponent than the exponent of zeros.
        # This matters only for small products.
        m.d.comb += wins.eq(above & ~c.zero if self._addend_above else above)
        # An addend far above the reach of all products acts like an addend just out of reach.
        last = self._top_field + reach
        bounded = Mux(addend > last, last, addend)
        base = self.shape.exponent_origin + self._output_bits
        limit = Signal(range(last + 1), name="limit")
        distance = Signal(range(max(self._top_field - self._offset, 1) + 1), name="distance")
        m.d.comb += [
            limit.eq(Mux(wins, bounded, field)),
            distance.eq(Mux(wins, 0, field - addend)),
        ]
        return _Reference(
            limit=limit,
            addend_distance=distance,
            exponent=Mux(
                wins,
                c.exponent + (self._addend_base - base),
                field + (self._product_base - base),
            ),
        )

    @property
    def _offset(self) -> int:
        """The difference between the addend's exponent field and the products' field."""
        return self._addend_base - self._product_base

    @property
    def _output_bits(self) -> int:
        """Fraction bits of the sum."""
        return self._width - self._integer_bits - clog2(self._lanes + 1)

    def _magnitude(self, p: Record) -> Value:
        if not p.shape.twos_complement:
            missing = self._point + self._integer_bits - p.shape.magnitude_bits
            return Cat(p.significand, Const(0, missing))
        return Mux(p.sign, -p.significand, p.significand)[: p.shape.significand_bits]

    def _aligned(self, m: Module, p: Record, limit: Value, name: str) -> Value:
        """The product, shifted right to the grid and truncated."""
        kept = self._fraction_bits + self._integer_bits
        magnitude = self._magnitude(p)
        amount = Signal(len(limit), name=f"{name}_distance")
        m.d.comb += amount.eq(limit - p.exponent)
        return shift_right(m, placed(magnitude, self._fraction_bits - self._point), amount, name)[
            -kept:
        ]

    def _drive_sum(self, m: Module, total: Value, reference: "_Reference") -> None:
        """Drive the output: magnitude, sign and special values."""
        number = Signal(signed(self._width + 1), name="total")
        magnitude = Signal(self._width, name="magnitude")
        m.d.comb += [
            number.eq(total),
            magnitude.eq(Mux(number[-1], -number, number)),
        ]
        terms = [*self._products, Record(self._addend, self.c)]
        if not self.shape.has_inf:
            terms = terms[:-1] + ([terms[-1]] if self.shape.has_nan else [])
        plus = Cat(*(t.inf & ~t.inf_sign for t in terms)).any()
        minus = Cat(*(t.inf & t.inf_sign for t in terms)).any()
        infinite = plus | minus
        sign = Mux(infinite, minus, number[-1]) if self.shape.has_inf else number[-1]
        drive(
            m,
            self.o,
            sign=sign,
            significand=magnitude,
            exponent=reference.exponent,
            zero=~magnitude.any() & ~infinite,
            nan=Cat(*(t.nan for t in terms)).any() | (plus & minus),
            inf=infinite,
        )

    def _alignment(self, lanes: int) -> Structure:
        """Structure of the search for the greatest exponent and of the products' shifters."""
        p = self._product
        kept = self._fraction_bits + self._integer_bits
        bits = p.exponent_bits
        shifted = max(kept, p.magnitude_bits)
        # For each bit of the exponent: which products have a one, whether any has, which stay.
        level: tuple[Primitive, ...] = (
            Gates(width=lanes),
            Reduce(width=lanes),
            MuxBlock(width=lanes, ways=2),
        )
        lane = (
            Incrementer(width=p.significand_bits if p.twos_complement else 0),
            Adder(width=bits + 1),
            Shifter(width=shifted, max_shift=shifted - 1, input_width=p.magnitude_bits),
            Gates(width=kept),
        )
        search = Structure(parts=level * bits, path=level * bits)
        shift = Structure(parts=lane, path=lane[1:]).times(lanes)
        return Structure.series([search, shift])

    def _ending(self, width: int) -> Structure:
        """Structure of the magnitude and of the special values."""
        flags = self._lanes * (self._product.has_nan + 2 * self._product.has_inf)
        negate = Incrementer(width=width)
        return Structure(parts=(negate, Gates(width=flags)), path=(negate,))


@dataclass(frozen=True, kw_only=True)
class _Reference:
    """The greatest exponent of the products and the addend.

    `limit` is this exponent in units of the products' field; a `limit` above the reach of all
    products is cut to a value just out of reach. `addend_distance` is the right shift of the
    addend. `exponent` is the greatest exponent in units of the sum's field.
    """

    limit: Value
    addend_distance: Value
    exponent: Value


class AlignedSum(_GroupSum):
    """Products and addend truncated to the grid of the greatest exponent, and added.

    Combinational: latency 0, one sum per cycle. Magnitudes are shifted right. One tree then adds
    each magnitude, or subtracts it: an inversion and a carry.
    """

    def __init__(self, acc: Aligned, design: Design, lanes: int) -> None:
        super().__init__(acc, design, lanes, acc.fraction_bits)

    @property
    def structure(self) -> Structure:
        """Greatest exponent, one shifter per term, one adder tree, and the magnitude."""
        c, compare = self._addend, Adder(width=self._addend.exponent_bits + 1)
        shift = Shifter(
            width=max(self._fraction_bits + 1, c.significand_bits),
            max_shift=max(self._fraction_bits, c.significand_bits - 1),
            input_width=c.significand_bits,
        )
        addend = Structure(
            parts=(compare, compare, shift, Gates(width=self._fraction_bits + 1)), path=(compare,)
        )
        kept = self._fraction_bits + self._integer_bits
        tree = adder_tree(kept + 1, self._lanes + 1)
        return Structure.series(
            [addend, self._alignment(self._lanes), tree, self._ending(self._width)]
        )

    def elaborate(self, platform) -> Module:
        m = Module()
        products, c = self._products, Record(self._addend, self.c)
        kept = self._fraction_bits + self._integer_bits
        greatest, found = self._greatest_field(m, products, "search")
        reference = self._reference(m, self._clamped(greatest), found, kept)
        terms = [
            (self._aligned(m, p, reference.limit, f"lane{k}"), p.sign)
            for k, p in enumerate(products)
        ]
        place = self._fraction_bits - (c.shape.significand_bits - 1)
        addend = shift_right(m, placed(c.significand, place), reference.addend_distance, "addend")
        terms.append((addend[-(self._fraction_bits + 1) :], c.sign))
        self._drive_sum(m, signed_sum(terms), reference)
        return m


class FlooredSum(_GroupSum):
    """Aligned sums of the parts of a group, rounded down together with the addend, and added.

    Combinational: latency 0, one sum per cycle. Each part is aligned to its greatest exponent,
    without the addend. The sums of the parts and the addend are then aligned to the greatest of all
    exponents and rounded down.
    """

    def __init__(self, acc: Aligned, design: Design, lanes: int) -> None:
        assert acc.floor is not None
        self._sum_bits, self._addend_bits = acc.floor
        self._parts = [range(part, lanes, acc.parts) for part in range(min(acc.parts, lanes))]
        super().__init__(acc, design, lanes, max(acc.floor))

    @property
    def structure(self) -> Structure:
        """Aligned sum of each part, one shifter per part and for the addend, and the last sum."""
        kept = self._fraction_bits + self._integer_bits
        parts = [
            Structure.series([self._alignment(len(p)), adder_tree(kept + 1, len(p))])
            for p in self._parts
        ]
        groups = Structure.parallel(parts)
        c, compare = self._addend, Adder(width=self._addend.exponent_bits + 1)
        shift = Shifter(width=self._width, max_shift=self._width - 1)
        addend = Shifter(
            width=self._addend_bits + 2,
            max_shift=self._addend_bits + 1,
            input_width=c.significand_bits + 1,
        )
        negate = Incrementer(width=c.significand_bits)
        combine = Structure(
            parts=(compare, compare, negate, addend, *(shift,) * len(parts)), path=(compare, shift)
        )
        tree = adder_tree(self._width, len(parts) + 1)
        return Structure.series([groups, combine, tree, self._ending(self._width)])

    def elaborate(self, platform) -> Module:
        m = Module()
        products, c = self._products, Record(self._addend, self.c)
        sums, fields, any_found = [], [], Const(0, 1)
        for number, lanes in enumerate(self._parts):
            part = [products[k] for k in lanes]
            greatest, found = self._greatest_field(m, part, f"part{number}_search")
            field = Signal(range(self._top_field + 1), name=f"part{number}_greatest")
            m.d.comb += field.eq(self._clamped(greatest))
            terms = [
                (self._aligned(m, p, field, f"lane{k}"), p.sign)
                for k, p in zip(lanes, part, strict=True)
            ]
            group = Signal(
                signed(self._fraction_bits + self._integer_bits + clog2(len(part)) + 1),
                name=f"part{number}_sum",
            )
            m.d.comb += group.eq(signed_sum(terms))
            sums.append(group)
            fields.append(field)
            any_found |= found
        greatest = fields[0]
        for field in fields[1:]:
            greatest = Mux(field > greatest, field, greatest)
        reach = max(len(s) for s in sums) + max(self._sum_bits - self._fraction_bits, 0)
        reference = self._reference(m, greatest, any_found, reach)
        total = self._on_grid(
            m,
            Mux(c.sign, -c.significand, c.significand).as_signed(),
            reference.addend_distance,
            have=c.shape.significand_bits - 1,
            bits=self._addend_bits,
            name="addend",
        )
        for number, (group, field) in enumerate(zip(sums, fields, strict=True)):
            distance = Signal(len(reference.limit), name=f"part{number}_distance")
            m.d.comb += distance.eq(reference.limit - field)
            total = total + self._on_grid(
                m,
                group,
                distance,
                have=self._fraction_bits,
                bits=self._sum_bits,
                name=f"part{number}",
            )
        self._drive_sum(m, total, reference)
        return m

    def _on_grid(
        self, m: Module, number: Value, distance: Value, *, have: int, bits: int, name: str
    ) -> Value:
        """A number with `have` fraction bits, shifted right and floored to `bits` fraction bits.

        The result is on the finest grid of all terms.
        """
        place = bits - have
        shifted = shift_right(m, placed(number, place), distance, f"{name}_floor")
        if place < 0:
            shifted = shifted[-place:].as_signed()
        return shifted << (self._output_bits - bits)
