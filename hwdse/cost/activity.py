"""How often the numbers inside a unit change: the energy of logic is in proportion to it.

The golden model computes products and running sums of normally distributed operands. From cycle to
cycle, the bits of each number change, as it stands in a register of significand, exponent and sign,
or as a word of two's complement. The activity of a block is the geometric mean of the numbers that
pass through it. Random bits have activity 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from hwdse.cost.families import switching
from hwdse.cost.stimuli import SEED, block_trace, normal_codes
from hwdse.errors import SpecError
from hwdse.formats import Unpacked
from hwdse.golden.accumulate import add, load, read
from hwdse.golden.dot import products
from hwdse.golden.engines.mx import block_products
from hwdse.spec import BlockProduct, Design, Dot

_Integers = npt.NDArray[np.object_]

CYCLES, SUMS = 16, 8
"""Cycles that are looked at, and independent sums in each of them."""

_MOST_LANES = 16
"""More lanes change the activity little, and take long."""

_LEAST = 0.02

THROUGH: Mapping[str, tuple[str, ...]] = {
    "decode": ("operands",),
    "multiply": ("operands", "operands", "products"),
    "accumulate": ("terms", "words", "sums", "products"),
    "encode": ("words", "sums"),
}
"""Numbers that pass through a block. A number that is named twice counts twice."""


@dataclass(frozen=True, kw_only=True)
class NumberActivity:
    """Mean changes per bit and cycle, relative to random bits.

    Attributes:
        operands: codes of the operands.
        products: significand, exponent and sign of the products.
        terms: the products as words of two's complement.
        sums: significand, exponent and sign of the running sums. Without sums, as `products`.
        words: the running sums as words of two's complement. Without sums, as `terms`.
    """

    operands: float
    products: float
    terms: float
    sums: float
    words: float

    def of_blocks(self) -> dict[str, float]:
        """Activity by name of a block."""
        return {
            block: float(np.exp(np.mean([np.log(getattr(self, name)) for name in names])))
            for block, names in THROUGH.items()
        }


def activity_of(design: Design) -> NumberActivity:
    """Activity of a design on normally distributed operands.

    Registers and output format of the design have no influence. A design without golden rules
    counts as random.
    """
    unit = design.unit.plain()
    if isinstance(unit, Dot):
        unit = replace(unit, lanes=min(unit.lanes, _MOST_LANES))
    return _activity(replace(design, unit=unit))


@lru_cache(maxsize=4096)
def _activity(design: Design) -> NumberActivity:
    (a, _), (b, _) = switching(design.a), switching(design.b)
    operands = float(np.sqrt(a * b))
    try:
        given, sums = _numbers(design)
    except SpecError:
        return NumberActivity(operands=operands, products=1.0, terms=1.0, sums=1.0, words=1.0)
    parts, terms = _changes_in_parts(given), _changes_of_words(given)
    return NumberActivity(
        operands=operands,
        products=parts,
        terms=terms,
        sums=_changes_in_parts(sums) if sums else parts,
        words=_changes_of_words(sums) if sums else terms,
    )


def _numbers(design: Design) -> tuple[list[Unpacked], list[Unpacked]]:
    """Products of the first lane, and running sums, cycle by cycle; each has shape (SUMS,)."""
    each = _products(design, (CYCLES, SUMS, design.unit.group))
    given = [each[cycle, :, 0] for cycle in range(CYCLES)]
    sums: list[Unpacked] = []
    if design.acc is not None:
        state = load(design.acc, design, Unpacked.from_numbers(np.zeros(SUMS)))
        for cycle in range(CYCLES):
            state = add(design.acc, design, state, each[cycle])
            sums.append(read(design.acc, design, state))
    return given, sums


def _products(design: Design, shape: tuple[int, int, int]) -> Unpacked:
    """Products of normally distributed operands; for block formats, products of blocks."""
    rng = np.random.default_rng(SEED)
    count = shape[0] * shape[1] * shape[2]
    if isinstance(design.mul, BlockProduct):
        trace = block_trace(design.mul, count, rng)
        parts = [trace[name].reshape(*shape, -1) for name in ("a", "a_scale", "b", "b_scale")]
        return block_products(design, parts[0], parts[1][..., 0], parts[2], parts[3][..., 0])
    codes = (normal_codes(fmt, count, rng) for fmt in (design.a, design.b))
    return products(design, *(item.reshape(shape) for item in codes))


def _changes_in_parts(numbers: Sequence[Unpacked]) -> float:
    """Changes of normalised significands, of exponents and of signs, per bit."""
    significands = np.array([number.significand for number in numbers], object)
    exponents = np.array([number.exponent for number in numbers], object)
    signs = np.array([number.sign for number in numbers]).astype(int).astype(object)
    lengths = _lengths(significands)
    width = max(int(lengths.max()), 1)
    exponents = exponents - (width - lengths)
    # A zero has no exponent of its own.
    exponents = np.where(significands == 0, exponents.min(), exponents) - exponents.min()
    bits = max(int(exponents.max()).bit_length(), 1)
    changes = _changes(significands << (width - lengths)) + _changes(exponents) + _changes(signs)
    return max(changes / (width + bits + 1), _LEAST)


def _changes_of_words(numbers: Sequence[Unpacked]) -> float:
    """Changes of words of two's complement, as wide as the largest number needs, per bit."""
    significands = np.array([number.significand for number in numbers], object)
    exponents = np.array([number.exponent for number in numbers], object)
    signs = np.array([number.sign for number in numbers])
    finite = significands != 0
    if not finite.any():
        return _LEAST
    above = np.where(finite, exponents - exponents[finite].min(), 0)
    signed = np.asarray(np.where(signs, -significands, significands), object)
    words: _Integers = np.left_shift(signed, above)
    width = int(_lengths(words).max()) + 1
    return max(_changes(words & ((1 << width) - 1)) / width, _LEAST)


def _lengths(numbers: _Integers) -> _Integers:
    lengths: _Integers = np.frompyfunc(lambda number: int(number).bit_length(), 1, 1)(numbers)
    return lengths


def _changes(words: _Integers) -> float:
    """Mean number of bits that change from one row to the next, twice: random bits change half."""
    flips = np.frompyfunc(lambda word: int(word).bit_count(), 1, 1)(words[1:] ^ words[:-1])
    return 2 * float(np.mean(flips.astype(np.float64)))
