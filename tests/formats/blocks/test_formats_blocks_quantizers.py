"""Affine integers, AFPQ, LLM-FP4, row tables and self-selected blocks against their definitions."""

import json
from dataclasses import replace
from fractions import Fraction
from math import floor, log2

import numpy as np
import pytest
from reference.number_formats import ALL, Float, real

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats.blocks import BlockSize, RowTables


def rounded(name: str, x: Fraction) -> Fraction:
    """Nearest value of a named format, ties to even."""
    return nearest(ALL[name], x)


def nearest(reference: Float, x: Fraction) -> Fraction:
    return reference.decode(reference.encode(real(x))).number


def groups(size: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(12)
    x = rng.normal(size=(count, size)) * 2.0 ** rng.integers(-6, 6, (count, 1))
    x[1::4] = np.abs(x[1::4])
    x[2::4] = -np.abs(x[2::4])
    x[3::8] = np.round(x[3::8] * 8) / 8
    x[0], x[-1] = 0, x[-1] * 1e-40
    return x


# --- affine ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "bits", "scale"),
    [
        ("affine:uint8:16", 8, "fp32"),
        ("affine:uint4:16:bf16", 4, "bf16"),
        ("affine:uint2:16:fp16", 2, "fp16"),
    ],
)
def test_affine_integers(name, bits, scale):
    x, top = groups(16, 120), 2**bits - 1
    quantizer = formats.get(name)
    quantized = quantizer.encode(x)
    expected, zeros = [], []
    for row in x.tolist():
        v = [Fraction(value) for value in row]
        low, high = min(0, *v), max(0, *v)
        s = rounded(scale, (high - low) / top)
        z = min(max(round(-low / s), 0), top) if s else 0
        codes = [min(max(round(value / s) + z, 0), top) if s else z for value in v]
        zeros.append([z])
        expected.append([float(s * (code - z)) for code in codes])
    np.testing.assert_array_equal(quantized.offsets, zeros)
    np.testing.assert_array_equal(quantizer.decode(quantized), expected)
    assert x.size == 1920
    assert np.any(quantizer.decode(quantized)[x == 0] == 0)


def test_affine_scale_beyond_its_format_saturates():
    got = formats.get("affine:uint8:4:fp16").quantize([1e300, -1e300, 5.0, 0.0])
    np.testing.assert_array_equal(got, [65504.0 * 0, -65504.0 * 255, 0, 0])


def test_affine_of_one_sign_keeps_zero():
    got = formats.get("affine:uint8:tensor").quantize([5.0, 6.0])
    np.testing.assert_allclose(got, [5, 6], atol=6 / 255)


# --- AFPQ --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "element", "scale"),
    [
        ("afpq:e2m1fn:16", Float(2, 1, 1, "finite"), "fp16"),  # 0 .5 1 1.5 2 3 4 6
        ("afpq:e2m0finite:16:bf16", Float(2, 0, 1, "finite"), "bf16"),  # 0 1 2 4
    ],
)
def test_afpq(name, element, scale):
    x, quantizer = groups(16, 120), formats.get(name)
    quantized = quantizer.encode(x)
    assert quantized.scales.shape == (2, 120, 1)
    expected = []
    for row in x.tolist():
        ends = [max(0.0, *(sign * v for v in row)) for sign in (1, -1)]
        scales = [rounded(scale, Fraction(end) / element.max) for end in ends]
        sides = [scales[v < 0] for v in row]
        expected.append([
            float(nearest(element, Fraction(v) / s) * s) if s else 0.0
            for v, s in zip(row, sides, strict=True)
        ])  # fmt: skip
    np.testing.assert_array_equal(quantizer.decode(quantized), expected)
    assert x.size == 1920


