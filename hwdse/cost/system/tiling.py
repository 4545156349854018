"""Tiles for the on-chip memory and the order of their loops, with the off-chip traffic they cause.

The tiles of a matrix product are visited in three nested loops over m, k and n. The on-chip memory
holds one tile of each matrix. A tile is fetched when it differs from the one in the memory. A tile
of results stays until the loops leave it; if its sums are unfinished then, they go off the chip and
come back later.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product

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
    counts = {"m": trips(m, tile.m), "k": trips(k, tile.k), "n": trips(n, tile.n)}
    again = _repeats(counts, tiling.order, _OF_SUMS) - 1
    return Moves(
        a=m * k * _repeats(counts, tiling.order, _OF_A),
        b=k * n * _repeats(counts, tiling.order, _OF_B),
        sums_in=m * n * again,
        sums_out=m * n * again,
        out=m * n,
    )


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
    """The room for tiles in the on-chip memory."""

    workload: Workload
    bits: StoredBits
    room: Fraction
    split_sums: bool  # whether the array itself splits sums, so that the memory adds them

    @property
    def share(self) -> Fraction:
        """Distinct elements of the first matrices, as a share of all their elements."""
        return Fraction(self.workload.distinct_a, self.workload.elements_a)

    def result_bits(self, k: int) -> Fraction:
        partial = self.split_sums or k < self.workload.k
        return Fraction(max(self.bits.sum, self.bits.out) if partial else self.bits.out)

    def fits(self, tile: Tile) -> bool:
        used = (
            self.share * tile.m * tile.k * Fraction(self.bits.a)
            + tile.k * tile.n * Fraction(self.bits.b)
            + tile.m * tile.n * self.result_bits(tile.k)
        )
        return used <= self.room

    def longest_k(self, m: int, n: int) -> int:
        """The most terms with which a tile of m rows and n columns fits; 0 if none fits."""
        whole = self.workload.k
        if self.fits(Tile(m=m, k=whole, n=n)):
            return whole
        left = self.room - m * n * self.result_bits(whole - 1)
        per_term = self.share * m * Fraction(self.bits.a) + n * Fraction(self.bits.b)
        return max(0, min(whole - 1, int(left // per_term))) if left > 0 else 0


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
    tile. No other tiling has less off-chip traffic. Cycles are compared for tiles of the fewest
    elements that give the same number of trips, and for such tiles rounded up to whole blocks.

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
        MachineError: the memory is too small for a tile of one element each.
    """
    if order is not None:
        check_order(order)
    room = Fraction(8 * capacity_bytes, 2 if double_buffered else 1)
    split_sums = dataflow.feeds(workload, _whole(workload), array).sums_out > 0
    fit = _Fit(workload=workload, bits=bits, room=room, split_sums=split_sums)
    best = _least_traffic(fit, (order,) if order else ORDERS)
    if not best:
        raise MachineError(
            f"on-chip memory of {capacity_bytes} bytes: too small for one element of each matrix "
            f"of {workload.site}"
        )
    block = dataflow.block(array)
    candidates = {
        Tiling(tile=tile, order=tiling.order)
        for tiling in best
        for tile in _rounded(workload, tiling.tile, block)
        if fit.fits(tile)
    }
    return min(candidates, key=lambda tiling: _effort(workload, dataflow, array, bits, tiling))


def off_chip_bits(workload: Workload, moves: Moves, bits: StoredBits) -> float:
    """Bits of off-chip traffic of one matrix product; elements of A count once per distinct one."""
    share = workload.distinct_a / workload.elements_a
    return (
        share * moves.a * bits.a
        + moves.b * bits.b
        + (moves.sums_in + moves.sums_out) * bits.sum
        + moves.out * bits.out
    )


def _whole(workload: Workload) -> Tile:
    return Tile(m=workload.m, k=workload.k, n=workload.n)


def _least_traffic(fit: _Fit, orders: tuple[str, ...]) -> list[Tiling]:
    """All tilings with the least off-chip traffic, of the fewest elements for their trips."""
    workload = fit.workload
    best: list[Tiling] = []
    least = float("inf")
    for m in _sizes(workload.m):
        for n in _sizes(workload.n):
            longest = fit.longest_k(m, n)
            if not longest:
                continue
            # Fewer trips over k never cause more traffic.
            k = trips(workload.k, trips(workload.k, longest))
            for order in orders:
                tiling = Tiling(tile=Tile(m=m, k=k, n=n), order=order)
                traffic = off_chip_bits(workload, fetches(workload, tiling), fit.bits)
                if traffic < least:
                    best, least = [], traffic
                if traffic == least:
                    best.append(tiling)
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
    fed = (
        moves.a * bits.a
        + moves.b * bits.b
        + (moves.sums_in + moves.sums_out) * bits.sum
        + moves.out * bits.out
    )
    tile = tiling.tile
    return (
        dataflow.busy_cycles(workload, tile, array),
        fed,
        tile.m * tile.k + tile.k * tile.n + tile.m * tile.n,
        tile.m,
        tile.n,
        ORDERS.index(tiling.order),
    )
