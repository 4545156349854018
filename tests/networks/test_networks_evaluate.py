"""Whole networks in a design's arithmetic."""

import gzip
import struct

import numpy as np
import pytest
from networks_fakes import digits_model, exact_matmul, model_of
from onnx import helper
from onnx.reference import ReferenceEvaluator

from hwdse import Design, golden, kernels, networks
from hwdse.errors import DatasetError, NetworkError, ShapeError
from hwdse.networks import datasets
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.calibration import observed
from hwdse.networks.execute import Executor, FloatNetwork, batches
from hwdse.networks.float_outputs import float_outputs_of
from hwdse.networks.named import NamedImages, samples_of
from hwdse.resources import resource

FP32 = Design.parse("a=fp32,acc=fp:fp32")
INT8 = Design.parse("a=int8,acc=int:32")


def assert_same(first, second):
    """Two results are equal in all they say, the errors of single samples included."""
    assert first.to_json() == second.to_json()
    assert np.array_equal(first.errors, second.errors)


@pytest.fixture
def small(tmp_path):
    """An untrained network on the digits, 20 samples by default."""
    path = tmp_path / "small.onnx"
    path.write_bytes(digits_model().SerializeToString())
    return networks.load(path)


@pytest.fixture
def fashion_folder(tmp_path):
    """A few images of noise in the files of Fashion-MNIST."""
    rng = np.random.default_rng(3)
    for prefix, count in (("train", 40), ("t10k", 12)):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = rng.integers(0, 10, count).astype(np.uint8)
        for name, array in (("images-idx3", images), ("labels-idx1", labels)):
            header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
            content = gzip.compress(header + array.tobytes())
            (tmp_path / f"{prefix}-{name}-ubyte.gz").write_bytes(content)
    return tmp_path


def test_digits_in_float():
    accuracy = networks.float_accuracy("digits")
    assert accuracy.samples == 445
    assert accuracy.value >= 0.975
    assert accuracy.agreement == 1.0


def test_digits_cnn_in_float():
    accuracy = networks.float_accuracy("digits-cnn")
    assert accuracy.samples == 1195
    assert accuracy.value >= 0.99


def test_digits_cnn_tells_designs_apart_by_accuracy():
    """Intervals do not overlap on the samples of a sweep; those of `digits` do."""
    specs = "a=int8,acc=int:32", "a=e4m3fn,mul=lmul,acc=fp:bf16"
    for name, expected in (("digits", False), ("digits-cnn", True)):
        exact, approximate = (
            networks.evaluate(Design.parse(spec), name, compare_scales=False) for spec in specs
        )
        assert (approximate.high < exact.low) is expected


@pytest.mark.parametrize("name", ["digits", "digits-cnn"])
def test_float_baseline_is_that_of_the_onnx_reference(name):
    network = networks.load(name)
    reference = ReferenceEvaluator(str(resource("models", f"{name}.onnx")))
    part = network.dataset.test()
    filled = batches(network, NamedImages.of(network).test())
    pixels = np.concatenate([each.inputs[network.input_name] for each in filled])
    (outputs,) = reference.run(None, {network.input_name: pixels})
    right = np.argmax(outputs, axis=1) == part.y
    assert networks.float_accuracy(network).correct == right.sum()


def test_wide_design_answers_as_float_does():
    accuracy = networks.evaluate(FP32, "digits", matmul=exact_matmul)
    assert accuracy.agreement == 1.0
    assert accuracy.value == accuracy.float_value
    assert accuracy.metric == "top-1 accuracy"
    assert accuracy.low < accuracy.value < accuracy.high


@pytest.mark.parametrize(
    "spec", ["a=int8,acc=int:32", "a=e4m3fn,acc=fp:fp16", "a=e4m3fn,mul=lmul,acc=fp:bf16"]
)
def test_kernels_give_what_golden_gives(small, spec):
    design = Design.parse(spec)
    found = networks.evaluate(design, small, matmul=kernels.matmul)
    assert_same(found, networks.evaluate(design, small, matmul=golden.matmul))
    assert_same(found, networks.evaluate(design, small))


