"""The precision-scalable unit: sums of the products of integers of several widths."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.bounds import within
from hwdse.golden.engines.mx import running_sums
from hwdse.golden.fixed_point import from_integers
from hwdse.golden.multiply.exact import exact_product
from hwdse.spec import Design
from hwdse.spec.engines.scalable import Mode, Scalable


def elements(unit: Scalable, mode: int, words: npt.ArrayLike, bits: int) -> Array:
    """The elements of words: integers of the words' shape, with the elements as a last axis.

    Args:
        unit: the unit.
        mode: number of the mode.
        words: words of an operand, Python integers.
        bits: width of an element.
    """
    count = _mode(unit, mode).products(unit.levels)
    slot = unit.word_bits // count
    codes = np.asarray(words, object)[..., None] >> slot * np.arange(count).astype(object)
    codes &= (1 << bits) - 1
    return np.asarray(np.where(codes >> bits - 1, codes - (1 << bits), codes), object)


def term(unit: Scalable, mode: int, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """The exact sum of the products of two words, as Python integers."""
    chosen = _mode(unit, mode)
    left = elements(unit, mode, a, chosen.a_bits)
    right = elements(unit, mode, b, chosen.b_bits)
    return np.asarray(np.sum(left * right, axis=-1, dtype=object), object)


def running(design: Design, mode: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """Every output of the unit during sums.

    Args:
        design: a design with `unit=scalable`.
        mode: number of the mode of each step, shape (sums, steps).
        a: words of the first operand, in the shape of `mode`, as Python integers.
        b: words of the second operand.

    Returns:
        Codes of `design.out` after each step.
    """
    unit = design.unit
    if not isinstance(unit, Scalable):
        raise SpecError(f"design {design}: unit={Scalable.keyword} is needed")
    given, left, right = np.asarray(mode), np.asarray(a, object), np.asarray(b, object)
    arrays = {name: held.copy() for name, held in vars(Unpacked.zeros(given.shape)).items()}
    for number in np.unique(given).tolist():
        there = given == number
        if unit.is_float(number):
            found = float_term(unit, left[there], right[there])
        else:
            found = from_integers(term(unit, number, left[there], right[there]), 0)
        for name, held in arrays.items():
            held[there] = vars(found)[name]
    return running_sums(design, within(Unpacked(**arrays), design.product))


def float_term(unit: Scalable, a: npt.ArrayLike, b: npt.ArrayLike) -> Unpacked:
    """The exact products of the floats in the low bits of two words. A zero is +0."""
    floats = unit.number_format
    assert floats is not None  # the mode exists
    ones = (1 << floats.bits) - 1
    x, y = (
        floats.unpack((np.asarray(words, object) & ones).astype(np.int64)).exact()
        for words in (a, b)
    )
    product = exact_product(x, y)
    return replace(product, sign=product.sign & ~product.zero)


def _mode(unit: Scalable, number: int) -> Mode:
    return unit.modes[min(number, len(unit.modes) - 1)]
