"""Networks whose operands are block formats, against slow blocks and sums in fractions."""

import numpy as np
import pytest
from networks_fakes import digits_model
from reference import block_products as reference
from reference.dot_products import FusedSum, KulischSum
from reference.number_formats import ALL, Value, to_float
from sampled import some

from hwdse import Design, formats, kernels, networks
from hwdse.errors import SpecError
from hwdse.golden.engines.mx import block_products, running_blocks
from hwdse.networks import lowered
from hwdse.networks.block_vectors import BlockVectors
from hwdse.networks.blocks import BlockArithmetic, block_plan
from hwdse.networks.observe import Observer

SPECS = [
    "a=mxfp4,acc=fp:fp32,unit=mx",
    "a=nvfp4,acc=kulisch,out=fp32,unit=mx",
    "a=mxfp4,unit=mxmul,out=bf16",
    "a=mxfp4,b=mxint8,acc=fp:bf16,rounding=rtz,unit=mx",
    "a=nvint4,acc=fp:fp32,unit=mx,blocks=2",
    "a=mxfp6_e2m3,b=nvfp4,acc=fp:fp32,unit=mx",
    "a=mxfp8_e4m3,acc=fp:fp16,unit=mx",
    "a=nvint4,unit=mxmul",
]


def call(operator, **attributes):
    return lowered.Call(
        network="test", operator=operator, name="y", attributes=attributes, constant=(False, True)
    )


def arithmetic_of(design, layer, x, w):
    """The arithmetic, calibrated on half of the values: the largest activations saturate."""
    observer = Observer()
    lowered.run(observer, layer, [x / 2, w])
    plan = block_plan(design, observer.observations()["y"])
    return BlockArithmetic(design, {"y": plan}, kernels.matmul_of(design))


def quantised(block, vector, amax):
    """A vector in blocks: the tensor scale, and scale and codes of each block of `size` values."""
    tensor = block.tensor_scale([amax])
    amax = max(amax, 0.0)
    found = []
    for start in range(0, len(vector), block.block):
        part = vector[start : start + block.block].tolist()
        scale, codes = block.encode(part, tensor, block.amax([amax]))
        found.append((scale, codes + [0] * (block.block - len(codes))))
    return tensor, found


