"""Shapes, axes, types, special values and what is guaranteed of results."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import RandomBits

INF, NAN = np.inf, np.nan
SOME = ["mxfp4", "mxfp8_e5m2", "nvfp4", "fp4_ue5m3", "dfp8", "affine:uint4:32", "afpq:e2m1fn:32",
        "realbias:e2m1:32", "nvfp4:four_over_six", "block:ternary:32:fp16:absmean",
        "select:nvfp4|nvint4"]  # fmt: skip


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(6).normal(size=shape) * 3


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_blocks_lie_along_the_axis(name, axis):
    quantizer, x = formats.get(name), values(9, 40, 33).astype(np.float32)
    got = quantizer.quantize(x, axis=axis)
    moved = np.ascontiguousarray(np.moveaxis(x, axis, -1))
    np.testing.assert_array_equal(np.moveaxis(got, axis, -1), quantizer.quantize(moved))
    assert got.shape == quantizer.encode(x, axis).codes.shape == x.shape


@pytest.mark.parametrize(
    "name", ["mxfp4", "fp4_ue5m3", "affine:uint4:32", "afpq:e2m1fn:32", "select:mxfp4|mxint4"]
)
def test_a_short_last_block_is_a_block(name):
    quantizer, x = formats.get(name), values(3, 70)
    size = quantizer.block.columns
    parts = [quantizer.quantize(x[:, k : k + size]) for k in range(0, 70, size)]
    np.testing.assert_array_equal(quantizer.quantize(x), np.concatenate(parts, axis=1))
    assert quantizer.encode(x).scales.shape[-2:] == (3, -(-70 // size))


def test_short_tiles():
    quantizer, x = formats.get("block:e2m1fn:4x8:fp16"), values(2, 6, 11)
    quantized = quantizer.encode(x)
    assert quantized.scales.shape == (2, 2, 2)
    got = quantizer.decode(quantized)
    whole = formats.get("block:e2m1fn:tensor:fp16")
    for index in np.ndindex(2, 2, 2):
        rows, columns = slice(4 * index[1], 4 * index[1] + 4), slice(8 * index[2], 8 * index[2] + 8)
        part = (index[0], rows, columns)
        np.testing.assert_array_equal(got[part], whole.quantize(x[part]))


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 32), (2, 0, 5)])
def test_empty_arrays(name, shape):
    quantizer = formats.get(name)
    assert quantizer.quantize(np.zeros(shape)).shape == shape
    assert quantizer.quantize(np.zeros(shape, int), axis=0).shape == shape


@pytest.mark.parametrize("name", SOME)
def test_single_numbers_and_wrong_axes_are_refused(name):
    quantizer = formats.get(name)
    with pytest.raises(FormatError, match="no axis"):
        quantizer.encode(1.0)
    with pytest.raises(FormatError, match="axis 2 of an array with 2 axes: -2 to 1"):
        quantizer.encode(np.zeros((2, 2)), axis=2)


def test_tiles_need_the_last_two_axes():
    with pytest.raises(FormatError, match="one of the last two axes"):
        formats.get("nvfp4_2d").encode(np.zeros((2, 3, 4)), axis=0)
    with pytest.raises(FormatError, match="one of the last two axes"):
        formats.get("nvfp4_2d").encode(np.zeros(4))


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("dtype", [np.complex128, object, "U3", "M8[s]"])
def test_other_types_are_refused(name, dtype):
    with pytest.raises(FormatError, match="floats up to 64 bits or integers"):
        formats.get(name).encode(np.zeros(3, dtype))


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("dtype", ["f2", ">f4", ">f8", "<f4", "i1", ">i4", "u2", "i8", "?"])
def test_types_and_layouts_change_nothing(name, dtype):
    quantizer = formats.get(name)
    x = np.clip(values(10, 66) * 9, 0 if np.dtype(dtype).kind in "ub" else -99, 99).astype(dtype)
    expected = quantizer.quantize(np.ascontiguousarray(x, np.float64))
    np.testing.assert_array_equal(quantizer.quantize(x), expected)
    np.testing.assert_array_equal(quantizer.quantize(np.asfortranarray(x)), expected)
    wide = np.repeat(x, 2, axis=1)[:, ::2]
    assert not wide.flags.contiguous
    np.testing.assert_array_equal(quantizer.quantize(wide), expected)
    assert x.size == 660


def test_integers_beyond_float64_are_exact():
    big = 2**62 + 1
    quantizer = formats.get("block:int8_sym:4:e8m0")
    # Ties that float64 cannot see: 64.5 units of 2^56, and a little more.
    x = np.array([127 * 2**55, (129 * 2**54), 129 * 2**54 + 1, -(2**63)])
    scale = 2.0**57
    np.testing.assert_array_equal(quantizer.quantize(x), np.array([32, 16, 16, -64]) * scale)
    y = np.array([2**62, 2**55, 2**55 + 1, 3 * 2**55])
    np.testing.assert_array_equal(quantizer.quantize(y), np.array([64, 0, 1, 2]) * 2.0**56)
    assert formats.get("dfp16").quantize([big]).shape == (1,)
    top = np.array([2**64 - 1, 2**63], np.uint64)
    np.testing.assert_array_equal(quantizer.quantize(top), [127 * 2.0**57, 2.0**63])


# --- special values ----------------------------------------------------------------------------


def test_elements_with_nan_and_infinity_keep_them():
    x = np.array([NAN, 1, -INF, 2.5])
    np.testing.assert_array_equal(formats.get("mxfp8_e5m2").quantize(x), x)
    np.testing.assert_array_equal(formats.get("mxfp8_e4m3").quantize(x), [NAN, 1, NAN, 2.5])


@pytest.mark.parametrize(
    "name", ["mxfp4", "mxint8", "nvfp4", "fp4_ue5m3", "msfp12", "nf4_b64", "affine:uint8:16",
             "afpq:e2m1fn:16", "realbias:e2m1:16", "select:mxfp4|mxint4"]
)  # fmt: skip
@pytest.mark.parametrize("special", [NAN, INF, -INF])
def test_other_elements_make_their_block_nan(name, special):
    quantizer = formats.get(name)
    x = values(4, quantizer.block.columns)
    clean = quantizer.quantize(x)
    x[1, 3] = special
    got = quantizer.quantize(x)
    assert np.isnan(got[1]).all()
    if name != "nvfp4":
        np.testing.assert_array_equal(got[[0, 2, 3]], clean[[0, 2, 3]])
    assert np.isfinite(got[[0, 2, 3]]).all()


def test_without_any_nan_infinities_are_the_largest_and_nan_is_zero():
    quantizer = formats.get("block:int4_sym:4:uq4_4")
    np.testing.assert_array_equal(quantizer.quantize([INF, -INF, NAN, 7]), [7, -7, 0, 7])


@pytest.mark.parametrize("name", formats.block_names())
def test_zeros_have_the_smallest_scale_and_zero_elements(name):
    quantizer = formats.get(name)
    quantized = quantizer.encode(np.zeros((32, 64)))
    assert not quantized.scales.any()
    assert quantized.tensor_scale == 1
    np.testing.assert_array_equal(quantizer.element.decode(quantized.codes), np.zeros((32, 64)))
    np.testing.assert_array_equal(quantizer.decode(quantized), np.zeros((32, 64)))


def test_scales_end_where_their_format_does():
    quantizer = formats.get("mxfp4")
    quantized = quantizer.encode([[1e300, 1e290], [1e-300, 2.0**-130]])
    np.testing.assert_array_equal(quantized.scales, [[254], [0]])
    np.testing.assert_array_equal(quantizer.decode(quantized), [[6 * 2.0**127] * 2, [0, 0]])


def test_a_scale_rounded_to_zero_makes_zeros():
    quantizer = formats.get("block:e2m1fn:16:ue4m3")
    quantized = quantizer.encode([1e-9, -1e-9])
    np.testing.assert_array_equal(quantized.scales, [0])
    np.testing.assert_array_equal(quantized.codes, [0, 8])


@pytest.mark.parametrize("name", ["nvfp4", "nvint4", "block:e2m1fn:16:ue4m3:amax:fp32"])
def test_a_part_of_a_tensor_is_as_in_the_whole(name):
    quantizer, x = formats.get(name), values(8, 40)
    amax = float(np.abs(x).max())
    whole, part = quantizer.encode(x), quantizer.encode(x[2:5], tensor_amax=amax)
    assert part.tensor_scale == whole.tensor_scale == quantizer.tensor_scale_of(amax) != 1
    np.testing.assert_array_equal(part.codes, whole.codes[2:5])
    np.testing.assert_array_equal(part.scales, whole.scales[2:5])
    # What is larger than the tensor was said to be saturates.
    np.testing.assert_array_equal(
        quantizer.decode(quantizer.encode(4 * x, tensor_amax=amax)),
        quantizer.decode(quantizer.encode(np.clip(4 * x, -amax, amax), tensor_amax=amax)),
    )


def test_formats_without_a_tensor_scale_ignore_the_tensor():
    quantizer, x = formats.get("mxfp4"), values(2, 40)
    assert quantizer.tensor_scale_of(3.0) == 1
    np.testing.assert_array_equal(
        quantizer.encode(x, tensor_amax=9).codes, quantizer.encode(x).codes
    )


# --- guarantees --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4", "mxint6", "mxint4",
             "msfp12", "msfp16", "mxfp4:ceil", "mxfp8_e4m3:ceil", "mxint4:ceil", "mxfp4:even",
             "mxfp6_e2m3:even", "mxint6:even", "fp4_ue5m3", "fp4_ue5m3fn"]
)  # fmt: skip
def test_results_are_their_own_results(name):
    quantizer = formats.get(name)
    # Scales of UE5M3 stay normal numbers.
    x = values(300, 64) * 2.0 ** np.random.default_rng(2).integers(-8, 12, (300, 1))
    once = quantizer.quantize(x)
    np.testing.assert_array_equal(quantizer.quantize(once), once)
    assert once.size == 19200


def test_the_lone_most_negative_integer_is_no_such_result():
    once = formats.get("mxint8").quantize([-1.999, 1 / 64])
    assert np.any(formats.get("mxint8").quantize(once) != once)


@pytest.mark.parametrize(
    "name", ["mxfp4", "nvfp4", "fp4_ue5m3", "affine:uint8:32", "afpq:e2m1fn:32"]
)
@pytest.mark.parametrize("rounding", ["rtz", "up", "down", "rna"])
def test_roundings_are_of_the_elements(name, rounding):
    quantizer, x = formats.get(name), values(20, 64).astype(np.float32)
    nearest, other = quantizer.encode(x), quantizer.encode(x, rounding=rounding)
    np.testing.assert_array_equal(nearest.scales, other.scales)
    got = quantizer.decode(other)
    # float32 products of rule nv may land a rounding beyond an exact level.
    slack = 1e-6 * np.abs(x)
    inside = np.abs(quantizer.element.decode(other.codes)) < quantizer.element.max
    if rounding == "rtz":
        assert np.all(np.abs(got) <= np.abs(x) + slack)
    elif rounding == "up" and not name.startswith("affine"):
        assert np.all((got >= x - slack)[inside])
    elif rounding == "down" and not name.startswith("affine"):
        assert np.all((got <= x + slack)[inside])
    assert got.size == 1280


def test_stochastic_rounding_is_right_on_average():
    quantizer = formats.get("mxfp4")
    x = np.tile([6.0, 0.3, -1.2, 3.4], (20000, 1))
    random = RandomBits(values=np.random.default_rng(9).integers(0, 1 << 16, x.shape), bits=16)
    got = quantizer.quantize(x, rounding="stochastic_b", random=random)
    np.testing.assert_allclose(got.mean(axis=0), x[0], atol=0.02)
    with pytest.raises(FormatError, match="random bits"):
        quantizer.quantize(x, rounding="stochastic_b")
    with pytest.raises(FormatError, match="unknown rounding"):
        quantizer.quantize(x, rounding="nearest")
