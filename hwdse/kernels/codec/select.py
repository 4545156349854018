"""Selection of the compiled loop for a format, rounding and overflow.

A family with special loops registers a function with `special_kernel`. All other formats of up to
16 bits use the table.
"""

from functools import lru_cache, singledispatch

from hwdse.formats import BinaryFloat, FixedPoint, Format, Posit
from hwdse.kernels.codec.float_grid import nearest_even_kernel
from hwdse.kernels.codec.kernel import Kernel
from hwdse.kernels.codec.posit import posit_kernel
from hwdse.kernels.codec.table import table_kernel


@singledispatch
def special_kernel(number_format: Format, rounding: str, overflow: str) -> Kernel | None:
    """The special loops of a family for a deterministic rounding; None if there are none."""
    del number_format, rounding, overflow
    return None


@special_kernel.register(BinaryFloat)
@special_kernel.register(FixedPoint)
def _(number_format: Format, rounding: str, overflow: str) -> Kernel | None:
    return nearest_even_kernel(number_format, overflow) if rounding == "rne" else None


@special_kernel.register
def _(number_format: Posit, rounding: str, overflow: str) -> Kernel | None:
    del overflow  # posits never overflow
    return posit_kernel(number_format) if rounding == "rne" else None


@lru_cache(maxsize=64)
def kernel_of(number_format: Format, rounding: str, overflow: str) -> Kernel | None:
    """The fastest loops; None if only the format itself can encode."""
    special = special_kernel(number_format, rounding, overflow)
    return special or table_kernel(number_format, rounding, overflow)
