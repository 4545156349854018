"""The golden model: the results of the hardware, bit for bit, in exact integers.

The code is short, so that a reader can see that it is right. It is slow: a microsecond or more per
product. `hwdse.kernels` has fast versions.
"""

from hwdse.golden.bare import fma, mul
from hwdse.golden.dot import dot, matmul, products, running_dot
from hwdse.golden.engines.convert import convert

__all__ = ["convert", "dot", "fma", "matmul", "mul", "products", "running_dot"]
