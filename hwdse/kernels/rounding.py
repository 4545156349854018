"""Rounding of float64 values to a format inside a compiled loop.

A tuple of run-time numbers describes a format, so that one compiled kernel serves all formats.
Nearly every design rounds to nearest even. This rounding therefore has special tuple types and
special code: for all sums, for sums that cannot overflow, and for sums that are also multiples of
the smallest subnormal. All other directions share one tuple type.

All roundings use the same trick. For |x| in [2^e, 2^(e+1)) and M fraction bits, (|x| + C) - C with
C = 2^(e+52-M) rounds to the quantum 2^(e-M). The exponent e is at least the exponent of the
smallest normal, so that the same path serves subnormals.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import overload

from hwdse.formats import BinaryFloat, Integer
from hwdse.kernels.arithmetic import (
    ODD_MARGIN,
    bits_of,
    exponent_bits,
    float_like,
    with_sign_of,
)

_FLOAT64 = np.dtype(np.float64)
_BELOW_HALF = float(np.nextafter(0.5, 0.0))
_NEVER = 2.0


class NearestEven(NamedTuple):
    """Rounding to nearest, ties to even, in a carrier of 32 or 64 bits.

    Attributes:
        lowest_exponent: exponent field (in place) below which the quantum stays the same.
        to_fixed: the exponent field (in place) plus `to_fixed` is the pattern of C.
        largest: largest finite value.
        beyond: magnitude that replaces a rounded value above `largest`.
    """

    lowest_exponent: int
    to_fixed: int
    largest: float
    beyond: float


class Directed(NamedTuple):
    """Any rounding: the nearest multiple of the quantum, then a correction by its rest.

    Attributes:
        lowest_exponent: see `NearestEven`.
        to_fixed: see `NearestEven`.
        to_quantum: the exponent field minus `to_quantum` is the pattern of the quantum.
        largest: see `NearestEven`.
        up_positive: a positive value takes the next magnitude if its rest is above this fraction
            of the quantum.
        up_negative: the same for negative values.
        down_positive: a positive value takes the previous magnitude if its rest is below minus this
            fraction of the quantum.
        down_negative: the same for negative values.
        beyond_positive: magnitude that replaces a positive rounded value above `largest`.
        beyond_negative: magnitude that replaces a negative rounded value beyond -`largest`.
        infinite: magnitude that replaces infinity.
        zero_sign: mask of the sign that a zero sum takes from its terms (rounding down), else 0.
    """

    lowest_exponent: int
    to_fixed: int
    to_quantum: int
    largest: float
    up_positive: float
    up_negative: float
    down_positive: float
    down_negative: float
    beyond_positive: float
    beyond_negative: float
    infinite: float
    zero_sign: int


class NearestEvenBounded(NamedTuple):
    """Rounding to nearest even for sums that cannot overflow.

    Attributes:
        lowest_exponent: see `NearestEven`.
        to_fixed: the exponent field (in place) plus `to_fixed` is the pattern of 1.5 C, which
            serves sums of both signs.
    """

    lowest_exponent: int
    to_fixed: int


class NearestEvenInside(NamedTuple):
    """Rounding to nearest even for sums that cannot overflow or lie between subnormals.

    Zero sums are +0.

    Attributes:
        to_fixed: see `NearestEvenBounded`.
    """

    to_fixed: int


Rounding = NearestEven | NearestEvenBounded | NearestEvenInside | Directed


def can_round(
    target: BinaryFloat,
    rounding: str,
    top: int,
    carrier: npt.DTypeLike = np.float64,
    *,
    by_machine: bool = False,
) -> bool:
    """Whether compiled rounding in the carrier works for every value of the format.

    Args:
        target: the format.
        rounding: one of `ROUNDINGS`.
        top: log2 of a bound on the finite values before rounding.
        carrier: float32 or float64.
        by_machine: whether the processor itself rounds in this direction.
    """
    info = np.finfo(np.dtype(carrier))
    nearest_even = rounding == "rne" or by_machine
    lowest = target.lsb_exponent + (target.fraction_bits if nearest_even else 0)
    highest_fixed = top + info.nmant - target.fraction_bits
    return (
        target.signed
        and target.subnormals
        and target.precision + ODD_MARGIN <= info.nmant + 1
        and lowest >= info.minexp
        and target.max_exponent < info.maxexp
        and highest_fixed < info.maxexp
    )


def rounding_to(
    target: BinaryFloat,
    rounding: str,
    carrier: npt.DTypeLike = np.float64,
    *,
    to_infinity: bool = False,
    least: int | None = None,
) -> Rounding:
    """Rounding to a format that `can_round` accepts, with the format's own overflow.

    Zeros keep their sign, even if the format has no negative zero.

    Args:
        target: the format.
        rounding: one of `ROUNDINGS`.
        carrier: float32 or float64.
        to_infinity: in every direction, a rounded value beyond the largest value becomes the same
            as an infinity.
        least: exponent of the smallest magnitude that is rounded, if it is known.
    """
    lowest = target.lsb_exponent + target.fraction_bits
    return _rounding(
        fraction_bits=target.fraction_bits,
        lowest=lowest if least is None else max(lowest, least),
        largest=target.max,
        infinite=np.inf if target.overflow == "ieee" else target.max,
        rounding=rounding,
        carrier=np.dtype(carrier),
        to_infinity=to_infinity,
    )


def rounding_bounded(
    target: BinaryFloat, carrier: npt.DTypeLike, *, inside: bool = False
) -> NearestEvenBounded | NearestEvenInside:
    """Rounding to nearest even without a check for overflow.

    Args:
        target: a format that `can_round` accepts.
        carrier: float32 or float64.
        inside: whether all sums are multiples of the smallest subnormal.
    """
    dtype = np.dtype(carrier)
    integer: Any = np.dtype(f"i{dtype.itemsize}").type
    to_fixed = _to_fixed(target.fraction_bits, dtype)
    to_fixed = integer(to_fixed + integer(1 << (np.finfo(dtype).nmant - 1)))
    if inside:
        return NearestEvenInside(to_fixed)
    return NearestEvenBounded(_lowest_exponent(target, dtype), to_fixed)


def _lowest_exponent(target: BinaryFloat, carrier: np.dtype[Any]) -> int:
    info = np.finfo(carrier)
    integer: Any = np.dtype(f"i{carrier.itemsize}").type
    lowest = target.lsb_exponent + target.fraction_bits
    pattern: int = integer((lowest + info.maxexp - 1) << info.nmant)
    return pattern


def rounding_to_integer(target: Integer, rounding: str) -> Rounding:
    """Rounding to integers: a float whose quantum is one, up to beyond the integer's range."""
    return _rounding(
        fraction_bits=target.width + 1,
        lowest=target.width + 1,
        largest=2.0**target.width,
        infinite=2.0**target.width,
        rounding=rounding,
        carrier=_FLOAT64,
    )


