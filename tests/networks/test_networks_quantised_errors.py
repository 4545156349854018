"""What a design cannot take of a quantised network is one line that names operator and formats."""

import decimal

import ml_dtypes
import numpy as np
import pytest
from networks_fakes import runtime_outputs
from quantised_files import FILES, Graph
from quantised_files.custom import QONNX
from quantised_files.standard import activations, in_mx_blocks, weights
from quantised_runs import in_design, load, pixels

from hwdse import Design, formats
from hwdse.errors import NetworkError, SpecError
from hwdse.networks.quantised.qdq import _SMALL_FLOATS

MX = "acc=fp:fp32,unit=mx"


def refusal(model, folder, spec):
    network = load(model, folder)
    with pytest.raises(SpecError) as found:
        in_design(network, spec, pixels(network)[:2])
    return str(found.value)


@pytest.mark.parametrize(
    ("name", "spec", "words"),
    [
        ("int8-of-the-first-opset", "a=uint8,b=e4m3fn,acc=fp:fp32", ["stores int8", "b=e4m3fn"]),
        ("int8-of-the-first-opset", "a=int8,acc=int:32", ["stores uint8", "a=int8", "value 255"]),
        ("int8-of-the-first-opset", "a=uint8,b=int4,acc=int:32", ["stores int8", "b=int4"]),
        ("float8-of-both-kinds", "a=e4m3fn,acc=kulisch", ["stores e5m2", "b=e4m3fn"]),
        ("int8-with-zero-points", f"a=mxint8,{MX}", ["zero point", "a=mxint8"]),
        ("mxfp8-weights", f"a=mxfp4,{MX}", ["stores e4m3fn", "elements of b=e2m1fn"]),
        ("nvfp4-weights", f"a=mxfp4,{MX}", ["blocks of 16", "blocks of 32 of b=mxfp4"]),
        ("mxfp4-weights", f"a=nvfp4_2d,{MX}", ["tiles of 16x16"]),
        ("nvfp4-weights", f"a=block:e2m1fn:16:e8m0,{MX}", ["block scale", "e8m0"]),
        ("mxfp8-of-tensorrt", "a=e4m3fn,acc=kulisch", ["run time", "a=e4m3fn has no blocks"]),
        ("nvfp4-of-tensorrt", f"a=mxfp4,b=nvfp4,{MX}", ["blocks of 16", "a=mxfp4"]),
    ],
)
def test_a_mismatch_names_operator_and_formats(name, spec, words, tmp_path):
    if "nvfp4_2d" in spec:
        spec = f"a=mxfp4,b=nvfp4_2d,{MX}"
    message = refusal(FILES[name].make().model, tmp_path, spec)
    assert message.startswith(("DequantizeLinear '", "TRT_"))
    assert all(word in message for word in words), message


def test_channels_of_activations_are_refused(tmp_path):
    g = Graph(13)
    scale, zero = (
        g.store(np.linspace(0.01, 0.02, 64, dtype=np.float32)),
        g.store(np.zeros(64, np.int8)),
    )
    x = g("DequantizeLinear", g("QuantizeLinear", "x", scale, zero), scale, zero)
    w, _ = weights(g, (64, 10), np.int8, np.float32(0.01))
    message = refusal(g.model(g("MatMul", x, w)), tmp_path, "a=int8,acc=int:32")
    assert "64 scales and 1 zero points: activations need one" in message


def test_a_scale_of_the_input_is_refused(tmp_path):
    g = Graph(13)
    scale = g("ReduceMax", "x", keepdims=0)
    zero = g.store(np.int8(0))
    x = g("DequantizeLinear", g("QuantizeLinear", "x", scale, zero), scale, zero)
    w, _ = weights(g, (64, 10), np.int8, np.float32(0.01))
    message = refusal(g.model(g("MatMul", x, w)), tmp_path, "a=int8,acc=int:32")
    assert "takes its scale from the network's input" in message


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_scale_of_activations_is_above_0(scale, tmp_path):
    g = Graph(13)
    x = activations(g, "x", scale, np.int8(0))
    w, _ = weights(g, (64, 10), np.int8, np.float32(0.01))
    message = refusal(g.model(g("MatMul", x, w)), tmp_path, "a=int8,acc=int:32")
    assert f"has the scale {scale:g}: scales above 0 are needed" in message


def test_scales_that_do_not_fit_are_refused(tmp_path):
    g = Graph(21)
    w, _ = weights(g, (64, 10), np.int8, np.ones((3, 10), np.float32), axis=0, block_size=16)
    with pytest.raises(NetworkError, match=r"DequantizeLinear .* does not fit its operands"):
        load(g.model(g("MatMul", "x", w)), tmp_path)


