"""Weights in files beside the network, and every way in which they may be wrong."""

import hashlib
import os

import numpy as np
import onnx
import pytest
from networks_fakes import digits_model
from onnx import helper, numpy_helper

from hwdse import networks
from hwdse.errors import NetworkError
from hwdse.networks import external
from hwdse.networks.arithmetic import FloatArithmetic
from hwdse.networks.execute import Executor


def save(folder, model=None):
    """As PyTorch's exporter does by default: all weights in one file beside the network."""
    path = folder / "net.onnx"
    onnx.save(
        digits_model() if model is None else model,
        path,
        save_as_external_data=True,
        location="net.onnx.data",
        size_threshold=0,
        convert_attribute=True,
    )
    return path


def outputs(path):
    x = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    return Executor(networks.load(path), FloatArithmetic()).outputs(x)


def test_weights_in_a_file_beside_it_are_the_same_weights(tmp_path):
    together = tmp_path / "together.onnx"
    onnx.save(digits_model(), together)
    path = save(tmp_path)
    assert path.stat().st_size < together.stat().st_size / 3
    assert np.array_equal(outputs(path), outputs(together))


def test_weights_of_nodes_and_functions_may_lie_there_too(tmp_path):
    model = digits_model()
    first, second = (model.graph.initializer[place] for place in (0, 1))
    constant = helper.make_node("Constant", [], ["w1"], value=first)
    inner = helper.make_node("Constant", [], ["w"], value=second)
    function = helper.make_function("mine", "Weight", [], ["w"], [inner], model.opset_import)
    call = helper.make_node("Weight", [], ["w2"], domain="mine")
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("mine", 1))
    rest = [constant, call, *model.graph.node]
    del model.graph.node[:], model.graph.initializer[:2]
    model.graph.node.extend(rest)
    path = save(tmp_path, model)
    assert (tmp_path / "net.onnx.data").stat().st_size >= 4 * (64 * 12 + 10 * 12 + 10)
    together = tmp_path / "together.onnx"
    onnx.save(digits_model(), together)
    assert np.array_equal(outputs(path), outputs(together))


def test_digest_covers_the_other_file(tmp_path):
    path, data = save(tmp_path), tmp_path / "net.onnx.data"
    first = networks.load(path).digest
    assert first != hashlib.sha256(path.read_bytes()).hexdigest()
    assert networks.load(path).digest == first
    content = bytearray(data.read_bytes())
    content[-1] ^= 1
    data.write_bytes(content)
    assert networks.load(path).digest != first


def test_other_files_may_lie_in_a_folder_below(tmp_path):
    path = save(tmp_path)
    (tmp_path / "weights").mkdir()
    (tmp_path / "net.onnx.data").rename(tmp_path / "weights" / "all")
    change_entries(path, location="weights/all")
    assert outputs(path).shape == (3, 10)


def change_entries(path, **wanted):
    """Sets entries that say where weights lie."""
    model = onnx.load(path, load_external_data=False)
    for weight in model.graph.initializer:
        entries = {entry.key: entry.value for entry in weight.external_data} | wanted
        del weight.external_data[:]
        for key, value in entries.items():
            weight.external_data.add(key=key, value=value)
    path.write_bytes(model.SerializeToString())


def link(make):
    """Puts a link in place of the file."""

    def change(path):
        data = path.parent / "net.onnx.data"
        elsewhere = path.parent / "elsewhere"
        elsewhere.mkdir()
        data.rename(elsewhere / "data")
        make(elsewhere / "data", data)

    return change


def linked_folder(path):
    outside = path.parent.parent / f"{path.parent.name}-outside"
    outside.mkdir()
    (path.parent / "net.onnx.data").rename(outside / "data")
    (path.parent / "inside").symlink_to(outside)
    change_entries(path, location="inside/data")


def without_end(path):
    """A file of 2 TiB that takes no room, and no length of what to read."""
    os.truncate(path.parent / "net.onnx.data", 2**41)
    model = onnx.load(path, load_external_data=False)
    for weight in model.graph.initializer:
        kept = next(entry.value for entry in weight.external_data if entry.key == "location")
        del weight.external_data[:]
        weight.external_data.add(key="location", value=kept)
    path.write_bytes(model.SerializeToString())


HOSTILE = {
    "missing": (lambda path: (path.parent / "net.onnx.data").unlink(), "No such file"),
    "cut off": (lambda path: os.truncate(path.parent / "net.onnx.data", 99), "exceeds available"),
    "absolute": (
        lambda path: change_entries(path, location=str(path.parent / "net.onnx.data")),
        "absolute path",
    ),
    "device": (lambda path: change_entries(path, location="/dev/zero"), "absolute path"),
    "above": (lambda path: change_entries(path, location="../net.onnx"), "No such file"),
    "above and back": (
        lambda path: change_entries(path, location=f"../{path.parent.name}/net.onnx.data"),
        "outside the directory",
    ),
    "symbolic link": (link(lambda old, new: new.symlink_to(old)), "symbolic link"),
    "hard link": (link(lambda old, new: new.hardlink_to(old)), "hard links"),
    "folder that is a link": (linked_folder, "outside model directory"),
    "folder": (lambda path: change_entries(path, location="."), "not regular file"),
    "pipe": (
        lambda path: (
            (path.parent / "net.onnx.data").unlink(),
            os.mkfifo(path.parent / "net.onnx.data"),
        ),
        "not regular file",
    ),
    "no name": (lambda path: change_entries(path, location=""), "should not be empty"),
    "zero in its name": (lambda path: change_entries(path, location="a\0b"), "null byte"),
    "long name": (lambda path: change_entries(path, location="a" * 9999), "name too long"),
    "line break": (lambda path: change_entries(path, location="a\nb"), "No such file"),
    "offset before": (lambda path: change_entries(path, offset="-4"), "must be non-negative"),
    "offset beyond": (lambda path: change_entries(path, offset=str(2**80)), "exceeds file size"),
    "length beyond": (lambda path: change_entries(path, length=str(2**40)), "exceeds available"),
    "length of words": (lambda path: change_entries(path, length="ten"), "invalid literal"),
    "length of digits": (lambda path: change_entries(path, length="9" * 5000), "4300 digits"),
    "without end": (without_end, "at most 2 GiB of weights"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_files_that_cannot_be_read(case, tmp_path):
    change, message = HOSTILE[case]
    path = save(tmp_path)
    change(path)
    with pytest.raises(NetworkError, match=message) as caught:
        networks.load(path)
    assert str(caught.value).startswith(f"network {path} keeps 'w1' in '")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


def test_weights_shorter_than_their_shape(tmp_path):
    path = save(tmp_path)
    change_entries(path, length="4")
    with pytest.raises(NetworkError, match=r"is no valid ONNX file: .*too small"):
        networks.load(path)


def test_entries_that_the_standard_lacks_change_nothing(tmp_path):
    path = save(tmp_path)
    expected = outputs(path)
    change_entries(path, colour="green")
    assert np.array_equal(outputs(path), expected)


def test_weights_of_many_tensors_count_together(tmp_path, monkeypatch):
    path = save(tmp_path)
    sizes = [numpy_helper.to_array(each).nbytes for each in digits_model().graph.initializer]
    most = path.stat().st_size + sum(sizes)
    monkeypatch.setattr(external, "_MOST_BYTES", most)
    assert networks.load(path)
    monkeypatch.setattr(external, "_MOST_BYTES", most - 1)
    with pytest.raises(NetworkError, match=r"keeps 'b2' .*at most 2 GiB"):
        networks.load(path)