def _rounding(
    *,
    fraction_bits: int,
    lowest: int,
    largest: float,
    infinite: float,
    rounding: str,
    carrier: np.dtype[Any],
    to_infinity: bool = False,
) -> Rounding:
    info = np.finfo(carrier)
    integer: Any = np.dtype(f"i{carrier.itemsize}").type
    lowest_exponent = integer((lowest + info.maxexp - 1) << info.nmant)
    to_fixed = _to_fixed(fraction_bits, carrier)
    if rounding == "rne":
        return NearestEven(
            lowest_exponent=lowest_exponent,
            to_fixed=to_fixed,
            largest=carrier.type(largest),
            beyond=carrier.type(infinite),
        )
    nearest, away, toward = (_BELOW_HALF, _NEVER), (0.0, _NEVER), (_NEVER, 0.0)
    positive, negative = {
        "rna": (nearest, nearest),
        "rtz": (toward, toward),
        "up": (away, toward),
        "down": (toward, away),
    }[rounding]
    number = carrier.type
    return Directed(
        lowest_exponent=lowest_exponent,
        to_fixed=to_fixed,
        to_quantum=integer(fraction_bits << info.nmant),
        largest=number(largest),
        up_positive=_at_most(positive[0], number),
        up_negative=_at_most(negative[0], number),
        down_positive=number(positive[1]),
        down_negative=number(negative[1]),
        beyond_positive=number(largest if positive == toward and not to_infinity else infinite),
        beyond_negative=number(largest if negative == toward and not to_infinity else infinite),
        infinite=number(infinite),
        zero_sign=integer(np.iinfo(integer).min if rounding == "down" else 0),
    )


