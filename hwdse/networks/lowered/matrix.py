"""Lowers the matrix products MatMul and Gemm."""

import math

import numpy as np

from hwdse.networks.arithmetic import Arithmetic, Operand, Real, Site
from hwdse.networks.lowered import Call, lowers

BLOCK_ELEMENTS = 1 << 21
"""Largest number of elements in the first operand or in the result of one product.

The limit bounds the memory of a kernel.
"""
_LEAST_ROWS = 128
"""Rows that go at once in any case: a kernel decodes the second operand for each block of rows."""


@lowers("MatMul")
def _matmul(arithmetic: Arithmetic, call: Call, a: Real, b: Real) -> tuple[Real]:
    return (product(arithmetic, call, a, b),)


@lowers("Gemm")
def _gemm(
    arithmetic: Arithmetic, call: Call, a: Real, b: Real, c: Real | None = None
) -> tuple[Real]:
    call.check_float32(a, b, c)
    a = a.T if call.get("transA", 0) else a
    b = b.T if call.get("transB", 0) else b
    result = product(arithmetic, call, a, b)
    alpha, beta = np.float32(call.get("alpha", 1.0)), np.float32(call.get("beta", 1.0))
    if alpha != 1:
        result = result * alpha
    if c is not None:
        c = np.broadcast_to(c, result.shape)
        result = result + (c if beta == 1 else c * beta)
    return (result,)


def product(arithmetic: Arithmetic, call: Call, a: Real, b: Real) -> Real:
    """`numpy.matmul(a, b)` for the first two inputs of a call.

    Weights are always the second operand of a site. If only `a` is constant, the function computes
    the transposed product.

    Raises:
        ValueError: the shapes do not fit.
    """
    call.check_float32(a, b)
    first_constant, second_constant = call.constant[:2]
    matrix_a = a[np.newaxis] if a.ndim == 1 else a
    matrix_b = b[:, np.newaxis] if b.ndim == 1 else b
    if first_constant and not second_constant:
        left, right = matrix_b.swapaxes(-1, -2), matrix_a.swapaxes(-1, -2)
        result = _stacks(arithmetic, call.site(constant=True), left, right).swapaxes(-1, -2)
    else:
        result = _stacks(arithmetic, call.site(constant=second_constant), matrix_a, matrix_b)
    if a.ndim == 1:
        result = result[..., 0, :]
    if b.ndim == 1:
        result = result[..., 0]
    return np.asarray(result, order="C")


def _stacks(arithmetic: Arithmetic, site: Site, a: Real, b: Real) -> Real:
    """Products of stacks (..., M, K) and (..., K, N). The stacks are broadcast to each other."""
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    (rows, inner), columns = a.shape[-2:], b.shape[-1]
    if inner != b.shape[-2]:
        raise ValueError(f"matrix product of shapes {a.shape} and {b.shape}")
    right = arithmetic.second(site, b.reshape(-1, inner, columns))
    left = arithmetic.first(site, a)
    if len(right) == 1:
        result = in_blocks(arithmetic, site, 0, left.reshape(-1, inner), right[0])
        return result.reshape(*stack, rows, columns)
    left = left.reshape(-1, rows, inner)
    # For each product after broadcasting: the index of the matrix in each stack.
    of_a, of_b = (
        np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), stack).reshape(-1)
        for shape in (a.shape[:-2], b.shape[:-2])
    )
    result = np.empty((len(of_a), rows, columns), np.float32)
    if site.constant:
        for group in range(len(right)):
            chosen = of_b == group
            taken = left[of_a[chosen]].reshape(-1, inner)
            found = in_blocks(arithmetic, site, group, taken, right[group])
            result[chosen] = found.reshape(-1, rows, columns)
    else:
        step = max(1, BLOCK_ELEMENTS // max(1, rows * inner, inner * columns, rows * columns))
        for start in range(0, len(of_a), step):
            some = slice(start, start + step)
            result[some] = arithmetic.products(site, left[of_a[some]], right[of_b[some]])
    return result.reshape(*stack, rows, columns)


def in_blocks(arithmetic: Arithmetic, site: Site, group: int, a: Operand, b: Operand) -> Real:
    """Compute one product in blocks of rows of `a`, to limit memory."""
    step = max(_LEAST_ROWS, BLOCK_ELEMENTS // max(1, *b.shape))
    blocks = [
        arithmetic.product(site, group, a[start : start + step], b)
        for start in range(0, max(1, len(a)), step)
    ]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
