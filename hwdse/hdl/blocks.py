"""Combinational building blocks: shifters and leading-zero count, as expressions in a module."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value


def above(value: Value, limit: int) -> Value:
    """Whether an unsigned value exceeds a constant; constant 0 where it never can."""
    return value > limit if limit < (1 << len(value)) - 1 else Const(0, 1)


def shift_left(m: Module, value: Value, amount: Value, width: int, name: str) -> Value:
    """`value << amount` cut to `width` bits: one row of multiplexers for each bit of `amount`."""
    shifted = value
    for k in range(len(amount)):
        step = min(1 << k, width)
        row = Signal(width, name=f"{name}_row{k}")
        m.d.comb += row.eq(Mux(amount[k], Cat(Const(0, step), shifted)[:width], shifted))
        shifted = row
    return shifted


def shift_right_sticky(m: Module, value: Value, amount: Value, name: str) -> tuple[Value, Value]:
    """`value >> amount` at the width of `value`, and the OR of all bits shifted out."""
    width = len(value)
    shifted, sticky = value, Const(0, 1)
    for k in range(len(amount)):
        step = min(1 << k, width)
        row = Signal(width, name=f"{name}_row{k}")
        lost = Signal(name=f"{name}_lost{k}")
        m.d.comb += [
            row.eq(Mux(amount[k], shifted >> step, shifted)),
            lost.eq(sticky | (amount[k] & shifted[:step].any())),
        ]
        shifted, sticky = row, lost
    return shifted, sticky


def leading_zero_count(m: Module, value: Value, name: str) -> tuple[Value, Value]:
    """Zeros above the highest set bit, and whether there is no set bit.

    The count of an all-zero word is not defined. A balanced tree (Oklobdzija 1994): each node's
    count is the upper half's, or half the width plus the lower half's.
    """
    levels = max(len(value) - 1, 0).bit_length()
    padding = (1 << levels) - len(value)
    # Ones below the LSB: they stop the count without lengthening it.
    padded = Signal(1 << levels, name=f"{name}_in")
    m.d.comb += padded.eq(Cat(Const((1 << padding) - 1, padding), value))
    nodes: list[tuple[Value, Value]] = [(Const(0, 0), ~bit) for bit in padded]
    for level in range(levels):
        merged = []
        for index in range(0, len(nodes), 2):
            (low, low_empty), (high, high_empty) = nodes[index], nodes[index + 1]
            count = Signal(level + 1, name=f"{name}_count{level}_{index // 2}")
            empty = Signal(name=f"{name}_empty{level}_{index // 2}")
            m.d.comb += [
                count.eq(Cat(Mux(high_empty, low, high), high_empty)),
                empty.eq(high_empty & low_empty),
            ]
            merged.append((count, empty))
        nodes = merged
    return nodes[0][0], ~value.any()


def normalised(m: Module, word: Value, count: Value, kept: int) -> tuple[Value, Value]:
    """The top `kept` bits of `word << count`, and the OR of those below.

    The longest step comes first: its row keeps only what the rows to come can still bring up.
    """
    sticky = Const(0, 1)
    word = Cat(Const(0, max(kept + (1 << len(count)) - 1 - len(word), 0)), word)
    for k in reversed(range(len(count))):
        step = 1 << k
        row = Signal(kept + step - 1, name=f"normalise_row{k}")
        lost = Signal(name=f"normalise_lost{k}")
        m.d.comb += [
            row.eq(Mux(count[k], word[:-step], word[step:])),
            lost.eq(sticky | (~count[k] & word[:step].any())),
        ]
        word, sticky = row, lost
    return word, sticky
