"""How an array works through a tile: what stays in the units, and what moves past them.

For each step of the tile loops the array works through one tile, block by block. A block is what
the array holds at a time. A new dataflow is a subclass of `Dataflow` with a keyword, in a module of
this package.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from hwdse.cost.system.tile import ArrayShape, Moves, Tile, blocks, pieces, trips
from hwdse.errors import MachineError, unknown
from hwdse.spec import Workload


@dataclass(frozen=True, kw_only=True)
class Distances:
    """How far one element travels across the array, in units passed.

    Attributes:
        a: an element of a first matrix.
        b: an element of a second matrix.
        sums_in: a partial sum on its way in.
        sums_out: a partial sum, or a result, on its way out.
    """

    a: float
    b: float
    sums_in: float
    sums_out: float


class Dataflow(ABC):
    """A dataflow. A subclass with a `keyword` is known by being defined."""

    keyword: ClassVar[str] = ""
    kinds: ClassVar[dict[str, type["Dataflow"]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.keyword:
            Dataflow.kinds[cls.keyword] = cls

    @classmethod
    def parse(cls, text: str) -> "Dataflow":
        """The dataflow that `text` names.

        Raises:
            MachineError: the name is unknown.
        """
        if text not in cls.kinds:
            raise MachineError(unknown("dataflow", text, cls.kinds))
        return cls.kinds[text]()

    def __str__(self) -> str:
        return self.keyword

    @abstractmethod
    def block(self, array: ArrayShape) -> Tile:
        """Sizes of a full block. A dimension that runs in time, not in space, has size 1."""

    @abstractmethod
    def feeds(self, workload: Workload, tile: Tile, array: ArrayShape) -> Moves:
        """Elements that move between the on-chip memory and the array, for one matrix product."""

    @abstractmethod
    def busy_cycles(self, workload: Workload, tile: Tile, array: ArrayShape) -> int:
        """Cycles in which the array takes inputs, for one matrix product."""

    @abstractmethod
    def fill_cycles(self, array: ArrayShape) -> int:
        """Cycles to fill and drain the array. They occur once, because blocks follow closely."""

    @abstractmethod
    def distances(self, array: ArrayShape) -> Distances:
        """How far elements travel. Inputs enter at the left and upper edge, results leave below."""


class OutputStationary(Dataflow):
    """Each unit holds a sum until all terms of the tile are added.

    Rows of the array are rows of the result; columns are columns of the result. The terms follow
    one another in time, `lanes` per cycle. Each unit holds `interleave` sums, which belong to as
    many rows. If a sum has terms in several tiles, the unit writes its partial sum to the on-chip
    memory and reads it back for the next tile.
    """

    keyword: ClassVar[str] = "output-stationary"

    def block(self, array: ArrayShape) -> Tile:
        """`rows` times `interleave` results by `columns`; terms run in time, in whole lanes."""
        return Tile(m=array.rows * array.interleave, k=array.lanes, n=array.columns)

    def feeds(self, workload: Workload, tile: Tile, array: ArrayShape) -> Moves:
        """Rows of A enter once per block column, columns of B once per block row."""
        m, k, n = workload.m, workload.k, workload.n
        block = self.block(array)
        again = trips(k, tile.k) - 1
        return Moves(
            a=m * k * blocks(n, tile.n, block.n),
            b=k * n * blocks(m, tile.m, block.m),
            sums_in=m * n * again,
            sums_out=m * n * again,
            out=m * n,
        )

    def busy_cycles(self, workload: Workload, tile: Tile, array: ArrayShape) -> int:
        """One group of `lanes` terms per cycle and sum, for each block of results."""
        block = self.block(array)
        return (
            blocks(workload.m, tile.m, block.m)
            * blocks(workload.n, tile.n, block.n)
            * blocks(workload.k, tile.k, block.k)
            * array.interleave
        )

    def fill_cycles(self, array: ArrayShape) -> int:
        """Cycles until the last unit has filled: it starts `rows` + `columns` - 2 cycles late."""
        return array.rows + array.columns - 2 + array.latency

    def distances(self, array: ArrayShape) -> Distances:
        """Operands pass a whole row or column; sums pass half a column on average."""
        half = (array.rows + 1) / 2
        return Distances(a=array.columns, b=array.rows, sums_in=half, sums_out=half)


class WeightStationary(Dataflow):
    """Each unit holds `lanes` weights, and partial sums pass down the columns.

    Rows of the array are terms of the sums; columns are columns of the result. The rows of the
    first matrix follow one another in time. A partial sum of earlier terms comes from the on-chip
    memory and enters at the top of its column, so all terms are added in order and the result is
    that of a single unit. The next weights enter while the array works, one row of units per cycle,
    so a block takes at least `rows` cycles.
    """

    keyword: ClassVar[str] = "weight-stationary"

    def block(self, array: ArrayShape) -> Tile:
        """`rows` times `lanes` terms by `columns`; rows of the first matrix run in time."""
        return Tile(m=1, k=array.rows * array.lanes, n=array.columns)

    def feeds(self, workload: Workload, tile: Tile, array: ArrayShape) -> Moves:
        """Weights enter once per tile of rows, and each block of terms gives a partial sum."""
        m, k, n = workload.m, workload.k, workload.n
        block = self.block(array)
        again = blocks(k, tile.k, block.k) - 1
        return Moves(
            a=m * k * blocks(n, tile.n, block.n),
            b=k * n * trips(m, tile.m),
            sums_in=m * n * again,
            sums_out=m * n * again,
            out=m * n,
        )

    def busy_cycles(self, workload: Workload, tile: Tile, array: ArrayShape) -> int:
        """One row of the first matrix per cycle, but not faster than the next weights enter."""
        block = self.block(array)
        steps = sum(count * max(length, array.rows) for length, count in pieces(workload.m, tile.m))
        return blocks(workload.k, tile.k, block.k) * blocks(workload.n, tile.n, block.n) * steps

    def fill_cycles(self, array: ArrayShape) -> int:
        """The first weights enter; then sums pass all rows, each with the latency of a unit."""
        return array.rows + array.rows * array.latency + array.columns - 1

    def distances(self, array: ArrayShape) -> Distances:
        """Inputs pass a row, weights half a column on average, sums a whole column.

        A partial sum that enters at the top is counted as it leaves: its way is that of the sum.
        """
        return Distances(a=array.columns, b=(array.rows + 1) / 2, sums_in=0.0, sums_out=array.rows)
