"""Additions that round, inside compiled loops: one overload for each kind of adder.

A tuple of run-time numbers describes the adder: a `Rounding` (the carrier adds, then `round_sum`
rounds), or one of the tuples here. Loops are written once and take any adder.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from hwdse.kernels.arithmetic import (
    bits_of,
    exponent_bits,
    float_like,
    sign_bits,
    to_odd,
    two_sum,
    with_sign_of,
)
from hwdse.kernels.direction import TO_NEAREST, set_direction
from hwdse.kernels.rounding import (
    Directed,
    NearestEven,
    NearestEvenBounded,
    NearestEvenInside,
    Rounding,
    is_tuple,
    round_sum,
)

#: Pattern of the first fraction bit.
_HALF_32 = 1 << 22


class Native(NamedTuple):
    """The carrier's own addition.

    Attributes:
        direction: rounding direction of the processor.
    """

    direction: int


class InDirection(NamedTuple):
    """The carrier's own addition in a direction, then rounding to a format in this direction.

    Attributes:
        direction: rounding direction of the processor.
        lowest_exponent: see `NearestEven`.
        to_fixed: see `NearestEven`.
        largest: see `NearestEven`.
        beyond_positive: see `Directed`.
        beyond_negative: see `Directed`.
        infinite: see `Directed`.
    """

    direction: int
    lowest_exponent: int
    to_fixed: int
    largest: float
    beyond_positive: float
    beyond_negative: float
    infinite: float


class Odd(NamedTuple):
    """Sums are rounded to odd in the carrier, then to a format.

    Attributes:
        rounding: rounding to the format.
    """

    rounding: Rounding


class Saturated(NamedTuple):
    """Sums that the carrier holds exactly, limited to a range.

    Attributes:
        smallest: the lower limit.
        largest: the upper limit.
    """

    smallest: float
    largest: float


class UnlessInexact(NamedTuple):
    """`fast` is right if the carrier does not round the sum, or the running sum is the larger term.

    Attributes:
        fast: rounding of the carrier's sum to the format.
        sure: the adder that is always right.
    """

    fast: Rounding
    sure: Odd


class UnlessTied(NamedTuple):
    """`fast` is right if the carrier's sum is not half-way between two values of the format.

    Attributes:
        fast: rounding of the carrier's sum to the format.
        sure: the adder that is always right.
    """

    fast: Rounding
    sure: Odd


_AFTER_THE_CARRIER = {Native, InDirection, NearestEven, NearestEvenBounded, NearestEvenInside}
#: Adders that do the same in every step.
_ALIKE = {*_AFTER_THE_CARRIER, Odd, Saturated}

Adder = Rounding | Native | InDirection | Odd | Saturated
Doubting = UnlessInexact | UnlessTied


def rounded_sum(adder: Any, x: float, y: float, signs: int, given: Any) -> float:
    """The sum of two numbers; for compiled code only.

    Args:
        adder: the adder.
        x: the running sum.
        y: the number to add.
        signs: bit patterns of the terms of `y`, ORed, if `y` is a sum itself; else 0.
        given: what `at_step` gives for this step; 0 if there is nothing.
    """
    raise TypeError("rounded_sum runs in compiled code only")


def at_step(adder: Any, step: int) -> Any:
    """What all additions of one step have in common; for compiled code only."""
    raise TypeError("at_step runs in compiled code only")


def note_signs(adder: Any, signs: Any, j: int, term: float, first: bool) -> None:
    """OR the sign of one more term into `signs[j]`, if the adder needs it; compiled code only."""
    raise TypeError("note_signs runs in compiled code only")


def noted_signs(adder: Any, signs: Any, j: int) -> int:
    """`signs[j]` if the adder needs it, else 0; for compiled code only."""
    raise TypeError("noted_signs runs in compiled code only")


def surety(adder: Any, x: float, y: float, total: float) -> int:
    """A number that is odd unless `total`, the carrier's sum of `x` and `y`, needs `sure`.

    For compiled code only.
    """
    raise TypeError("surety runs in compiled code only")


def enter(adder: Any) -> None:
    """Set the processor's rounding direction; for compiled code only."""
    raise TypeError("enter runs in compiled code only")


def leave(adder: Any) -> None:
    """Set the processor's rounding direction back; for compiled code only."""
    raise TypeError("leave runs in compiled code only")


def one_and_a_half_fixed(rounding: Any, total: float) -> int:
    """Pattern of 1.5 C for a sum, see `Rounding`; for compiled code only."""
    raise TypeError("one_and_a_half_fixed runs in compiled code only")


def _needs_signs(adder: Any) -> bool:
    return is_tuple(adder, Odd) and is_tuple(adder.types[0], Directed)


