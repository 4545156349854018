"""Tiles for the on-chip memory and the order of their loops, with the off-chip traffic they cause.

The tiles of a matrix product are visited in three nested loops over m, k and n. The on-chip memory
holds one tile of each matrix. A tile is fetched when it differs from the one in the memory. A tile
of results stays until the loops leave it; if its sums are unfinished then, they go off the chip and
come back later.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import permutations, product
from math import lcm

from hwdse.cost.system.dataflow import Dataflow
from hwdse.cost.system.storage import StoredBits
from hwdse.cost.system.tile import ArrayShape, Moves, Tile, trips
from hwdse.errors import MachineError
from hwdse.spec import Workload

ORDERS = tuple("".join(order) for order in permutations("mkn"))
"""The loop orders, each from the outermost loop to the innermost."""

_OF_A, _OF_B, _OF_SUMS = "mk", "kn", "mn"


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """A tile and an order of the loops over tiles.

    Attributes:
        tile: size of a full tile.
        order: the loops from the outermost to the innermost, such as `mnk`.

    Raises:
        MachineError: the order is no permutation of m, k and n.
    """

    tile: Tile
    order: str

    def __post_init__(self) -> None:
        check_order(self.order)


def check_order(order: str) -> None:
    """Check a loop order.

    Raises:
        MachineError: the order is no permutation of m, k and n.
    """
    if order not in ORDERS:
        raise MachineError(f"loop order {order!r}: allowed are {', '.join(ORDERS)}")


def fetches(workload: Workload, tiling: Tiling) -> Moves:
    """Elements that move between the off-chip and the on-chip memory, for one matrix product.

    A loop over a dimension that a matrix does not have repeats its fetches, unless the matrix keeps
    the same tile meanwhile: unless every loop inside over a dimension that it has is a single trip.
    """
    tile, m, k, n = tiling.tile, workload.m, workload.k, workload.n
    counts = _counts(workload, tile.m, tile.k, tile.n)
    again = _repeats(counts, tiling.order, _OF_SUMS) - 1
    return Moves(
        a=m * k * _repeats(counts, tiling.order, _OF_A),
        b=k * n * _repeats(counts, tiling.order, _OF_B),
        sums_in=m * n * again,
        sums_out=m * n * again,
        out=m * n,
    )


def all_fetches(workload: Workload, tiling: Tiling) -> Moves:
    """Elements that move between the off-chip and the on-chip memory, for all matrix products.

    Overlapping rows of first matrices count once per pass: a line buffer keeps the overlap.
    """
    one, groups = fetches(workload, tiling), workload.groups
    # Each pass over the first matrices reads every element of their tensor once.
    passes = one.a // (workload.m * workload.k)
    return replace(one.times(groups), a=passes * workload.distinct_a)


def _counts(workload: Workload, m: int, k: int, n: int) -> dict[str, int]:
    """Trips of the three loops for a tile of these sizes."""
    return {"m": trips(workload.m, m), "k": trips(workload.k, k), "n": trips(workload.n, n)}


def _repeats(counts: dict[str, int], order: str, own: str) -> int:
    """How often each element of a matrix with the dimensions `own` is fetched."""
    repeats = 1
    changes = False  # whether a loop further inside changes the tile
    for loop in reversed(order):
        if loop in own:
            changes = changes or counts[loop] > 1
        elif changes:
            repeats *= counts[loop]
    return repeats


@dataclass(frozen=True, kw_only=True)
class _Fit:
    """The room for tiles in the on-chip memory, in whole numbers of a small part of a bit.

    Attributes:
        workload: the matrix products.
        a: room that an element of the first matrix takes. Overlapping rows share elements.
        b: room that an element of the second matrix takes.
        whole: room of a result whose sum is finished within one tile.
        partial: room of a result whose sum is finished later.
        room: room of the memory.
        group: terms that a unit adds at once. A tile never splits a group.
    """

    workload: Workload
    a: int
    b: int
    whole: int
    partial: int
    room: int
    group: int

    @classmethod
    def of(
        cls, workload: Workload, bits: StoredBits, room_bits: Fraction, split: bool, group: int
    ) -> "_Fit":
        """The room in numbers; `split`: whether the array splits the sums of every tile."""
        partial = Fraction(max(bits.sum, bits.out))
        figures = (
            Fraction(workload.distinct_a, workload.elements_a) * Fraction(bits.a),
            Fraction(bits.b),
            partial if split else Fraction(bits.out),
            partial,
            room_bits,
        )
        scale = lcm(*(figure.denominator for figure in figures))
        a, b, whole, later, room = (int(figure * scale) for figure in figures)
        return cls(workload=workload, a=a, b=b, whole=whole, partial=later, room=room, group=group)

    def fits(self, tile: Tile) -> bool:
        result = self.whole if tile.k == self.workload.k else self.partial
        used = tile.m * tile.k * self.a + tile.k * tile.n * self.b + tile.m * tile.n * result
        return used <= self.room

    def longest_k(self, m: int, n: int) -> int:
        """The most terms with which a tile of m rows and n columns fits; 0 if none fits."""
        k = self.workload.k
        per_term = m * self.a + n * self.b
        if k * per_term + m * n * self.whole <= self.room:
            return k
        longest = max(0, min(k - 1, (self.room - m * n * self.partial) // per_term))
        return longest - longest % self.group

    def shortest_k(self, count: int) -> int:
        """The fewest terms of a tile that gives this number of trips over k."""
        k = trips(self.workload.k, count)
        return min(trips(k, self.group) * self.group, self.workload.k)


def choose(
    workload: Workload,
    dataflow: Dataflow,
    array: ArrayShape,
    bits: StoredBits,
    capacity_bytes: int,
    *,
    double_buffered: bool = True,
    order: str | None = None,
) -> Tiling:
    """The tiling with the least off-chip traffic in bits; among those, the least cycles.

    Among equal ones, the least traffic between on-chip memory and array decides, then the smaller
    number of tiles. No other tiling has less off-chip traffic. Cycles are compared for tiles of the
    fewest elements that give the same number of trips, and for such tiles rounded up to whole
    blocks. Tiles hold whole groups of `lanes` terms, so that each sum is rounded where a single
    unit rounds it.

    Args:
        workload: the matrix products.
        dataflow: how the array works through a tile.
        array: the array.
        bits: bits per element in memory.
        capacity_bytes: capacity of the on-chip memory in bytes.
        double_buffered: whether the memory holds the next tiles as well, so that fetching them
            takes no time of its own. Every tile then takes twice its size.
        order: the loop order. None: the best one.

    Raises:
        MachineError: the memory is too small for a tile of one row, one column and one group.
    """
    if order is not None:
        check_order(order)
    whole = Tile(m=workload.m, k=workload.k, n=workload.n)
    split = dataflow.feeds(workload, whole, array).sums_out > 0
    room_bits = Fraction(8 * capacity_bytes, 2 if double_buffered else 1)
    fit = _Fit.of(workload, bits, room_bits, split, array.lanes)
    best = _least_traffic(fit, bits, (order,) if order else ORDERS)
    if not best:
        raise MachineError(
            f"on-chip memory of {capacity_bytes} bytes: too small for one row, one column and "
            f"{min(array.lanes, workload.k)} terms of {workload.site}"
        )
    block = dataflow.block(array)
    candidates = {
        Tiling(tile=tile, order=tiling.order)
        for tiling in best
        for tile in _rounded(workload, tiling.tile, block)
        if fit.fits(tile)
    }
    return min(candidates, key=lambda tiling: _effort(workload, dataflow, array, bits, tiling))


def _least_traffic(fit: _Fit, bits: StoredBits, orders: tuple[str, ...]) -> list[Tiling]:
    """All tilings with the least off-chip traffic, of the fewest elements for their trips."""
    workload = fit.workload
    own_a = workload.distinct_a * bits.a
    own_b = workload.k * workload.n * workload.groups * bits.b
    own_sums = 2 * workload.sums * bits.sum
    best: list[Tiling] = []
    least = float("inf")
    for m in _sizes(workload.m):
        for n in _sizes(workload.n):
            longest = fit.longest_k(m, n)
            if not longest:
                continue
            # Fewer trips over k never cause more traffic.
            k = fit.shortest_k(trips(workload.k, longest))
            counts = _counts(workload, m, k, n)
            for order in orders:
                traffic = (
                    own_a * _repeats(counts, order, _OF_A)
                    + own_b * _repeats(counts, order, _OF_B)
                    + own_sums * (_repeats(counts, order, _OF_SUMS) - 1)
                )
                if traffic < least:
                    best, least = [], traffic
                if traffic == least:
                    best.append(Tiling(tile=Tile(m=m, k=k, n=n), order=order))
    return best


def _sizes(total: int) -> list[int]:
    """The smallest size of a tile for each number of trips that is possible."""
    sizes = []
    size = total
    while True:
        sizes.append(size)
        if size == 1:
            return sizes
        # The next smaller size that takes more trips, then the smallest of as many trips.
        size = trips(total, trips(total, size - 1))


def _rounded(workload: Workload, tile: Tile, block: Tile) -> Iterator[Tile]:
    """The tile, and the tiles of as many trips whose sizes are multiples of the block's."""
    choices = []
    for name in "mkn":
        total, size, step = (getattr(item, name) for item in (workload, tile, block))
        larger = min(trips(size, step) * step, total)
        same = trips(total, larger) == trips(total, size)
        choices.append({size, larger} if same else {size})
    for m, k, n in product(*choices):
        yield Tile(m=m, k=k, n=n)


def _effort(
    workload: Workload, dataflow: Dataflow, array: ArrayShape, bits: StoredBits, tiling: Tiling
) -> tuple[float, ...]:
    moves = dataflow.feeds(workload, tiling.tile, array)
    tile = tiling.tile
    steps = trips(workload.m, tile.m) * trips(workload.k, tile.k) * trips(workload.n, tile.n)
    return (
        dataflow.busy_cycles(workload, tile, array),
        bits.of_moves(moves),
        steps,
        # The last ones only make the choice definite.
        tile.m,
        tile.k,
        tile.n,
        ORDERS.index(tiling.order),
    )
