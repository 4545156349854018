"""The multiplier composed of small multipliers (bricks) for 2-bit digits."""

from amaranth.hdl import Cat, Const, Module, Value, signed
from amaranth.lib.wiring import In, Out

from hwdse.formats import Format
from hwdse.hdl.component import Component
from hwdse.hdl.compress import compress, compression, constant_columns
from hwdse.hdl.multiply import multiplier
from hwdse.hdl.targets import target_of
from hwdse.hdl.unpacked import Record, drive, unpacked_signature
from hwdse.primitives.primitive import Multiplier
from hwdse.primitives.structure import Structure
from hwdse.spec import Radix4

#: Bits of a brick's product, from -2 * 3 = -6 to 3 * 3 = 9. A brick with a signed digit reaches
#: only the first bound, a brick with unsigned digits only the second.
_BRICK_BITS = 4


class Brick(Component):
    """A 3-bit by 3-bit signed multiplier: 2-bit digits, signed or with a zero in front.

    Combinational: latency 0, one product per cycle. Two unsigned digits give 0 to 9. All other
    pairs give -6 to 4. Four bits hold either range.
    """

    def __init__(self) -> None:
        super().__init__({"a": In(signed(3)), "b": In(signed(3)), "o": Out(_BRICK_BITS)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.comb += self.o.eq(self.a * self.b)
        return m


@multiplier.register(Radix4)
class Radix4Multiplier(Component):
    """A brick for each pair of digits and one sum of all their products, each in its place.

    Combinational: latency 0, one product per cycle. The top digit of a two's-complement operand is
    signed, and all other digits are unsigned. An operand of odd width is extended by one bit: its
    sign, or zero if the operand is unsigned.
    """

    def __init__(self, mul: Radix4, a: Format, b: Format) -> None:
        self._a, self._b, self._product = a.unpacked, b.unpacked, mul.product(a, b)
        super().__init__(
            {
                "a": In(unpacked_signature(self._a)),
                "b": In(unpacked_signature(self._b)),
                "o": Out(unpacked_signature(self._product)),
            }
        )

    @property
    def bricks(self) -> int:
        """Number of bricks: the product of both numbers of digits."""
        digits = [-(-shape.significand_bits // 2) for shape in (self._a, self._b)]
        return digits[0] * digits[1]

    @property
    def structure(self) -> Structure:
        """The bricks, and full adders."""
        brick = Multiplier(a_bits=2, b_bits=2, signed=False)
        bricks = Structure(parts=(brick,) * self.bricks, path=(brick,))
        width = self._product.significand_bits
        return Structure.series([bricks, compression(_BRICK_BITS * self.bricks, width)])

    def elaborate(self, platform) -> Module:
        m = Module()
        a, b = Record(self._a, self.a), Record(self._b, self.b)
        width, correction = self._product.significand_bits, 0
        columns: list[list[Value]] = [[] for _ in range(width + _BRICK_BITS)]
        for i, (x, x_signed) in enumerate(_digits(a)):
            for j, (y, y_signed) in enumerate(_digits(b)):
                m.submodules[f"brick_{i}_{j}"] = brick = Brick()
                m.d.comb += [brick.a.eq(x), brick.b.eq(y)]
                place, bits = 2 * (i + j), list(brick.o)
                if x_signed or y_signed:
                    # The top bit weighs -8: -8 s = 8 (1 - s) - 8.
                    bits[-1] = ~bits[-1]
                    correction -= 1 << (place + _BRICK_BITS - 1)
                for bit, weight in zip(bits, range(place, place + _BRICK_BITS), strict=True):
                    columns[weight].append(bit)
        for weight, constant in enumerate(constant_columns(correction, width)):
            columns[weight] += constant
        total = compress(m, columns, width, "sum", target_of(platform))
        drive(
            m,
            self.o,
            significand=total.as_signed() if self._product.twos_complement else total,
            zero=a.zero | b.zero,
        )
        return m


def _digits(operand: Record) -> list[tuple[Value, bool]]:
    """All 3-bit digits, the least significant first, and whether each digit is signed."""
    word, twos = operand.significand, operand.shape.twos_complement
    if len(word) % 2:
        word = Cat(word, word[-1] if twos else Const(0, 1))
    pairs = [word[k : k + 2] for k in range(0, len(word), 2)]
    digits = [(Cat(pair, 0).as_signed(), False) for pair in pairs]
    if twos:
        digits[-1] = (pairs[-1].as_signed(), True)
    return digits