@pytest.mark.parametrize(
    ("spec", "least"),
    [
        ("a=int8,acc=int:32", 0.97),
        ("a=int8,acc=int:16", 0.96),
        ("a=e4m3fn,acc=fp:fp16", 0.97),
        ("a=e4m3fn,mul=lmul,acc=fp:fp32", 0.95),
        ("a=e2m1fn,acc=kulisch", 0.93),
        ("a=int4,acc=int:16", 0.93),
    ],
)
def test_digits_survive_narrow_arithmetic(spec, least):
    accuracy = networks.evaluate(Design.parse(spec), "digits")
    assert accuracy.value >= least
    assert accuracy.agreement >= least


def test_weights_without_zero_need_whole_groups():
    """Sums of 64 and of 32 terms fill groups of 4, which one product alone would not."""
    found = networks.evaluate(
        Design.parse("a=int8,b=binary,acc=int:32,unit=dot,lanes=4"),
        "digits",
        40,
        compare_scales=False,
    )
    assert found.samples == 40
    design = Design.parse("a=int8,b=binary,acc=int:32,unit=dot,lanes=24")
    with pytest.raises(ShapeError, match="binary has no zero"):
        networks.evaluate(design, "digits", 40, compare_scales=False)


def test_accuracy_is_lost_where_it_must_be():
    accuracy = networks.evaluate(Design.parse("a=int2,acc=int:8"), "digits")
    assert accuracy.value < accuracy.float_value - 0.03


def test_same_arguments_same_result(small):
    first = networks.evaluate(INT8, small)
    observed.cache_clear()
    float_outputs_of.cache_clear()
    assert_same(networks.evaluate(INT8, small), first)


def test_samples_are_a_prefix(small):
    three, seven = (networks.evaluate(INT8, small, samples=count) for count in (3, 7))
    assert len(three.errors) == three.samples == 3
    assert np.array_equal(three.errors, seven.errors[:3])


def test_progress_ends_at_the_sample_count(small, monkeypatch):
    monkeypatch.setattr("hwdse.networks.execute._MAX_BATCH", 8)
    calls = []
    networks.evaluate(
        INT8, small, matmul=exact_matmul, progress=lambda done, total: calls.append((done, total))
    )
    assert calls == [(8, 20), (16, 20), (20, 20)]


@pytest.mark.parametrize("samples", [0, -5, 446])
def test_impossible_sample_counts(samples):
    with pytest.raises(DatasetError, match=f"samples={samples}: ") as caught:
        networks.evaluate(INT8, "digits", samples=samples, matmul=exact_matmul)
    assert "\n" not in str(caught.value)


def strided_model(batch):
    """1,024 activations, all but every 16th large: what a stride of 16 meets is not typical."""
    rng = np.random.default_rng(5)
    size = np.where(np.arange(1024) % 16 == 0, 1e-3, 1.0)
    weights = {
        "w1": (rng.normal(size=(64, 1024)) * size).astype(np.float32),
        "w2": rng.normal(size=(1024, 10)).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w2"], ["y"]),
    ]
    described = {"hwdse.dataset": "digits", "hwdse.samples": "300", "hwdse.calibration": "200"}
    return model_of(
        nodes, weights, (64,), output_shape=(batch, 10), metadata=described, batch=batch
    )


@pytest.mark.parametrize("batch", [7, 256])
@pytest.mark.parametrize("spec", ["a=int8,acc=int:32", "a=e4m3fn,acc=fp:bf16"])
def test_the_declared_batch_decides_nothing(tmp_path, spec, batch):
    found = []
    for size in ("n", batch):
        path = tmp_path / f"{size}.onnx"
        path.write_bytes(strided_model(size).SerializeToString())
        network = networks.load(path)
        assert network.fixed_batch == (None if size == "n" else batch)
        found.append(networks.evaluate(Design.parse(spec), network, compare_scales=False))
    free, fixed = found
    # Only the float part's last bit may differ with the batch.
    assert free.correct == fixed.correct
    np.testing.assert_allclose(free.errors, fixed.errors, rtol=0.02)
    assert fixed.agreement >= 0.95
    assert fixed.sqnr_db >= (35 if "int8" in spec else 18)


