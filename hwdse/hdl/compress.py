"""Sums of many bits and words: full adders in columns, and carry inputs that would stay unused."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hwdse.hdl.structure import Adder, Structure


def compress(m: Module, columns: Sequence[Sequence[Value]], width: int, name: str) -> Value:
    """The sum modulo 2^width of bits, those of `columns[k]` of weight 2^k; unsigned.

    Full adders take three bits of a column and give one back and one to the next until there is one
    left (Dadda, Some schemes for parallel multipliers, 1965), as few as there can be. The oldest
    bits come first, which keeps the tree shallow.
    """
    bits: list[Value] = []
    carries: list[Value] = []
    for weight in range(width):
        waiting = [*(columns[weight] if weight < len(columns) else ()), *carries]
        carries = []
        while len(waiting) > 1:
            a, b, *waiting = waiting
            cell = f"{name}_{weight}_{len(carries)}"
            # The pair's sum is worth a name of its own: both outputs use it.
            half, total, carry = (
                Signal(name=f"{cell}_{part}") for part in ("half", "sum", "carry")
            )
            m.d.comb += half.eq(a ^ b)
            if waiting:
                c, *waiting = waiting
                m.d.comb += [total.eq(half ^ c), carry.eq(Mux(half, c, a))]
            else:
                m.d.comb += [total.eq(half), carry.eq(a & b)]
            waiting.append(total)
            carries.append(carry)
        bits.append(waiting[0] if waiting else Const(0, 1))
    return Cat(*bits)


def constant_columns(number: int, width: int) -> list[list[Value]]:
    """A constant modulo 2^width as bits for `compress`."""
    return [[Const(1, 1)] if number >> weight & 1 else [] for weight in range(width)]


def compression(bits: int, width: int) -> Structure:
    """Structure of `compress` of so many bits in a word of `width`: full adders, roughly a row."""
    adders = Adder(width=max(bits - width, 0))
    final = Adder(width=width)
    return Structure(parts=(adders, final), path=(final,))


def plus(x: Value, y: Value, carry: Value | None = None) -> Value:
    """X + y + carry in one adder; two's complement."""
    if carry is None:
        return x + y
    total = Cat(Const(1, 1), x).as_signed() + Cat(carry, y).as_signed()
    return total[1:].as_signed()


def balanced_sum(
    m: Module, terms: Sequence[Value], carries: Sequence[Value], name: str
) -> tuple[Value, Value | None]:
    """The sum of two's-complement words and of bits, at most as many as words.

    Returns:
        The sum without the last bit, and that bit for the carry input of the adder to come; None if
        no bits are left.
    """
    waiting, left = list(terms), list(carries)
    while len(waiting) > 1:
        x, y, *waiting = waiting
        value = plus(x, y, left.pop(0) if left else None)
        total = Signal(signed(len(value)), name=f"{name}_{len(terms) - len(waiting)}_{len(value)}")
        m.d.comb += total.eq(value)
        waiting.append(total)
    return waiting[0], left[0] if left else None
