"""The exact product of two blocks, in one of several block formats that a unit switches between."""

from dataclasses import dataclass

from hwdse.errors import SpecError
from hwdse.formats import BlockFormat, Format, UnpackedShape
from hwdse.spec.multiply.block import MAX_SUM_BITS, BlockProduct
from hwdse.spec.multiply.exact import Exact


@dataclass(frozen=True, kw_only=True)
class ModalBlockProduct(BlockProduct):
    """The product of two blocks of one format, which the number of a mode chooses.

    In each mode it is the `BlockProduct` of the mode's format with itself, bit for bit. All modes
    share the record: the sum of the elements counts in units of the least product of any mode, and
    the exponent is that of both scales.

    No design spec names this multiplier. A design with `unit=mx` and `modes` makes it from `mul`.

    Attributes:
        modes: the block formats, by the number of the mode. `a` and `b` are one of them.

    Raises:
        SpecError: a mode is no operand of a block product, or the modes do not fit together.
    """

    modes: tuple[BlockFormat, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.elements, Exact):
            raise SpecError(f"mul={self.elements}: only exact serves elements of all modes")
        for mode in self.modes:
            self.of(mode)  # raises what is wrong with it
            if mode.block != self.a.block:
                raise SpecError(
                    f"modes {self.a} and {mode}: one scale for {self.a.block} and one for "
                    f"{mode.block}, blocks of one size are needed"
                )
            if mode.scale != self.a.scale:
                raise SpecError(
                    f"modes {self.a} and {mode}: scales {self.a.scale} and {mode.scale}, one "
                    "format of scales is needed"
                )
        if self.sum_bits > MAX_SUM_BITS:
            raise SpecError(
                f"modes {', '.join(map(str, self.modes))}: exact sums of {self.size} products, in "
                f"units of the least one, take {self.sum_bits} bits: at most {MAX_SUM_BITS} are "
                "allowed"
            )
        super().__post_init__()

    def of(self, mode: BlockFormat) -> BlockProduct:
        """The product of two blocks of a mode."""
        return BlockProduct(elements=self.elements, a=mode, b=mode)

    @property
    def slot_bits(self) -> int:
        """Bits of the place of an element in a word: those of the widest mode."""
        return max(mode.element.bits for mode in self.modes)

    @property
    def operand_formats(self) -> tuple[Format, ...]:
        """Element and scale formats of all modes."""
        return tuple(part for mode in self.modes for part in (mode.element, mode.scale))

    @property
    def element_product(self) -> UnpackedShape:
        """Bounds of the products of two elements of any mode, in fixed point."""
        products = [self.of(mode).element_product for mode in self.modes]
        least = min(product.exponent_min for product in products)
        return UnpackedShape(
            significand_bits=max(product.top for product in products) - least + 1,
            exponent_min=least,
            exponent_max=least,
            twos_complement=True,
            has_inf=any(product.has_inf for product in products),
            has_nan=any(product.has_nan for product in products),
        )
