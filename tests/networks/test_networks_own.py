"""Networks of users: several inputs, free dimensions, outputs of any shape, Python objects."""

import numpy as np
import onnx
import pytest
from networks_fakes import digits_model, exact_matmul, relative_difference
from onnx import TensorProto, helper
from own_networks import VOCABULARY, token_batch, token_model, write

from hwdse import Design, networks
from hwdse.errors import DatasetError, NetworkError
from hwdse.networks import Input, Sample
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor, FloatNetwork
from hwdse.networks.runtime import session
from hwdse.networks.shapes import parse_shapes

INT8 = Design.parse("a=int8,acc=int:32")
FP32 = Design.parse("a=fp32,acc=fp:fp32")
LENGTH = 6


def loaded(tmp_path, model=None, **options):
    path = write(model or token_model(), tmp_path / "tokens.onnx")
    return networks.load(path, **options)


class Tokens:
    """Windows of random tokens, the first of them for calibration."""

    name, test_size = "random tokens", 20

    def _samples(self, first, last):
        batch = token_batch(30, LENGTH)
        for ids, mask in list(zip(batch["ids"], batch["mask"], strict=True))[first:last]:
            yield Sample(inputs={"ids": ids, "mask": mask}, target=np.roll(ids, -1))

    def calibration(self):
        return self._samples(0, 10)

    def test(self, limit=None):
        return self._samples(10, 30 if limit is None else 10 + limit)


@pytest.mark.parametrize("output", [None, "logits", "pooled"])
@pytest.mark.parametrize("batch", ["n", 7])
def test_float32_through_both_paths_is_onnxruntime(tmp_path, output, batch):
    model = token_model(batch=batch)
    network = loaded(tmp_path, model, shapes={"seq": (LENGTH,)}, output=output)
    given = token_batch(7, LENGTH)
    (expected,) = session(model, "whole").run([output or "logits"], given)
    shape = (7, VOCABULARY) if output == "pooled" else (7, LENGTH, VOCABULARY)
    assert expected.shape == shape
    for runner in (Executor(network, FloatArithmetic()), FloatNetwork(network)):
        assert relative_difference(runner.outputs(given), expected) <= 1e-5


def test_inputs_say_what_they_take(tmp_path):
    network = loaded(tmp_path, shapes={"ids": (4, LENGTH)})
    assert network.fixed_batch == 4
    assert network.inputs == (
        Input(name="ids", dtype=np.dtype(np.int64), shape=(LENGTH,)),
        Input(name="mask", dtype=np.dtype(bool), shape=(LENGTH,)),
    )
    profile = networks.profile(network)
    assert profile.macs == LENGTH * (8 * 8 + 8 * VOCABULARY)
    assert profile.classes == VOCABULARY


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({}, "input ids=nxseq: only the batch, its first dimension, may be free; fix .* --shape"),
        ({"seq": (6,), "mask": (4, 7)}, "dimension 'seq' of network .* both 6 and 7"),
        ({"ids": (6,)}, "shape ids=6: network .* declares ids=nxseq"),
        ({"len": (6,)}, "shape 'len' of network .*: inputs are ids=nxseq, mask=nxseq"),
        ({"seq": (6, 6)}, "shape 'seq' of network"),
        ({"seq": (6,), "n": (5000,)}, "demands a batch of 5000"),
    ],
)
def test_shapes_that_do_not_fit(tmp_path, shapes, message):
    with pytest.raises(NetworkError, match=message) as caught:
        loaded(tmp_path, shapes=shapes)
    assert "\n" not in str(caught.value)


def test_shapes_as_text():
    assert parse_shapes(["ids=1x128", "seq=128", "a=b=2"]) == {
        "ids": (1, 128),
        "seq": (128,),
        "a=b": (2,),
    }
    for text in ("ids", "ids=", "ids=1X2", "ids=1x", "=3", "ids=-1", "ids=１"):
        with pytest.raises(NetworkError, match="is not of the form NAME=1x128"):
            parse_shapes([text])
    with pytest.raises(NetworkError, match="'a' is given twice"):
        parse_shapes(["a=1", "a=1"])


