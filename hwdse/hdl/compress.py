"""Sums of many bits and words: columns of full adders, and adder trees that use carry inputs."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hwdse.hdl.targets import Target
from hwdse.primitives.primitive import Adder
from hwdse.primitives.structure import Structure


def compress(
    m: Module, columns: Sequence[Sequence[Value]], width: int, name: str, target: Target
) -> Value:
    """The unsigned sum of bits modulo 2^width. Each bit of `columns[k]` has weight 2^k.

    A full adder takes three bits of a column. The adder returns one bit to this column and one bit
    to the next column, until each column has one bit (Dadda, Some schemes for parallel multipliers,
    1965). A half adder takes two bits if only two are left. The number of adders is the smallest
    possible. The oldest bits are added first, which keeps the tree shallow.

    For a target with carry chains, layers of full adders leave two rows of bits, and one carry
    chain adds these rows.

    Args:
        m: module that gets the adders.
        columns: bits of each weight.
        width: bits of the sum.
        name: prefix of signal names.
        target: target of the Verilog.
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
    """Reduce columns to at most two bits per column, with the same sum modulo 2^len(columns).

    The number of layers of adders is the smallest possible. Each layer reduces the columns to the
    next smaller height of the series 2, 3, 4, 6, 9, ... bits, and no further (Dadda 1965).
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
    """Two words from columns of at most two bits. Missing bits are zero."""
    x, y = (Cat(Cat(column, Const(0, 2))[k] for column in columns) for k in (0, 1))
    return x, y


def _add(m: Module, bits: Sequence[Value], name: str) -> tuple[Value, Value]:
    """Sum and carry of two or three bits."""
    # The sum of the first two bits gets a name, because both outputs use this sum.
    half, total, carry = (Signal(name=f"{name}_{part}") for part in ("half", "sum", "carry"))
    m.d.comb += half.eq(bits[0] ^ bits[1])
    if len(bits) == 2:
        m.d.comb += carry.eq(bits[0] & bits[1])
        return half, carry
    m.d.comb += [total.eq(half ^ bits[2]), carry.eq(Mux(half, bits[2], bits[1]))]
    return total, carry


def constant_columns(number: int, width: int) -> list[list[Value]]:
    """The bits of a constant modulo 2^width, as columns for `compress`."""
    return [[Const(1, 1)] if number >> weight & 1 else [] for weight in range(width)]


def compression(bits: int, width: int) -> Structure:
    """Structure of `compress` for `bits` bits and a sum of `width` bits, as an estimate.

    The full adders count as one adder of `bits - width` bits, and the last row as another adder.
    Only the last row is in the path.
    """
    adders = Adder(width=max(bits - width, 0))
    final = Adder(width=width)
    return Structure(parts=(adders, final), path=(final,))


def plus(x: Value, y: Value, carry: Value | None = None) -> Value:
    """The two's-complement sum x + y + carry, with a single adder."""
    if carry is None:
        return x + y
    total = Cat(Const(1, 1), x).as_signed() + Cat(carry, y).as_signed()
    return total[1:].as_signed()


def balanced_sum(
    m: Module, terms: Sequence[Value], carries: Sequence[Value], name: str
) -> tuple[Value, Value | None]:
    """Add two's-complement words and carry bits in a balanced tree of adders.

    Each adder adds two words and one carry bit.

    Args:
        m: module that gets the adders.
        terms: words to add.
        carries: bits of weight 1 to add, at most as many as words.
        name: prefix of signal names.

    Returns:
        The sum, and the carry bit that is not yet added, for the carry input of a following adder.
        The bit is None if all carry bits are added.
    """
    waiting, left = list(terms), list(carries)
    while len(waiting) > 1:
        x, y, *waiting = waiting
        value = plus(x, y, left.pop(0) if left else None)
        total = Signal(signed(len(value)), name=f"{name}_{len(terms) - len(waiting)}_{len(value)}")
        m.d.comb += total.eq(value)
        waiting.append(total)
    return waiting[0], left[0] if left else None
