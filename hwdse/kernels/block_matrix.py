"""The matrix product of block formats: exact products of blocks, then a kernel for their sums."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse import formats
from hwdse.errors import ShapeError, SpecError
from hwdse.formats import BlockFormat, Format
from hwdse.kernels.accumulate import SinglePrecision, Task, plan
from hwdse.kernels.arithmetic import FLOAT64_PRECISION
from hwdse.kernels.codec import decode
from hwdse.kernels.multiply import Values, multiplication, unchanged
from hwdse.kernels.operands import Operand, Selection
from hwdse.kernels.output import encode
from hwdse.spec import BlockProduct, Design, Dot, Exact, FusedFloat, Kulisch

#: Bytes of products of blocks that are made at once.
_AT_ONCE_BYTES = 32 << 20
_EXPONENT_BITS = 10
_REACH = 1 << (_EXPONENT_BITS - 1)
_ONES = "uint2"


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
    _check_accumulator(design)
    left, right = _operands(design, A, A_scales, B, B_scales)
    _check_kulisch(design, left.count)
    inner = _summing(design)
    out = np.empty((left.rows, right.rows), design.out.code_dtype)
    ones = np.ones((1, left.count), np.uint8)
    exact = design.state.magnitude_bits <= FLOAT64_PRECISION
    for part, products in _products(left, right):
        terms = products.reshape(left.count, -1)
        task = Task(
            design=inner,
            mul=multiplication(inner.mul, inner),
            left=Operand(ones, inner.a, unchanged),
            right=_Held(terms, inner.b, unchanged),
            terms=left.count,
        )
        kernel = plan(inner.accumulator, task)
        carrier = np.float32 if isinstance(kernel, SinglePrecision) else np.float64
        totals = kernel(task.left.values(..., carrier), task.right.values(..., carrier))
        out[part] = encode(
            design.out, totals.astype(np.float64, copy=False), design.rounding, exact
        ).reshape(out[part].shape)
    return out


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
    left, right = _operands(design, A, A_scales, B, B_scales)
    out = np.empty((left.rows, left.count, right.rows), design.out.code_dtype)
    for part, products in _products(left, right):
        found = encode(design.out, products.reshape(left.count, -1), design.rounding, True)
        out[part] = found.reshape(products.shape).swapaxes(0, 1)
    return out


def _operands(
    design: Design,
    A: npt.ArrayLike,
    A_scales: npt.ArrayLike,
    B: npt.ArrayLike,
    B_scales: npt.ArrayLike,
) -> tuple["_Blocks", "_Blocks"]:
    """Values of both operands, checked."""
    mul = _checked(design)
    left = _Blocks(mul.a, mul.size, np.asarray(A), np.asarray(A_scales))
    right = _Blocks(mul.b, mul.size, np.asarray(B).T, np.asarray(B_scales).T)
    if left.terms != right.terms:
        raise ShapeError(f"matrix product of {left.terms} and of {right.terms} terms")
    return left, right


def _products(left: "_Blocks", right: "_Blocks") -> Iterator[tuple[slice, Values]]:
    """Exact products of blocks, (blocks, rows, N), for one part of the rows after another."""
    step = max(1, _AT_ONCE_BYTES // (8 * max(left.count * right.rows, 1)))
    columns = right.elements.transpose(1, 2, 0)
    for start in range(0, left.rows, step):
        part = slice(start, min(start + step, left.rows))
        with np.errstate(invalid="ignore"):
            sums = left.elements[part].swapaxes(0, 1) @ columns
            scales = left.scales[part].T[:, :, np.newaxis] * right.scales.T[:, np.newaxis, :]
            # A product of zero is +0.
            yield part, sums * scales + 0.0


class _Blocks:
    """Values of one operand, block by block along the last axis."""

    def __init__(
        self, block: BlockFormat, size: int, codes: npt.NDArray[Any], scales: npt.NDArray[Any]
    ) -> None:
        columns = block.block.columns or size
        wanted = (*codes.shape[:1], -(-codes.shape[-1] // columns))
        if codes.ndim != 2 or scales.shape != wanted:
            raise ShapeError(
                f"{block} of shape {codes.shape} with scales of shape {scales.shape}: a matrix, "
                f"and one scale for {columns} elements along K are needed"
            )
        self.rows, self.terms = codes.shape
        self.count = -(-self.terms // size)
        values = np.zeros((self.rows, self.count * size))
        of_each = np.repeat(scales, columns, -1)[:, : self.terms]
        multiplied = block.multiplied_codes(codes, of_each).astype(block.multiplied.code_dtype)
        values[:, : self.terms] = decode(block.multiplied, multiplied)
        self.elements = values.reshape(self.rows, self.count, size)
        self.scales = np.repeat(decode(block.scale, scales), columns // size, -1)[:, : self.count]


class _Held(Operand):
    """Values that need no decoding."""

    def values(
        self, part: Selection = ..., carrier: npt.DTypeLike = np.float64, threads: int = 1
    ) -> Values:
        """The values, or a part of them."""
        del threads
        return self.codes[part].astype(carrier, copy=False)


def _checked(design: Design) -> BlockProduct:
    mul = design.mul
    if not isinstance(mul, BlockProduct):
        raise SpecError(f"operands {design.a} and {design.b} are no blocks: use kernels.matmul")
    product = design.product
    wide = max(product.magnitude_bits, mul.sum_bits) > FLOAT64_PRECISION
    if wide or product.exponent_min < -_REACH or product.top >= _REACH:
        raise SpecError(
            f"products of {mul.a} and {mul.b} have no fast kernel: they take "
            f"{product.magnitude_bits} bits from 2^{product.exponent_min} to 2^{product.top}, "
            f"allowed are {FLOAT64_PRECISION} from 2^-{_REACH} to 2^{_REACH}"
        )
    return mul


def _check_accumulator(design: Design) -> None:
    if not isinstance(design.mul, BlockProduct) or isinstance(design.acc, FusedFloat | Kulisch):
        return
    raise SpecError(
        f"accumulator {design.accumulator} of products of blocks has no fast kernel: use golden"
    )


def _check_kulisch(design: Design, terms: int) -> None:
    if isinstance(design.acc, Kulisch) and terms > design.acc.terms:
        raise SpecError(
            f"accumulator {design.acc} may wrap in sums of {terms} products of blocks, which has "
            "no fast kernel: use golden"
        )


def _summing(design: Design) -> Design:
    """A design that adds products of blocks as they are: one operand is always 1."""
    held: Format = formats.parse(f"e{_EXPONENT_BITS}m{design.product.magnitude_bits - 1}")
    return Design(
        a=formats.parse(_ONES),
        b=held,
        mul=Exact(),
        acc=design.acc,
        out=design.out,
        rounding=design.rounding,
        unit=Dot(lanes=design.unit.group),
    )
