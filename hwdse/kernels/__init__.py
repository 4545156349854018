"""Fast twins of the golden model: the same bits, in compiled loops and matrix libraries.

A new multiplier or accumulator is a module in `multiply` or `accumulate`; a new format needs
nothing, and may bring faster loops in `codec`.
"""

from hwdse.kernels.bare import fma, mul
from hwdse.kernels.codec import decode, encode, encode_blocks, quantize, quantize_blocks
from hwdse.kernels.matrix import matmul

__all__ = [
    "decode",
    "encode",
    "encode_blocks",
    "fma",
    "matmul",
    "mul",
    "quantize",
    "quantize_blocks",
]
