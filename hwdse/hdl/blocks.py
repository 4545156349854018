"""Combinational building blocks, such as shifters and the leading-zero count.

Functions with an argument `m` add logic to this module. All functions return expressions.
"""

from collections.abc import Callable, Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hwdse.hdl.compress import plus
from hwdse.hdl.targets import CELLS, Target


def balanced(operator: Callable[[Value, Value], Value], terms: Sequence[Value]) -> Value:
    """Joins terms by an associative operator, in a balanced tree.

    The depth is the logarithm of the number of terms. A chain of a thousand lanes would be too
    deep, both for the clock period and for the tools that read the expression.
    """
    nodes = list(terms)
    while len(nodes) > 1:
        pairs = [operator(*nodes[k : k + 2]) for k in range(0, len(nodes) - 1, 2)]
        nodes = pairs + nodes[2 * len(pairs) :]
    return nodes[0]


def above(value: Value, limit: int) -> Value:
    """Whether an unsigned value exceeds a constant; the constant 0 if it never can."""
    return value > limit if limit < (1 << len(value)) - 1 else Const(0, 1)


def shift_left(
    m: Module,
    value: Value,
    amount: Value,
    width: int,
    name: str,
    *,
    long_steps_first: bool = False,
    unit: int = 1,
) -> Value:
    """`value << unit * amount`, cut to `width` bits.

    The shifter has one row of multiplexers per bit of `amount`. By default, short steps come first:
    if `value` is much narrower than the result, the first rows stay narrow. Long steps first suit a
    `value` as wide as the result and an `amount` that is a leading-zero count: the upper bits of
    the count arrive first.
    """
    shifted = value
    rows = range(len(amount))
    for k in reversed(rows) if long_steps_first else rows:
        step = min(unit << k, width)
        row = Signal(width, name=f"{name}_row{k}")
        m.d.comb += row.eq(Mux(amount[k], Cat(Const(0, step), shifted)[:width], shifted))
        shifted = row
    return shifted


def shift_right_sticky(
    m: Module, value: Value, amount: Value, name: str, target: Target = CELLS
) -> tuple[Value, Value]:
    """`value >> amount` at the width of `value`, and the OR of all bits shifted out.

    The shortest step comes first: a narrow word in a wide one then has narrow rows.
    """
    if target.carry_chains:
        return _shift_right_joined(m, value, amount, name)
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


def _shift_right_joined(m: Module, value: Value, amount: Value, name: str) -> tuple[Value, Value]:
    """As `shift_right_sticky`, for targets with sums so fast that the shift takes longest.

    The longest step comes first, so that the last rows lose few bits. One OR joins the losses of
    all rows.
    """
    width, losses = len(value), []
    for k in reversed(range(len(amount))):
        step = min(1 << k, width)
        row = Signal(width, name=f"{name}_row{k}")
        lost = Signal(name=f"{name}_lost{k}")
        m.d.comb += [
            row.eq(Mux(amount[k], value >> step, value)),
            lost.eq(amount[k] & value[:step].any()),
        ]
        losses.append(lost)
        value = row
    return value, Cat(losses).any()


def leading_zero_count(m: Module, value: Value, name: str) -> tuple[Value, Value]:
    """The number of zeros above the highest set bit, and whether no bit is set.

    The count of an all-zero word is undefined. The counter is a balanced tree (Oklobdzija 1994). A
    node takes the count of its upper half. If the upper half is empty, the node takes half its
    width plus the count of its lower half.
    """
    levels = max(len(value) - 1, 0).bit_length()
    padding = (1 << levels) - len(value)
    word = Signal(len(value), name=f"{name}_in")
    m.d.comb += word.eq(value)
    # Zeros below the LSB do not change the count of a word that has a set bit.
    nodes: list[tuple[Value, Value]] = [(Const(0, 0), Const(1, 1))] * padding
    nodes += [(Const(0, 0), ~bit) for bit in word]
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
    return nodes[0]


def normalised(
    m: Module, word: Value, count: Value, kept: int, target: Target = CELLS
) -> tuple[Value, Value]:
    """The top `kept` bits of `word << count`, and the OR of all lower bits.

    The longest step comes first. Each row keeps only the bits that the following rows can still
    bring to the top.
    """
    reach = kept + (1 << len(count)) - 1
    cut = max(len(word) - reach, 0)
    sticky = word[:cut].any() if cut else Const(0, 1)
    word = Cat(Const(0, max(reach - len(word), 0)), word[cut:])
    # The losses take the least area one after the other. Look-up tables join all at once faster.
    joined, losses = target.carry_chains, [sticky]
    for k in reversed(range(len(count))):
        step = 1 << k
        row = Signal(kept + step - 1, name=f"normalise_row{k}")
        lost = Signal(name=f"normalise_lost{k}")
        own = ~count[k] & word[:step].any()
        m.d.comb += [
            row.eq(Mux(count[k], word[:-step], word[step:])),
            lost.eq(own if joined else sticky | own),
        ]
        losses.append(lost)
        word, sticky = row, lost
    return word, Cat(losses).any() if joined else sticky


