"""The tensor core: a tile of dot products that share their operands."""

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from hwdse.errors import SpecError
from hwdse.spec.interface import Field, Interface
from hwdse.spec.unit import Summing
from hwdse.spec.workload import Schedule, Workload

if TYPE_CHECKING:
    from hwdse.spec.design import Design

_SIZES = ("rows", "cols", "lanes")
_DEFAULT = (4, 4, 4)
_NO_TILE = "none"
_MAX_SIZE, _MAX_PRODUCTS = 64, 16384

TILES = MappingProxyType(
    {
        "volta": (4, 4, 4),
        "turing": (4, 4, 4),
        "ampere": (8, 4, 8),
        "hopper": (8, 4, 16),
        "hopper-fp8": (8, 4, 32),
    }
)
"""Rows, columns and lanes of the tile that one tensor core takes per cycle.

Their product is the number of fused multiply-adds per cycle and tensor core in NVIDIA's white
papers on V100 (64), Turing (64), A100 (256) and H100 (512, and 1024 for FP8).
"""


@dataclass(frozen=True, kw_only=True)
class Tensor(Summing):
    """A tile of `rows` x `cols` running sums, each of which takes `lanes` products per cycle.

    In each cycle the unit takes `rows` x `lanes` elements of the first matrix and `lanes` x `cols`
    elements of the second. Each element is decoded once, and used by a whole row or column of sums.
    Each sum equals the sum of a `dot` of as many lanes with the same operands.

    Attributes:
        rows: rows of the result, 1..64. Default 4.
        cols: columns of the result, 1..64. Default 4.
        lanes: products per sum and cycle, 1..64. Default 4.
        tile: name of a tile in `TILES`, which sets the three sizes; `none` afterwards.
    """

    keyword: ClassVar[str] = "tensor"
    family: ClassVar[str] = "tensor"

    rows: int = None  # type: ignore[assignment]
    cols: int = None  # type: ignore[assignment]
    lanes: int = None  # type: ignore[assignment]
    tile: str = field(default=_NO_TILE, metadata={"words": (_NO_TILE, *TILES)})

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, size in zip(_SIZES, TILES.get(self.tile, _DEFAULT), strict=True):
            given = getattr(self, name)
            if given is None:
                object.__setattr__(self, name, size)
            elif self.tile != _NO_TILE and given != size:
                raise SpecError(f"{name}={given}: tile={self.tile} has {name}={size}")
            elif not 1 <= given <= _MAX_SIZE:
                raise SpecError(f"{name}={given}: 1 to {_MAX_SIZE} are allowed")
        object.__setattr__(self, "tile", _NO_TILE)
        if self.macs_per_cycle > _MAX_PRODUCTS:
            raise SpecError(
                f"rows={self.rows},cols={self.cols},lanes={self.lanes}: {self.macs_per_cycle} "
                f"products per cycle, at most {_MAX_PRODUCTS} are allowed"
            )

    def keys(self) -> dict[str, int | str]:
        """The keys that belong to this unit: the sizes in place of the name of a tile."""
        keys = super().keys()
        del keys["tile"]
        return keys

    @property
    def group(self) -> int:
        """Equal to `lanes`: the products that each sum takes per cycle."""
        return self.lanes

    @property
    def macs_per_cycle(self) -> int:
        """Products of all sums."""
        return self.rows * self.cols * self.lanes

    def interface(self, design: "Design") -> Interface:
        """Input: a slice of both matrices. Output: all running sums after each slice."""
        single = super().interface(design)
        rows, cols, lanes = self.rows, self.cols, self.lanes
        (before,), (after,) = single.inputs, single.outputs
        fields = (
            Field(name="first", meaning="the inputs start new sums", bits=1),
            Field.codes(
                "a", design.a, f"{design.a} codes, lane 0 of row 0 in the low bits", rows * lanes
            ),
            Field.codes(
                "b", design.b, f"{design.b} codes, lane 0 of column 0 in the low bits", cols * lanes
            ),
        )
        totals = Field.codes(
            "",
            design.out,
            f"{design.out} codes of the running sums, column 0 of row 0 in the low bits",
            rows * cols,
        )
        meaning = "o has the sums after one more accepted input"
        streams = (
            replace(before, fields=fields),
            replace(after, fields=(totals,), meaning=meaning),
        )
        return replace(single, streams=streams)

    def schedule(self, workload: Workload) -> Schedule:
        """One tile of the result after another, with `lanes` terms of its sums per cycle.

        With interleaving, the unit works on `interleave` tiles at once, in turns. The unit stores
        no operands: it reads them again for each tile.
        """
        tiles = -(-workload.m // self.rows) * -(-workload.n // self.cols) * workload.groups
        steps = -(-workload.k // self.lanes)
        rounds = -(-tiles // self.interleave)
        cycles = rounds * steps * self.interleave + self.latency
        return Schedule(
            cycles=cycles,
            slots=cycles * self.macs_per_cycle,
            macs=workload.macs,
            reads_a=tiles * steps * self.rows * self.lanes,
            reads_b=tiles * steps * self.cols * self.lanes,
            writes=workload.sums,
        )
