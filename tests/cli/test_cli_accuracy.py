"""`hwdse accuracy`: shipped networks, and networks, data and metrics of the user."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hwdse.cli import main


def test_accuracy(capsys):
    arguments = ["accuracy", "a=e4m3fn,acc=fp:bf16", "a=int8,acc=int:32", "--network", "digits"]
    assert main([*arguments, "--samples", "50"]) == 0
    out, err = capsys.readouterr()
    head, *rows = out.splitlines()
    assert head.split()[:5] == ["design", "accuracy", "interval", "float", "agreement"]
    assert rows[0].startswith("a=e4m3fn,acc=fp:bf16")
    assert [row.split()[-1] for row in rows[:2]] == ["2", "1"]
    assert rows[-1].startswith("digits, top-1 accuracy, 50 test samples, 95% intervals, scales by")
    assert "samples 100/100" in err
    assert main([*arguments, "--samples", "50", "--json"]) == 0
    designs = json.loads(capsys.readouterr().out)["designs"]
    assert [d["samples"] for d in designs] == [50, 50]
    assert all(d["low"] <= d["value"] <= d["high"] for d in designs)
    assert [d["rank"] for d in designs] == [2, 1]
    assert designs[0]["sqnr_db"] < designs[1]["sqnr_db"]
    assert set(designs[0]["other_scales"]) == {"output", "pow2", "mse"}


def test_accuracy_under_another_policy(capsys):
    arguments = ["accuracy", "a=posit8_2,acc=kulisch", "--network", "digits", "--json"]
    values = []
    for scales in ("output", "absmax"):
        assert main([*arguments, "--scales", scales, "--requantize"]) == 0
        (design,) = json.loads(capsys.readouterr().out)["designs"]
        assert design["scales"] == scales
        values.append(design["value"])
    assert values[0] > 0.97
    assert values[1] < 0.5
    assert main([*arguments, "--scales", "best"]) == 2
    assert "unknown scales 'best': known are absmax, entropy" in capsys.readouterr().err
    assert main([*arguments, "--scales", "percentile:99.50", "--samples", "20"]) == 0
    assert json.loads(capsys.readouterr().out)["designs"][0]["scales"] == "percentile:99.5"


def test_layers_with_designs_of_their_own(tmp_path, capsys, only_error):
    path = tmp_path / "mixed.toml"
    path.write_text('default = "a=int8,acc=int:32"\nlast = "float"\n')
    arguments = ["accuracy", str(path), "a=int8,acc=int:32", "--network", "digits"]
    assert main([*arguments, "--samples", "50"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[1].startswith(f"{path}  100")
    assert main([*arguments, "--samples", "50", "--json"]) == 0
    mixed, plain = json.loads(capsys.readouterr().out)["designs"]
    assert mixed["spec"] == str(path)
    assert mixed["layers"] == {
        **dict.fromkeys(("gemm0.out", "gemm2.out"), plain["spec"]),
        "gemm4.out": "float",
    }
    assert "layers" not in plain
    assert mixed["sqnr_db"] > plain["sqnr_db"]
    path.write_text('default = "a=int8,acc=int:32"\nfrist = "float"\n')
    assert main(arguments) == 2
    only_error(f"{path}: unknown key 'frist'")


def test_unknown_network_and_missing_dataset(only_error, tmp_path):
    assert main(["accuracy", "a=int8,acc=kulisch", "--network", "brain"]) == 2
    only_error("unknown network 'brain': known are ")
    arguments = ["--network", "fashion-cnn", "--data-dir", str(tmp_path)]
    assert main(["accuracy", "a=int8,acc=kulisch", *arguments]) == 2
    only_error("dataset fashion-mnist is missing")


DESIGNS = ("a=e4m3fn,acc=fp:bf16", "a=int8,acc=int:32")


@pytest.fixture
def own(tmp_path):
    """A classifier of vectors with a free dimension, and 60 samples that it answers by itself."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(8, 6)).astype("f")
    nodes = [
        helper.make_node("MatMul", ["v", "w"], ["scores"]),
        helper.make_node("ReduceMean", ["scores"], ["mean"], axes=[1]),
        helper.make_node("Sub", ["scores", "scores"], ["nothing"]),
        helper.make_node("Div", ["scores", "nothing"], ["broken"]),
    ]
    graph = helper.make_graph(
        nodes,
        "own",
        [helper.make_tensor_value_info("v", TensorProto.FLOAT, ["n", "width"])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
            for name, size in (("scores", 6), ("mean", 1), ("broken", 6))
        ],
        [numpy_helper.from_array(w, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "my.onnx")
    x = rng.normal(size=(60, 8)).astype("f")
    np.savez(tmp_path / "my.npz", v=x, y=np.argmax(x @ w, axis=1))
    np.savez(tmp_path / "numbers.npz", v=x, target=(x @ w).mean(axis=1))
    return ["--onnx", str(tmp_path / "my.onnx"), "--shape", "width=8"]


def test_own_network_and_data(own, tmp_path, capsys):
    data = ["--data", str(tmp_path / "my.npz")]
    arguments = ["accuracy", *DESIGNS, *own, *data, "--metric", "top1", "--json"]
    assert main([*arguments, "--calibration", "20"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["data"] == "my.npz"
    coarse, fine = document["designs"]
    assert (fine["samples"], fine["float_value"], fine["metric"]) == (40, 1.0, "top-1 accuracy")
    assert fine["correct"] == round(fine["value"] * 40) >= 36
    assert (coarse["rank"], fine["rank"]) == (2, 1)
    assert "difference" not in fine
    # The same by --calibration FILE, with half of the samples.
    x = np.random.default_rng(5).normal(size=(10, 8)).astype("f")
    np.savez(tmp_path / "other.npz", v=x)
    assert main([*arguments, "--calibration", str(tmp_path / "other.npz"), "--samples", "30"]) == 0
    assert json.loads(capsys.readouterr().out)["designs"][0]["samples"] == 30


def test_own_metric_and_output(own, tmp_path, capsys):
    data = ["--data", str(tmp_path / "numbers.npz"), "--output", "mean"]
    arguments = ["accuracy", *DESIGNS, *own, *data, "--metric", "mse"]
    assert main(arguments) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:3] == ["design", "mse", "interval"]
    assert "more than float" in head
    assert [row.split()[-1] for row in rows[:2]] == ["2", "1"]
    last = "my, mean square error against the targets, 45 test samples of numbers.npz, 95% inter"
    assert rows[-1].startswith(last)
    assert main([*arguments, "--json"]) == 0
    coarse, fine = json.loads(capsys.readouterr().out)["designs"]
    for design in (coarse, fine):
        assert design["low"] <= design["value"] <= design["high"]
        assert design["difference"] == pytest.approx(design["value"] - design["float_value"])
        assert not design["higher_is_better"]
        assert "correct" not in design
    assert fine["float_value"] < 1e-10


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_design_that_gives_nan_is_not_ranked(tmp_path, capsys, form):
    """Of two bits, small values become zero, whose root after the subtraction is no number."""
    w = np.eye(8, 4, dtype="f")
    nodes = [
        helper.make_node("MatMul", ["v", "w"], ["h"]),
        helper.make_node("Sub", ["h", "shift"], ["s"]),
        helper.make_node("Sqrt", ["s"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "own",
        [helper.make_tensor_value_info("v", TensorProto.FLOAT, ["n", 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(w, "w"), numpy_helper.from_array(np.float32(0.5), "shift")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "root.onnx")
    x = 1 + 9 * np.random.default_rng(1).random((40, 8)).astype("f")
    np.savez(tmp_path / "my.npz", v=x)
    files = ["--onnx", str(tmp_path / "root.onnx"), "--data", str(tmp_path / "my.npz")]
    designs = "a=int12,acc=int:32", "a=int2,acc=int:32", "a=int12,acc=int:32,unit=dot"
    arguments = ["accuracy", *designs, *files, "--metric", "agreement"]
    assert main([*arguments, *form]) == 0
    out, err = capsys.readouterr()
    (line,) = [line for line in err.splitlines() if "not ranked" in line]
    assert line.startswith("a=int2,acc=int:32: ")
    assert line.endswith("of 30 samples have a NaN among their outputs: not ranked.")
    if form:
        assert [each["rank"] for each in json.loads(out)["designs"]] == [1, None, 1]
    else:
        assert [row.split()[-1] for row in out.splitlines()[1:4]] == ["1", "-", "1"]


BAD_OWN = [
    (["--shape", "width"], "shape 'width' is not of the form NAME=1x128"),
    (["--shape", "height=3"], "shape 'height' of network"),
    (["--shape", "width=9"], "'width=9': 'width' is given twice"),
    (["--output", "z"], "unknown output of network"),
    (["--output", "broken"], "gives NaN or infinity for sample 0 in float32"),
    (["--metric", "top9"], "unknown metric 'top9': near "),
    (["--metric", "top1"], "metric top1 needs a target for each sample, and data zeros.npz has no"),
    (["--metric", "cer"], "metric cer needs a target"),
    (["--calibration", "8"], "calibration=8: data zeros.npz has"),
    (["--calibration", "nothing.npz"], "no data 'nothing.npz'"),
    (["--samples", "100"], "samples=100: the test part of zeros.npz has"),
    (["--image", "mean"], "image 'mean' is not of the form KEY=VALUE"),
    (["--network", "digits"], "Give a network: either --network NAME or --onnx FILE."),
]


@pytest.mark.parametrize(("more", "message"), BAD_OWN)
def test_bad_input_is_one_line(own, tmp_path, only_error, more, message):
    zeros = np.zeros((8, 8), "f")
    zeros[:, 0] = np.arange(8)
    np.savez(tmp_path / "zeros.npz", v=zeros)
    data = ["--data", str(tmp_path / "zeros.npz"), "--metric", "mse-float"]
    assert main(["accuracy", DESIGNS[1], *own, *data, *more, "--json"]) == 2
    only_error(message)


def test_networks_need_data(own, only_error):
    assert main(["accuracy", DESIGNS[1], *own]) == 2
    only_error("network my names no dataset in its metadata (hwdse.dataset): give data (--data)")
    assert main(["accuracy", DESIGNS[1], *own[:2]]) == 2
    only_error("has the input v=nxwidth: only the batch, its first dimension, may be free; fix")


def test_a_shipped_network_by_another_metric(capsys):
    arguments = ["accuracy", DESIGNS[1], "--network", "digits", "--samples", "40"]
    assert main([*arguments, "--metric", "top5", "--calibration", "30"]) == 0
    assert capsys.readouterr().out.split()[:2] == ["design", "top5"]