def _at_most(fraction: float, number: Any) -> Any:
    """The fraction in the carrier, rounded down."""
    found = number(fraction)
    # NumPy would compare in the carrier.
    return found if float(found) <= fraction else np.nextafter(found, number(0))


def _to_fixed(fraction_bits: int, carrier: np.dtype[Any]) -> int:
    fraction = np.finfo(carrier).nmant
    integer: Any = np.dtype(f"i{carrier.itemsize}").type
    pattern: int = integer((fraction - fraction_bits) << fraction)
    return pattern


def round_sum(rounding: Any, total: float, signs: int) -> float:
    """Round the sum `total` (exact or rounded to odd); NaN stays NaN; for compiled code only.

    Args:
        rounding: the tuple of the format, or an adder's.
        total: the sum.
        signs: bit patterns of the terms, ORed; they give the sign of a zero sum.
    """
    raise TypeError("round_sum runs in compiled code only")


def is_tuple(tuple_type: Any, named: type) -> bool:
    """Whether a type of Numba is the type of such named tuples."""
    return isinstance(tuple_type, types.BaseNamedTuple) and tuple_type.instance_class is named


@overload(round_sum)
def _(rounding, total, signs):  # type: ignore[no-untyped-def]
    if is_tuple(rounding, NearestEven):

        def nearest_even(rounding, total, signs):  # type: ignore[no-untyped-def]
            # For an infinite sum, the pattern of C wraps to a finite C: the sum stays infinite.
            exponent = max(exponent_bits(total), rounding.lowest_exponent)
            fixed = float_like(total, exponent + rounding.to_fixed)
            rounded = (abs(total) + fixed) - fixed
            rounded = rounding.beyond if rounded > rounding.largest else rounded
            return with_sign_of(rounded, total)

        return nearest_even
    if is_tuple(rounding, NearestEvenBounded):

        def bounded(rounding, total, signs):  # type: ignore[no-untyped-def]
            exponent = max(exponent_bits(total), rounding.lowest_exponent)
            fixed = float_like(total, exponent + rounding.to_fixed)
            return with_sign_of((total + fixed) - fixed, total)

        return bounded
    if is_tuple(rounding, NearestEvenInside):

        def inside(rounding, total, signs):  # type: ignore[no-untyped-def]
            fixed = float_like(total, exponent_bits(total) + rounding.to_fixed)
            return (total + fixed) - fixed

        return inside
    if is_tuple(rounding, Directed):

        def directed(rounding, total, signs):  # type: ignore[no-untyped-def]
            pattern = bits_of(total)
            pattern = pattern | (signs & rounding.zero_sign) if total == 0 else pattern
            negative = pattern < 0
            magnitude = abs(total)
            exponent = max(exponent_bits(total), rounding.lowest_exponent)
            fixed = float_like(total, exponent + rounding.to_fixed)
            quantum = float_like(total, exponent - rounding.to_quantum)
            nearest = (magnitude + fixed) - fixed
            rest = magnitude - nearest
            up = rounding.up_negative if negative else rounding.up_positive
            down = rounding.down_negative if negative else rounding.down_positive
            rounded = nearest + quantum if rest > up * quantum else nearest
            rounded = nearest - quantum if rest < -(down * quantum) else rounded
            beyond = rounding.beyond_negative if negative else rounding.beyond_positive
            rounded = beyond if rounded > rounding.largest else rounded
            rounded = rounding.infinite if magnitude == np.inf else rounded
            return with_sign_of(rounded, float_like(total, pattern))

        return directed
    return None
