"""Stochastic roundings of IEEE P3109 on the grid of a binary float or fixed point, by integers.

The exponent gives the place at which the significand is cut. The bits that are cut off and the
random bits together decide the rounding.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hwdse.formats import STOCHASTIC_ROUNDINGS, Format
from hwdse.jit import compiled, inner
from hwdse.kernels.codec import lanes
from hwdse.kernels.codec.float_grid import Finish, code_finish, finish, float_grid

Array = npt.NDArray[Any]

_MAX_BITS = 30
_MAX_SHIFT = np.int64(62)


class Cut(NamedTuple):
    """Where significands are cut.

    Attributes:
        fraction_bits: M.
        quantum: exponent of the smallest quantum.
        last_exponent: magnitudes with a greater exponent lie beyond the last level.
        beyond: a level beyond the last level.
        random_bits: N.
        variant: 0, 1 or 2 for variant A, B or C.
    """

    fraction_bits: int
    quantum: int
    last_exponent: int
    beyond: int
    random_bits: int
    variant: int


def stochastic_loop(
    number_format: Format, rounding: str, overflow: str, random_bits: int
) -> Any | None:
    """A function of (x, random, out) that fills `out` with codes; None if there is none.

    Args:
        number_format: the format.
        rounding: one of `STOCHASTIC_ROUNDINGS`.
        overflow: `saturate` or `ieee`.
        random_bits: number of bits in each random number.
    """
    grid = float_grid(number_format)
    if grid is None or overflow not in ("saturate", "ieee") or number_format.bits > _MAX_BITS:
        return None
    end = code_finish(number_format, "rne", overflow)
    cut = Cut(
        fraction_bits=grid.fraction_bits,
        quantum=grid.lowest_exponent - grid.fraction_bits,
        last_exponent=grid.top_exponent - 1,
        beyond=1 + max(int(end.largest_positive), int(end.largest_negative)),
        random_bits=random_bits,
        variant=STOCHASTIC_ROUNDINGS.index(rounding),
    )

    def encode(x: Array, random: Array, out: Array) -> None:
        _encode(cut, end, x.view(np.int32), random, out)

    return encode


@inner
def _goes_away(fraction: Any, random: Any, bits: int, variant: int) -> Any:
    """Whether a fraction rounds away from zero; it has bits + 2 bits, and the last is sticky."""
    if variant == 0:
        return (fraction >> 2) + random >= np.int64(1) << bits
    if variant == 1:
        return (fraction >> 1) + 2 * random + 1 >= np.int64(2) << bits
    kept, rest = fraction >> 2, fraction & 3
    nearest = kept + ((rest > 2) | ((rest == 2) & (kept & 1 == 1)))
    return nearest + random >= np.int64(1) << bits


@compiled
def _encode(cut: Cut, end: Finish, x: Array, random: Array, out: Array) -> None:
    bits = cut.random_bits + 2
    for i in range(x.shape[0]):
        magnitude: Any = np.int64(x[i] & lanes.MAGNITUDE)
        field = magnitude >> lanes.FRACTION_BITS
        significand = magnitude & ((1 << lanes.FRACTION_BITS) - 1)
        significand |= np.int64(field != 0) << lanes.FRACTION_BITS
        exponent = max(field, np.int64(1)) - lanes.BIAS - lanes.FRACTION_BITS
        leading = exponent + lanes.FRACTION_BITS
        while significand != 0 and significand >> lanes.FRACTION_BITS == 0:
            significand <<= 1
            exponent -= 1
            leading -= 1
        quantum = max(leading - cut.fraction_bits, cut.quantum)
        drop = quantum - exponent
        grow = max(-drop, np.int64(0))
        drop = min(max(drop, np.int64(0)), _MAX_SHIFT)
        whole = (significand << grow) >> drop
        rest = significand & ((np.int64(1) << drop) - 1)
        excess = max(drop - bits, np.int64(0))
        fraction = rest >> excess
        sticky = np.int64(fraction << excess != rest)
        fraction = (fraction << max(bits - drop, np.int64(0))) | sticky
        level = ((quantum - cut.quantum) << cut.fraction_bits) + whole
        if _goes_away(fraction, np.int64(random[i]), cut.random_bits, cut.variant):
            level += 1
        if leading > cut.last_exponent and significand != 0:
            level = np.int64(cut.beyond)
        out[i] = finish(end, np.int32(min(level, np.int64(cut.beyond))), x[i])
