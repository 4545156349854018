"""A multiplier of tiles: one product of long numbers, or several of short ones."""

from collections.abc import Iterator

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.wiring import In, Out

from hwdse.hdl.component import Component
from hwdse.hdl.compress import compress_in_layers, compression, two_rows
from hwdse.primitives.primitive import Gates
from hwdse.primitives.structure import Structure


class ProductTile:
    """A rectangle of partial products: bits of one operand times bits of the other.

    Attributes:
        a: bits of the first operand.
        b: bits of the second operand.
        depth: the tile belongs to numbers of at most `depth` halvings of the word. None: a tile
            on the diagonal, which every number needs.
    """

    def __init__(self, a: range, b: range, depth: int | None = None) -> None:
        self.a, self.b, self.depth = a, b, depth


class Tiles(Component):
    """Multiplies the significands in two words: one as long as the word, or 2, 4, ... short ones.

    Combinational: latency 0. A word is halved `depth` times. The tiles on the diagonal multiply the
    smallest parts. Where numbers are longer, tiles beside the diagonal multiply one half with the
    other. The operands of a tile that no number needs are held at zero, so nothing in it toggles.
    All partial products go into one tree of full adders, with one carry chain at its end.

    Ports:
        a, b: words. With 2^k numbers, they lie in the parts after k halvings, from the part's low
            bit; the other bits of a part are zero.
        whole: bit d is set if parts of d halvings are whole: those of fewer halvings are then, too.
            Bit 0 is for a number as long as the word; only words that are halved have the port.
        o: the products, each from twice the place of its operands.
    """

    def __init__(self, width: int, depth: int) -> None:
        self._width, self._depth = width, depth
        self._tiles = list(_tiles(range(width), 0, depth))
        ports = {"a": In(width), "b": In(width), "o": Out(2 * width)}
        super().__init__({**ports, **({"whole": In(depth)} if depth else {})})

    @property
    def structure(self) -> Structure:
        """Gates that hold operands and make partial products, and the tree."""
        isolated = sum(len(tile.a) + len(tile.b) for tile in self._tiles if tile.depth is not None)
        hold, partial = Gates(width=isolated), Gates(width=self._width**2)
        rows = Structure(parts=(hold, partial), path=(hold, partial))
        return Structure.series([rows, compression(self._width**2, 2 * self._width)])

    def elaborate(self, platform) -> Module:
        m = Module()
        columns: list[list[Value]] = [[] for _ in range(2 * self._width)]
        for number, tile in enumerate(self._tiles):
            a, b = self.a[tile.a.start : tile.a.stop], self.b[tile.b.start : tile.b.stop]
            if tile.depth is not None:
                held_a, held_b = (
                    Signal(len(part), name=f"{name}{number}") for name, part in (("a", a), ("b", b))
                )
                on = self.whole[tile.depth]
                m.d.comb += [held_a.eq(a & on.replicate(len(a)))]
                m.d.comb += [held_b.eq(b & on.replicate(len(b)))]
                a, b = held_a, held_b
            for i, x in enumerate(a):
                for j, y in enumerate(b):
                    columns[tile.a.start + i + tile.b.start + j].append(x & y)
        x, y = two_rows(compress_in_layers(m, columns, "product"))
        m.d.comb += self.o.eq(x + y)
        return m


def parts(width: int, depth: int) -> list[range]:
    """The parts of a word after some halvings, from the low bit. The upper half may be longer."""
    found = [range(width)]
    for _ in range(depth):
        found = [half for part in found for half in _halves(part)]
    return found


def _halves(part: range) -> tuple[range, range]:
    middle = len(part) // 2
    return part[:middle], part[middle:]


def _tiles(part: range, depth: int, deepest: int) -> Iterator[ProductTile]:
    """Tiles of a part times itself."""
    if depth == deepest:
        yield ProductTile(part, part)
        return
    low, high = _halves(part)
    yield from _tiles(low, depth + 1, deepest)
    yield from _tiles(high, depth + 1, deepest)
    yield ProductTile(low, high, depth)
    yield ProductTile(high, low, depth)