def expected_dot(design, x, y, amax):
    """The dot product of two vectors in the design's arithmetic, from fractions."""
    a, b = (reference.block_of(operand.name) for operand in design.operands)
    (t_a, left), (t_b, right) = quantised(a, x, amax[0]), quantised(b, y, amax[1])
    size = min(a.block, b.block)
    terms = []
    for k in range(0, len(x), size):
        (s, p), (t, q) = left[k // a.block], right[k // b.block]
        p, q = p[k % a.block :][:size], q[k % b.block :][:size]
        terms.append(reference.product(a, b, p, s, q, t))
    out = ALL[design.out.name]
    if design.acc is None:
        rounded = [out.decode(out.encode(t, design.rounding, out.default_overflow)) for t in terms]
        total = sum(to_float(value) for value in rounded)
    else:
        blocks, kind, register = design.unit.blocks, str(design.acc), design.state
        terms += [Value()] * (-len(terms) % blocks)
        acc = (
            FusedSum(ALL[kind.partition(":")[2]])
            if kind.startswith("fp:")
            else KulischSum(register.exponent_min, register.significand_bits)
        )
        groups = [terms[k : k + blocks] for k in range(0, len(terms), blocks)]
        total = to_float(out.decode(reference.running(acc, out, groups, design.rounding)[-1]))
    return np.float32(total * float(t_a) * float(t_b))


def largest(x, w):
    return float(np.abs(x).max()) / 2, float(np.abs(w).max())


def matmul_case():
    """A layer with a short last block."""
    rng = np.random.default_rng(1)
    x, w = (rng.normal(size=shape).astype(np.float32) for shape in ((3, 40), (40, 2)))
    return x, w * np.float32([1, 8])


@pytest.mark.parametrize("spec", some(SPECS, 3))
def test_a_layer_has_the_bits_of_fractions(spec: str) -> None:
    design, layer = Design.parse(spec), call("MatMul")
    x, w = matmul_case()
    (found,) = lowered.run(arithmetic_of(design, layer, x, w), layer, [x, w])
    expected = [[expected_dot(design, row, column, largest(x, w)) for column in w.T] for row in x]
    assert found.dtype == np.float32
    assert found.tolist() == np.array(expected).tolist()


@pytest.mark.parametrize("spec", some(SPECS[:3], 2))
def test_blocks_of_a_convolution_lie_along_its_patches(spec: str) -> None:
    """A patch has its terms in the order channel, row, column, and zeros of the padding."""
    design, layer = Design.parse(spec), call("Conv", pads=[1, 0, 1, 0], group=2)
    rng = np.random.default_rng(2)
    x, w = (rng.normal(size=shape).astype("f") for shape in ((1, 8, 2, 4), (2, 4, 3, 3)))
    (found,) = lowered.run(arithmetic_of(design, layer, x, w), layer, [x, w])
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    for group, row, column in np.ndindex(2, 2, 2):
        channels = slice(4 * group, 4 * group + 4)
        patch = padded[0, channels, row : row + 3, column : column + 3].reshape(-1)
        expected = expected_dot(design, patch, w[group].reshape(-1), largest(x, w))
        assert found[0, group, row, column] == expected


def test_blocks_in_another_place_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    design, layer = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx"), call("MatMul")
    x, w = matmul_case()
    (right,) = lowered.run(arithmetic_of(design, layer, x, w), layer, [x, w])
    plain = BlockVectors.of

    def shifted(block, values, amax):
        found = plain(block, np.roll(values, 8, axis=-1), amax)
        return BlockVectors(codes=np.roll(found.codes, -8, -1), scales=found.scales, factor=1.0)

    monkeypatch.setattr(BlockVectors, "of", staticmethod(shifted))
    (wrong,) = lowered.run(arithmetic_of(design, layer, x, w), layer, [x, w])
    assert not np.array_equal(right, wrong)


@pytest.mark.parametrize("acc", ["acc=fp:fp32,unit=mx", "unit=mxmul"])
def test_products_of_two_activations(acc: str) -> None:
    """Stacks of pairs, as in attention: both operands are put into blocks when they come."""
    design = Design.parse(f"a=nvfp4,b=mxfp4,{acc}")
    layer = lowered.Call(
        network="test", operator="MatMul", name="y", attributes={}, constant=(False, False)
    )
    rng = np.random.default_rng(3)
    x, w = (rng.normal(size=shape).astype("f") for shape in ((2, 2, 20), (2, 20, 3)))
    observer = Observer()
    lowered.run(observer, layer, [x, w])
    plan = block_plan(design, observer.observations()["y"])
    assert plan.weights is None
    arithmetic = BlockArithmetic(design, {"y": plan}, kernels.matmul_of(design))
    (found,) = lowered.run(arithmetic, layer, [x, w])
    amax = float(np.abs(x).max()), float(np.abs(w).max())
    assert found[1, 0, 2] == expected_dot(design, x[1, 0], w[1, :, 2], amax)
    assert found.shape == (2, 2, 3)


@pytest.mark.parametrize("name", ["mxfp4", "nvfp4", "nvfp4_2d", "block:e2m1fn:4x8:fp16"])
def test_vectors_in_blocks_have_the_values_of_the_format(name: str) -> None:
    block = formats.get(name)
    x = np.random.default_rng(4).normal(size=(2, 19, 40)).astype(np.float32)
    found = BlockVectors.of(block, x, float(np.abs(x).max()))
    scales = block.scale.decode(found.scales).repeat(block.block.columns, -1)[..., :40]
    values = block.element.decode(found.codes) * scales * found.factor
    np.testing.assert_array_equal(values, block.quantize(x))
    np.testing.assert_array_equal(found[1].codes, found.codes[1])


@pytest.fixture
def small(tmp_path):
    """An untrained network on the digits, with sums of 64 and of 12 terms."""
    path = tmp_path / "small.onnx"
    path.write_bytes(digits_model().SerializeToString())
    return networks.load(path)


def golden(design, a, a_scales, b, b_scales):
    """Output codes of a matrix product, from the golden model."""
    m, n = len(a), b.shape[1]
    rows, columns = np.repeat(np.arange(m), n), np.tile(np.arange(n), m)
    given = a[rows], a_scales[rows], b.T[columns], b_scales.T[columns]
    if design.acc is not None:
        return running_blocks(design, *given)[:, -1].reshape(m, n)
    size = design.unit.size
    missing = [(0, 0), (0, -a.shape[1] % size)]
    x, y = (np.pad(codes, missing).reshape(m * n, -1, size) for codes in (given[0], given[2]))
    products = block_products(design, x, given[1], y, given[3])
    codes = design.out.pack(products, design.rounding, design.out.overflow)
    return codes.reshape(m, n, -1).swapaxes(1, 2)


@pytest.mark.parametrize("spec", some([*SPECS[:3], "a=mxint8,acc=kulisch,out=e4m3fn,unit=mx"], 2))
@pytest.mark.parametrize("requantize", [False, True])
def test_kernels_give_what_golden_gives(small, spec: str, requantize: bool) -> None:
    design = Design.parse(spec)
    found, expected = (
        networks.evaluate(design, small, 6, requantize=requantize, block_matmul=matmul)
        for matmul in (None, golden)
    )
    assert found.to_json() == expected.to_json()
    assert np.array_equal(found.errors, expected.errors)


def test_samples_and_policies_decide_nothing(small) -> None:
    design = Design.parse("a=nvfp4,acc=fp:fp32,unit=mx")
    three, seven = (networks.evaluate(design, small, samples=count) for count in (3, 7))
    assert np.array_equal(three.errors, seven.errors[:3])
    other = networks.evaluate(design, small, samples=7, scales="absmax")
    assert np.array_equal(other.errors, seven.errors)
    assert len(set(seven.other_scales.values())) == 1
    assert seven.scale_spread == 0


def test_digits_survive_blocks() -> None:
    found = {
        spec: networks.evaluate(Design.parse(spec), "digits", 200)
        for spec in (SPECS[0], SPECS[1], "a=mxint8,acc=fp:fp32,unit=mx")
    }
    fp4, nvfp4, int8 = found.values()
    assert 5 < fp4.sqnr_db < nvfp4.sqnr_db < 25 < int8.sqnr_db
    assert int8.agreement >= 0.99
    assert nvfp4.value >= nvfp4.float_value - 0.05


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("a=nvfp4_2d,acc=fp:fp32,unit=mx", "operand a=nvfp4_2d: tiles of 16x16 join rows"),
        ("a=mxfp8_e5m2,acc=fp:fp32:kahan,unit=mx", "no fast kernel"),
        ("a=mxfp4,acc=aligned:F35,unit=mx", "accumulator aligned:F35 of products of blocks"),
        ("a=mxfp4,acc=kulisch:1,unit=mx", "may wrap"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(small, spec: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        networks.evaluate(Design.parse(spec), small)
    assert "\n" not in str(caught.value)


def test_tiles_of_weights_can_be_scored(small) -> None:
    spec = "a=nvfp4,b=nvfp4_2d,acc=fp:fp32,unit=mx"
    assert networks.evaluate(Design.parse(spec), small, 6).sqnr_db > 5


def test_elements_beside_blocks_have_one_scale_by_the_largest_of_calibration() -> None:
    """Weights of 4 bits with a scale for each group, activations of 8 bits with one in all."""
    design = Design.parse("a=int8,b=block:int4_sym:8:fp16,acc=fp:fp32,unit=mx")
    rng = np.random.default_rng(4)
    x = rng.normal(size=(5, 20)).astype(np.float32)
    w = rng.normal(size=(20, 3)).astype(np.float32)
    layer = call("MatMul")
    arithmetic = arithmetic_of(design, layer, x, w)
    found = lowered.run(arithmetic, layer, [x, w])
    unit = np.float32(np.abs(x / 2).max() / 127)
    a = np.clip(np.rint(x / np.float64(unit)), -128, 127)
    total = np.zeros((5, 3), np.float32)
    for start in range(0, 20, 8):
        part = w[start : start + 8].astype(np.float64)
        scale = (np.abs(part).max(axis=0) / 7).astype(np.float16).astype(np.float64)
        codes = np.clip(np.rint(part / scale), -7, 7)
        total = (total + a[:, start : start + 8] @ codes * scale).astype(np.float32)
    np.testing.assert_array_equal(found[0], (total.astype(np.float64) * unit).astype(np.float32))
