"""Rounding of exact values to a grid, the one place where bits are dropped."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.unpacked import Array, Unpacked

#: Directions: to nearest with ties to even or away from zero, toward zero, toward plus or minus
#: infinity, and stochastic (IEEE P3109 StochasticA, which takes random bits).
ROUNDINGS = ("rne", "rna", "rtz", "up", "down", "stochastic")
#: What happens to a rounded value beyond the largest finite one: clamp it there, or give infinity
#: (NaN in a format without infinity, the largest value in one without either).
OVERFLOWS = ("saturate", "ieee")

_INT64_MAX_SHIFT = 63


@dataclass(frozen=True, kw_only=True)
class RandomBits:
    """Random bits for stochastic rounding.

    Attributes:
        values: unsigned integers below 2**bits, broadcastable to the rounded array.
        bits: number of random bits per value, 1..31.

    Raises:
        FormatError: a width or values out of range.
    """

    values: npt.NDArray[np.integer]
    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 31:
            raise FormatError(f"{self.bits} random bits: 1 to 31 are allowed")
        values = np.asarray(self.values)
        if values.dtype.kind not in "iu" or np.any(values < 0) or np.any(values >= 1 << self.bits):
            raise FormatError(f"random bits must be integers from 0 to 2**{self.bits} - 1")


def check_rounding(rounding: str) -> None:
    """Raise FormatError unless `rounding` is one of ROUNDINGS."""
    if rounding not in ROUNDINGS:
        raise FormatError(f"unknown rounding {rounding!r}: allowed are {', '.join(ROUNDINGS)}")


def check_overflow(overflow: str) -> None:
    """Raise FormatError unless `overflow` is one of OVERFLOWS."""
    if overflow not in OVERFLOWS:
        raise FormatError(f"unknown overflow {overflow!r}: allowed are {', '.join(OVERFLOWS)}")


def round_to_grid(
    value: Unpacked, lsb_exponent: Array | int, rounding: str, random: RandomBits | None = None
) -> Array:
    """Magnitude of `value` in units of 2**lsb_exponent, rounded once.

    The caller keeps the result within 62 bits for int64 significands. NaN and infinity give 0.

    Returns:
        Integers of the significand's dtype, same shape as `value`.

    Raises:
        FormatError: an unknown rounding, or stochastic rounding without random bits.
    """
    check_rounding(rounding)
    # NumPy turns object arrays without axes into plain integers: give every array an axis.
    significand, sign = np.atleast_1d(value.significand), np.atleast_1d(value.sign)
    drop = np.atleast_1d(lsb_exponent - value.exponent)
    if significand.dtype == object:
        drop = drop.astype(object)
    grow, drop = np.maximum(-drop, 0), np.maximum(drop, 0)
    true_drop = drop
    if significand.dtype != object:
        # int64 shifts end at 63; the significand is below 2**62, so nothing else changes.
        drop = np.minimum(drop, _INT64_MAX_SHIFT)
        grow = np.where(significand == 0, 0, grow)
    kept = (significand << grow) >> drop
    rest = (significand << grow) - (kept << drop)
    one = drop * 0 + 1
    half = np.where(drop > 0, one << np.maximum(drop - 1, 0), one)
    odd = (kept & 1).astype(bool)
    match rounding:
        case "rne":
            increment = (rest > half) | ((rest == half) & odd)
        case "rna":
            increment = rest >= half
        case "rtz":
            increment = np.zeros(kept.shape, bool)
        case "up":
            increment = (rest > 0) & ~sign
        case "down":
            increment = (rest > 0) & sign
        case _:
            increment = _stochastic_increment(rest, true_drop, random)
    rounded = kept + np.asarray(increment, bool).astype(kept.dtype)
    return np.asarray(rounded, kept.dtype).reshape(value.shape)


def _stochastic_increment(rest: Array, drop: Array, random: RandomBits | None) -> Array:
    """P3109 StochasticA: up if floor(fraction * 2^N) + R >= 2^N."""
    if random is None:
        raise FormatError("stochastic rounding needs random bits: pass random=RandomBits(...)")
    values = np.asarray(random.values)
    try:
        values = np.broadcast_to(values, rest.shape)
    except ValueError as error:
        raise FormatError(
            f"random bits of shape {values.shape} for values of shape {rest.shape}"
        ) from error
    exact_rest, exact_drop = rest.astype(object), drop.astype(object)
    fraction = (exact_rest << random.bits) >> exact_drop
    return np.asarray(fraction + values.astype(object) >= 1 << random.bits, bool)
