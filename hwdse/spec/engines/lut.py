"""The table-lookup engine: sums of activations in tables, weights bit plane by bit plane."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from hwdse.errors import SpecError
from hwdse.spec.accumulate.fused_float import FusedFloat
from hwdse.spec.bit_planes import BitPlanes, bit_planes
from hwdse.spec.interface import Field, Interface, Stream
from hwdse.spec.multiply.exact import Exact
from hwdse.spec.slices import check_slices, summing_slices
from hwdse.spec.unit import Unit
from hwdse.spec.workload import Schedule, Workload

if TYPE_CHECKING:
    from hwdse.spec.design import Design

MAX_GROUP, MAX_ROWS, MAX_COLS = 8, 64, 256
#: Widest activation in fixed point, with sign; BF16 takes 262 bits.
MAX_WORD_BITS = 320


@dataclass(frozen=True, kw_only=True)
class TableLookup(Unit):
    """Matrix products by table lookup: high-precision activations times weights of 1 to 4 bits.

    After LUT Tensor Core (Mo et al., 2025). A slice is `group` terms of `rows` x `cols` sums. Each
    row has a table of all sums of its activations with signs, T[c] = sum of (2 c_k - 1) a_k. As
    T[~c] = -T[c], only half of the table is built and stored, 2^(`group` - 1) entries. A bit plane
    of the weights of a column selects an entry and its sign. A slice takes one cycle for each bit
    plane, least significant first; `hwdse.spec.bit_planes` has the bit planes of a format. Where a
    format has an offset, the running sum of a slice starts with the sum of the activations times
    the offset, and is halved. The codes of the weights enter as they are: their plane words, index
    and sign cost a few gates for each weight, for all rows.

    Nothing is rounded in a table or a slice: an entry is the exact sum of its activations, in fixed
    point where activations are floats. The exact sum of a slice is one step of the accumulator. So
    every result equals that of a `dot` with `lanes` = `group`, whatever the bit planes are.

    Attributes:
        group: activations per table, 1..8.
        rows: rows of activations, 1..64. Each row has a table.
        cols: columns of weights, which look up in the same tables, 1..256.
        planes: bit planes of a weight: cycles per slice. It follows from the format of the weights.
    """

    keyword: ClassVar[str] = "lut"
    family: ClassVar[str] = "lut"
    takes_stages: ClassVar[bool] = False
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul", "acc"})

    group: int = 4
    rows: int = 2
    cols: int = 16
    planes: int = field(default=1, metadata={"derived": True})

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, most in (("group", MAX_GROUP), ("rows", MAX_ROWS), ("cols", MAX_COLS)):
            if not 1 <= getattr(self, name) <= most:
                raise SpecError(f"{name}={getattr(self, name)}: 1 to {most} are allowed")

    def fitted(self, design: "Design") -> Self:
        """The same unit with the number of bit planes of the design's weights.

        Raises:
            SpecError: the weights have no bit planes, or a step of the design would not be exact.
        """
        try:
            planes = bit_planes(design.b).planes
        except SpecError as error:
            raise SpecError(f"unit lut, b={error}") from error
        if not isinstance(design.mul, Exact):
            raise SpecError(f"unit lut, mul={design.mul}: exact is allowed, there is no multiplier")
        bits = design.a.unpacked.fixed_point_bits + 1
        if bits > MAX_WORD_BITS:
            raise SpecError(
                f"unit lut, a={design.a}: {bits} bits in fixed point, at most {MAX_WORD_BITS} are "
                "allowed"
            )
        check_slices(self, design, self.group)
        return replace(self, planes=planes)

    def summing(self, design: "Design") -> "Design":
        """A `mac` whose products are the sums of slices: what each accumulator adds up."""
        return summing_slices(design, self.group, carried=self._leaves_carry(design))

    def _leaves_carry(self, design: "Design") -> bool:
        """Whether a slice is one entry with its sign, so that no adder precedes the accumulator."""
        own = self.planes_of(design)
        return own.planes == 1 and own.offset is None and not isinstance(design.acc, FusedFloat)

    def planes_of(self, design: "Design") -> BitPlanes:
        """The bit planes of the weights."""
        return bit_planes(design.b)

    @property
    def initiation_interval(self) -> int:  # type: ignore[override]
        """Cycles per slice: one for each bit plane."""
        return self.planes

    @property
    def macs_per_cycle(self) -> float:
        """Products of a slice, divided by the cycles that a slice takes."""
        products = self.rows * self.cols * self.group
        return products / self.planes if products % self.planes else products // self.planes

    @property
    def latency(self) -> int:
        """Cycles without stalls from the last slice of a sum to the results of row 0."""
        return self.planes + 1

    def interface(self, design: "Design") -> Interface:
        """Streams `w`, `a` and `o`, all with `ready`."""
        group, rows, cols = self.group, self.rows, self.cols
        order = f"{group} of each {{}}, {{}} 0 in the low bits"
        weights = Field.codes(
            "data", design.b, f"{design.b} codes, " + order.format("column", "column"), group * cols
        )
        vectors = Field.codes(
            "data", design.a, f"{design.a} codes, " + order.format("row", "row"), group * rows
        )
        results = Field.codes(
            "data", design.out, f"{design.out} codes, column 0 in the low bits", cols
        )
        last = Field(name="last", meaning="the slice is the last of its sums", bits=1)
        told = (
            f"A slice takes one transfer of a and one of w: {group} terms of {rows} x {cols} sums, "
            f"and {self.planes} cycle{'s' * (self.planes > 1)}. A slice with a_last gives {rows} "
            f"transfers of o, row 0 first; the next slice starts new sums. "
        )
        return Interface(
            streams=(
                Stream(name="w", direction="input", handshake="ready", fields=(weights,)),
                Stream(name="a", direction="input", handshake="ready", fields=(last, vectors)),
                Stream(
                    name="o", direction="output", handshake="ready", fields=(results,), follows="a"
                ),
            ),
            behaviour=(
                f"{told}Row 0 comes {self.latency} cycles after the slice. While results wait for "
                "their receiver, the next slice waits in its last cycle."
            ),
        )

    def schedule(self, workload: Workload) -> Schedule:
        """Tile after tile of `rows` x `cols` sums, without stalls of the streams."""
        tiles = -(-workload.m // self.rows) * -(-workload.n // self.cols) * workload.groups
        slices = -(-workload.k // self.group)
        # The results of a tile leave before the first slice of the next is added.
        apart = max((slices - 1) * self.planes + max(self.planes, self.rows), self.planes * slices)
        cycles = slices * self.planes + (tiles - 1) * apart + self.rows + 1
        products = self.rows * self.cols * self.group
        return Schedule(
            cycles=cycles,
            slots=cycles * products // self.planes,
            macs=workload.macs,
            reads_a=tiles * slices * self.rows * self.group,
            reads_b=tiles * slices * self.cols * self.group,
            writes=workload.sums,
        )
