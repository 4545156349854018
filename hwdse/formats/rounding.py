"""Rounding of exact values: the only place that drops bits."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.unpacked import Array, Unpacked

#: Names of the roundings. To nearest: ties to even (`rne`), away from zero (`rna`), or toward plus
#: infinity (`rhu`, round half up, HLS AP_RND). Directed: toward zero (`rtz`), plus infinity (`up`)
#: or minus infinity (`down`). To odd (`odd`). The three stochastic roundings of IEEE P3109 need
#: random bits.
ROUNDINGS = (
    "rne",
    "rna",
    "rhu",
    "rtz",
    "up",
    "down",
    "odd",
    "stochastic_a",
    "stochastic_b",
    "stochastic_c",
)
#: Roundings that need random bits.
STOCHASTIC_ROUNDINGS = ROUNDINGS[7:]
#: Names of the overflow policies, for a rounded value beyond the largest finite value.
#: `saturate` gives the largest value. `ieee` gives infinity; without infinity it gives NaN, and
#: without NaN the largest value. `propagate` saturates finite values and keeps infinities. `wrap`
#: drops the bits that do not fit (integers and fixed point only).
OVERFLOWS = ("saturate", "ieee", "propagate", "wrap")

_INT64_MAX_SHIFT = 63


@dataclass(frozen=True, kw_only=True)
class RandomBits:
    """Random bits for stochastic rounding.

    Attributes:
        values: unsigned integers below 2**bits, broadcastable to the rounded array.
        bits: number of random bits per value, 1..31.

    Raises:
        FormatError: the width or a value is out of range.
    """

    values: npt.NDArray[np.integer]
    bits: int

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 31:
            raise FormatError(f"{self.bits} random bits: 1 to 31 are allowed")
        values = np.asarray(self.values)
        if values.dtype.kind not in "iu" or np.any(values < 0) or np.any(values >= 1 << self.bits):
            raise FormatError(f"random bits must be integers from 0 to 2**{self.bits} - 1")


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where exact values lie among the levels of a format.

    Levels are counted outward from zero, on the side of the value's sign. A higher index is
    therefore always farther from zero.

    Attributes:
        index: int64, the last level that the magnitude reaches.
        fraction: int64, the discarded part of the step to the next level, in units of
            2**-fraction_bits and truncated. Its LSB is sticky: it is set if anything was cut off.
        odd: bool, True if rounding to even takes a tie to the next level.
        opposite: bool, True if this level lies on the other side of zero (formats without zero).
            Rounding toward zero then takes the next level, the innermost level of its side.
    """

    index: Array
    fraction: Array
    odd: Array
    opposite: Array | bool = False


def check_rounding(rounding: str) -> None:
    """Raise FormatError unless `rounding` is one of ROUNDINGS."""
    if rounding not in ROUNDINGS:
        raise FormatError(f"unknown rounding {rounding!r}: allowed are {', '.join(ROUNDINGS)}")


def check_overflow(overflow: str) -> None:
    """Raise FormatError unless `overflow` is one of OVERFLOWS."""
    if overflow not in OVERFLOWS:
        raise FormatError(f"unknown overflow {overflow!r}: allowed are {', '.join(OVERFLOWS)}")


def fraction_bits_of(rounding: str, random: RandomBits | None) -> int:
    """Bits of `Position.fraction` that decide this rounding, including the sticky bit.

    Raises:
        FormatError: the rounding is unknown, or a stochastic rounding has no random bits.
    """
    check_rounding(rounding)
    if rounding not in STOCHASTIC_ROUNDINGS:
        return 2
    if random is None:
        raise FormatError(f"rounding {rounding} needs random bits: pass random=RandomBits(...)")
    return random.bits + 2


