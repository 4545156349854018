"""Operations on two's-complement words: placing, right shift and sums."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hwdse.formats import clog2


def placed(value: Value, place: int) -> Value:
    """`value` with `place` zeros below it.

    A negative place adds no zeros. The caller cuts the low bits off later.
    """
    word = Cat(Const(0, max(place, 0)), value)
    return word.as_signed() if value.shape().signed else word


def shift_right(m: Module, value: Value, amount: Value, name: str) -> Value:
    """`value >> amount` for any amount; bits shifted out are lost.

    The shift fills a signed value with its sign and an unsigned value with zeros.
    """
    shape = value.shape()
    rows = clog2(shape.width)
    fill = Const(0, 1)
    if shape.signed:
        fill = value[-1]
    word = value
    if len(amount) > rows:
        beyond = amount[rows:].any()
        word = Signal(shape, name=f"{name}_within")
        m.d.comb += word.eq(Mux(beyond, fill.replicate(shape.width), value))
    for k in range(min(rows, len(amount))):
        row = Signal(shape, name=f"{name}_row{k}")
        m.d.comb += row.eq(Mux(amount[k], word >> (1 << k), word))
        word = row
    return word


def signed_sum(terms: Sequence[tuple[Value, Value]]) -> Value:
    """The sum of magnitudes with signs, in a tree of adders.

    -x is NOT x + 1. Each adder of the tree adds one of these ones as its carry. A last addition
    adds the one that is left.
    """
    words = [Cat(x ^ sign.replicate(len(x)), sign).as_signed() for x, sign in terms]
    carries = [sign for _, sign in terms]
    while len(words) > 1:
        pairs = zip(words[::2], words[1::2], strict=False)
        words = [_added(x, y, carries.pop()) for x, y in pairs] + words[len(words) & ~1 :]
    return words[0] + carries.pop()


def _added(x: Value, y: Value, carry: Value) -> Value:
    """The sum of two words and a carry, which one additional lowest place of the adder makes."""
    return (Cat(carry, x).as_signed() + Cat(carry, y).as_signed())[1:].as_signed()