def test_a_declared_shape_cannot_be_another(tmp_path):
    path = write(digits_model(), tmp_path / "x.onnx")
    with pytest.raises(NetworkError, match=r"shape x=1x65: network .* declares x=nx64"):
        networks.load(path, shapes={"x": (1, 65)})
    assert networks.load(path, shapes={"x": (3, 64)}).fixed_batch == 3


def test_inputs_that_cannot_be(tmp_path):
    model = token_model(length=LENGTH)
    tensor = model.graph.input[1].type.tensor_type
    tensor.elem_type = TensorProto.STRING
    model.graph.node[1].input[0] = "ids"
    with pytest.raises(NetworkError, match="input 'mask' takes another type than real numbers"):
        loaded(tmp_path, model)
    tensor.elem_type = TensorProto.BOOL
    del tensor.shape.dim[:]
    tensor.shape.SetInParent()
    with pytest.raises(NetworkError, match="input 'mask' has no batch dimension"):
        loaded(tmp_path, model)
    model = token_model(length=LENGTH, batch=2)
    model.graph.input[1].type.tensor_type.shape.dim[0].dim_value = 3
    with pytest.raises(NetworkError, match="batches of 2, 3: all inputs must have the same first"):
        loaded(tmp_path, model)
    with pytest.raises(NetworkError, match="has 2 inputs: one image input is needed"):
        loaded(tmp_path, token_model(length=LENGTH, metadata={"hwdse.dataset": "digits"}))


def test_outputs_that_cannot_be(tmp_path):
    with pytest.raises(NetworkError, match=r"unknown output of network .* 'logit': near logits"):
        loaded(tmp_path, shapes={"seq": (LENGTH,)}, output="logit")
    model = token_model(length=LENGTH)
    mean = helper.make_node("ReduceMean", ["pooled"], ["all"], axes=[0], keepdims=0)
    model.graph.node.append(mean)
    model.graph.output.append(helper.make_tensor_value_info("all", TensorProto.FLOAT, [VOCABULARY]))
    network = loaded(tmp_path, model, output="all")
    with pytest.raises(NetworkError, match=r"of shape \(11,\) for 2 samples: the first axis must"):
        networks.profile(network)


def test_an_operator_is_refused_with_its_node(tmp_path):
    model = token_model(length=LENGTH)
    model.graph.node[5].op_type, model.graph.node[5].name = "Det", "layer/det"
    with pytest.raises(NetworkError, match=r"has a Det, .* it is node 'layer/det'") as caught:
        loaded(tmp_path, model)
    assert "\n" not in str(caught.value)
    model.graph.node[5].name = ""
    with pytest.raises(NetworkError, match="it is node 't'"):
        loaded(tmp_path, model)


def test_tokens_in_a_design(tmp_path):
    network, data = loaded(tmp_path, shapes={"seq": (LENGTH,)}), Tokens()
    fine, coarse = (
        networks.evaluate(Design.parse(spec), network, data=data, metric="perplexity")
        for spec in ("a=int8,acc=int:32", "a=int3,acc=int:32")
    )
    exact = networks.float_accuracy(network, data=data, metric="perplexity")
    assert (fine.samples, fine.metric, fine.correct) == (20, "perplexity", None)
    assert fine.float_value == coarse.float_value == exact.value
    assert exact.errors.max() == 0
    assert fine.sqnr_db > coarse.sqnr_db + 10
    assert abs(fine.difference) < abs(coarse.difference)
    assert fine.difference_low <= fine.difference <= fine.difference_high
    outputs = Executor(network, FloatArithmetic())
    batch = token_batch(30, LENGTH)
    logits = outputs.outputs({name: array[10:] for name, array in batch.items()}).astype(float)
    following = np.roll(batch["ids"][10:], -1, axis=1)
    chosen = np.take_along_axis(logits, following[:, :, np.newaxis], axis=2)[..., 0]
    loss = np.log(np.exp(logits).sum(axis=2)) - chosen
    assert exact.value == pytest.approx(np.exp(loss.mean()), rel=1e-5)


