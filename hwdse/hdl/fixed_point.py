"""Fixed-point words of products, shared by the accumulators."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import UnpackedShape, clog2
from hwdse.hdl.blocks import shift_left
from hwdse.hdl.component import Component
from hwdse.hdl.unpacked import Record, fields, unpacked_signature
from hwdse.primitives.primitive import Adder, Incrementer, Primitive, Shifter
from hwdse.primitives.structure import Child, Structure

# Up to this many surplus bits, a longer shift costs less than a subtraction.
_FEW = 4


class ToFixedPoint(Component):
    """Puts a product in place: negated if need be, then shifted.

    Combinational: latency 0, one product per cycle. Ports: `i`, a record of `shape`, and `o`, a
    two's-complement number in units of 2^exponent_min.
    """

    def __init__(self, shape: UnpackedShape) -> None:
        self._shape = shape
        ports = {"i": In(unpacked_signature(shape)), "o": Out(signed(shape.fixed_point_bits + 1))}
        super().__init__(ports)

    @property
    def structure(self) -> Structure:
        """Negation and shifter."""
        place = _place_parts(self._shape)
        return Structure(parts=place, path=place)

    def elaborate(self, platform) -> Module:
        m = Module()
        shape, product = self._shape, Record(self._shape, self.i)
        width = shape.fixed_point_bits + 1
        number = Signal(signed(shape.magnitude_bits + 1))
        if shape.twos_complement or not shape.signed:
            m.d.comb += number.eq(product.significand)
        else:
            m.d.comb += number.eq(Mux(product.sign, -product.significand, product.significand))
        if shape.exponent_max == shape.exponent_min:
            m.d.comb += self.o.eq(number)
            return m
        # The exponent counts from the origin, which may lie below the least exponent. The shift is
        # then too long by the difference: drop this many low bits, which are always zero.
        surplus = shape.exponent_min - shape.exponent_origin
        exponent = product.exponent
        if surplus > _FEW:
            exponent = Signal(range(shape.exponent_max - shape.exponent_min + 1), name="amount")
            m.d.comb += exponent.eq(product.exponent - surplus)
            surplus = 0
        extended = Signal(width + surplus)
        m.d.comb += extended.eq(number)
        shifted = shift_left(m, extended, exponent, width + surplus, "shift")
        m.d.comb += self.o.eq(shifted[surplus:].as_signed())
        return m


def to_fixed_point(m: Module, product: Record, name: str) -> Value:
    """The product in units of 2^exponent_min, from a submodule with the given name.

    A two's-complement product of one exponent needs no submodule.
    """
    shape = product.shape
    if shape.twos_complement and shape.exponent_max == shape.exponent_min:
        return product.significand
    m.submodules[name] = place = ToFixedPoint(shape)
    for field, value in fields(place.i).items():
        m.d.comb += value.eq(getattr(product, field))
    return place.o


def _place_parts(shape: UnpackedShape) -> tuple[Primitive, ...]:
    """Primitives of `to_fixed_point`, in the order of its combinational path."""
    negate = (
        Incrementer(width=shape.magnitude_bits)
        if shape.signed and not shape.twos_complement
        else Incrementer(width=0)
    )
    shift = shape.exponent_max - shape.exponent_min
    return negate, Shifter(
        width=shape.fixed_point_bits + 1 if shift else 0,
        max_shift=shift,
        input_width=shape.magnitude_bits + 1,
    )


def adder_tree(term_bits: int, terms: int) -> Structure:
    """Structure of an adder tree for the exact sum of two's-complement words.

    Level k adds sums of 2^k words.
    """
    children: list[Child] = []
    path: tuple[Primitive, ...] = ()
    words = terms
    for level in range(clog2(terms)):
        add = Adder(width=term_bits + level + 1)
        children.append(Child(structure=Structure(parts=(add,)), copies=words // 2))
        path, words = (*path, add), words - words // 2
    return Structure(children=tuple(children), path=path)


def fixed_point_sum(shape: UnpackedShape, terms: int) -> Structure:
    """Structure that places `terms` products by `to_fixed_point` and adds them exactly."""
    place = _place_parts(shape)
    lane = Structure(parts=place, path=place)
    return Structure.series([lane.times(terms), adder_tree(shape.fixed_point_bits + 1, terms)])
