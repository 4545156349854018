"""The golden model: what the hardware computes, bit for bit, in exact integers.

Short enough to be obviously right, and slow: a microsecond or more a product. `hwdse.kernels` has
fast twins.
"""

from hwdse.golden.bare import fma, mul
from hwdse.golden.dot import dot, matmul, products, running_dot

__all__ = ["dot", "fma", "matmul", "mul", "products", "running_dot"]
