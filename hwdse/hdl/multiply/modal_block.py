"""The exact product of two blocks, whose format a mode chooses."""

from amaranth.hdl import Cat, Const, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Member, Out

from hwdse.hdl.blocks import shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.compress import compress, compression
from hwdse.hdl.modal.decode import ModalDecoder
from hwdse.hdl.modal.form import common_form
from hwdse.hdl.multiply.block import BlockMultiplier, block_multiplier
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import drive
from hwdse.primitives.primitive import Adder, Gates, Shifter
from hwdse.primitives.structure import Structure
from hwdse.spec import ModalBlockProduct


class ModalElementProduct(Component):
    """The product of two elements of the mode's format, in fixed point.

    Combinational: latency 0, one product per cycle. Both elements come in the common form, so one
    multiplier and one shifter serve all modes.

    Ports:
        active: bit k is set in mode k, and only one bit is.
        a, b: slots with the element codes.
        word, carry: the product is `word` + `carry`, in units of the least product of any mode. A
            negation inverts the word and leaves the one that is to be added to `carry`.
        nan, inf, inf_sign: special products, if there are any.
    """

    #: A product is a magnitude that its sign inverts.
    negates = True

    def __init__(self, mul: ModalBlockProduct) -> None:
        elements = tuple(dict.fromkeys(mode.element for mode in mul.modes))
        self._form, self._shape = common_form(elements), mul.element_product
        self._numbers = [elements.index(mode.element) for mode in mul.modes]
        self._decode_a, self._decode_b = ModalDecoder(elements), ModalDecoder(elements)
        #: Bits below the least product, which are zero.
        self._dropped = self._shape.exponent_min - 2 * self._form.base
        flags = ["nan"] * self._shape.has_nan + ["inf", "inf_sign"] * self._shape.has_inf
        super().__init__(
            {
                "active": In(len(mul.modes)),
                "a": In(mul.slot_bits),
                "b": In(mul.slot_bits),
                "word": Out(signed(self._shape.fixed_point_bits + 1)),
                "carry": Out(1),
                **dict.fromkeys(flags, Out(1)),
            }
        )

    @property
    def decode(self) -> Structure:
        """Both decoders, side by side."""
        return self._decode_a.structure.times(2)

    @property
    def multiply(self) -> Structure:
        """The multiplier, the shifter of whole steps, and the gates that invert."""
        form, bits = self._form, self._shape.fixed_point_bits
        partial = Gates(width=form.significand_bits**2)
        rows = Structure(parts=(partial,), path=(partial,))
        array = compression(form.significand_bits**2, 2 * form.significand_bits)
        exponents = Adder(width=form.exponent_bits)
        # One shifter for the bits of each place within a step.
        shifter = Shifter(
            width=-(-(bits + self._dropped) // form.step),
            max_shift=2 * form.most,
            input_width=-(-2 * form.significand_bits // form.step),
        )
        place = Structure(parts=(shifter,), path=(shifter,)).times(form.step)
        invert = Gates(width=bits)
        path = Structure.series([rows, array, place, Structure(parts=(invert,), path=(invert,))])
        return Structure.parallel([path, Structure(parts=(exponents,))])

    def elaborate(self, platform) -> Module:
        m, form = Module(), self._form
        m.submodules.decode_a = a = self._decode_a
        m.submodules.decode_b = b = self._decode_b
        active = Signal(len(a.active))
        for number in range(len(a.active)):
            modes = [k for k, one in enumerate(self._numbers) if one == number]
            m.d.comb += active[number].eq(_any(self.active, modes))
        for decode, slot in ((a, self.a), (b, self.b)):
            m.d.comb += [decode.active.eq(active), decode.i.eq(slot)]
        product = Signal(2 * form.significand_bits)
        m.d.comb += product.eq(_product(m, a.significand, b.significand, platform))
        width = self._shape.fixed_point_bits + self._dropped
        placed: Value = product
        if form.most:
            exponent = Signal((2 * form.most).bit_length())
            m.d.comb += exponent.eq(a.exponent + b.exponent)
            placed = shift_left(m, product, exponent, width, "place", unit=form.step)
        word = Signal(self._shape.fixed_point_bits, name="magnitude")
        sign = Signal()
        m.d.comb += [
            word.eq(placed[self._dropped :]),
            sign.eq(a.sign ^ b.sign),
            self.word.eq(Cat(word ^ sign.replicate(len(word)), sign)),
        ]
        drive(m, self, carry=sign)
        nan, inf = (getattr(a, n, Const(0)) | getattr(b, n, Const(0)) for n in ("nan", "inf"))
        if self._shape.has_inf:
            nan = nan | (a.inf & b.zero) | (a.zero & b.inf)
        drive(m, self, nan=nan, inf=inf, inf_sign=sign)
        return m


@block_multiplier.register(ModalBlockProduct)
class ModalBlockMultiplier(BlockMultiplier):
    """Adds the products of two blocks in the format of the mode, and applies both scales.

    Combinational: latency 0, one block pair per cycle. Products of all modes lie on one grid, so
    the adders and the scales know nothing of modes.

    Ports:
        mode: number of the mode; other numbers count as the last.
        a, b: slots with the element codes, element 0 in the low bits.
        a_scale, b_scale: scale codes.
        o: record of the product, with the bounds `mul.product`.
    """

    def __init__(self, mul: ModalBlockProduct) -> None:
        self._modal = mul
        super().__init__(mul)

    def _lane(self) -> ModalElementProduct:
        return ModalElementProduct(self._modal)

    def _inputs(self) -> dict[str, Member]:
        return {"mode": In((len(self._modal.modes) - 1).bit_length()), **super()._inputs()}

    def _elements(self, m: Module) -> list[ModalElementProduct]:
        last = len(self._modal.modes) - 1
        active = Signal(last + 1)
        for number in range(last):
            m.d.comb += active[number].eq(self.mode == number)
        m.d.comb += active[last].eq(self.mode >= last)
        elements = super()._elements(m)
        for element in elements:
            m.d.comb += element.active.eq(active)
        return elements


def _any(flags: Value, numbers: list[int]) -> Value:
    found: Value = flags[numbers[0]]
    for number in numbers[1:]:
        found = found | flags[number]
    return found


def _product(m: Module, a: Value, b: Value, platform) -> Value:
    """The product of two magnitudes, of as few adders as possible."""
    target = target_of(platform)
    if target.multiplier is not None or target.carry_chains:
        return a * b
    columns: list[list[Value]] = [[] for _ in range(len(a) + len(b))]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            columns[i + j].append(x & y)
    return compress(m, columns, len(columns), "product", target)
