"""Matrix products: MatMul and Gemm."""

import math

import numpy as np

from hwdse.networks.arithmetic import Arithmetic, Operand, Real, Site
from hwdse.networks.lowered import Call, lowers

BLOCK_ELEMENTS = 1 << 21
"""Elements of the first operand handed to one product: bounds the memory of any kernel."""


@lowers("MatMul")
def _matmul(arithmetic: Arithmetic, call: Call, a: Real, b: Real) -> tuple[Real]:
    return (product(arithmetic, call, a, b),)


@lowers("Gemm")
def _gemm(
    arithmetic: Arithmetic, call: Call, a: Real, b: Real, c: Real | None = None
) -> tuple[Real]:
    a = a.T if call.get("transA", 0) else a
    b = b.T if call.get("transB", 0) else b
    result = product(arithmetic, call, a, b)
    alpha, beta = np.float32(call.get("alpha", 1.0)), np.float32(call.get("beta", 1.0))
    if alpha != 1:
        result = result * alpha
    if c is not None:
        result = result + (c if beta == 1 else c * beta)
    return (result,)


def product(arithmetic: Arithmetic, call: Call, a: Real, b: Real) -> Real:
    """The product of a call's first two inputs; weights are the design's second operand."""
    call.check_float32(a, b)
    first_constant, second_constant = call.constant[:2]
    if first_constant and not second_constant and a.ndim > 1 and b.ndim > 1:
        swapped = stacks(
            arithmetic, call.site(constant=True), b.swapaxes(-1, -2), a.swapaxes(-1, -2)
        )
        return np.ascontiguousarray(swapped.swapaxes(-1, -2))
    return stacks(arithmetic, call.site(constant=second_constant), a, b)


def stacks(arithmetic: Arithmetic, site: Site, a: Real, b: Real) -> Real:
    """`numpy.matmul(a, b)` of any two shapes that it takes.

    Raises:
        ValueError: shapes that do not fit.
    """
    matrix_a = a[np.newaxis] if a.ndim == 1 else a
    matrix_b = b[:, np.newaxis] if b.ndim == 1 else b
    stack = np.broadcast_shapes(matrix_a.shape[:-2], matrix_b.shape[:-2])
    (rows, inner), columns = matrix_a.shape[-2:], matrix_b.shape[-1]
    if inner != matrix_b.shape[-2]:
        raise ValueError(f"matrix product of shapes {a.shape} and {b.shape}")
    right = arithmetic.second(site, matrix_b.reshape(-1, inner, columns))
    left = arithmetic.first(site, matrix_a)
    if len(right) == 1:
        result = in_blocks(arithmetic, site, 0, left.reshape(-1, inner), right[0])
    else:
        # Which matrix of each stack meets which, after broadcasting.
        place_a, place_b = (
            np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), stack).reshape(-1)
            for shape in (matrix_a.shape[:-2], matrix_b.shape[:-2])
        )
        left = left.reshape(-1, rows, inner)
        if site.constant:
            result = np.empty((len(place_b), rows, columns), np.float32)
            for group in range(len(right)):
                chosen = place_b == group
                some = left[place_a[chosen]].reshape(-1, inner)
                found = in_blocks(arithmetic, site, group, some, right[group])
                result[chosen] = found.reshape(-1, rows, columns)
        else:
            step = max(1, BLOCK_ELEMENTS // max(1, rows * inner))
            result = np.concatenate(
                [
                    arithmetic.products(
                        site, left[place_a[i : i + step]], right[place_b[i : i + step]]
                    )
                    for i in range(0, len(place_a), step)
                ]
                or [np.zeros((0, rows, columns), np.float32)]
            )
    result = result.reshape(*stack, rows, columns)
    if a.ndim == 1:
        result = result[..., 0, :]
    return result[..., 0] if b.ndim == 1 else result


def in_blocks(arithmetic: Arithmetic, site: Site, group: int, a: Operand, b: Operand) -> Real:
    """One product in blocks of rows."""
    step = max(1, BLOCK_ELEMENTS // max(1, a.shape[1]))
    blocks = [
        arithmetic.product(site, group, a[start : start + step], b)
        for start in range(0, max(1, len(a)), step)
    ]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
