"""The exact product of two blocks, whose elements share scales."""

from dataclasses import dataclass, field

from hwdse.errors import SpecError
from hwdse.formats import BlockFormat, Format, Quantizer, UnpackedShape, clog2
from hwdse.formats.blocks.affine import Affine
from hwdse.formats.blocks.unscaled import unscaled
from hwdse.formats.blocks.zero_points import ZeroPointBlock
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.exact import Exact, ExactValued

_MAX_SIZE = 1024
#: Widest exact sum of the products of a block. Two blocks of 1,024 FP16 elements need 91 bits.
MAX_SUM_BITS = 128


@dataclass(frozen=True, kw_only=True)
class BlockProduct(Multiplier):
    """X_a X_b sum(P_a P_b): both scales times the sum of the products of the elements, all exact.

    This is the dot product of two blocks in OCP Microscaling v1.0. Nothing is rounded: the products
    of the elements are added in fixed point, the exponents of the scales are added, and the
    significands of scales such as UE4M3 are multiplied.

    NaN, infinities and zeros follow the formula from the inside out. NaN in an element or a scale
    gives NaN. Infinite products of both signs give NaN. Infinity times zero is NaN, also for a
    scale of zero. A product of zero is +0.

    Affine integers are blocks whose scale code also holds a zero point. It is subtracted from each
    element before that is multiplied.

    A tensor scale, as NVFP4 has one, is no part of the product. It is a factor of whole sums, for
    the circuit behind the unit.

    No design spec names this multiplier. A design whose operands are block formats makes it from
    `mul`, which multiplies the elements.

    Attributes:
        elements: multiplier of the elements; its products are exact.
        a: block format of the first operand.
        b: block format of the second operand. If the blocks differ in size, the smaller size
            divides the larger one. A product then takes part of the larger block.

    Raises:
        SpecError: the blocks do not fit together, or the exact sum is too wide.
    """

    elements: Multiplier = field(default_factory=Exact)
    a: BlockFormat
    b: BlockFormat

    def __post_init__(self) -> None:
        if not isinstance(self.elements, ExactValued):
            raise SpecError(f"mul={self.elements}: elements of blocks need an exact multiplier")
        sizes = [self.a.block.columns, self.b.block.columns]
        for block, size in zip((self.a, self.b), sizes, strict=True):
            if size is None or size > _MAX_SIZE:
                raise SpecError(
                    f"operand {block}: one scale for {block.block}, allowed are 1 to {_MAX_SIZE} "
                    "elements"
                )
        if max(sizes) % self.size:  # type: ignore[type-var,operator]
            raise SpecError(
                f"blocks of {sizes[0]} and of {sizes[1]} elements: one size must divide the other"
            )
        for block in (self.a, self.b):
            if block.scale.unpacked.twos_complement:
                raise SpecError(
                    f"operand {block}: scales in two's complement, a float or an unsigned number "
                    "is needed"
                )
        if self.sum_bits > MAX_SUM_BITS:
            raise SpecError(
                f"exact sums of {self.size} products of {self.a.multiplied} and "
                f"{self.b.multiplied} take {self.sum_bits} bits: at most {MAX_SUM_BITS} are allowed"
            )

    def __str__(self) -> str:
        return str(self.elements)

    @property
    def size(self) -> int:
        """Number of elements of one product: those of the smaller block."""
        return min(self.a.block.columns, self.b.block.columns)  # type: ignore[type-var,return-value]

    @property
    def operand_formats(self) -> tuple[Format, ...]:
        """Formats of the elements and of the scales."""
        return (self.a.element, self.b.element, self.a.scale, self.b.scale)

    @property
    def element_product(self) -> UnpackedShape:
        """Bounds of the product of two elements."""
        return self.elements.product(self.a.multiplied, self.b.multiplied)

    @property
    def scale_product(self) -> UnpackedShape:
        """Bounds of the product of two scales."""
        return Exact().product(self.a.scale, self.b.scale)

    @property
    def sum_bits(self) -> int:
        """Width of the exact sum of the element products, in two's complement.

        Its LSB has the weight 2^`element_product.exponent_min`.
        """
        return self.element_product.fixed_point_bits + clog2(self.size) + 1

    @property
    def factor_bits(self) -> int:
        """Bits by which the scales' significands make the sum wider: 0 if they have one bit."""
        bits = [block.scale.unpacked.magnitude_bits for block in (self.a, self.b)]
        return sum(bits) if min(bits) > 1 else max(bits) - (max(bits) == 1)

    @property
    def powers_of_two(self) -> bool:
        """Whether every finite scale is a power of two: none is zero or negative."""
        shapes = [block.scale.unpacked for block in (self.a, self.b)]
        return all(x.magnitude_bits == 1 and x.leading_zeros == 0 and not x.signed for x in shapes)

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the product of two blocks; `a` and `b` are the formats of their elements.

        With scales that are powers of two, the significand is the sum in two's complement. Other
        scales multiply its magnitude.

        Raises:
            SpecError: the formats are not those of the elements.
        """
        if (a, b) != (self.a.element, self.b.element):
            raise SpecError(
                f"operands {a} and {b}: the blocks have elements {self.a.element} and "
                f"{self.b.element}"
            )
        element, scale = self.element_product, self.scale_product
        unit, twos = element.exponent_min, self.powers_of_two
        return UnpackedShape(
            significand_bits=self.sum_bits if twos else self.sum_bits - 1 + self.factor_bits,
            exponent_min=unit + scale.exponent_min,
            exponent_max=unit + scale.exponent_max,
            exponent_origin=unit + scale.exponent_origin,
            twos_complement=twos,
            has_inf=element.has_inf or scale.has_inf,
            has_nan=element.has_nan or scale.has_nan,
        )

    def top_bit(self, a: Format, b: Format) -> int:
        """Position of the highest bit that a magnitude can have set."""
        return self.product(a, b).magnitude_bits - 1

    def point(self, a: Format, b: Format) -> int:
        """Fraction bits of a product, in front of the power of two of both scales.

        The un-normalised exponent of a product is the sum of the scales' exponents, as in the block
        formats of tensor cores.
        """
        fractions = self.a.scale.unpacked.magnitude_bits + self.b.scale.unpacked.magnitude_bits - 2
        return fractions - self.element_product.exponent_min


def joined(
    mul: Multiplier, a: Format | Quantizer, b: Format | Quantizer
) -> tuple[Multiplier, Format, Format]:
    """Multiplier and element formats of a design with the given operands.

    Operands that are not blocks come back as they are. If `mul` is the product of blocks of a
    design, an operand that has the format of its elements stands for the block.

    An element format beside a block format becomes blocks whose scales are 1.

    Raises:
        SpecError: an operand is another quantiser.
    """
    operands: list[Format | Quantizer] = [
        ZeroPointBlock.of(one) if isinstance(one, Affine) else one for one in (a, b)
    ]
    if isinstance(mul, BlockProduct):
        known = zip((mul.a, mul.b), operands, strict=True)
        operands = [block if one == block.element else one for block, one in known]
        mul = mul.elements
    elif isinstance(a, Format) and isinstance(b, Format):
        return mul, a, b
    for key, operand in zip("ab", operands, strict=True):
        if not isinstance(operand, Format | BlockFormat):
            raise SpecError(
                f"{key}={operand}: operands have one scale for each block and no other factors, "
                f"unlike {operand.family} formats"
            )
    size = next(one.block.columns for one in operands if isinstance(one, BlockFormat))
    operands = [unscaled(one, size or 1) if isinstance(one, Format) else one for one in operands]
    blocks = BlockProduct(elements=mul, a=operands[0], b=operands[1])  # type: ignore[arg-type]
    return blocks, blocks.a.element, blocks.b.element