def test_a_wider_format_takes_narrow_codes(tmp_path):
    """All codes of int4 are values of int8, and of E4M3: only the bits differ."""
    file = FILES["int4-in-blocks"].make()
    network = load(file.model, tmp_path)
    x = pixels(network)
    expected, _ = in_design(network, file.spec, x)
    for spec in ("a=int8,acc=int:32", "a=fp16,b=e4m3fn,acc=kulisch,out=fp32"):
        found, seen = in_design(network, spec, x)
        np.testing.assert_array_equal(found, expected)
        codes = np.concatenate([operands[1] for operands in seen[:4]])
        number_format = Design.parse(spec).b
        stored = formats.get("int4").decode(file.codes[0])
        np.testing.assert_array_equal(number_format.decode(codes), stored)


def test_nothing_moves_a_given_scale(tmp_path):
    """A narrow accumulator overflows as the hardware does: the codes stay."""
    file = FILES["int8-of-the-first-opset"].make()
    network = load(file.model, tmp_path)
    found, seen = in_design(network, "a=uint8,b=int8,acc=int:17", pixels(network))
    np.testing.assert_array_equal(seen[0][1], file.codes[0])
    exact, _ = in_design(network, file.spec, pixels(network))
    assert np.abs(found - exact).max() > 1


def test_a_block_of_rows_gives_the_float_baseline_its_scales(tmp_path):
    """The float weights of MX files are codes times powers of two, exactly."""
    file = in_mx_blocks(24, ml_dtypes.float4_e2m1fn, "mxfp4")
    network = load(file.model, tmp_path)
    (stored,) = network.stored.values()
    elements = formats.get("e2m1fn").decode(file.codes[0])
    powers = 2.0 ** (file.scales[0].astype(int) - 127)
    np.testing.assert_array_equal(stored.dequantised.T, elements * powers.repeat(32, 0))


_DECIMAL = {
    "ROUND": decimal.ROUND_HALF_EVEN,
    "HALF_EVEN": decimal.ROUND_HALF_EVEN,
    "CEIL": decimal.ROUND_CEILING,
    "FLOOR": decimal.ROUND_FLOOR,
    "UP": decimal.ROUND_UP,
    "DOWN": decimal.ROUND_DOWN,
    "HALF_UP": decimal.ROUND_HALF_UP,
    "HALF_DOWN": decimal.ROUND_HALF_DOWN,
}


@pytest.mark.parametrize("mode", _DECIMAL)
def test_every_rounding_of_qonnx(mode, tmp_path):
    """Of activations in the graph and of weights, against Python's decimal numbers."""
    values = (np.arange(640) / 32 - 10).astype(np.float32).reshape(64, 10)
    g = Graph(13, domains=(QONNX,))
    given = [g.floats(value) for value in (1.0, 0.0, 5.0)]
    form = {"domain": QONNX, "signed": 1, "narrow": 0, "rounding_mode": mode}
    w = g("Quant", g.store(values), *given, **form)
    y = g("Add", g("MatMul", "x", w), g("Quant", g("Slice", "x", *_first_ten(g)), *given, **form))
    network = load(g.model(y), tmp_path)
    kept = next(each for each in network.stored.values() if each.values is not None)
    expected = [
        int(decimal.Decimal(float(x)).quantize(decimal.Decimal(1), _DECIMAL[mode]))
        for x in values.flat
    ]
    np.testing.assert_array_equal(kept.values.reshape(-1), expected)
    # The products of these rows are zeros but for the activations themselves.
    x = np.zeros((64, 64), np.float32)
    x[:, :10] = values
    (found,) = runtime_outputs(network.model, x)
    np.testing.assert_array_equal(
        found - x @ kept.values, np.reshape(expected, (64, 10)).astype(np.float32)
    )


def _first_ten(g):
    return [g.store(np.array([value])) for value in (0, 10, 1)]


@pytest.mark.parametrize("name", _SMALL_FLOATS)
def test_small_floats_round_in_the_graph_as_their_formats_do(name, tmp_path):
    dtype = {
        "e2m1fn": ml_dtypes.float4_e2m1fn,
        "e2m3fn": ml_dtypes.float6_e2m3fn,
        "e3m2fn": ml_dtypes.float6_e3m2fn,
    }[name]
    g = Graph(28)
    x = activations(g, "x", 1.0, dtype(0))
    network = load(g.model(g("MatMul", x, g.store(np.eye(64, 10, dtype=np.float32)))), tmp_path)
    values = np.concatenate([np.linspace(-40, 40, 4001), np.arange(-512, 512) / 32])
    x = np.zeros((len(values), 64), np.float32)
    x[:, 0] = values
    (found,) = runtime_outputs(network.model, x)
    expected = formats.get(name).quantize(values.astype(np.float32))
    np.testing.assert_array_equal(found[:, 0], expected)
