"""Sums of many bits and words: full adders in columns, and carry inputs that would stay unused."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hwdse.hdl.targets import Target
from hwdse.primitives.primitive import Adder
from hwdse.primitives.structure import Structure


def compress(
    m: Module, columns: Sequence[Sequence[Value]], width: int, name: str, target: Target
) -> Value:
    """The sum modulo 2^width of bits, those of `columns[k]` of weight 2^k; unsigned.

    Full adders take three bits of a column and give one back and one to the next until there is one
    left (Dadda, Some schemes for parallel multipliers, 1965), as few as there can be. The oldest
    bits come first, which keeps the tree shallow. For a target with carry chains, the
    last two rows of bits are added in one chain.
    """
    if target.carry_chains:
        padded = [*columns, *([] for _ in range(width - len(columns)))][:width]
        x, y = two_rows(compress_in_layers(m, padded, name))
        return (x + y)[:width]
    bits: list[Value] = []
    carries: list[Value] = []
    for weight in range(width):
        waiting = [*(columns[weight] if weight < len(columns) else ()), *carries]
        carries = []
        while len(waiting) > 1:
            taken, waiting = waiting[:3], waiting[3:]
            total, carry = _add(m, taken, f"{name}_{weight}_{len(carries)}")
            waiting.append(total)
            carries.append(carry)
        bits.append(waiting[0] if waiting else Const(0, 1))
    return Cat(*bits)


def compress_in_layers(
    m: Module, columns: Sequence[Sequence[Value]], name: str
) -> list[list[Value]]:
    """At most two bits a column with the same sum modulo 2^len(columns).

    In as few layers of adders as there can be, each of which brings the highest column down to the
    next of 2, 3, 4, 6, 9, ... bits and no further (Dadda 1965).
    """
    waiting = [list(column) for column in columns]
    width = len(waiting)
    heights = [2]
    while heights[-1] < max(map(len, waiting)):
        heights.append(heights[-1] * 3 // 2)
    for layer, height in enumerate(reversed(heights[:-1])):
        carries: list[list[Value]] = [[] for _ in range(width + 1)]
        for weight in range(width):
            column, made = waiting[weight], carries[weight]
            while len(column) + len(made) > height:
                taken = min(3, len(column) + len(made) - height + 1)
                cell = f"{name}_{layer}_{weight}_{len(carries[weight + 1])}"
                total, carry = _add(m, column[:taken], cell)
                column, made = column[taken:], [*made, total]
                carries[weight + 1].append(carry)
            waiting[weight] = column + made
    return waiting


def two_rows(columns: Sequence[Sequence[Value]]) -> tuple[Value, Value]:
    """Columns of at most two bits as two words."""
    x, y = (Cat(Cat(column, Const(0, 2))[k] for column in columns) for k in (0, 1))
    return x, y


def _add(m: Module, bits: Sequence[Value], name: str) -> tuple[Value, Value]:
    """Sum and carry of two or three bits."""
    # The sum of the pair gets a name: both outputs use it.
    half, total, carry = (Signal(name=f"{name}_{part}") for part in ("half", "sum", "carry"))
    m.d.comb += half.eq(bits[0] ^ bits[1])
    if len(bits) == 2:
        m.d.comb += carry.eq(bits[0] & bits[1])
        return half, carry
    m.d.comb += [total.eq(half ^ bits[2]), carry.eq(Mux(half, bits[2], bits[1]))]
    return total, carry


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
