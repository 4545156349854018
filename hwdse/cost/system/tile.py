"""Tiles of a matrix product, the shape of an array, and elements that move between two levels."""

from dataclasses import dataclass

from hwdse.errors import SpecError
from hwdse.spec import Summing


def pieces(total: int, size: int) -> tuple[tuple[int, int], ...]:
    """The lengths into which tiles of `size` cut `total`, each with its number of tiles."""
    full, rest = divmod(total, size)
    cut = ((size, full), (rest, 1 if rest else 0))
    return tuple((length, count) for length, count in cut if count)


def trips(total: int, size: int) -> int:
    """Number of tiles of `size` that cover `total`; the last tile may be smaller."""
    return -(-total // size)


def blocks(total: int, size: int, block: int) -> int:
    """Blocks of at most `block` in all tiles of `size`: a block never spans two tiles."""
    return sum(count * trips(length, block) for length, count in pieces(total, size))


@dataclass(frozen=True, kw_only=True)
class Tile:
    """Size of a tile of an (m, k) by (k, n) matrix product.

    Attributes:
        m: rows of the first matrix, and of the result.
        k: terms per sum.
        n: columns of the second matrix, and of the result.
    """

    m: int
    k: int
    n: int

    def __post_init__(self) -> None:
        if min(self.m, self.k, self.n) < 1:
            raise SpecError(f"tile m={self.m}, k={self.k}, n={self.n}: at least 1 each is needed")


@dataclass(frozen=True, kw_only=True)
class ArrayShape:
    """An array of equal units.

    Attributes:
        rows: units per column.
        columns: units per row.
        lanes: products that a unit computes per cycle; they belong to one sum.
        interleave: running sums that each unit holds and serves in turns.
        latency: cycles from an input of a unit to the output that depends on it.
    """

    rows: int = 1
    columns: int = 1
    lanes: int = 1
    interleave: int = 1
    latency: int = 1

    @classmethod
    def of(cls, unit: Summing, rows: int, columns: int) -> "ArrayShape":
        """An array of `rows` x `columns` units with running sums."""
        return cls(
            rows=rows,
            columns=columns,
            lanes=unit.macs_per_cycle,
            interleave=unit.interleave,
            latency=unit.latency,
        )

    @property
    def products_per_cycle(self) -> int:
        """Products that the whole array computes per cycle."""
        return self.rows * self.columns * self.lanes


@dataclass(frozen=True, kw_only=True)
class Moves:
    """Elements that move between an outer level and an inner one.

    Attributes:
        a: elements of first matrices, inwards.
        b: elements of second matrices, inwards.
        sums_in: partial sums, inwards.
        sums_out: partial sums, outwards.
        out: finished results, outwards.
    """

    a: int
    b: int
    sums_in: int
    sums_out: int
    out: int

    def times(self, count: int) -> "Moves":
        """The same moves `count` times."""
        return Moves(
            a=self.a * count,
            b=self.b * count,
            sums_in=self.sums_in * count,
            sums_out=self.sums_out * count,
            out=self.out * count,
        )
