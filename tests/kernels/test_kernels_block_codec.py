"""`kernels.encode_blocks` and `quantize_blocks` give the bits of the block formats themselves."""

import numpy as np
import pytest

from hwdse import formats, kernels
from hwdse.errors import FormatError

FAST = ("mxfp4", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp8_e4m3", "mxfp8_e5m2", "mxint8", "mxint4")
OTHERS = ("mxfp4:ceil", "nvfp4", "msfp12", "nf4_b64")


def _blocks() -> np.ndarray:
    """Blocks of near magnitudes of every scale, of anything, of subnormals, zeros and ties."""
    rng = np.random.default_rng(5)
    anything = rng.integers(0, 1 << 32, (4_000, 32), np.uint32)
    near = anything & np.uint32(0x807FFFFF)
    field = rng.integers(0, 255, (4_000, 1)) + rng.integers(-12, 2, (4_000, 32))
    near |= field.clip(0, 254).astype(np.uint32) << np.uint32(23)
    near[::3] &= np.uint32(0xFFF00000)
    zeros = anything[:20] & np.uint32(1 << 31)
    return np.concatenate([anything, near, near[:50] & np.uint32(0x807FFFFF), zeros]).view(
        np.float32
    )


@pytest.mark.parametrize("name", [*FAST, *OTHERS])
@pytest.mark.parametrize("threads", [1, 2])
def test_same_bits(name, threads):
    block_format = formats.get(name)
    x = _blocks()
    x = x if name in FAST else x[::8]
    quantized = block_format.encode(x)
    codes, scales = kernels.encode_blocks(block_format, x, threads=threads)
    np.testing.assert_array_equal(codes, quantized.codes)
    np.testing.assert_array_equal(scales, quantized.scales)
    assert (codes.dtype, scales.dtype) == (quantized.codes.dtype, quantized.scales.dtype)
    expected = block_format.decode(quantized)
    values = kernels.quantize_blocks(block_format, x, threads=threads)
    np.testing.assert_array_equal(values, expected)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(values[known]), np.signbit(expected[known]))
    exact = name in FAST and name != "mxint8"
    assert values.dtype == (np.float32 if exact else np.float64)
    assert x.size >= 30_000
    assert known.sum() > 10_000


@pytest.mark.parametrize("name", ["mxfp4", "mxint4", "nvfp4"])
def test_packed_nibbles(name):
    block_format = formats.get(name)
    x = _blocks()[:5_000:5]
    quantized = block_format.encode(x)
    nibbles, scales = kernels.encode_blocks(block_format, x, packed=True)
    assert nibbles.shape == (1_000, 16)
    np.testing.assert_array_equal(nibbles & 15, quantized.codes[:, 0::2])
    np.testing.assert_array_equal(nibbles >> 4, quantized.codes[:, 1::2])
    np.testing.assert_array_equal(scales, quantized.scales)


@pytest.mark.parametrize("name", ["mxfp4", "mxint8", "nvfp4"])
@pytest.mark.parametrize("columns", [12, 40])
def test_short_last_blocks(name, columns):
    block_format = formats.get(name)
    x = np.random.default_rng(3).normal(size=(2, 50, columns)).astype(np.float32)
    for amax in (None, 3.0):
        quantized = block_format.encode(x, tensor_amax=amax)
        codes, scales = kernels.encode_blocks(block_format, x, tensor_amax=amax)
        np.testing.assert_array_equal(codes, quantized.codes)
        np.testing.assert_array_equal(scales, quantized.scales)
    if name != "mxint8":
        nibbles, _ = kernels.encode_blocks(block_format, x, packed=True)
        np.testing.assert_array_equal(nibbles >> 4, block_format.encode(x).codes[..., 1::2])


def test_known_answer():
    """OCP MX v1.0 by hand: 5.7, -0.3, 1, 0.04, -2.6 on scale 2^0 are 6, -0.5, 1, 0, -3."""
    x = np.zeros(32, np.float32)
    x[:5] = 5.7, -0.3, 1.0, 0.04, -2.6
    codes, scales = kernels.encode_blocks(formats.get("mxfp4"), x)
    assert codes[:5].tolist() == [0x7, 0x9, 0x2, 0x0, 0xD]
    assert scales.tolist() == [127]


@pytest.mark.parametrize("shape", [(3, 5, 64), (64,), (2, 33), (7, 32), (0, 32), (4, 0)])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "f2", "f8", "i1"])
def test_shapes_and_types(shape, dtype):
    block_format = formats.get("mxfp4")
    x = (np.random.default_rng(1).normal(size=shape) * 9).astype(dtype)
    quantized = block_format.encode(x)
    codes, scales = kernels.encode_blocks(block_format, x)
    np.testing.assert_array_equal(codes, quantized.codes)
    np.testing.assert_array_equal(scales, quantized.scales)
    assert scales.shape == quantized.scales.shape
    np.testing.assert_array_equal(
        kernels.quantize_blocks(block_format, x), block_format.decode(quantized)
    )


def test_out_is_filled():
    block_format = formats.get("mxfp4")
    x = np.random.default_rng(1).normal(size=(8, 64)).astype(np.float32)
    codes, scales = np.empty((8, 32), np.uint8), np.empty((8, 2), np.uint8)
    found = kernels.encode_blocks(block_format, x, packed=True, out=(codes, scales))
    assert found[0] is codes
    assert found[1] is scales
    expected = kernels.encode_blocks(block_format, x, packed=True)
    np.testing.assert_array_equal(codes, expected[0])
    np.testing.assert_array_equal(scales, expected[1])
    with pytest.raises(FormatError, match="uint8 of shape"):
        kernels.encode_blocks(block_format, x, out=(codes, scales))


def test_eight_bits_do_not_pack():
    with pytest.raises(FormatError, match="does not pack"):
        kernels.encode_blocks(formats.get("mxfp8_e4m3"), np.zeros(32, np.float32), packed=True)