def test_samples_of_another_size(small, fashion_folder):
    path = fashion_folder / "small.onnx"
    network = networks.load(path, dataset="fashion-mnist")
    with pytest.raises(NetworkError, match=r"takes samples of shape \(64,\).*\(1, 28, 28\)"):
        networks.evaluate(INT8, network, samples=3, data_dir=fashion_folder)


def test_normalisation_and_batches(small):
    part = datasets.Split(x=np.full((5, 8, 8), 0.5, np.float32), y=np.arange(5))
    (batch,) = batches(small, samples_of(small, part))
    assert batch.inputs["x"].shape == (5, 64)
    assert list(batch.targets) == [0, 1, 2, 3, 4]
    cnn = networks.load("fashion-cnn")
    part = datasets.Split(x=np.full((2, 1, 28, 28), 0.5, np.float32), y=np.zeros(2, np.int64))
    (batch,) = batches(cnn, samples_of(cnn, part))
    pixels = batch.inputs[cnn.input_name]
    np.testing.assert_allclose(pixels, (0.5 - cnn.mean) / cnn.std, rtol=1e-6)


def test_fashion_cnn_on_a_folder_of_the_user(fashion_folder):
    accuracy = networks.evaluate(FP32, "fashion-cnn", 12, fashion_folder, matmul=exact_matmul)
    assert accuracy.samples == 12
    assert accuracy.agreement == 1.0
    reference = ReferenceEvaluator(str(resource("models", "fashion-cnn.onnx")))
    network = networks.load("fashion-cnn")
    part = network.dataset.test(fashion_folder)
    x = (part.x - np.float32(network.mean)) / np.float32(network.std)
    (outputs,) = reference.run(None, {network.input_name: x})
    assert accuracy.correct == np.sum(np.argmax(outputs, axis=1) == part.y)


def test_fashion_cnn_without_its_data(tmp_path):
    with pytest.raises(DatasetError, match="apt-get install dataset-fashion-mnist"):
        networks.evaluate(INT8, "fashion-cnn", data_dir=tmp_path)


def test_caches_follow_the_folder(fashion_folder, tmp_path_factory, monkeypatch):
    networks.float_accuracy("fashion-cnn", 12, fashion_folder)
    monkeypatch.setenv(datasets.DATA_VARIABLE, str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(DatasetError, match="missing"):
        networks.evaluate(INT8, "fashion-cnn", 12)


def test_fashion_vit_is_what_onnx_itself_computes(fashion_folder):
    network = networks.load("fashion-vit")
    x = network.dataset.test(fashion_folder).x / np.float32(network.std)
    reference = ReferenceEvaluator(str(resource("models", "fashion-vit.onnx")))
    (expected,) = reference.run(None, {network.input_name: x})
    for runner in (FloatNetwork(network), Executor(network, FloatArithmetic())):
        np.testing.assert_allclose(runner.outputs(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "least"), [("fashion-cnn", 0.92), ("fashion-mlp", 0.89), ("fashion-vit", 0.915)]
)
def test_fashion_in_float_on_the_whole_test_part(name, least):
    accuracy = networks.float_accuracy(name, samples=10_000)
    assert accuracy.value >= least


@pytest.mark.long
@pytest.mark.parametrize("name", ["fashion-cnn", "fashion-mlp", "fashion-vit"])
def test_fashion_in_int8_loses_little(name):
    accuracy = networks.evaluate(INT8, name)
    assert accuracy.value > accuracy.float_value - 0.01
