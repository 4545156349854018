"""Sums of products of several widths, against a reference that owes the model nothing."""

from fractions import Fraction

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


def test_floats_and_integers_share_a_sum():
    design = Design.parse("a=int16,acc=kulisch,out=fp32,unit=scalable,floats=fp16")
    floats, rng, mode = design.unit.number_format, np.random.default_rng(2), len(design.unit.modes)
    values = [Fraction(0)]
    steps, words = [], ([], [])
    for _ in range(40):
        if rng.random() < 0.5:
            codes = rng.integers(0, 1 << 16, 2)
            numbers = floats.decode(codes)
            if not np.all(np.isfinite(numbers)):
                continue
            x, y = (Fraction(float(number)) for number in numbers)
            steps.append(int(rng.choice([mode, mode + 1, 15])))
        else:
            x, y = (int(number) for number in rng.integers(-(1 << 15), 1 << 15, 2))
            codes = [x & 0xFFFF, y & 0xFFFF]
            steps.append(0)
        for given, code in zip(words, codes, strict=True):
            given.append(int(code) | int(rng.integers(1 << 60)) << 16)
        values.append(values[-1] + Fraction(x) * Fraction(y))
    found = running(design, [steps], [words[0]], [words[1]])[0]
    assert np.array_equal(
        np.asarray(design.out.decode(found), float), [_rounded(value) for value in values[1:]]
    )
    assert len(set(steps)) == 4


def _rounded(value):
    """The nearest float32 of a fraction, ties to even."""
    near = np.float32(float(value))
    around = [np.nextafter(near, np.float32(-np.inf)), near, np.nextafter(near, np.float32(np.inf))]
    distance = [abs(Fraction(float(x)) - value) for x in around]
    least = [x for x, d in zip(around, distance, strict=True) if d == min(distance)]
    return float(next((x for x in least if x.view(np.uint32) % 2 == 0), least[0]))


def test_special_floats_end_a_sum():
    design = Design.parse("a=int8,acc=fp:fp32,unit=scalable,floats=bf16")
    bf16, mode = design.unit.number_format, len(design.unit.modes)
    nan, one, zero = (int(bf16.encode(x)) for x in (np.nan, 1.0, 0.0))
    inf = 0x7F80
    minus_zero = zero | 0x8000
    codes = running(
        design,
        [[mode, mode, 0], [mode, mode, 0], [0, mode, mode], [mode, 0, 0]],
        [[one, inf, 3], [nan, one, 3], [3, minus_zero, inf], [minus_zero, 0, 0]],
        [[one, one, 3], [one, one, 3], [3, one, zero], [one, 1, 1]],
    )
    shown = design.out.decode(codes)
    assert np.isposinf(shown[0, 1:]).all()
    assert np.isnan(shown[1]).all()
    assert shown[2, :2].tolist() == [9, 9]
    assert np.isnan(shown[2, 2])
    # A product of zero has no sign.
    assert codes[3].tolist() == [0, 0, 0]


def test_other_units_are_refused():
    with pytest.raises(SpecError, match="unit=scalable is needed"):
        running(Design.parse("a=int8,acc=int:32"), [[0]], [[0]], [[0]])