@overload(rounded_sum)
def _(adder, x, y, signs, given):  # type: ignore[no-untyped-def]
    if is_tuple(adder, Saturated):

        def saturated(adder, x, y, signs, given):  # type: ignore[no-untyped-def]
            total = x + y
            total = adder.largest if total > adder.largest else total
            return adder.smallest if total < adder.smallest else total

        return saturated
    if _needs_signs(adder):

        def odd_with_signs(adder, x, y, signs, given):  # type: ignore[no-untyped-def]
            nearest, error = two_sum(x, y)
            noted = signs | sign_bits(x) | sign_bits(y)
            return round_sum(adder.rounding, to_odd(nearest, error), noted)

        return odd_with_signs
    if is_tuple(adder, Odd):

        def odd(adder, x, y, signs, given):  # type: ignore[no-untyped-def]
            nearest, error = two_sum(x, y)
            return round_sum(adder.rounding, to_odd(nearest, error), 0)

        return odd
    if isinstance(adder, types.BaseNamedTuple) and adder.instance_class in _AFTER_THE_CARRIER:
        return lambda adder, x, y, signs, given: round_sum(adder, x + y, 0)
    return None


@overload(round_sum)
def _(rounding, total, signs):  # type: ignore[no-untyped-def]
    if is_tuple(rounding, Native):
        return lambda rounding, total, signs: total
    if is_tuple(rounding, Odd):
        return lambda rounding, total, signs: round_sum(rounding.rounding, total, signs)
    if is_tuple(rounding, InDirection):

        def machine(rounding, total, signs):  # type: ignore[no-untyped-def]
            # C has the sign of the sum, so that the sum does not change its side of zero.
            exponent = max(exponent_bits(total), rounding.lowest_exponent)
            fixed = with_sign_of(float_like(total, exponent + rounding.to_fixed), total)
            magnitude = abs((total + fixed) - fixed)
            beyond = rounding.beyond_negative if bits_of(total) < 0 else rounding.beyond_positive
            magnitude = beyond if magnitude > rounding.largest else magnitude
            magnitude = rounding.infinite if abs(total) == np.inf else magnitude
            return with_sign_of(magnitude, total)

        return machine
    return None


@overload(at_step)
def _(adder, step):  # type: ignore[no-untyped-def]
    if isinstance(adder, types.BaseNamedTuple) and adder.instance_class in _ALIKE:
        return lambda adder, step: 0
    return None


@overload(note_signs)
def _(adder, signs, j, term, first):  # type: ignore[no-untyped-def]
    if not _needs_signs(adder):
        return lambda adder, signs, j, term, first: None

    def noted(adder, signs, j, term, first):  # type: ignore[no-untyped-def]
        signs[j] = sign_bits(term) if first else signs[j] | sign_bits(term)

    return noted


@overload(noted_signs)
def _(adder, signs, j):  # type: ignore[no-untyped-def]
    if not _needs_signs(adder):
        return lambda adder, signs, j: 0
    return lambda adder, signs, j: signs[j]


@overload(one_and_a_half_fixed)
def _(rounding, total):  # type: ignore[no-untyped-def]
    if is_tuple(rounding, NearestEvenInside):
        return lambda rounding, total: exponent_bits(total) + rounding.to_fixed
    half = 0 if is_tuple(rounding, NearestEvenBounded) else _HALF_32

    def pattern(rounding, total):  # type: ignore[no-untyped-def]
        exponent = max(exponent_bits(total), rounding.lowest_exponent)
        return exponent + (rounding.to_fixed + half)

    return pattern


@overload(surety)
def _(adder, x, y, total):  # type: ignore[no-untyped-def]
    if is_tuple(adder, UnlessInexact):
        # If y is the larger term, total - y is exact.
        return lambda adder, x, y, total: np.int32(-1) if total - y == x else np.int32(0)
    if is_tuple(adder, UnlessTied):

        def untied(adder, x, y, total):  # type: ignore[no-untyped-def]
            # Half-way sums go to the even one of two neighbours, whether C is even or odd. All
            # others move with C.
            pattern = one_and_a_half_fixed(adder.fast, total)
            even, odd = float_like(total, pattern), float_like(total, pattern + 1)
            return bits_of(total + even) ^ bits_of(total + odd)

        return untied
    return None


@overload(enter)
def _(adder):  # type: ignore[no-untyped-def]
    if not (is_tuple(adder, Native) or is_tuple(adder, InDirection)):
        return lambda adder: None

    def entered(adder):  # type: ignore[no-untyped-def]
        if adder.direction != TO_NEAREST:
            set_direction(adder.direction)

    return entered


@overload(leave)
def _(adder):  # type: ignore[no-untyped-def]
    if not (is_tuple(adder, Native) or is_tuple(adder, InDirection)):
        return lambda adder: None

    def left(adder):  # type: ignore[no-untyped-def]
        if adder.direction != TO_NEAREST:
            set_direction(TO_NEAREST)

    return left
