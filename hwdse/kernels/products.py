"""Which kernel multiplies the matrices of a design."""

from collections.abc import Callable
from typing import Any

from hwdse.kernels.blocks import block_matmul, block_products
from hwdse.kernels.matrix import matmul
from hwdse.spec import Design


def matmul_of(design: Design) -> Callable[..., Any]:
    """The kernel for matrix products of a design: a function (design, *operands) -> codes.

    For element formats, `matmul` of (A, B). For block formats, of (A, A_scales, B, B_scales):
    `block_matmul`, or `block_products` if the unit has no running sum.
    """
    if not design.unit.takes_blocks:
        return matmul
    return block_products if design.acc is None else block_matmul
