"""The matrix product of block formats: exact products of blocks, then a kernel for their sums."""

from collections.abc import Iterator
from dataclasses import replace
from functools import singledispatch
from math import ceil, log2

import numpy as np
import numpy.typing as npt

from hwdse import formats
from hwdse.errors import ShapeError, SpecError
from hwdse.formats import Format, UnpackedShape, clog2
from hwdse.kernels.accumulate import SinglePrecision, Sums, Task, plan
from hwdse.kernels.adding import Adder, UnlessInexact, UnlessTied
from hwdse.kernels.arithmetic import FLOAT64_PRECISION
from hwdse.kernels.blocks.operands import BlockValues
from hwdse.kernels.blocks.panels import sums_of_blocks
from hwdse.kernels.choice import UNBOUNDED, check_kind, group_adder
from hwdse.kernels.extent import Extent
from hwdse.kernels.multiply import Values, multiplication, unchanged
from hwdse.kernels.operands import Operand, Selection, extent_of
from hwdse.kernels.output import encode
from hwdse.spec import Accumulator, BlockProduct, Design, Dot, Exact, FusedFloat, Kulisch
from hwdse.spec.accumulate.kahan_float import KahanFloat
from hwdse.spec.accumulate.stochastic_float import StochasticFloat
from hwdse.spec.accumulate.tree_float import TreeFloat
from hwdse.threads import usual_threads

#: Bytes of products of blocks that are made at once.
_AT_ONCE_BYTES = 32 << 20
_EXPONENT_BITS = 10
_REACH = 1 << (_EXPONENT_BITS - 1)
_ONES = "uint2"
_FLOAT32_PRECISION, _FLOAT32_REACH = 24, 120


def block_matmul(
    design: Design,
    A: npt.ArrayLike,
    A_scales: npt.ArrayLike,
    B: npt.ArrayLike,
    B_scales: npt.ArrayLike,
) -> npt.NDArray[np.unsignedinteger]:
    """The matrix product of a design whose operands are block formats, as its hardware gives it.

    Blocks lie along K; the last one may be short. A tensor scale is not applied. The design has a
    running sum; `block_products` is for one without.

    Args:
        design: the design.
        A: (M, K) codes of `design.a`, the elements of the first operand.
        A_scales: (M, blocks) scale codes.
        B: (K, N) codes of `design.b`.
        B_scales: (blocks, N) scale codes.

    Returns:
        (M, N) codes of `design.out`.

    Raises:
        ShapeError: the shapes do not match.
        FormatError: a code is out of range.
        SpecError: the design has no fast kernel; the message says why.
    """
    left, right = _operands(design, A, A_scales, B, B_scales)
    totals = _totals(design.accumulator, design, left, right)
    exact = design.state.magnitude_bits <= FLOAT64_PRECISION
    return encode(design.out, totals.astype(np.float64, copy=False), design.rounding, exact)


def block_products(
    design: Design,
    A: npt.ArrayLike,
    A_scales: npt.ArrayLike,
    B: npt.ArrayLike,
    B_scales: npt.ArrayLike,
) -> npt.NDArray[np.unsignedinteger]:
    """The products of blocks that a matrix product consists of, each rounded to `design.out`.

    This is what `unit=mxmul` gives for them. Arguments and errors are those of `block_matmul`.

    Returns:
        (M, blocks, N) codes of `design.out`.
    """
    _product_of(design)
    _check_products(design)
    left, right = _operands(design, A, A_scales, B, B_scales)
    out = np.empty((left.rows, left.count, right.rows), design.out.code_dtype)
    for part, products in _products(left, right):
        found = encode(design.out, products.reshape(left.count, -1), design.rounding, True)
        out[part] = found.reshape(products.shape).swapaxes(0, 1)
    return out


@singledispatch
def _totals(
    acc: Accumulator, design: Design, left: BlockValues, right: BlockValues
) -> npt.NDArray[np.floating]:
    """Running sums after all blocks, (M, N): exact, or rounded to odd.

    Raises:
        SpecError: the accumulator has no fast kernel for these blocks.
    """
    del left, right
    raise SpecError(f"accumulator {acc} of products of blocks has no fast kernel: use golden")


