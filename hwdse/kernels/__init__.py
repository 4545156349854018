"""Fast versions of the golden model: the same bits, from compiled loops and matrix libraries.

A new multiplier or accumulator needs a module in `multiply` or `accumulate` to have a fast kernel.
A new format needs nothing; it may add faster loops in `codec`.
"""

from hwdse.kernels.bare import convert, fma, mul
from hwdse.kernels.blocks import (
    block_matmul,
    block_products,
    encode_blocks,
    quantize_blocks,
)
from hwdse.kernels.codec import decode, encode, quantize
from hwdse.kernels.matrix import matmul
from hwdse.kernels.patches import gathered
from hwdse.kernels.products import matmul_of

__all__ = [
    "block_matmul",
    "block_products",
    "convert",
    "decode",
    "encode",
    "encode_blocks",
    "fma",
    "gathered",
    "matmul",
    "matmul_of",
    "mul",
    "quantize",
    "quantize_blocks",
]
