"""Fast twins of the golden model: the same bits, in compiled loops and matrix libraries.

A new multiplier or accumulator is a module in `multiply` or `accumulate`.
"""

from hwdse.kernels.matrix import matmul

__all__ = ["matmul"]
