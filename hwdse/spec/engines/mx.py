"""Block-scaled engines: operands are blocks of elements that share scales."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Self

from hwdse import formats
from hwdse.errors import FormatError, SpecError
from hwdse.formats import BlockFormat, Format, clog2
from hwdse.spec.interface import Field, Interface
from hwdse.spec.modes import joined_modes, modes_field, parse_modes
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.block import BlockProduct
from hwdse.spec.multiply.modal_block import ModalBlockProduct
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

    With `modes=mxfp8_e4m3|mxfp6_e2m3|mxfp4|mxint8` the format of both operands is chosen cycle by
    cycle. A cycle takes as many elements in every mode. Each has a slot as wide as the widest
    element and lies in the low bits of it; the bits above are ignored. All modes share the
    multipliers, the adders and the running sum, which goes on where the mode changes.

    Attributes:
        blocks: block pairs per cycle, 1..64.
        modes: the block formats of both operands, joined by `|`, or empty for a unit that does not
            switch. Their places are the numbers of the modes. The operand `a` of the design is one
            of those with the widest elements.
        size: elements per block. It follows from the formats.
        formats: the formats of the modes. They follow from `modes`.
    """

    keyword: ClassVar[str] = "mx"
    family: ClassVar[str] = "mx"
    takes_blocks: ClassVar[bool] = True

    blocks: int = 1
    modes: str = modes_field()
    size: int = field(default=1, metadata={"derived": True})
    formats: tuple[BlockFormat, ...] = field(default=(), metadata={"derived": True})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.blocks <= _MAX_BLOCKS:
            raise SpecError(f"blocks={self.blocks}: 1 to {_MAX_BLOCKS} are allowed")

    def keys(self) -> dict[str, int | str]:
        """The keys that belong to this unit. `modes` is left out if there are none."""
        keys = super().keys()
        if not self.modes:
            del keys["modes"]
        return keys

    def fitted(self, design: "Design") -> Self:
        """The same unit with the size of its blocks and the formats of its modes.

        Raises:
            SpecError: `modes` is wrong, or the operands are not one of its widest formats.
        """
        assert isinstance(design.mul, BlockProduct)  # the design has checked it
        sized = replace(self, size=design.mul.size)
        if not self.modes:
            return replace(sized, formats=())
        chosen = parse_modes(self.keyword, self.modes, _block_format)
        bits = max(mode.element.bits for mode in chosen)
        widest = [mode for mode in chosen if mode.element.bits == bits]
        a, b = design.mul.a, design.mul.b
        if a not in widest or b != a:
            raise SpecError(
                f"unit mx, a={a}, b={b}: {' or '.join(map(str, widest))} is needed for both, the "
                "widest elements of its modes"
            )
        return replace(sized, modes=joined_modes(chosen), formats=chosen)

    def multiplier_from(self, mul: Multiplier) -> Multiplier:
        """The product of blocks; with modes, in the format of the mode."""
        assert isinstance(mul, BlockProduct)  # the design has checked it
        if not self.formats:
            return mul
        return ModalBlockProduct(elements=mul.elements, a=mul.a, b=mul.b, modes=self.formats)

    @property
    def mode_bits(self) -> int:
        """Bits of the field `mode`; 0 without modes."""
        return clog2(max(len(self.formats), 1))

    def mode_of(self, number: int) -> BlockFormat:
        """The format of a number in the field `mode`: of numbers above the last, the last."""
        return self.formats[min(number, len(self.formats) - 1)]

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
        if not self.formats:
            return replace(plain, streams=(replace(source, fields=taken), sink))
        chosen = Field(name="mode", meaning="format of both operands", bits=self.mode_bits)
        told = ", ".join(f"{number}: {mode}" for number, mode in enumerate(self.formats))
        behaviour = (
            f"Modes are {told}; other numbers count as the last. Elements lie in the low bits of "
            f"slots of {design.a.bits} bits. {plain.behaviour}"
        )
        streams = (replace(source, fields=(taken[0], chosen, *taken[1:])), sink)
        return replace(plain, streams=streams, behaviour=behaviour.strip())


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


def _block_format(name: str) -> BlockFormat:
    """The block format of a name.

    Raises:
        FormatError: there is none.
    """
    found = formats.get(name)
    if not isinstance(found, BlockFormat):
        raise FormatError(f"{found} is no block format such as mxfp4")
    return found


def _block_fields(design: "Design", blocks: int) -> list[Field]:
    """Element codes and scale codes of `blocks` block pairs."""
    mul, made = design.mul, []
    assert isinstance(mul, BlockProduct)  # the design has checked it
    for name, block in (("a", mul.a), ("b", mul.b)):
        shared = block.block.columns != mul.size
        part = f", {mul.size} of its {block.block.columns} elements at a time" * shared
        kind = "" if isinstance(mul, ModalBlockProduct) else f"{block} "
        elements = f"{kind}elements, element 0 in the low bits{part}"
        made.append(Field.codes(name, block.element, elements, blocks * mul.size))
        if block.scale.bits:
            made.append(Field.codes(f"{name}_scale", block.scale, f"{kind}scale{part}", blocks))
    return made
