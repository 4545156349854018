"""Constant tables as shared binary decision diagrams, with one multiplexer per node.

From a diagram, synthesis finds far smaller logic than from a list of cases. The Verilog is short,
too.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import permutations

from amaranth.back import verilog
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from hwdse.primitives.primitive import Table

#: Up to this many address bits, all orders are tried. For more bits, only the rising, an
#: interleaved and a rotated order are tried, each also in reverse.
_PERMUTED_BITS = 5


def lookup_fields(
    m: Module,
    address: Value,
    entries: Iterable[Mapping[str, int]],
    widths: Mapping[str, int],
    name: str,
) -> dict[str, Value]:
    """The fields of the entry at `address`, in a table of 2^len(address) entries.

    Each entry has at least the fields named in `widths`. Negative numbers are stored in two's
    complement.
    """
    found = lookup(m, address, _words(entries, widths), sum(widths.values()), name)
    values, place = {}, 0
    for field, width in widths.items():
        values[field] = found[place : place + width]
        place += width
    return values


def _words(entries: Iterable[Mapping[str, int]], widths: Mapping[str, int]) -> list[int]:
    """The fields of each entry in one word, the first field in the lowest bits."""
    words = []
    for entry in entries:
        word, place = 0, 0
        for field, width in widths.items():
            word |= (entry[field] & ((1 << width) - 1)) << place
            place += width
        words.append(word)
    return words


def fields_table(
    address_bits: int, entries: Iterable[Mapping[str, int]], widths: Mapping[str, int]
) -> Table:
    """The primitive of `lookup_fields`."""
    return lookup_table(address_bits, _words(entries, widths), sum(widths.values()))


def lookup_table(address_bits: int, words: Sequence[int], width: int) -> Table:
    """The primitive of `lookup`, with the nodes that these words need."""
    functions = _functions(words, width)
    nodes = _Diagram(_best_order(functions, address_bits)).size(functions)
    return Table(address_bits=address_bits, data_bits=width, nodes=nodes)


def table_verilog(address_bits: int, words: Sequence[int], width: int, name: str) -> str:
    """Verilog of a module that is nothing but a table: input `a`, output `o`."""
    m, address, word = Module(), Signal(address_bits, name="a"), Signal(width, name="o")
    m.d.comb += word.eq(lookup(m, address, words, width, "table"))
    text: str = verilog.convert(m, name=name, ports=[address, word], emit_src=False)
    return text


def _functions(words: Sequence[int], width: int) -> tuple[int, ...]:
    """The function of the address that each bit of the words is."""
    return tuple(
        sum((word >> bit & 1) << place for place, word in enumerate(words)) for bit in range(width)
    )


def lookup(m: Module, address: Value, words: Sequence[int], width: int, name: str) -> Value:
    """The word at `address`, in a table of 2^len(address) words of `width` bits.

    A node is a function of one address bit and of the bits after it in the order. Equal functions
    and complementary functions share one node (Bryant, Graph-based algorithms for Boolean function
    manipulation, 1986).
    """
    functions = _functions(words, width)
    order = _best_order(functions, len(address))
    diagram = _Diagram(order)
    signals: dict[int, Value] = {}

    def value(function: int) -> Value:
        if function in (0, diagram.ones):
            return Const(int(function != 0), 1)
        if function & 1:
            return ~value(function ^ diagram.ones)
        if function not in signals:
            bit, low, high = diagram.split(function)
            node = Signal(name=f"{name}_node{len(signals)}")
            signals[function] = node
            m.d.comb += node.eq(Mux(address[bit], value(high), value(low)))
        return signals[function]

    return Cat(value(function) for function in functions)


class _Diagram:
    """Decision diagrams for one order of the address bits.

    A function of the address is an integer: bit k is the function's value at address k.
    """

    def __init__(self, order: tuple[int, ...]) -> None:
        self._order = order
        self.ones = (1 << (1 << len(order))) - 1
        # For each address bit, the function that is 1 where this bit is set.
        self._set = [
            sum(1 << place for place in range(1 << len(order)) if place >> bit & 1)
            for bit in range(len(order))
        ]

    def split(self, function: int) -> tuple[int, int, int]:
        """The first bit in order that a function depends on, and the functions for bit 0 and 1."""
        for bit in self._order:
            high = function & self._set[bit]
            low = function & ~self._set[bit]
            step = 1 << bit
            if high >> step != low:
                return bit, low | low << step, high | high >> step
        raise AssertionError("a constant depends on no bit")

    def size(self, functions: Sequence[int]) -> int:
        """The number of nodes in one diagram of all functions."""
        known: set[int] = set()
        waiting = list(functions)
        while waiting:
            function = waiting.pop()
            if function & 1:
                function ^= self.ones
            if function and function not in known:
                known.add(function)
                waiting += self.split(function)[1:]
        return len(known)


@lru_cache(maxsize=64)
def _best_order(functions: tuple[int, ...], bits: int) -> tuple[int, ...]:
    """The order with the fewest nodes among the orders that are tried."""
    rising = tuple(range(bits))
    if bits <= _PERMUTED_BITS:
        orders = list(permutations(rising))
    else:
        half = bits // 2
        pairs = tuple(k for pair in zip(rising[half:], rising[:half], strict=False) for k in pair)
        mixed = pairs + tuple(k for k in rising if k not in pairs)
        starts = [rising, mixed, rising[half:] + rising[:half]]
        orders = [turned for order in starts for turned in (order, order[::-1])]
    return min(orders, key=lambda order: _Diagram(order).size(functions))
