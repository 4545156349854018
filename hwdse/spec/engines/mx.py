"""Block-scaled engines: operands are blocks of elements that share scales."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.formats import Format
from hwdse.spec.interface import Field, Interface
from hwdse.spec.multiply.block import BlockProduct
from hwdse.spec.unit import Bare, Summing
from hwdse.spec.workload import Schedule, Workload

if TYPE_CHECKING:
    from hwdse.spec.design import Design

_MAX_BLOCKS = 64


@dataclass(frozen=True, kw_only=True)
class Mx(Summing):
    """Dot products of block formats: MX, NVFP4, and any element with any scale.

    In each cycle the unit takes a block of element codes and a scale code for each operand. The
    exact product of both blocks (`BlockProduct`) is one term for the accumulator. So `fp:{format}`
    rounds once per block, `kulisch` rounds nothing, and `aligned` aligns block by block. With
    `blocks` > 1, the blocks of one cycle are one group of terms.

    If the blocks of the operands differ in size, a cycle takes as many elements as the smaller
    block has. The scale of the larger block then comes again with each of its parts.

    The factor of a whole tensor, as NVFP4 has one, is applied outside: it is a factor of the sum.

    Attributes:
        blocks: block pairs per cycle, 1..64.
        size: elements per block. It follows from the formats.
    """

    keyword: ClassVar[str] = "mx"
    family: ClassVar[str] = "mx"
    takes_blocks: ClassVar[bool] = True

    blocks: int = 1
    size: int = field(default=1, metadata={"derived": True})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.blocks <= _MAX_BLOCKS:
            raise SpecError(f"blocks={self.blocks}: 1 to {_MAX_BLOCKS} are allowed")

    def fitted(self, design: "Design") -> Self:
        """The same unit with the size of its blocks."""
        assert isinstance(design.mul, BlockProduct)  # the design has checked it
        return replace(self, size=design.mul.size)

    @property
    def group(self) -> int:
        """Equal to `blocks`: the product of each block pair is one term."""
        return self.blocks

    @property
    def macs_per_cycle(self) -> int:
        """Products of elements per cycle."""
        return self.blocks * self.size

    @property
    def products_per_sum(self) -> int:
        """Equal to `macs_per_cycle`: each term is the sum of the products of a block."""
        return self.macs_per_cycle

    def interface(self, design: "Design") -> Interface:
        """Input: element codes and scale codes of block pairs. Output: the running sum."""
        plain = super().interface(design)
        source, sink = plain.streams
        taken = (source.fields[0], *_block_fields(design, self.blocks))
        return replace(plain, streams=(replace(source, fields=taken), sink))


@dataclass(frozen=True, kw_only=True)
class MxMul(Bare):
    """The exact product of two blocks, rounded once to the output format (fp32 by default).

    One block pair per cycle; for use inside a datapath. With `stages=0` it is combinational.

    Attributes:
        size: elements per block. It follows from the formats.
    """

    keyword: ClassVar[str] = "mxmul"
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul"})
    takes_blocks: ClassVar[bool] = True

    size: int = field(default=1, metadata={"derived": True})

    def fitted(self, design: "Design") -> Self:
        """The same unit with the size of its blocks."""
        assert isinstance(design.mul, BlockProduct)  # the design has checked it
        return replace(self, size=design.mul.size)

    @property
    def macs_per_cycle(self) -> int:
        """Products of elements per cycle."""
        return self.size

    def default_out(self, design: "Design") -> Format:
        """Always fp32: an element format would hold few of the products."""
        del design
        return formats.parse("fp32")

    def schedule(self, workload: Workload) -> Schedule:
        """One block pair per cycle. Logic outside the unit adds the products of blocks."""
        blocks = workload.sums * -(-workload.k // self.size)
        cycles = blocks + self.latency
        return Schedule(
            cycles=cycles,
            slots=cycles * self.size,
            macs=workload.macs,
            reads_a=blocks * self.size,
            reads_b=blocks * self.size,
            writes=blocks,
        )

    def interface(self, design: "Design") -> Interface:
        """Inputs: element codes and scale codes in every cycle. Output `o`."""
        plain = super().interface(design)
        source, sink = plain.streams
        return replace(
            plain, streams=(replace(source, fields=tuple(_block_fields(design, 1))), sink)
        )


def _block_fields(design: "Design", blocks: int) -> list[Field]:
    """Element codes and scale codes of `blocks` block pairs."""
    mul, made = design.mul, []
    assert isinstance(mul, BlockProduct)  # the design has checked it
    for name, block in (("a", mul.a), ("b", mul.b)):
        shared = block.block.columns != mul.size
        part = f", {mul.size} of its {block.block.columns} elements at a time" * shared
        elements = f"{block} elements, element 0 in the low bits{part}"
        made += [
            Field.codes(name, block.element, elements, blocks * mul.size),
            Field.codes(f"{name}_scale", block.scale, f"{block} scale{part}", blocks),
        ]
    return made
