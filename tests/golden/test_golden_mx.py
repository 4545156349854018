"""Products and sums of blocks against the slow Fraction reference."""

from itertools import product as pairs

import numpy as np
import pytest
from reference import block_products as reference
from reference.dot_products import FusedSum, KulischSum
from reference.number_formats import ALL

from hwdse import Design
from hwdse.errors import FormatError, ShapeError
from hwdse.formats import BlockFormat, Unpacked
from hwdse.golden.engines.mx import block_products, running_blocks, running_sums
from hwdse.spec.design import DESIGN_ROUNDINGS

NAMES = [
    *("mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4", "mxint8", "mxint4"),
    *("nvfp4", "nvint4", "fp4_ue5m3", "fp4_ue5m3fn", "msfp12"),
    *("block:e4m3fn:8:e4m3fn", "block:int4:4:e3m0fn", "block:e5m2:16:bf16"),
]


def codes(block: BlockFormat, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Element codes: in half of the blocks few are zero, in the others most; specials are rare."""
    f = block.element
    found = rng.integers(0, 1 << f.bits, shape)
    special = ~np.isfinite(f.decode(found)) & (rng.random(shape) < 0.9)
    few = (rng.random(shape) < 0.9) & (rng.random((*shape[:-1], 1)) < 0.5)
    return np.where(special | few, int(f.encode(0.0)), found)


def scales(block: BlockFormat, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Scale codes: mostly around 1, the others any."""
    f = block.scale
    near = f.encode(np.exp2(rng.integers(-6, 7, shape)) * (1 + rng.random(shape))).astype(np.int64)
    return np.where(rng.random(shape) < 0.75, near, rng.integers(0, 1 << f.bits, shape))


def drawn(design: Design, rng: np.random.Generator, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Element codes and scale codes of both operands, for blocks of the unit."""
    size = design.unit.size
    return [
        made
        for block in design.operands
        for made in (codes(block, rng, (*shape, size)), scales(block, rng, shape))
    ]


def value_of(record: Unpacked) -> tuple[object, ...]:
    exact = record.to_fractions().tolist()
    return tuple(
        ("nan",) if x != x else (x, bool(s)) for x, s in zip(exact, record.sign, strict=True)
    )


@pytest.mark.parametrize("first", NAMES)
def test_products_of_every_pair_of_formats(first: str) -> None:
    for number, second in enumerate(NAMES):
        design = Design.parse(f"a={first},b={second},acc=kulisch,unit=mx")
        a, a_scale, b, b_scale = drawn(design, np.random.default_rng(number), (6,))
        found = value_of(block_products(design, a, a_scale, b, b_scale))
        x, y = map(reference.block_of, (first, second))
        for k, value in enumerate(found):
            expected = reference.product(
                x, y, a[k].tolist(), int(a_scale[k]), b[k].tolist(), int(b_scale[k])
            )
            if expected.special == "nan":
                assert value == ("nan",)
            elif expected.special:
                assert value == (-np.inf if expected.negative else np.inf, expected.negative)
            else:
                assert value == (expected.number, expected.negative)


SUMS = [
    ("mxfp4", "mxfp4", "fp:fp32", "fp32", 1),
    ("nvfp4", "nvfp4", "kulisch:64", "fp32", 1),
    ("mxfp4", "mxint8", "fp:bf16", "bf16", 1),
    ("mxfp8_e5m2", "mxfp8_e4m3", "fp:fp32", "fp32", 2),
    ("fp4_ue5m3", "nvint4", "fp:fp16", "fp16", 3),
    ("nvint4", "mxfp6_e3m2", "kulisch:1", "bf16", 2),
]


@pytest.mark.parametrize(("first", "second", "acc", "out", "blocks"), SUMS)
@pytest.mark.parametrize("rounding", DESIGN_ROUNDINGS)
def test_running_sums(
    first: str, second: str, acc: str, out: str, blocks: int, rounding: str
) -> None:
    spec = f"a={first},b={second},acc={acc},out={out},rounding={rounding}"
    design = Design.parse(f"{spec},unit=mx,blocks={blocks}")
    a, a_scale, b, b_scale = drawn(design, np.random.default_rng(7), (4, 3 * blocks))
    found = running_sums(design, block_products(design, a, a_scale, b, b_scale))
    kind, _, option = acc.partition(":")
    register = design.state
    summing = (
        FusedSum(ALL[option])
        if kind == "fp"
        else KulischSum(register.exponent_min, register.significand_bits)
    )
    x, y = map(reference.block_of, (first, second))
    for row in range(4):
        terms = [
            reference.product(
                x,
                y,
                a[row, k].tolist(),
                int(a_scale[row, k]),
                b[row, k].tolist(),
                int(b_scale[row, k]),
            )
            for k in range(3 * blocks)
        ]
        groups = [terms[k : k + blocks] for k in range(0, len(terms), blocks)]
        assert found[row].tolist() == reference.running(summing, ALL[out], groups, rounding)


@pytest.mark.parametrize("pair", list(pairs(["mxfp4", "nvfp4"], ["mxint8", "nvint4"])))
def test_blocks_of_different_sizes_share_the_scale_of_the_larger(pair: tuple[str, str]) -> None:
    rng = np.random.default_rng(3)
    design = Design.parse(f"a={pair[0]},b={pair[1]},acc=kulisch,out=fp32,unit=mx")
    quantized = [block.encode(rng.normal(size=(5, 96))) for block in design.operands]
    values = [
        block.decode(one) / one.tensor_scale
        for block, one in zip(design.operands, quantized, strict=True)
    ]
    x, y = quantized
    found = running_blocks(design, x.codes, x.scales, y.codes, y.scales)
    assert found.shape == (5, 96 // design.unit.size)
    # Products and sums of these data are exact in float64.
    expected = np.cumsum(values[0] * values[1], axis=-1)[
        :, design.unit.size - 1 :: design.unit.size
    ]
    assert np.array_equal(found, design.out.encode(expected))


def test_a_short_last_cycle_counts_as_zero() -> None:
    rng = np.random.default_rng(5)
    design = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx,blocks=2")
    block = design.operands[0]
    x, y = (block.encode(rng.normal(size=(3, 70))) for _ in range(2))
    found = running_blocks(design, x.codes, x.scales, y.codes, y.scales)
    assert found.shape == (3, 2)
    expected = np.sum(block.decode(x) * block.decode(y), axis=-1)
    assert np.array_equal(design.out.decode(found[:, -1]), expected.astype(np.float32))


@pytest.mark.parametrize("second", ["affine:uint4:8:bf16", "affine:uint7:24:ue4m3"])
@pytest.mark.parametrize("first", ["int8", "affine:uint3:8:fp16"])
def test_zero_points_are_subtracted_before_products(first: str, second: str) -> None:
    design = Design.parse(f"a={first},b={second},acc=kulisch,out=fp32,unit=mx")
    rng = np.random.default_rng(8)
    shape = 50, design.unit.size
    operands, exact = [], []
    for block in design.operands:
        codes = rng.integers(0, 1 << block.element.bits, shape)
        scale = rng.integers(0, 1 << block.scale.bits, shape[0])
        operands += [codes, scale]
        if block.scale.bits == 0:
            exact.append(([np.array(block.element.decode(row), int) for row in codes], [1] * 50))
            continue
        low = block.scale.scale
        # The zero point lies above the scale.
        zero = scale >> low.bits
        values = low.unpack(scale & ((1 << low.bits) - 1)).to_fractions()
        exact.append(((codes - zero[:, None]), values))
    found = block_products(design, *operands).to_fractions()
    (a, a_scale), (b, b_scale) = exact
    for k in range(50):
        expected = sum(int(x) * int(y) for x, y in zip(a[k], b[k], strict=True))
        expected = expected * a_scale[k] * b_scale[k]
        assert found[k] == expected or (found[k] != found[k]) == (expected != expected)


def test_zero_points_fill_a_short_last_block() -> None:
    rng = np.random.default_rng(9)
    design = Design.parse("a=affine:uint8:32:fp16,b=affine:uint4:32:fp16,acc=fp:fp32,unit=mx")
    x, y = (one.encode(rng.normal(size=(3, 40))) for one in design.operands)
    found = running_blocks(design, x.codes, x.scales, y.codes, y.scales)
    (a, b), total = design.operands, np.zeros(3, np.float32)
    products = a.decode(x) * b.decode(y)
    for part in (products[:, :32], products[:, 32:]):
        total = (total + part.sum(axis=-1)).astype(np.float32)
    assert np.array_equal(design.out.decode(found[:, -1]), total)


@pytest.mark.parametrize("acc", ["kulisch,out=fp32", "fp:fp32", "fp:e5m2:kahan", "aligned:ampere"])
def test_one_sum_alone_is_one_of_many(acc: str) -> None:
    """Scales far apart, so that exact sums have hundreds of bits."""
    rng = np.random.default_rng(9)
    design = Design.parse(f"a=mxfp8_e5m2,acc={acc},unit=mx,blocks=2")
    codes = [rng.integers(0, 120, (4, 128)) for _ in "ab"]
    scales = [rng.integers(0, 255, (4, 4)) for _ in "ab"]
    many = running_blocks(design, codes[0], scales[0], codes[1], scales[1])
    for row in range(4):
        (a, b), (a_scale, b_scale) = (x[row] for x in codes), (x[row] for x in scales)
        alone = running_blocks(design, a, a_scale, b, b_scale)
        assert np.array_equal(alone, many[row])
        first = block_products(design, a[:32], a_scale[0], b[:32], b_scale[0])
        assert first.shape == ()


def test_no_blocks_give_no_sums() -> None:
    design = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx")
    none = np.zeros((2, 0), np.int64)
    assert running_blocks(design, none, none, none, none).shape == (2, 0)


@pytest.mark.parametrize(
    ("shapes", "error", "message"),
    [
        (((2, 32), (2, 1), (2, 64), (2, 2)), ShapeError, "equal ones are needed"),
        (((2, 64), (2, 1), (2, 64), (2, 2)), ShapeError, r"scales of mxfp4 .*\(2, 2\) is needed"),
    ],
)
def test_shapes_that_do_not_match(shapes, error, message) -> None:
    design = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx")
    with pytest.raises(error, match=message):
        running_blocks(design, *(np.zeros(shape, np.int64) for shape in shapes))


def test_codes_out_of_range() -> None:
    design = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx")
    good, scale = np.zeros((1, 32), np.int64), np.zeros((1, 1), np.int64)
    with pytest.raises(FormatError, match="e2m1fn code 16"):
        running_blocks(design, good + 16, scale, good, scale)
    with pytest.raises(FormatError, match="e8m0 code 256"):
        running_blocks(design, good, scale + 256, good, scale)


def test_elements_without_scales_are_refused() -> None:
    design = Design.parse("a=e4m3fn,acc=fp:fp32")
    code = np.zeros((1, 1), np.int64)
    with pytest.raises(ShapeError, match=r"use golden\.dot"):
        running_blocks(design, code, code, code, code)


@pytest.mark.parametrize(
    "spec",
    [
        "a=int8,b=block:int4_sym:8:fp16",
        "a=block:e2m1fn:4:ue4m3,b=hif8",
        "a=uint4,b=block:int2:4:fp32",  # a scale of 24 bits
        "a=block:int5:2:bf16,b=lns4_g1z",  # the least product is 2
    ],
)
def test_an_operand_without_scales_has_the_values_of_its_elements(spec: str) -> None:
    design, rng = Design.parse(f"{spec},acc=kulisch,out=fp32,unit=mx"), np.random.default_rng(8)
    given = drawn(design, rng, (400,))
    found = block_products(design, *given)
    values = []
    for block, elements, scale in zip(design.operands, given[::2], given[1::2], strict=True):
        assert (block.scale.bits == 0) == (":" not in block.name)
        factors = block.scale.decode(scale) if block.scale.bits else np.ones(400)
        values.append((block.element.decode(elements), factors))
    (x, s), (y, t) = values
    with np.errstate(invalid="ignore"):
        expected = (x * y).sum(axis=-1) * s * t  # exact: few bits
    np.testing.assert_array_equal(found.to_float64(), expected + 0.0)
