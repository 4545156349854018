"""Sums of products of packed words, against a reference that owes the model nothing."""

from fractions import Fraction

import numpy as np
import pytest
from reference import packed_words
from reference.dot_products import FusedSum
from reference.number_formats import Float

from hwdse import Design, golden
from hwdse.errors import SpecError
from hwdse.golden.engines.simd import elements, running, term
from hwdse.golden.multiply.exact import exact_product

SETS = [
    "e2m1fn|posit4_1|posit8_0|posit16_1",
    "fp16|bf16|e5m2|e4m3fn",
    "int4|int8|e5m2",
    "posit8_0|e2m1fn",
]
FP32 = Float(8, 23, 127)


def design_of(modes, acc="acc=fp:fp32"):
    widest = max(modes.split("|"), key=lambda name: packed_words.FORMATS[name].bits)
    return Design.parse(f"a={widest},{acc},unit=simd,modes={modes}")


def words(design, count, seed):
    return np.random.default_rng(seed).integers(0, 1 << design.a.bits, (2, count))


@pytest.mark.parametrize("modes", SETS)
def test_terms_are_exact(modes):
    design = design_of(modes)
    a, b = words(design, 800, 1)
    for name, mode in zip(modes.split("|"), design.unit.formats, strict=True):
        found = term(design, mode, a, b)
        values, bounds = found.to_fractions().tolist(), design.product
        special = found.nan | found.inf
        for k in range(len(a)):
            expected = packed_words.term(name, int(a[k]), int(b[k]), design.a.bits)
            if expected.special == "nan":
                assert found.nan[k]
            elif expected.special:
                assert found.inf[k]
                assert found.sign[k] == expected.negative
            else:
                assert values[k] == expected.number
        assert np.count_nonzero(~special) > 100
        numbers = found.signed_significand[~special]
        half = 1 << bounds.significand_bits - 1
        assert np.all((numbers >= -half) & (numbers < half))
        exponents = found.exponent[~special]
        assert np.all((exponents >= bounds.exponent_min) & (exponents <= bounds.exponent_max))


@pytest.mark.parametrize("modes", SETS)
def test_sums_are_rounded_once_per_cycle(modes):
    design = design_of(modes)
    names, reference = modes.split("|"), FusedSum(FP32)
    rng = np.random.default_rng(2)
    mode = rng.integers(0, len(names), (40, 6))
    a, b = (x.reshape(40, 6) for x in words(design, 240, 3))
    codes = running(design, mode, a, b)
    for row in range(40):
        state = reference.load(packed_words.Value(), "rne")
        for k in range(6):
            given = packed_words.term(
                names[mode[row, k]], int(a[row, k]), int(b[row, k]), design.a.bits
            )
            state = reference.add(state, [given], "rne")
            if state.special == "nan":
                assert np.isnan(design.out.decode(codes[row, k]))
            else:
                assert FP32.decode(int(codes[row, k])) == state


@pytest.mark.parametrize("acc", ["acc=fp:bf16", "acc=kulisch,out=fp32", "acc=aligned:F25"])
def test_a_mode_is_a_dot_of_its_format(acc):
    """Also where terms are aligned: narrow terms of these formats lose nothing."""
    modes = SETS[0]
    design = design_of(modes, acc)
    a, b = words(design, 600, 4).reshape(2, 100, 6)
    for number, (name, mode) in enumerate(zip(modes.split("|"), design.unit.formats, strict=True)):
        lanes = 16 // mode.bits
        dot = Design.parse(f"a={name},{acc},out={design.out},unit=dot,lanes={lanes}".replace(
            f"out=fp32,out={design.out}", f"out={design.out}"
        ))  # fmt: skip
        x, y = (elements(design.mul, mode, side).reshape(100, -1) for side in (a, b))
        found = running(design, np.full(a.shape, number), a, b)
        assert np.array_equal(found, golden.running_dot(dot, x, y))


def test_known_sums():
    design = design_of(SETS[0], "acc=kulisch,out=fp32")
    # 1.5 x 2 + 6 x -0.5 + 0 + 1 x 1, then 16 x 16 + 1/16 x 1/16 twice over, then 64 x -64, then pi.
    e2m1, posit4, posit8 = 0x2_0_7_3, 0x1_7_1_7, 0x00_7F
    a, b = [e2m1, posit4, posit8, 0x5922], [0x2_5_9_4, 0x1_7_1_7, 0x40_81, 0x4000]
    codes = running(design, [[0, 1, 2, 3]], [a], [b])[0]
    sums = np.cumsum([1.0, 2 * (256 + 2.0**-8), -4096.0, 3.1416015625])
    assert design.out.decode(codes).tolist() == sums.astype(np.float32).tolist()
    assert Fraction(sums[1]) == 1 + 2 * (256 + Fraction(1, 256))


def test_matrix_products_are_those_of_the_widest_format():
    design = design_of(SETS[0])
    plain = Design.parse("a=posit16_1,acc=fp:fp32")
    a, b = words(design, 12, 5)
    assert np.array_equal(golden.running_dot(design, a, b), golden.running_dot(plain, a, b))
    assert exact_product(design.a.unpack(a).exact(), design.a.unpack(b).exact()).shape == (12,)


def test_other_units_are_refused():
    with pytest.raises(SpecError, match="unit=simd is needed"):
        running(Design.parse("a=int8,acc=int:32"), [[0]], [[0]], [[0]])
