"""Exponents as powers of two in the carrier, inside compiled loops.

The product of two powers is the exponent of a product, the larger of two powers is the greater
exponent, and zero has the power 0. All of these are vector instructions.
"""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic, overload

from hwdse.jit import inner
from hwdse.kernels.arithmetic import bits_of, exponent_bits, float_like
from hwdse.kernels.panels import WIDTH

_ONE_SQUARED_64, _ONE_SQUARED_32 = 2 * 1023 << 52, 2 * 127 << 23


def _rounded_to_whole(name: str) -> Any:
    def typed(typing_context: Any, x: Any) -> Any:
        def code(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
            kind = arguments[0].type
            return builder.call(builder.module.declare_intrinsic(name, [kind]), arguments)

        return x(x), code

    return intrinsic(typed)


#: The whole number of the same type next to x: toward zero, or below. Zeros keep their sign.
truncated = _rounded_to_whole("llvm.trunc")
floor = _rounded_to_whole("llvm.floor")


def inverse(power: float) -> float:
    """1 / power; for compiled code only."""
    raise TypeError("inverse runs in compiled code only")


@overload(inverse)
def _(power):  # type: ignore[no-untyped-def]
    # The exponent fields of a power and of its inverse have the sum of two biases.
    if power == types.float32:
        return lambda power: float_like(power, _ONE_SQUARED_32 - bits_of(power))
    return lambda power: float_like(power, _ONE_SQUARED_64 - bits_of(power))


@inner
def power_of(x: Any, least: Any) -> Any:
    """The power of two of the binade of x; 0 for zero. Subnormals have the power `least`."""
    power = max(float_like(x, exponent_bits(x)), least)
    return power if x != 0 else float_like(x, 0)


@inner
def set_powers(panel: Any, least: Any, powers: Any) -> None:
    """`power_of` of the numbers of a panel."""
    for k in range(panel.shape[0]):
        for j in range(WIDTH):
            powers[k, j] = power_of(panel[k, j], least)