def steps_away(
    position: Position, negative: Array, rounding: str, random: RandomBits | None = None
) -> Array:
    """Whether each value rounds to the next level away from zero.

    Sources: IEEE 754-2019 section 4.3; IEEE P3109 interim report, "RoundToPrecision" (rounding to
    odd and the stochastic roundings).
    """
    fraction, odd = position.fraction, position.odd
    bits = fraction_bits_of(rounding, random)
    half = 1 << (bits - 1)
    match rounding:
        case "rne":
            away = (fraction > half) | ((fraction == half) & odd)
        case "rna":
            away = fraction >= half
        case "rhu":
            away = (fraction > half) | ((fraction == half) & ~negative)
        case "rtz":
            away = (fraction > 0) & position.opposite
        case "up":
            away = (fraction > 0) & ~negative
        case "down":
            away = (fraction > 0) & negative
        case "odd":
            away = (fraction > 0) & ~odd
        case _:
            assert random is not None
            away = _stochastic_step(fraction, rounding, random)
    return np.asarray(away, bool)


def overflow_goes_away(rounding: str, negative: Array) -> Array:
    """Whether a rounded value beyond the largest value becomes infinite (IEEE 754-2019 7.4)."""
    match rounding:
        case "rtz" | "odd":
            return np.zeros(negative.shape, bool)
        case "up":
            return ~negative
        case "down":
            return negative
        case _:
            return np.ones(negative.shape, bool)


def split(significand: Array, drop: Array | int, fraction_bits: int) -> tuple[Array, Array]:
    """Whole part and sticky fraction of significand / 2**drop; `drop` may be negative.

    For int64 significands, the caller keeps the whole part within 62 bits.

    Returns:
        (whole, fraction): integers of the significand's dtype; `fraction` as in `Position`.
    """
    # NumPy turns object arrays without axes into plain integers: give every array an axis.
    shape = np.shape(significand)
    significand = np.atleast_1d(significand)
    drop = np.broadcast_to(np.atleast_1d(drop), significand.shape)
    most = _INT64_MAX_SHIFT
    if significand.dtype == object:
        drop, most = drop.astype(object), int(np.max(drop, initial=0))
    grow, drop = np.maximum(-drop, 0), np.maximum(drop, 0)
    if significand.dtype != object:
        grow = np.where(significand == 0, 0, grow)
    grown = significand << grow
    # int64 shifts end at 63 bits. The significand is below 2**62, so that the result is the same.
    short = np.minimum(drop, most)
    whole = grown >> short
    rest = grown - (whole << short)
    excess = np.minimum(np.maximum(drop - fraction_bits, 0), most)
    fraction = rest >> excess
    sticky = (fraction << excess) != rest
    fraction = (fraction << np.maximum(fraction_bits - drop, 0)) | sticky.astype(fraction.dtype)
    return whole.reshape(shape), fraction.astype(np.int64).reshape(shape)


def round_to_grid(
    value: Unpacked, lsb_exponent: Array | int, rounding: str, random: RandomBits | None = None
) -> Array:
    """Magnitude of `value` in units of 2**lsb_exponent, rounded once.

    For int64 significands, the caller keeps the result within 62 bits. NaN and infinity give 0.

    Returns:
        Integers of the significand's dtype, same shape as `value`.

    Raises:
        FormatError: the rounding is unknown, or a stochastic rounding has no random bits.
    """
    bits = fraction_bits_of(rounding, random)
    whole, fraction = split(value.significand, lsb_exponent - value.exponent, bits)
    odd = np.asarray(whole & 1).astype(bool)
    position = Position(index=whole, fraction=fraction, odd=odd)
    away = steps_away(position, value.sign, rounding, random)
    return np.asarray(whole + away.astype(whole.dtype), whole.dtype)


def _stochastic_step(fraction: Array, rounding: str, random: RandomBits) -> Array:
    """P3109 4.6.4: A truncates the fraction to N bits, B adds half a unit, C rounds it to even."""
    values = np.asarray(random.values).astype(np.int64)
    try:
        values = np.broadcast_to(values, fraction.shape)
    except ValueError as error:
        raise FormatError(
            f"random bits of shape {values.shape} for values of shape {fraction.shape}"
        ) from error
    n = random.bits  # the fraction has two bits more, the last one sticky
    if rounding == "stochastic_a":
        return (fraction >> 2) + values >= 1 << n
    if rounding == "stochastic_b":
        return (fraction >> 1) + 2 * values + 1 >= 1 << (n + 1)
    kept, rest = fraction >> 2, fraction & 3
    nearest = kept + ((rest > 2) | ((rest == 2) & (kept & 1 == 1)))
    return np.asarray(nearest + values >= 1 << n)
