"""The packed unit: sums of the products of words, in formats that change from cycle to cycle."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import exact_sum
from hwdse.golden.bounds import within
from hwdse.golden.engines.mx import running_sums
from hwdse.golden.multiply.exact import exact_product
from hwdse.spec import Design, PackedProduct
from hwdse.spec.engines.simd import Simd


def elements(mul: PackedProduct, mode: Format, words: npt.ArrayLike) -> Array:
    """The codes in words: the words' shape, with the elements as a last axis."""
    given = np.asarray(words, np.int64)[..., None]
    codes = given >> mode.bits * np.arange(mul.word_bits // mode.bits)
    return np.asarray(codes & (1 << mode.bits) - 1)


def term(design: Design, mode: Format, a: npt.ArrayLike, b: npt.ArrayLike) -> Unpacked:
    """The exact sums of the products of words in a format.

    Args:
        design: a design with `unit=simd`.
        mode: format of the elements.
        a: words of the first operand, as integers.
        b: words of the second operand, in the shape of `a`.
    """
    mul = _packed_of(design)
    x, y = (mode.unpack(mode.check_codes(elements(mul, mode, words))).exact() for words in (a, b))
    products = exact_product(x, y)
    if mul.word_bits == mode.bits:
        return within(products[..., 0], design.product)
    total, lsb = exact_sum(products), mul.term(mode).exponent_min
    # All sums of a format count in the same units.
    up, down = (
        np.maximum(distance, 0).astype(object)
        for distance in (total.exponent - lsb, lsb - total.exponent)
    )
    significand = np.asarray((total.significand << up) >> down, object)
    return within(
        replace(total, significand=significand, exponent=np.full(total.shape, lsb, np.int64)),
        design.product,
    )


def running(design: Design, mode: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """Every output of the unit during sums.

    Args:
        design: a design with `unit=simd`.
        mode: number of the mode of each step, shape (sums, steps).
        a: words of the first operand, in the shape of `mode`, as integers.
        b: words of the second operand.

    Returns:
        Codes of `design.out` after each step.
    """
    modes, given = _packed_of(design).modes, np.asarray(mode)
    left, right = np.asarray(a, np.int64), np.asarray(b, np.int64)
    arrays = {name: held.copy() for name, held in vars(Unpacked.zeros(given.shape)).items()}
    for number in np.unique(given).tolist():
        there = given == number
        found = vars(term(design, modes[min(number, len(modes) - 1)], left[there], right[there]))
        for name, held in arrays.items():
            held[there] = found[name]
    return running_sums(design, Unpacked(**arrays))


def _packed_of(design: Design) -> PackedProduct:
    if not isinstance(design.mul, PackedProduct):
        raise SpecError(f"design {design}: unit={Simd.keyword} is needed")
    return design.mul
