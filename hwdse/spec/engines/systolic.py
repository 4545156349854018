"""The systolic array: processing elements in rows and columns, weight or output stationary."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from hwdse.errors import SpecError
from hwdse.spec.interface import Field, Interface, Stream
from hwdse.spec.unit import Unit
from hwdse.spec.workload import Schedule, Workload

if TYPE_CHECKING:
    from hwdse.spec.design import Design

MAX_SIDE = 64
MAX_KEPT = 4096
WEIGHT_STATIONARY, OUTPUT_STATIONARY = "ws", "os"
_KEPT_PER_ROW = 4


@dataclass(frozen=True, kw_only=True)
class Systolic(Unit):
    """A systolic array of `rows` x `cols` processing elements (PEs).

    Each PE takes one step of the accumulator per cycle. The sum travels, or stays, as the state of
    the accumulator. It is read and encoded once, at the bottom of its column. So every result
    equals the result of a `mac` with the same operands in the same order.

    Weight stationary (`ws`): rows are terms of a sum, columns are sums. The weights of a tile stay
    in the PEs. The next weights are loaded meanwhile. Sums of more than `rows` terms take several
    tiles: the state of a sum leaves the bottom of its column, is kept, and enters at the top again.

    Output stationary (`os`): rows and columns are rows and columns of the result. Sums stay in the
    PEs and may have any number of terms. Finished sums drain while the next sums grow.

    Attributes:
        rows: rows of PEs, 1..64.
        cols: columns of PEs, 1..64.
        dataflow: `ws` or `os`.
        sums: with `ws`, the number of unfinished sums that each column keeps between tiles,
            0..4096. 0 limits sums to `rows` terms. Default: 4 * `rows`; 0 with `os`.
    """

    keyword: ClassVar[str] = "systolic"
    family: ClassVar[str] = "systolic"
    takes_stages: ClassVar[bool] = False
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul", "acc"})

    rows: int = 8
    cols: int = 8
    dataflow: str = field(
        default=WEIGHT_STATIONARY, metadata={"words": (WEIGHT_STATIONARY, OUTPUT_STATIONARY)}
    )
    sums: int = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("rows", "cols"):
            if not 1 <= getattr(self, name) <= MAX_SIDE:
                raise SpecError(f"{name}={getattr(self, name)}: 1 to {MAX_SIDE} are allowed")
        if self.sums is None:
            object.__setattr__(self, "sums", _KEPT_PER_ROW * self.rows if self.is_ws else 0)
        if not self.is_ws and self.sums:
            raise SpecError(f"sums={self.sums}: dataflow=os keeps no sums outside the PEs, give 0")
        if not 0 <= self.sums <= MAX_KEPT:
            raise SpecError(f"sums={self.sums}: 0 to {MAX_KEPT} are allowed")

    def keys(self) -> dict[str, int | str]:
        """The keys that belong to this unit. `sums` is left out if only 0 is allowed."""
        keys = super().keys()
        if not self.is_ws:
            del keys["sums"]
        return keys

    @property
    def is_ws(self) -> bool:
        """True if the weights stay in the PEs."""
        return self.dataflow == WEIGHT_STATIONARY

    @property
    def group(self) -> int:
        """Always 1: each PE adds one product per step."""
        return 1

    @property
    def macs_per_cycle(self) -> int:
        """Number of PEs."""
        return self.rows * self.cols

    @property
    def latency(self) -> int:
        """Cycles without stalls from the last input of a result to the result."""
        return self.rows + self.cols

    def interface(self, design: "Design") -> Interface:
        """Streams `w`, `a` and `o`, all with `ready`."""
        rows, cols = self.rows, self.cols
        weights = Field.codes("data", design.b, f"{design.b} codes, column 0 in the low bits", cols)
        vector = Field.codes("data", design.a, f"{design.a} codes, row 0 in the low bits", rows)
        results = Field.codes(
            "data", design.out, f"{design.out} codes, column 0 in the low bits", cols
        )
        swap = Field(name="swap", meaning="first vector with the weights loaded last", bits=1)
        first = Field(name="first", meaning="the vector starts new sums", bits=1)
        last = Field(name="last", meaning="the sums end: they leave as one result", bits=1)
        if self.is_ws:
            flags = (swap, first, last) if self.sums else (swap,)
            told = (
                f"{rows} transfers of w load the weights of a tile, row 0 first. They wait in "
                "shadow registers until a vector with a_swap takes them; this vector waits for "
                "the last of them. "
            )
            if self.sums:
                told += (
                    "A vector without a_last leaves its sums in the array, and the next vector "
                    f"without a_first goes on with the oldest of them, at most {self.sums}. "
                )
        else:
            flags = (last,)
            told = (
                "Each step takes one transfer of a, a column of the first matrix, and one of w, a "
                f"row of the second. A step with a_last gives {rows} results, row 0 first. "
            )
        return Interface(
            streams=(
                Stream(name="w", direction="input", handshake="ready", fields=(weights,)),
                Stream(name="a", direction="input", handshake="ready", fields=(*flags, vector)),
                Stream(
                    name="o", direction="output", handshake="ready", fields=(results,), follows="a"
                ),
            ),
            behaviour=(
                f"{told}A result comes {self.latency} cycles after its last input. While a result "
                "waits for its receiver, the whole array stands still."
            ),
        )

    def schedule(self, workload: Workload) -> Schedule:
        """Tile after tile, without stalls of the streams; weights are loaded in the background.

        With `ws`, the rows of the first matrix pass in blocks of at most `sums`, if a sum needs
        several tiles. For each block and each `cols` columns, the tiles of a sum follow one
        another.

        Raises:
            SpecError: sums have more than `rows` terms, and the array keeps none.
        """
        rows, cols = self.rows, self.cols
        across, along = -(-workload.n // cols), -(-workload.k // rows)
        if not self.is_ws:
            tiles = -(-workload.m // rows) * across * workload.groups
            apart = max(workload.k, rows)
            cycles = workload.k + (tiles - 1) * apart + self.latency + rows - 1
            steps = tiles * workload.k
            return self._scheduled(workload, cycles, steps * rows, steps * cols)
        if along > 1 and not self.sums:
            raise SpecError(
                f"{workload.site}: sums of {workload.k} terms, unit systolic with sums=0 takes "
                f"rows={rows} at most: give sums="
            )
        blocks = list(self.blocks(workload.m, along))
        # The next tile waits for its weights, and for the sums that it goes on with.
        apart_in_sum = sum(max(size, rows + 2) for size in blocks) * (along - 1)
        apart_at_end = sum(max(size, rows + 1) for size in blocks)
        repeats = across * workload.groups
        begins = repeats * (apart_in_sum + apart_at_end) - max(blocks[-1], rows + 1)
        cycles = rows + begins + blocks[-1] + self.latency
        tiles = repeats * along * len(blocks)
        vectors = repeats * along * workload.m
        return self._scheduled(workload, cycles, vectors * rows, tiles * rows * cols)

    def blocks(self, m: int, tiles: int) -> Iterator[int]:
        """Numbers of vectors that pass together, for `m` vectors and sums of `tiles` tiles."""
        count = 1 if tiles == 1 else -(-m // self.sums)
        for number in range(count):
            yield m * (number + 1) // count - m * number // count

    def _scheduled(self, workload: Workload, cycles: int, a: int, b: int) -> Schedule:
        return Schedule(
            cycles=cycles,
            slots=cycles * self.macs_per_cycle,
            macs=workload.macs,
            reads_a=a,
            reads_b=b,
            writes=workload.sums,
        )
