"""Sums of products by fast kernels, one module an accumulator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, singledispatch

from hwdse.errors import SpecError
from hwdse.kernels.multiply import Multiplication, Values
from hwdse.kernels.operands import Extent, Operand
from hwdse.plugins import load_modules
from hwdse.spec import Accumulator, Design

#: (M, K) and (K, N) operand values to (M, N) sums as float64: exact, or rounded to odd where the
#: sum has more bits, so that one more rounding gives the output.
Sums = Callable[[Values, Values], Values]


@dataclass(frozen=True, kw_only=True)
class Task:
    """One matrix product to plan for.

    Attributes:
        design: what to compute.
        mul: its multiplication.
        left: the first operand.
        right: the second operand.
        terms: K.
        rows_at_once: rows of the first operand in one block.
    """

    design: Design
    mul: Multiplication
    left: Operand
    right: Operand
    terms: int
    rows_at_once: int

    @cached_property
    def extents(self) -> tuple[Extent, Extent]:
        """What the two operands' values span."""
        return self.left.extent(self.rows_at_once), self.right.extent(max(self.terms, 1))

    @cached_property
    def format_products(self) -> Extent:
        """What products of the operand formats span."""
        shape = self.design.product
        return Extent(lsb=shape.exponent_min, top=shape.top)

    def product_extents(self) -> Iterator[Extent]:
        """The formats' products, then these values' own, which take a pass over the operands."""
        yield self.format_products
        yield self.products

    @cached_property
    def products(self) -> Extent:
        """What the products span: of these values if the multiplier is linear, else any."""
        if not self.mul.linear:
            return self.format_products
        left, right = self.extents
        return Extent(lsb=left.lsb + right.lsb, top=left.top + right.top)


@singledispatch
def plan(acc: Accumulator, task: Task) -> Sums:
    """The fastest way to the accumulator's sums that is exact for this task.

    Raises:
        SpecError: an accumulator without a kernel.
    """
    raise SpecError(f"accumulator {acc} has no fast kernel")


load_modules(__name__, __path__)