# --- LLM-FP4 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("e", "m"), [(2, 1), (1, 2), (3, 0), (3, 4), (4, 3)])
def test_real_valued_bias(e, m):
    x = groups(32, 100)[1:-1]
    quantizer = formats.get(f"realbias:e{e}m{m}:32")
    quantized = quantizer.encode(x)
    got = quantizer.decode(quantized)
    biases = quantizer.biases(quantized)
    compared = 0
    for row, values, (b,) in zip(x.tolist(), got.tolist(), biases.tolist(), strict=True):
        # The paper's formulas in float64: equal but for rounding and what lies beside a tie.
        clip = (2 - 2.0**-m) * 2.0 ** (2**e - 1 - b)
        assert clip == pytest.approx(max(map(abs, row)), rel=1e-7)
        assert quantizer.clip_of(b) == pytest.approx(clip)
        for v, value in zip(row, values, strict=True):
            size = min(abs(v), clip)
            p = max(1, floor(log2(size) + b)) if size else 1
            step = 2.0 ** (p - m - b)
            if abs(size / step % 1 - 0.5) > 1e-6:
                expected = step * round(size / step)
                assert abs(value) == pytest.approx(expected, rel=1e-6), (v, b)
                compared += 1
    assert compared > 2500


def test_real_valued_bias_in_fractions():
    x, quantizer = groups(16, 100), formats.get("realbias:e2m1:16")
    expected = []
    for row in x.tolist():
        s = rounded("fp32", max(abs(Fraction(v)) for v in row) / 6)
        values = [rounded("e2m1fn", Fraction(v) / s) * s if s else Fraction(0) for v in row]
        expected.append([float(v) for v in values])
    np.testing.assert_array_equal(quantizer.quantize(x), expected)
    assert x.size == 1600


def test_a_given_clip():
    quantizer = formats.get("realbias:e2m1:tensor")
    np.testing.assert_array_equal(quantizer.quantize([100, 1.0, -3], clip=12.0), [12, 1, -3])
    for clip in (0, -1, np.inf, np.nan):
        with pytest.raises(FormatError, match="positive finite"):
            quantizer.encode([1.0], clip=clip)


def test_the_searched_clip_is_the_best_of_the_grid():
    x = np.random.default_rng(3).standard_t(4, size=(6, 64))
    plain, search = formats.get("realbias:e2m1:64"), formats.get("realbias:e2m1:64:search")
    got = search.quantize(x)
    for row, found in zip(x, got, strict=True):
        errors = []
        for percent in range(20, 121):
            exact = Fraction(float(np.abs(row).max())) * percent / 100
            scale = float(rounded("fp32", exact / 6))
            errors.append(np.sum((plain.quantize(row, clip=scale * 6) - row) ** 2))
        assert np.sum((found - row) ** 2) == pytest.approx(min(errors), rel=1e-12)


# --- row tables --------------------------------------------------------------------------------

_DRAW = np.random.default_rng(1)
LEVELS = np.array([np.sort(_DRAW.choice(256, 16, replace=False)) / 16 for _ in range(5)])


def row_reference(row, levels, scale, size):
    values = []
    for start in range(0, len(row), size):
        v = [Fraction(x) for x in row[start : start + size]]
        offset = rounded(scale, min(v))
        s = rounded(scale, max(Fraction(0), max(v) - offset) / (len(levels) - 1))
        for x in v:
            y = (x - offset) / s if s else Fraction(0)
            _, k = min((abs(Fraction(float(level)) - y), k) for k, level in enumerate(levels))
            values.append(float(Fraction(float(levels[k])) * s) + float(offset))
    return values


@pytest.mark.parametrize("scale", ["bf16", "fp16", "fp32"])
def test_row_tables(scale):
    x = groups(75, 5).astype(np.float32)
    x[-1] *= np.float32(1e30)
    x[0, 40:] = 3.3
    x[1] = np.round(x[1] * 4) / 4
    quantizer = RowTables.of(LEVELS, BlockSize.parse("32"), formats.parse(scale))
    expected = [row_reference(r, t, scale, 32) for r, t in zip(x.tolist(), LEVELS, strict=True)]
    np.testing.assert_array_equal(quantizer.quantize(x), expected)
    np.testing.assert_array_equal(quantizer.quantize(x.T, axis=0).T, expected)
    assert x.size == 375
    assert quantizer.encode(x).scales.shape == quantizer.encode(x).offsets.shape == (5, 3)
    assert quantizer.bits_per_element == 4 + 2 * (32 if scale == "fp32" else 16) / 32


def test_ties_go_to_the_lower_level():
    quantizer = RowTables.of([0, 1, 2, 3], BlockSize.parse("tensor"), formats.parse("fp32"))
    x = [[0, 0.5, 1.5, 2.5, 3, np.nextafter(0.5, 1)]]
    np.testing.assert_array_equal(quantizer.encode(x).codes, [[0, 0, 1, 2, 3, 1]])


