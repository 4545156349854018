"""Fast products, fused multiply-adds and conversions give the golden model's bits."""

from itertools import product

import numpy as np
import pytest

from hwdse import Design, golden, kernels
from hwdse.errors import SpecError
from hwdse.spec import Multiplier
from hwdse.verify.stimulus.operands import corner_codes

ROUNDINGS = ("rne", "rna", "rtz", "up", "down")
FMA = (
    "a=e5m2",
    "a=e4m3fn",
    "a=e2m1fn",
    "a=e5m2,c=bf16",
    "a=e4m3fn,c=fp16,out=e4m3fn",
    "a=bf16",
    "a=fp16,b=e4m3fn",
    "a=fp32",
    "a=e5m2fnuz,b=int8,out=bf16",
    "a=int8,c=int16",
    "a=posit8_0",
    "a=posit16_1",
    "a=e4m3fn,mul=lmul,c=bf16",
)
MUL = ("a=e5m2", "a=bf16", "a=int8,out=int16", "a=posit8_2", "a=fp32", "a=e4m3fn,mul=lmul")


def operands(design: Design, rng: np.random.Generator, count: int) -> list[np.ndarray]:
    """Corners by corners, then random codes, of every operand."""
    formats = [design.a, design.b, *([] if design.c is None else [design.c])]
    corners = [corner_codes(f) for f in formats]
    grids = [grid.ravel() for grid in np.meshgrid(*corners)]
    chosen = rng.permutation(grids[0].size)[:count]
    return [
        np.concatenate([grid[chosen], rng.integers(0, 1 << f.bits, count, np.uint64)]).astype(int)
        for grid, f in zip(grids, formats, strict=True)
    ]


@pytest.mark.parametrize(("spec", "rounding"), [*product(FMA, ROUNDINGS)])
def test_fma_is_golden(spec: str, rounding: str) -> None:
    design = Design.parse(f"{spec},unit=fma,rounding={rounding}")
    a, b, c = operands(design, np.random.default_rng(0), 1500)
    expected = golden.fma(design, a, b, c)
    result = kernels.fma(design, a, b, c)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)
    assert expected.size >= 1700


@pytest.mark.parametrize(("spec", "rounding"), [*product(MUL, ROUNDINGS)])
def test_mul_is_golden(spec: str, rounding: str) -> None:
    design = Design.parse(f"{spec},unit=mul,rounding={rounding}")
    a, b = operands(design, np.random.default_rng(1), 1500)
    expected = golden.mul(design, a, b)
    result = kernels.mul(design, a, b)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_cancelling_addends_and_signed_zeros(rounding: str) -> None:
    design = Design.parse(f"a=e4m3fn,c=bf16,unit=fma,rounding={rounding}")
    a, b = (g.ravel() for g in np.meshgrid(np.arange(0, 256, 3), np.arange(0, 256, 5)))
    value = design.a.decode(a) * design.b.decode(b)
    c = design.c.encode(-value).astype(int)
    shifts = [0, 1, -1]
    all_c = np.concatenate([np.clip(c + shift, 0, 65535) for shift in shifts])
    a, b = np.tile(a, 3), np.tile(b, 3)
    expected = golden.fma(design, a, b, all_c)
    decoded = design.out.decode(expected)
    assert np.count_nonzero(decoded == 0) > 1000
    np.testing.assert_array_equal(kernels.fma(design, a, b, all_c), expected)


def test_operands_are_broadcast() -> None:
    design = Design.parse("a=e2m1fn,unit=fma")
    a, b, c = (np.arange(16).reshape(shape) for shape in ((16, 1), (1, 16), (16, 1, 1)))
    result = kernels.fma(design, a, b, c)
    full = np.broadcast_arrays(a, b, c)
    assert result.shape == (16, 16, 16)
    np.testing.assert_array_equal(result, golden.fma(design, *full))


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("a=e11m52,unit=fma", "addends of e11m52 have no fast kernel"),
        ("a=bf16,out=lns8_g8,unit=fma", "out=lns8_g8 has no fast kernel"),
        ("a=bf16,unit=mul", "unit=fma is needed"),
    ],
)
def test_what_has_no_kernel_is_refused(spec: str, said: str) -> None:
    design = Design.parse(spec)
    with pytest.raises(SpecError, match=said):
        kernels.fma(design, [0], [0], [0])


#: For every multiplier operands of 8 bits or fewer, unlike where it takes unlike ones.
EVERY_PAIR = {
    "exact": ("e4m3fn", "int4"),
    "lmul": ("e4m3fn", "e4m3fn"),
    "mitchell": ("e4m3fn", "int4"),
    "log": ("lns3_2", "lns3_3"),
    "shift-add": ("int4", "pot4_k1"),
    "add-skip": ("e4m3fn", "ternary"),
    "xnor": ("bipolar3", "bipolar2"),
    "radix4": ("int8", "uint4"),
    "lut": ("e2m1fn", "dint4"),
}


@pytest.mark.parametrize("mul", sorted(Multiplier.choices))
@pytest.mark.parametrize("swap", [False, True])
def test_every_pair_of_codes_of_every_multiplier(mul: str, swap: bool) -> None:
    """Codes that encoding never gives and operands that are prepared unlike, too."""
    a, b = EVERY_PAIR[mul][:: -1 if swap else 1]
    try:
        designs = [
            Design.parse(f"a={a},b={b},mul={mul},out=fp32,unit={unit}") for unit in ("mul", "fma")
        ]
    except SpecError:
        assert swap
        return
    x, y = (
        grid.ravel()
        for grid in np.meshgrid(
            np.arange(1 << designs[0].a.bits), np.arange(1 << designs[0].b.bits)
        )
    )
    np.testing.assert_array_equal(kernels.mul(designs[0], x, y), golden.mul(designs[0], x, y))
    c = np.random.default_rng(0).integers(0, 1 << 32, x.size)
    c[::3] = designs[1].out.encode(1.0)
    np.testing.assert_array_equal(kernels.fma(designs[1], x, y, c), golden.fma(designs[1], x, y, c))


def test_operands_of_any_shape() -> None:
    design = Design.parse("a=int4,b=pot4_k1,mul=shift-add,unit=mul,out=int8")
    assert kernels.mul(design, 5, 3) == golden.mul(design, 5, 3) == 20
    grid = np.arange(16)[:, None, None], np.arange(16)
    np.testing.assert_array_equal(kernels.mul(design, *grid), golden.mul(design, *grid))
    assert kernels.mul(design, np.zeros((0, 2), int), np.zeros(2, int)).shape == (0, 2)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("spec", ["a=fp32,out=e4m3fn", "a=posit8_0,out=bf16", "a=int32,out=fp16"])
def test_convert_is_golden(spec: str, rounding: str) -> None:
    design = Design.parse(f"{spec},unit=convert,rounding={rounding}")
    codes = np.random.default_rng(2).integers(0, 1 << design.a.bits, (40, 60), np.uint64)
    codes = np.concatenate([codes.ravel(), corner_codes(design.a).astype(np.uint64)])
    expected = golden.convert(design, codes)
    found = kernels.convert(design, codes.astype(design.a.code_dtype))
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_converters_have_no_products() -> None:
    design = Design.parse("a=int4,out=bf16,unit=convert")
    with pytest.raises(SpecError, match="unit convert has no running sum"):
        kernels.matmul(design, [[1]], [[1]])
    with pytest.raises(SpecError, match="unit=mul is needed"):
        kernels.mul(design, [1], [1])
    with pytest.raises(SpecError, match="unit=convert is needed"):
        kernels.convert(Design.parse("a=int4,unit=mul"), [1])
