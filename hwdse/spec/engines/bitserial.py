"""The bit-serial unit: second operands bit by bit, so that fewer bits take fewer cycles."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from hwdse.errors import SpecError
from hwdse.formats import FixedPoint, Format, clog2
from hwdse.spec.interface import Field, Interface, Stream
from hwdse.spec.multiply.exact import Exact
from hwdse.spec.slices import check_slices, summing_slices
from hwdse.spec.unit import MAX_LANES, Unit
from hwdse.spec.workload import Schedule, Workload

if TYPE_CHECKING:
    from hwdse.spec.design import Design

_MOST_BITS = 16


@dataclass(frozen=True, kw_only=True)
class BitSerial(Unit):
    """A multiply-accumulate unit that takes one bit of each second operand in a cycle.

    After Stripes (Judd et al., 2016) and UNPU (Lee et al., 2018). A transfer brings `lanes` pairs
    of integers, and the number of bits that the second operands have in it. The unit multiplies the
    first operands with one bit of each second operand in each cycle, the most significant first,
    and doubles the sum in between. So a transfer takes as many cycles as its second operands have
    bits: weights of 4 bits take half the time of weights of 8, without another unit.

    The products of a transfer are added exactly. Their sum is one step of the accumulator. So every
    result equals that of a `dot` with as many lanes.

    Attributes:
        lanes: pairs of operands in a transfer, 1..1024.
        planes: most bits of a second operand. It follows from the format.
    """

    keyword: ClassVar[str] = "bitserial"
    family: ClassVar[str] = "bitserial"
    takes_stages: ClassVar[bool] = False
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul", "acc"})

    lanes: int = 4
    planes: int = field(default=1, metadata={"derived": True})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.lanes <= MAX_LANES:
            raise SpecError(f"lanes={self.lanes}: 1 to {MAX_LANES} are allowed")

    def fitted(self, design: "Design") -> Self:
        """The same unit with the number of bits of its second operands.

        Raises:
            SpecError: the operands are no integers or fixed-point numbers, or a step of the design
                would not be exact.
        """
        for name, operand in (("a", design.a), ("b", design.b)):
            if not _has_digits(operand):
                raise SpecError(
                    f"unit bitserial, {name}={operand}: integers and fixed-point numbers of 2 to "
                    f"{_MOST_BITS} bits are allowed, such as int8, uint4 or q3_4"
                )
        if not isinstance(design.mul, Exact):
            raise SpecError(
                f"unit bitserial, mul={design.mul}: exact is allowed, there is no multiplier"
            )
        check_slices(self, design, self.lanes)
        return replace(self, planes=design.b.bits)

    def summing(self, design: "Design") -> "Design":
        """A `mac` whose products are the sums of transfers: what the accumulator adds up."""
        return summing_slices(design, self.lanes)

    @property
    def count_bits(self) -> int:
        """Bits of the field `bits`."""
        return clog2(self.planes + 1)

    def taken(self, bits: int) -> int:
        """Cycles of a transfer whose field `bits` has this number."""
        return bits if 1 <= bits <= self.planes else self.planes

    @property
    def group(self) -> int:
        """Equal to `lanes`: the products that one step of the accumulator takes."""
        return self.lanes

    @property
    def initiation_interval(self) -> int:  # type: ignore[override]
        """Cycles of a transfer whose second operands have all their bits."""
        return self.planes

    @property
    def macs_per_cycle(self) -> float:
        """Products of a transfer, divided by its cycles, with second operands of all bits."""
        whole = self.lanes % self.planes == 0
        return self.lanes // self.planes if whole else self.lanes / self.planes

    @property
    def latency(self) -> int:
        """Cycles without stalls from the last transfer of a sum, of all bits, to its result."""
        return self.planes + 1

    def interface(self, design: "Design") -> Interface:
        """Streams `i` and `o`, both with `ready`."""
        lanes = "lane 0 in the low bits"
        fields = (
            Field(name="last", meaning="the transfer is the last of its sum", bits=1),
            Field(name="bits", meaning="bits of each b, and cycles", bits=self.count_bits),
            Field.codes("a", design.a, f"{design.a} codes, {lanes}", self.lanes),
            Field.codes("b", design.b, f"{design.b} codes, {lanes}", self.lanes),
        )
        result = Field.codes("", design.out, f"{design.out} code of the sum")
        signs = "in two's complement" if _is_signed(design.b) else "without sign"
        return Interface(
            streams=(
                Stream(name="i", direction="input", handshake="ready", fields=fields),
                Stream(
                    name="o", direction="output", handshake="ready", fields=(result,), follows="i"
                ),
            ),
            behaviour=(
                f"With i_bits = n, 1 to {self.planes}, the low n bits of each b count, {signs}, "
                f"and the transfer takes n cycles; any other i_bits counts as {self.planes}. A "
                "transfer with i_last gives a result n + 1 cycles later; the next transfer starts "
                "a new sum. While a result waits for its receiver, the next transfer waits in its "
                "last cycle."
            ),
        )

    def schedule(self, workload: Workload) -> Schedule:
        """One sum after another, with second operands of all bits and without stalls."""
        transfers = workload.sums * -(-workload.k // self.lanes)
        cycles = transfers * self.planes + 2
        return Schedule(
            cycles=cycles,
            slots=cycles * self.lanes // self.planes,
            macs=workload.macs,
            reads_a=transfers * self.lanes,
            reads_b=transfers * self.lanes,
            writes=workload.sums,
        )


def _has_digits(operand: Format | None) -> bool:
    """Whether each code is a number in two's complement, or without sign."""
    plain = isinstance(operand, FixedPoint) and not operand.symmetric
    return plain and operand.bits <= _MOST_BITS  # type: ignore[union-attr]


def _is_signed(operand: Format | None) -> bool:
    assert isinstance(operand, FixedPoint)  # the design has checked it
    return operand.signed