def absolute_sum(
    m: Module,
    x: Value,
    y: Value,
    *,
    subtract: Value,
    inexact: Value,
    name: str,
    target: Target,
) -> tuple[Value, Value, Value]:
    """|x - y| or x + y of two words of one width, with a single carry tree.

    The carry out of x + NOT y is set if x > y. A set carry comes back as the carry in and completes
    the two's complement of y. Otherwise the inverted result is y - x (end-around carry). Carries go
    up and down a binary tree (Brent and Kung 1982), so that the carry in needs no second pass.

    For a target with carry chains, two chains replace the tree: one for each sign of the
    difference.

    Args:
        m: the module that gets the logic.
        x: minuend.
        y: subtrahend, of the same width.
        subtract: set for a difference, clear for a sum.
        inexact: y is slightly larger than its word; a positive difference is then one less.
        name: prefix of the signals.
        target: what the hardware is made for.

    Returns:
        The magnitude, one bit wider than x; whether the operation is a subtraction with y >= x;
        whether x = y. The third value is defined only in a subtraction.
    """
    if target.carry_chains:
        return _absolute_by_chains(m, x, y, subtract=subtract, inexact=inexact, name=name)
    width = len(x)
    generate, propagate, total = Signal(width), Signal(width), Signal(width + 1)
    for signal, part in ((generate, "generate"), (propagate, "propagate"), (total, "total")):
        signal.name = f"{name}_{part}"
    other = y ^ subtract.replicate(width)
    m.d.comb += [generate.eq(x & other), propagate.eq(x ^ other)]
    groups: dict[tuple[int, int], tuple[Value, Value]] = {}

    def up(low: int, high: int) -> tuple[Value, Value]:
        if high - low == 1:
            return generate[low], propagate[low]
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        g0, p0 = up(low, middle)
        g1, p1 = up(middle, high)
        g, p = Signal(name=f"{name}_g{low}_{high}"), Signal(name=f"{name}_p{low}_{high}")
        m.d.comb += [g.eq(g1 | (p1 & g0)), p.eq(p1 & p0)]
        groups[low, middle] = g0, p0
        return g, p

    carries: list[Value] = []

    def down(low: int, high: int, carry: Value) -> None:
        if high - low == 1:
            carries.append(carry)
            return
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        g0, p0 = groups[low, middle]
        upper = Signal(name=f"{name}_c{middle}_{high}")
        m.d.comb += upper.eq(g0 | (p0 & carry))
        down(low, middle, carry)
        down(middle, high, upper)

    carry_out, equal = up(0, width)
    negative, carry_in = Signal(name=f"{name}_negative"), Signal(name=f"{name}_carry")
    m.d.comb += [
        negative.eq(subtract & ~carry_out),
        carry_in.eq(subtract & carry_out & ~inexact),
    ]
    down(0, width, carry_in)
    m.d.comb += total.eq(
        Cat(propagate ^ Cat(carries) ^ negative.replicate(width), carry_out & ~subtract)
    )
    return total, negative, equal


def _absolute_by_chains(
    m: Module, x: Value, y: Value, *, subtract: Value, inexact: Value, name: str
) -> tuple[Value, Value, Value]:
    """As `absolute_sum`, with x + y or x - y in one carry chain and y - x in another."""
    width = len(x)
    other, first = Signal(width, name=f"{name}_other"), Signal(width + 1, name=f"{name}_first")
    second = Signal(width + 1, name=f"{name}_second")
    total, negative = Signal(width + 1, name=f"{name}_total"), Signal(name=f"{name}_negative")
    zero = Const(0, 1)
    m.d.comb += [
        other.eq(y ^ subtract.replicate(width)),
        first.eq(plus(Cat(x, zero), Cat(other, zero), subtract & ~inexact)),
        second.eq(Cat(y, zero) - Cat(x, zero)),
        negative.eq(subtract & ~second[-1]),
        total.eq(
            Cat(Mux(negative, second[:width], first[:width]), first[width] & ~subtract),
        ),
    ]
    return total, negative, x == y


def incremented(m: Module, word: Value, carry: Value, name: str, target: Target) -> Value:
    """`word + carry` at the width of `word`, for a carry that arrives late.

    A bit toggles if the carry is set and all lower bits are set. The second condition does not wait
    for the carry: it is computed within groups of four bits and over all lower groups. A short word
    needs no groups. A target with carry chains needs none of this logic.
    """
    if target.carry_chains:
        return (word + carry)[: len(word)]
    if len(word) <= 2 * _GROUP:
        return Cat(bit ^ (word[:place].all() & carry) for place, bit in enumerate(word))
    toggles: list[Value] = []
    groups: Value = Const(1, 1)
    for low in range(0, len(word), _GROUP):
        for high in range(low, min(low + _GROUP, len(word))):
            toggles.append(groups & word[low:high].all() if high > low else groups)
        following = Signal(name=f"{name}_ones{low + _GROUP}")
        m.d.comb += following.eq(groups & word[low : low + _GROUP].all())
        groups = following
    return word ^ (Cat(toggles) & carry.replicate(len(word)))


_GROUP = 4