@_totals.register
def _(acc: Kulisch, design: Design, left: BlockValues, right: BlockValues) -> Values:
    if left.count > acc.terms:
        raise SpecError(
            f"accumulator {acc} may wrap in sums of {left.count} products of blocks, which has "
            "no fast kernel: use golden"
        )
    if _spreadable(left, right):
        # Exact sums do not depend on blocks: scales go to the elements.
        return _of_elements(replace(acc, terms=max(acc.terms, left.padded)), design, left, right, 1)
    return _of_products(design, left, right)


@_totals.register
def _(acc: FusedFloat, design: Design, left: BlockValues, right: BlockValues) -> Values:
    check_kind(acc)
    if _fits(design):
        adder = _adder(acc, design, left, right) if design.unit.group == 1 else None
        if adder is None:
            return _of_products(design, left, right)
        sums = sums_of_blocks(left, right, adder, usual_threads())
        return sums if acc.format.has_negative_zero else sums + 0.0
    if design.rounding != "down" and _spreadable(left, right):
        # A product with a zero makes every block that is zero a positive zero.
        left, right = left.with_a_zero(), right.with_a_zero()
        return _of_elements(acc, design, left, right, design.unit.group * left.size)
    return _of_products(design, left, right)


@_totals.register(KahanFloat)
@_totals.register(StochasticFloat)
@_totals.register(TreeFloat)
def _(acc: Accumulator, design: Design, left: BlockValues, right: BlockValues) -> Values:
    del acc
    return _of_products(design, left, right)


def _spreadable(left: BlockValues, right: BlockValues) -> bool:
    """Whether scales may go to the elements: float64 holds them, and no sum changes by it."""
    bits = left.shape.magnitude_bits + right.shape.magnitude_bits
    return (
        _held_by_float64(left.shape)
        and _held_by_float64(right.shape)
        and left.spreadable
        and right.spreadable
        and (bits <= FLOAT64_PRECISION or (left.finite and right.finite))
    )


def _adder(acc: FusedFloat, design: Design, left: BlockValues, right: BlockValues) -> Adder | None:
    """What adds products of blocks to running sums in float64; None if nothing can."""
    inner = _summing(design)
    bound = left.largest_norm() * right.largest_norm()
    # One more bit for the roundings of the bound itself.
    total = ceil(log2(bound)) + 1 if 0 < bound < np.inf else UNBOUNDED
    task = _task(inner, np.ones((1, left.count)), np.zeros((left.count, 1)))
    found = group_adder(acc, task, task.format_products, total, np.float64)
    return None if isinstance(found, UnlessInexact | UnlessTied) else found


def _of_products(design: Design, left: BlockValues, right: BlockValues) -> Values:
    """Sums of the exact products of blocks."""
    _check_products(design)
    inner = _summing(design)
    totals = np.empty((left.rows, right.rows))
    for part, products in _products(left, right):
        terms = products.reshape(left.count, -1)
        task = _task(inner, np.ones((1, left.count)), terms)
        totals[part] = _summed(inner, task).reshape(totals[part].shape)
    return totals


def _of_elements(
    acc: Accumulator, design: Design, left: BlockValues, right: BlockValues, lanes: int
) -> Values:
    """Sums of products of elements times their scales, which are all finite."""
    inner = Design(
        a=_held(left.shape, "fn"),
        b=_held(right.shape, "fn"),
        mul=Exact(),
        acc=acc,
        out=design.out,
        rounding=design.rounding,
        unit=Dot(lanes=lanes),
    )
    return _summed(inner, _task(inner, left.whole(), right.whole().T))


def _task(inner: Design, left: Values, right: Values) -> Task:
    mul = multiplication(inner.mul, inner)
    return Task(
        design=inner,
        mul=mul,
        left=_Held(left, inner.a, unchanged),
        right=_Held(right, inner.b, unchanged),
        terms=left.shape[1],
    )


def _summed(inner: Design, task: Task) -> Values:
    kernel: Sums = plan(inner.accumulator, task)
    carrier = np.float32 if isinstance(kernel, SinglePrecision) else np.float64
    return kernel(task.left.values(..., carrier), task.right.values(..., carrier))


