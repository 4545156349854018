"""Fast kernels for sums of products, one module per accumulator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, singledispatch
from typing import ClassVar

import numpy as np

from hwdse.errors import SpecError
from hwdse.kernels.extent import Extent
from hwdse.kernels.multiply import Multiplication, Values
from hwdse.kernels.operands import Operand
from hwdse.kernels.pieces import Pieces, pieces
from hwdse.plugins import load_modules
from hwdse.spec import Accumulator, Design

#: (M, K) and (K, N) operand values to (M, N) sums as float64. The sums are exact. If a sum has more
#: bits than float64, it is rounded to odd, so that one more rounding gives the correct output.
Sums = Callable[[Values, Values], Values]

_FLOAT32_LSB, _FLOAT32_TOP = -149, 127
#: Products from which a pass over all codes takes little of the time.
_LARGE = 1 << 24


@dataclass(frozen=True)
class MatrixProducts:
    """Sums that are matrix products of NumPy: they take stacks (..., M, K) and (..., K, N), too."""

    sums: Sums

    def __call__(self, left: Values, right: Values) -> Values:
        """See `Sums`."""
        return self.sums(left, right)


@dataclass(frozen=True)
class SinglePrecision:
    """Sums of operand values in float32, which holds every term and every sum exactly."""

    sums: Sums

    #: Number of bits that products and sums may span.
    PRECISION: ClassVar[int] = 24

    @classmethod
    def holds(cls, lsb: int, top: int) -> bool:
        """Whether float32 holds all multiples of 2^lsb with a magnitude of at most 2^top."""
        return top - lsb <= cls.PRECISION and lsb >= _FLOAT32_LSB and top <= _FLOAT32_TOP

    def __call__(self, left: Values, right: Values) -> Values:
        """See `Sums`."""
        return self.sums(left, right)


def of_stacks(sums: Sums) -> Sums:
    """The sums of each pair of a stack."""
    inner = sums.sums if isinstance(sums, SinglePrecision) else sums
    if isinstance(inner, MatrixProducts):
        return inner
    return lambda left, right: np.stack([sums(*pair) for pair in zip(left, right, strict=True)])


@dataclass(frozen=True, kw_only=True)
class Task:
    """One matrix product, for which `plan` selects a kernel.

    Attributes:
        design: the design.
        mul: the design's multiplication.
        left: the first operand.
        right: the second operand.
        terms: K.
        stated: extent of the products, if more is known of it than the formats say.
    """

    design: Design
    mul: Multiplication
    left: Operand
    right: Operand
    terms: int
    stated: Extent | None = None

    @property
    def large(self) -> bool:
        """Whether the sums take much longer than another pass over the codes."""
        return bool(self.left.codes.size * self.right.codes.shape[-1] >= _LARGE)

    @cached_property
    def extents(self) -> tuple[Extent, Extent]:
        """Extents of the values of both operands."""
        return self.left.extent(), self.right.extent()

    @cached_property
    def narrowed(self) -> "Task | None":
        """The task with faster code for the actual operands, if there is some and it pays."""
        if self.mul.narrow is None or not self.large:
            return None
        found = self.mul.narrow(*self.extents)
        return None if found is None else replace(self, mul=found[0], stated=found[1])

    @cached_property
    def pieces(self) -> Pieces:
        """How operands are cut if products have more bits than float64; else one piece each."""
        found = pieces(self.design) if self.mul.linear else None
        return found or Pieces(1, 1, 0, 0)

    @cached_property
    def format_products(self) -> Extent:
        """Extent of the products of the operand formats, or as stated."""
        if self.stated is not None:
            return self.stated
        shape = self.design.product
        return Extent(lsb=shape.exponent_min, top=shape.top)

    def product_extents(self) -> Iterator[Extent]:
        """Extent by the formats, then by the actual values (which needs a pass over the codes)."""
        yield self.format_products
        yield self.products

    def products_below(self, top: int) -> bool:
        """Whether products are at most 2^top, by the formats or by the actual values."""
        return any(extent.top <= top for extent in self.product_extents())

    @cached_property
    def products(self) -> Extent:
        """Extent of the products: of the actual values if the multiplier is linear."""
        if not self.mul.linear:
            return self.format_products
        left, right = self.extents
        return Extent(lsb=left.lsb + right.lsb, top=left.top + right.top)


@singledispatch
def plan(acc: Accumulator, task: Task) -> Sums:
    """The fastest kernel for the accumulator's sums that is exact for this task.

    Raises:
        SpecError: the accumulator, or this task, has no fast kernel.
    """
    raise SpecError(f"accumulator {acc} has no fast kernel")


@singledispatch
def wide_terms(acc: Accumulator, design: Design, mul: Multiplication) -> int:
    """Terms that replace a product with more bits than float64; 0 if no terms can replace it."""
    del acc, design, mul
    return 0


def terms_in_pieces(acc: Accumulator, design: Design, mul: Multiplication) -> int:
    """`wide_terms` for accumulators that add the products of a group exactly."""
    del acc
    found = pieces(design) if mul.linear else None
    return 0 if found is None else found.terms


load_modules(__name__, __path__)
