"""The arithmetic of each accumulator, one module per accumulator."""

from functools import singledispatch
from typing import Any

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import Unpacked
from hwdse.plugins import load_modules
from hwdse.spec import Accumulator, Design


@singledispatch
def load(acc: Accumulator, design: Design, value: Unpacked) -> Any:
    """A running sum that starts from `value`, rounded to a value that the accumulator can hold.

    Each accumulator defines the type of its running sum: an Unpacked record, or a class with more
    data. `add` and `read` take this type.
    """
    raise SpecError(f"accumulator {acc} has no golden rule")


@singledispatch
def add(acc: Accumulator, design: Design, state: Any, products: Unpacked) -> Any:
    """The running sum after one group of products.

    Args:
        acc: the accumulator, `design.acc`.
        design: the whole design, which gives the rounding and the bounds.
        state: running sums of any shape.
        products: the products of the group, in the shape of `state` plus one last axis.

    Returns:
        New running sums.
    """
    raise SpecError(f"accumulator {acc} has no golden rule")


@singledispatch
def read(acc: Accumulator, design: Design, state: Any) -> Unpacked:
    """The number that the encoder gets, within the bounds of `design.state`; by default `state`."""
    number: Unpacked = state
    return number


def exact_sum(terms: Unpacked, rounding: str = "rne") -> Unpacked:
    """Exact sums over the last axis, including special values.

    NaN is sticky. Infinities of both signs give NaN. If all terms have the same sign, an exact zero
    sum takes this sign. Otherwise the zero sum is +0, or -0 when rounding down (IEEE 754-2019
    section 6.3).
    """
    base = int(terms.exponent.min(initial=0))
    shift = (terms.exponent - base).astype(object)
    total = np.sum(terms.signed_significand << shift, axis=-1, dtype=object)
    total = np.asarray(total, object)
    plus_inf = np.any(terms.inf & ~terms.sign, axis=-1)
    minus_inf = np.any(terms.inf & terms.sign, axis=-1)
    nan = np.any(terms.nan, axis=-1) | (plus_inf & minus_inf)
    inf = (plus_inf | minus_inf) & ~nan
    zero_sign = np.any(terms.sign, axis=-1) if rounding == "down" else np.all(terms.sign, axis=-1)
    sign = np.where(total == 0, zero_sign, total < 0).astype(bool)
    # NumPy makes a plain number of one sum alone, and then wants it to fit 64 bits.
    magnitude = np.asarray(np.abs(total), object)
    return Unpacked(
        sign=np.where(inf, minus_inf, sign),
        significand=np.where(nan | inf, 0, magnitude),
        exponent=np.full(total.shape, base, np.int64),
        nan=nan,
        inf=inf,
    )


def with_state(state: Unpacked, products: Unpacked) -> Unpacked:
    """The terms of one step: the running sum and the products of the group, on one last axis."""
    return Unpacked(
        sign=np.concatenate([state.sign[..., None], products.sign], axis=-1),
        significand=np.concatenate([state.significand[..., None], products.significand], axis=-1),
        exponent=np.concatenate([state.exponent[..., None], products.exponent], axis=-1),
        nan=np.concatenate([state.nan[..., None], products.nan], axis=-1),
        inf=np.concatenate([state.inf[..., None], products.inf], axis=-1),
    )


load_modules(__name__, __path__)