def test_errors_are_lengths_over_all_axes(tmp_path, monkeypatch):
    """However many samples are scored at a time."""
    network, data = loaded(tmp_path, shapes={"seq": (LENGTH,)}), Tokens()
    found = networks.evaluate(FP32, network, data=data, metric="agreement", matmul=exact_matmul)
    assert found.value == 1
    assert found.errors.shape == (20,)
    assert found.sqnr_db > 120
    kept = networks.evaluate(INT8, network, data=data, metric="nll", compare_scales=False)
    monkeypatch.setattr("hwdse.networks.accuracy._CHUNK_BYTES", 1)
    monkeypatch.setattr("hwdse.networks.float_outputs._KEPT_BYTES", 0)
    monkeypatch.setattr("hwdse.networks.execute._MAX_BATCH", 3)
    streamed = networks.evaluate(INT8, network, data=Tokens(), metric="nll", compare_scales=False)
    np.testing.assert_allclose(streamed.errors, kept.errors, rtol=1e-5)
    assert streamed.value == pytest.approx(kept.value, rel=1e-6)
    assert streamed.sqnr_db == pytest.approx(kept.sqnr_db, abs=1e-3)
    assert streamed.low == pytest.approx(kept.low, rel=1e-6)


class Broken(Tokens):
    """Data that says or does something wrong."""

    def __init__(self, how):
        self.how = how

    def calibration(self):
        return iter(()) if self.how == "none" else super().calibration()

    def test(self, limit=None):
        for sample in super().test(limit):
            match self.how:
                case "lacks":
                    yield Sample(inputs={"ids": sample.inputs["ids"]})
                case "shape":
                    yield Sample(inputs={**sample.inputs, "ids": np.zeros(3, int)})
                case "large":
                    yield Sample(inputs={**sample.inputs, "ids": np.full(LENGTH, 11)})
                case "few":
                    yield sample
                    return
                case _:
                    yield sample


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ("none", DatasetError, "random tokens has no samples for calibration"),
        ("lacks", DatasetError, "sample 0 lacks input 'mask' of network tokens: it has ids"),
        ("shape", DatasetError, r"sample 0: input 'ids' .* does not take values of shape \(3,\)"),
        ("large", NetworkError, "network tokens cannot be evaluated: "),
        ("few", DatasetError, "samples=20: the test part of random tokens has 1"),
    ],
)
def test_data_that_is_wrong(tmp_path, how, error, message):
    network = loaded(tmp_path, shapes={"seq": (LENGTH,)})
    with pytest.raises(error, match=message) as caught:
        networks.evaluate(INT8, network, data=Broken(how), metric="agreement")
    assert "\n" not in str(caught.value)


def test_what_is_no_data_and_no_network(tmp_path):
    network = loaded(tmp_path, shapes={"seq": (LENGTH,)})
    with pytest.raises(DatasetError, match="is no data: it lacks name, test_size"):
        networks.float_accuracy(network, data=object())
    unhashable = type("Unhashable", (Tokens,), {"__hash__": None})()
    with pytest.raises(DatasetError, match="data random tokens has no hash"):
        networks.float_accuracy(network, data=unhashable)
    with pytest.raises(NetworkError, match="is no network: it lacks name, inputs"):
        networks.float_accuracy(object(), data=Tokens())
    with pytest.raises(NetworkError, match="tokens names no dataset in its metadata"):
        networks.float_accuracy(network)
    with pytest.raises(DatasetError, match="samples=21: the test part of random tokens has 20"):
        networks.float_accuracy(network, 21, data=Tokens())


def test_external_weights_and_several_inputs(tmp_path):
    path = tmp_path / "tokens.onnx"
    model = token_model(length=LENGTH)
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    network = networks.load(path)
    given = token_batch(3, LENGTH)
    (expected,) = session(token_model(), "whole").run(["logits"], given)
    found = Executor(network, FloatArithmetic()).outputs(given)
    assert relative_difference(found, expected) <= 1e-5