def test_levels_from_a_file(tmp_path):
    path = tmp_path / "levels.json"
    path.write_text(json.dumps(LEVELS.tolist()), encoding="utf-8")
    quantizer = formats.get(f"any:32:bf16:{path}")
    assert quantizer == formats.get(quantizer.name)
    x = groups(64, 5)
    direct = RowTables.of(LEVELS, BlockSize.parse("32"), formats.parse("bf16"))
    np.testing.assert_array_equal(quantizer.quantize(x), direct.quantize(x))


def test_row_tables_and_special_values():
    quantizer = RowTables.of(range(4), BlockSize.parse("2"), formats.parse("bf16"))
    got = quantizer.quantize([[1.0, 4.0, np.nan, 1.0, np.inf, np.inf, 5.0]])
    np.testing.assert_array_equal(np.isnan(got), [[0, 0, 1, 1, 1, 1, 0]])
    np.testing.assert_array_equal(got[0, [0, 1, 6]], [1, 4, 5])
    assert quantizer.quantize(np.zeros((3, 0))).shape == (3, 0)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([0, 1, 2], "rows of 3 levels"),
        ([0, 1], "rows of 2 levels"),
        ([[0, 1, 1, 2]], "ascending"),
        ([[0, 1, 2, np.nan]], "ascending finite"),
    ],
)
def test_levels_are_checked(levels, message):
    with pytest.raises(FormatError, match=message):
        RowTables.of(levels, BlockSize.parse("32"), formats.parse("bf16"))


def test_row_tables_check_what_they_are_given():
    quantizer = RowTables.of(LEVELS, BlockSize.parse("32"), formats.parse("bf16"))
    for x in (np.zeros((4, 32)), np.zeros(32), np.zeros((5, 5, 32))):
        with pytest.raises(FormatError, match="two axes are needed, and 5 rows"):
            quantizer.encode(x)
    with pytest.raises(FormatError, match="nearest level"):
        quantizer.encode(np.zeros((5, 32)), rounding="rtz")
    with pytest.raises(FormatError, match="signed scales with NaN"):
        RowTables.of(LEVELS, BlockSize.parse("32"), formats.parse("e8m0"))


# --- self-selected blocks ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mxfp4|mxint4", "nvint4|nvfp4", "nvfp4|fp4_ue5m3|nvint4"])
def test_each_block_has_the_format_of_least_error(name):
    quantizer = formats.get(f"select:{name}")
    options = quantizer.options
    x = np.concatenate([groups(64, 40), np.random.default_rng(3).standard_t(3, (40, 64))])
    x[0] = 0
    size = quantizer.block.columns
    each = [option.quantize(x).reshape(len(x), -1, size) for option in options]
    errors = [np.square(one - x.reshape(each[0].shape)).sum(-1) for one in each]
    quantized = quantizer.encode(x)
    got = quantizer.decode(quantized).reshape(each[0].shape)
    least = np.square(got - x.reshape(got.shape)).sum(-1)
    np.testing.assert_allclose(least, np.min(errors, axis=0), rtol=1e-12)
    for place, one in enumerate(each):
        chosen = quantized.choices == place
        assert chosen.sum() > 10
        np.testing.assert_array_equal(got[chosen], one[chosen])
    assert (quantized.choices[0] == 0).all()  # of equal ones, the first
    np.testing.assert_array_equal(quantizer.quantize(x.T, axis=0).T, quantizer.quantize(x))
    assert (
        quantizer.bits_per_element
        == options[0].bits_per_element + (len(options) - 1).bit_length() / size
    )


def test_self_selected_blocks_decode_from_their_codes():
    quantizer = formats.get("select:mxfp4|mxint4")
    x = np.random.default_rng(4).standard_t(3, (8, 64))
    quantized = quantizer.encode(x)
    swapped = replace(quantized, codes=quantized.codes ^ 8)  # the sign of mxfp4
    floats = quantized.blocking.spread(quantized.choices == 0)
    before, after = quantizer.decode(quantized), quantizer.decode(swapped)
    assert floats.any()
    np.testing.assert_array_equal(after[floats], -before[floats])
