"""Fast encoding of blocks gives the codes and scales that the format itself gives."""

import numpy as np
import pytest
from sampled import some

from hwdse import Design, formats, kernels
from hwdse.formats import BlockFormat

BLOCKS = [
    *("nvfp4", "nvint4", "fp4_ue5m3", "nvfp4:four_over_six", "nvfp4_2d", "mxfp4:ceil", "msfp12"),
    *("mxint8:even", "nf4_b64"),
    *("block:int4_sym:32:fp16", "block:int8:32:bf16", "block:e4m3fn:128:fp32"),
    "block:e5m2:7:bf16",
    *("block:posit8_1:16:e4m3fn", "block:ternary:64:bf16:absmean", "block:e2m3fn:16:e8m0:search"),
    *(
        "block:e2m1fn:16x8:ue5m3",
        "block:int8:tensor:fp32",
        "block:fp16:9:bf16",
        "block:uint4:5:bf16",
    ),
    *("block:e2m1fn:16:ue4m3:amax:fp32", "block:int8:16:ue4m3:amax:e8m0"),
]
OPERANDS = [
    *("int8", "e4m3fn", "e5m2", "posit16_1", "int16", "uint8", "hif8"),
    *("affine:uint4:32:bf16", "affine:uint2:8:fp32", "affine:uint8:128:fp16"),
]
#: Irrational thresholds, and values in 64 bits: the format's own way.
OWN_WAY = ["block:lns8_g4:16:bf16", "block:e11m52:4:bf16", "block:int8:32:lns8_g8"]


def operand(name: str) -> BlockFormat:
    """Element formats and affine integers as they stand beside a block format."""
    beside = f"a={name},b=block:int4_sym:16:ue4m3,acc=kulisch,out=fp32,unit=mx"
    return Design.parse(beside).operands[0]


def values(dtype: type, rng: np.random.Generator) -> np.ndarray:
    """Rows of many magnitudes: normal, with few bits (ties), with outliers, tiny, huge, zeros."""
    normal = rng.normal(size=(60, 144)) * 2.0 ** rng.integers(-20, 20, (60, 1))
    normal[10:20] = np.round(normal[10:20] * 4 / np.abs(normal[10:20]).max(-1, keepdims=True) * 8)
    normal[20:25, ::7] *= 1000
    normal[25:30] *= 2.0 ** rng.integers(-60, 60, (5, 144))
    normal[30:33] *= 2.0**-120
    normal[33:36] *= 2.0**100
    normal[36:39, :80] = 0
    normal[39] = -np.abs(normal[39])
    normal[40] = np.abs(normal[40])
    normal[41, ::2] = -0.0
    with np.errstate(over="ignore"):
        return normal.astype(dtype)


def check(block: BlockFormat, x: np.ndarray, amax: float | None) -> None:
    known = {} if amax is None else {"tensor_amax": amax}
    expected = block.encode(x, **known)
    codes, scales = kernels.encode_blocks(block, x, **known)
    assert (codes.dtype, scales.dtype) == (expected.codes.dtype, expected.scales.dtype)
    np.testing.assert_array_equal(scales, expected.scales)
    np.testing.assert_array_equal(codes, expected.codes)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("name", some([*BLOCKS, *OPERANDS, *OWN_WAY], 3))
def test_same_bits(name: str, dtype: type) -> None:
    block = operand(name) if name in OPERANDS else formats.get(name)
    x = values(dtype, np.random.default_rng(7))
    x = x[np.isfinite(x).all(-1)]
    assert len(x) > 20
    for amax in (None, 3.0) if block.tensor_scale is not None else (None,):
        check(block, x, amax)
    check(block, x.reshape(len(x), 4, 36)[:5], None)
    check(block, x[:0], None)
    if block.block.rows == 1:
        check(block, x[0], None)


@pytest.mark.parametrize("name", ["nvfp4", "block:int4_sym:32:fp16", "affine:uint4:32:bf16"])
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, 5e-324, 1e39])
def test_special_values(name: str, special: float) -> None:
    block = operand(name) if name in OPERANDS else formats.get(name)
    x = values(np.float64, np.random.default_rng(8))[:8]
    x[3, 5] = special
    check(block, x, None)


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64])
def test_integers(kind: type) -> None:
    x = np.random.default_rng(9).integers(0, 100, (4, 64)).astype(kind)
    check(formats.get("block:int4_sym:32:fp16"), x, None)


def test_many_values_are_encoded_in_parts() -> None:
    x = np.random.default_rng(10).normal(size=(1100, 129)).astype(np.float32)
    x[1099, 128] = 9.0  # in the last part, and the largest of the tensor
    check(formats.get("nvfp4"), x, None)


@pytest.mark.long
def test_quotients_next_to_thresholds() -> None:
    """Values whose quotient is a threshold, or the floats next to one."""
    rng, compared = np.random.default_rng(11), 0
    for name in ("block:int8:16:bf16", "block:e4m3fn:16:fp16", "block:int32:16:fp32"):
        block = formats.get(name)
        codes = np.arange(1 << min(block.element.bits, 12)) << max(block.element.bits - 12, 0)
        low, high = (block.element.decode(codes | last) for last in (0, 1))
        half = ((low + high) / 2)[np.isfinite(low + high)]
        scale = block.scale.quantize(np.exp(rng.normal(size=(4000, 1))))
        x = rng.choice(half, (4000, 16)) * scale  # of int32, rounded: not the threshold itself
        x[:, 0] = block.element.max * scale[:, 0]
        for dtype in (np.float32, np.float64):
            near = x.astype(dtype)
            step = rng.integers(-1, 2, near.shape)
            near = np.where(step == 0, near, np.nextafter(near, np.where(step > 0, 1e30, -1e30)))
            check(block, near.astype(dtype), None)
            compared += near.size
    assert compared >= 380_000