def _operands(
    design: Design,
    A: npt.ArrayLike,
    A_scales: npt.ArrayLike,
    B: npt.ArrayLike,
    B_scales: npt.ArrayLike,
) -> tuple[BlockValues, BlockValues]:
    """Values of both operands, checked."""
    mul = _product_of(design)
    carrier = np.float32 if _elements_fit_float32(mul) else np.float64
    left = BlockValues(mul.a, mul.size, np.asarray(A), np.asarray(A_scales), carrier)
    right = BlockValues(mul.b, mul.size, np.asarray(B).T, np.asarray(B_scales).T, carrier)
    if left.terms != right.terms:
        raise ShapeError(f"matrix product of {left.terms} and of {right.terms} terms")
    return left, right


def _products(left: BlockValues, right: BlockValues) -> Iterator[tuple[slice, Values]]:
    """Exact products of blocks, (blocks, rows, N), for one part of the rows after another."""
    step = max(1, _AT_ONCE_BYTES // (8 * max(left.count * right.rows, 1)))
    columns = right.elements.transpose(1, 2, 0).astype(np.float64, copy=False)
    for start in range(0, left.rows, step):
        part = slice(start, min(start + step, left.rows))
        with np.errstate(invalid="ignore"):
            rows = left.elements[part].swapaxes(0, 1)
            sums = rows.astype(np.float64, copy=False) @ columns
            scales = left.scales[part].T[:, :, np.newaxis] * right.scales.T[:, np.newaxis, :]
            # A product of zero is +0.
            yield part, sums * scales + 0.0


class _Held(Operand):
    """Values that need no decoding."""

    def values(
        self, part: Selection = ..., carrier: npt.DTypeLike = np.float64, threads: int = 1
    ) -> Values:
        """The values, or a part of them."""
        del threads
        return self.codes[part].astype(carrier, copy=False)

    def extent(self) -> Extent:
        """Extent of the actual values."""
        return extent_of(self.codes.ravel())


def _product_of(design: Design) -> BlockProduct:
    if not isinstance(design.mul, BlockProduct):
        raise SpecError(f"operands {design.a} and {design.b} are no blocks: use kernels.matmul")
    return design.mul


def _elements_fit_float32(mul: BlockProduct) -> bool:
    """Whether float32 holds the elements, and exact sums of the products of a block."""
    product = mul.element_product
    return (
        mul.sum_bits - 1 <= _FLOAT32_PRECISION
        and product.exponent_min >= -_FLOAT32_REACH
        and product.top + clog2(mul.size) <= _FLOAT32_REACH
    )


def _fits(design: Design) -> bool:
    """Whether float64 holds the products of blocks, and sums of the products of elements."""
    return _product_of(design).sum_bits <= FLOAT64_PRECISION and _held_by_float64(design.product)


def _held_by_float64(shape: UnpackedShape) -> bool:
    """Whether float64 holds all values of some bounds, with room for products of two."""
    return (
        shape.magnitude_bits <= FLOAT64_PRECISION
        and shape.exponent_min >= -_REACH
        and shape.top < _REACH
    )


def _check_products(design: Design) -> None:
    if not _fits(design):
        product, mul = design.product, _product_of(design)
        raise SpecError(
            f"products of {mul.a} and {mul.b} have no fast kernel: they take "
            f"{product.magnitude_bits} bits from 2^{product.exponent_min} to 2^{product.top}, "
            f"allowed are {FLOAT64_PRECISION} from 2^-{_REACH} to 2^{_REACH}"
        )


def _held(shape: UnpackedShape, kind: str = "") -> Format:
    """A float that holds all values of some bounds."""
    return formats.parse(f"e{_EXPONENT_BITS}m{shape.magnitude_bits - 1}{kind}")


def _summing(design: Design) -> Design:
    """A design that adds products of blocks as they are: one operand is always 1."""
    return Design(
        a=formats.parse(_ONES),
        b=_held(design.product),
        mul=Exact(),
        acc=design.acc,
        out=design.out,
        rounding=design.rounding,
        unit=Dot(lanes=design.unit.group),
    )
