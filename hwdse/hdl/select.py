"""Selection of one of several values by a number, as a tree of multiplexers."""

from collections.abc import Sequence

from amaranth.hdl import Const, Mux, Value


def selected(values: Sequence[Value], number: Value) -> Value:
    """The value with a number. All have the same width; beyond the last, the result is any of them.

    Args:
        values: at least one value.
        number: the number of one.
    """
    level = list(values)
    for bit in number:
        level = [
            Mux(bit, level[place + 1], level[place]) if place + 1 < len(level) else level[place]
            for place in range(0, len(level), 2)
        ]
    return level[0]


def any_selected(values: Sequence[tuple[Value, Value]], width: int) -> Value:
    """The value of the one pair whose flag is set; 0 if none is.

    Args:
        values: pairs of a flag and a value. At most one flag is set at a time.
        width: bits of the result.
    """
    result: Value = Const(0, width)
    for flag, value in values:
        result |= Mux(flag, value, 0)
    return result
