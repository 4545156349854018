"""Sums of products of several widths, against a reference that owes the model nothing."""

import numpy as np
import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.golden.engines.scalable import running


def word(numbers, bits, total):
    """Integers in the low bits of slots of equal width."""
    slot = total // len(numbers)
    return sum((number & ((1 << bits) - 1)) << slot * k for k, number in enumerate(numbers))


@pytest.mark.parametrize("a", ["int4", "int8", "int16"])
def test_sums_are_those_of_the_integers(a):
    design = Design.parse(f"a={a},acc=int:32,unit=scalable")
    unit, rng = design.unit, np.random.default_rng(1)
    totals, steps, words = [], [], ([], [])
    total = 0
    for number, mode in [*enumerate(unit.modes)] * 3:
        count = mode.products(unit.levels)
        ends = [1 << mode.a_bits - 1, 1 << mode.b_bits - 1]
        sides = [rng.integers(-end, end, count).tolist() for end in ends]
        total += sum(x * y for x, y in zip(*sides, strict=True))
        for given, numbers, bits in zip(words, sides, (mode.a_bits, mode.b_bits), strict=True):
            given.append(word(numbers, bits, unit.word_bits))
        totals.append(total)
        steps.append(number)
    codes = running(design, [steps], [words[0]], [words[1]])[0]
    # int:32 wraps.
    assert [(int(code) - total) % (1 << 32) for code, total in zip(codes, totals, strict=True)] == [
        0
    ] * len(steps)


def test_known_products():
    design = Design.parse("a=int8,acc=int:32,unit=scalable")
    # 127 * -128, then 7 * -8 four times, then 1 * -2 sixteen times.
    a = [127, 0x07070707, 0x55555555]
    b = [0x80, 0x08080808, 0xAAAAAAAA]
    codes = running(design, [[0, 2, 5]], [a], [b])[0]
    assert design.out.decode(codes).tolist() == [-16256, -16256 - 224, -16256 - 224 - 32]


def test_other_units_are_refused():
    with pytest.raises(SpecError, match="unit=scalable is needed"):
        running(Design.parse("a=int8,acc=int:32"), [[0]], [[0]], [[0]])
