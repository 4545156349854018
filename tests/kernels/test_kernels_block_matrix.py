"""Matrix products of block formats: the bits of golden, from float64."""

import numpy as np
import pytest
from sampled import some

from hwdse import Design
from hwdse.errors import ShapeError, SpecError
from hwdse.golden.engines.mx import block_products as golden_products
from hwdse.golden.engines.mx import running_blocks
from hwdse.kernels import block_matmul, block_products

SPECS = [
    "a=mxfp4,acc=fp:fp32,unit=mx",
    "a=nvfp4,acc=kulisch,out=fp32,unit=mx",
    "a=mxfp4,b=mxint8,acc=fp:bf16,rounding=down,unit=mx,blocks=2",
    "a=mxfp8_e4m3,acc=fp:fp32,unit=mx",
    "a=nvint4,b=mxfp6_e2m3,acc=fp:fp16,rounding=rtz,unit=mx",
    "a=mxfp6_e3m2,acc=kulisch:8,out=bf16,unit=mx",
    "a=fp4_ue5m3,b=nvfp4,acc=fp:fp32,unit=mx",
    "a=int8,b=block:int4_sym:48:fp16,acc=fp:fp32,unit=mx",
    "a=affine:uint4:16:bf16,b=affine:uint3:48:fp16,acc=fp:bf16,unit=mx",
    "a=mxfp8_e5m2,acc=fp:fp32,unit=mx",  # products of elements, too wide for float64 with scales
    "a=mxfp8_e5m2,acc=kulisch,out=fp32,unit=mx",
    "a=nvfp4,acc=fp:fp32:kahan,unit=mx",
    "a=nvfp4,acc=fp:bf16:sr8,unit=mx",
    "a=mxfp8_e4m3,b=mxfp4,acc=fp:bf16:tree,unit=mx,blocks=3",
    "a=int8,b=block:int4:16:fp32,acc=fp:fp32,unit=mx",  # scales of any precision beside none
]


@pytest.mark.parametrize("kind", ["data", "codes"])
@pytest.mark.parametrize("spec", some(SPECS, 3))
def test_matrix_products_have_the_bits_of_golden(spec: str, kind: str) -> None:
    design = Design.parse(spec)
    rng = np.random.default_rng(2)
    m, k, n = 5, 144, 4
    given = []
    for block, rows in zip(design.operands, (m, n), strict=True):
        quantized = block.encode(rng.normal(size=(rows, k)))
        codes, scales = quantized.codes, quantized.scales
        if kind == "codes":
            f, s = block.element, block.scale
            codes = rng.integers(0, 1 << f.bits, codes.shape)
            special = ~np.isfinite(f.decode(codes)) & (rng.random(codes.shape) < 0.99)
            codes = np.where(special, int(f.encode(1.0)), codes)
            near = s.encode(np.exp2(rng.integers(-5, 6, scales.shape))).astype(np.int64)
            scales = np.where(
                rng.random(scales.shape) < 0.9, near, rng.integers(0, 1 << s.bits, scales.shape)
            )
        given.append((codes, scales))
    (a, a_scales), (b, b_scales) = given
    found = block_matmul(design, a, a_scales, b.T, b_scales.T)
    pair = np.repeat(np.arange(m), n), np.tile(np.arange(n), m)
    expected = running_blocks(design, a[pair[0]], a_scales[pair[0]], b[pair[1]], b_scales[pair[1]])[
        :, -1
    ]
    assert np.array_equal(found.ravel(), expected)


@pytest.mark.parametrize(
    "spec", ["a=mxfp4,unit=mxmul", "a=nvfp4,b=mxfp6_e3m2,out=bf16,rounding=up,unit=mxmul"]
)
def test_products_of_blocks_have_the_bits_of_golden(spec: str) -> None:
    design = Design.parse(spec)
    rng = np.random.default_rng(4)
    (a, b), size = design.operands, design.unit.size
    x, y = a.encode(rng.normal(size=(3, 96))), b.encode(rng.normal(size=(2, 96)))
    found = block_products(design, x.codes, x.scales, y.codes.T, y.scales.T)
    assert found.shape == (3, 96 // size, 2)
    x_scales, y_scales = (
        q.scales.repeat(one.block.columns // size, -1) for q, one in ((x, a), (y, b))
    )
    for m, n in np.ndindex(3, 2):
        given = x.codes[m].reshape(-1, size), x_scales[m], y.codes[n].reshape(-1, size), y_scales[n]
        products = golden_products(design, *given)
        expected = design.out.pack(products, design.rounding, design.out.overflow)
        assert np.array_equal(found[m, :, n], expected)


def test_a_unit_without_running_sum_has_no_matrix_product() -> None:
    design = Design.parse("a=mxfp4,unit=mxmul")
    codes, scales = np.zeros((1, 64), np.uint8), np.zeros((1, 2), np.uint8)
    with pytest.raises(SpecError, match="unit mxmul has no running sum"):
        block_matmul(design, codes, scales, codes.T, scales.T)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("a=mxfp8_e5m2,acc=fp:fp32:kahan,unit=mx", "have no fast kernel"),
        ("a=mxfp8_e5m2,acc=fp:fp32,rounding=down,unit=mx", "have no fast kernel"),
        ("a=mxfp4,acc=aligned:F35,unit=mx", "aligned:F35 of products of blocks"),
        ("a=mxfp4,acc=kulisch:1,unit=mx", "may wrap"),
        ("a=e4m3fn,acc=fp:fp32", r"use kernels\.matmul"),
    ],
)
def test_what_has_no_kernel_is_refused(spec: str, message: str) -> None:
    codes, scales = np.zeros((1, 64), np.uint8), np.zeros((1, 2), np.uint8)
    with pytest.raises(SpecError, match=message):
        block_matmul(Design.parse(spec), codes, scales, codes.T, scales.T)


def test_shapes_that_do_not_match() -> None:
    design = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx")
    codes, scales = np.zeros((1, 64), np.uint8), np.zeros((1, 2), np.uint8)
    with pytest.raises(ShapeError, match="one scale for 32 elements"):
        block_matmul(design, codes, scales[:, :1], codes.T, scales.T)
    with pytest.raises(ShapeError, match="64 and of 32 terms"):
        block_matmul(design, codes, scales, codes[:, :32].T, scales[:, :1].T)
