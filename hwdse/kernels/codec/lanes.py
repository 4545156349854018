"""Operations on 32-bit integers inside compiled loops.

Numba widens 32-bit integers to 64 bits in every operation. After a shift by a variable amount they
stay wide, and only half as many lanes fit a vector register. The operations here stay at 32 bits.
"""

from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from hwdse.jit import inner

#: A 32-bit integer; outside compiled loops, a NumPy integer.
Lane = Any

SIGN = np.int32(-(2**31))
MAGNITUDE = np.int32(2**31 - 1)
EXPONENT = np.int32(0xFF << 23)
#: Pattern of +infinity; larger magnitudes are NaN.
INFINITY = EXPONENT
FRACTION_BITS = 23
BIAS = 127
PRECISION = 24
#: Weight of the smallest subnormal.
LSB_EXPONENT = -149


def _binary(operation: str) -> Any:
    def typed(typing_context: Any, x: Any, y: Any) -> Any:
        def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            narrow = [
                context.cast(builder, value, given, types.int32)
                for value, given in zip(arguments, signature.args, strict=True)
            ]
            return getattr(builder, operation)(*narrow)

        return types.int32(x, y), code

    return intrinsic(typed)


#: x + y, x - y, x >> y (arithmetic), x << y and x & y, modulo 2^32; shift amounts are 0..31.
add = _binary("add")
subtract = _binary("sub")
shift_right = _binary("ashr")
shift_left = _binary("shl")
both = _binary("and_")


@inner
def as_float(pattern: Any) -> Any:
    """The float32 with this bit pattern."""
    return np.int32(pattern).view(np.float32)


@inner
def as_pattern(x: Any) -> Any:
    """The bit pattern of a float32."""
    return np.float32(x).view(np.int32)
