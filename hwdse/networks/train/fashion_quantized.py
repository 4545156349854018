"""Trains models/fashion-cnn.onnx further, with weights and activations in any format.

    python -m hwdse.networks.train.fashion_quantized --weights ternary --activations int8 -o x.onnx

needs the extra `train`. It starts from the shipped network. Several formats, separated by commas,
leave the choice to each layer: `--weights e2m5,e3m4,e4m3fn,e5m2` learns the width of the exponent.
`--reuse` lets weights that are zero add to the bias. Networks that can hold little, such as ternary
ones, learn more with `--shift 0 --smoothing 0`: without moved images and smoothed labels. The file
that is written has the codes and
scales of weights and activations, so a design in these formats computes with them, bit for bit. The
recipe was chosen on 5,000 train images that were held back (`--holdout 5000`).
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import nn

from hwdse import formats
from hwdse.errors import NetworkError
from hwdse.formats import Format
from hwdse.networks.train.export import GraphBuilder, StoredWeights, save
from hwdse.networks.train.fashion import SHIFT, arguments, augment, metadata, normalised, parts
from hwdse.networks.train.fashion_cnn import CALIBRATION, DEFAULT_SAMPLES, LAYERS, build_network
from hwdse.networks.train.images import Recipe, accuracy, train
from hwdse.networks.train.quantized import QuantizedLayer, parameter_groups, quantizers
from hwdse.resources import resource

RECIPE = Recipe(
    epochs=40,
    batch=512,
    peak_rate=3e-3,
    weight_decay=1e-4,
    label_smoothing=0.05,
    averaging=0.998,
)
_DECIDED_AT = 0.5
_MEASURED = 1000  # images that give batch normalisation its first statistics
_OPSET = 21
_FLOATS = {"e4m3fn": TensorProto.FLOAT8E4M3FN, "e5m2": TensorProto.FLOAT8E5M2}
_ROUNDED = {**_FLOATS, "int8": TensorProto.INT8, "int4": TensorProto.INT4}


def parsed(text: str) -> tuple[Format, ...]:
    """Formats of a text, separated by commas."""
    return tuple(formats.parse(each) for each in text.split(","))


def start(path: Path, x: torch.Tensor) -> nn.Sequential:
    """The shipped network with batch normalisation again, which changes nothing at first.

    Args:
        path: the ONNX file.
        x: normalised images, for the statistics.
    """
    arrays = {
        each.name: torch.from_numpy(numpy_helper.to_array(each).copy())
        for each in onnx.load(str(path)).graph.initializer
    }
    network = build_network()
    modules: list[Any] = list(network)
    names = sorted(
        {name.partition(".")[0] for name in arrays}, key=lambda n: int(n.lstrip("convgem"))
    )
    with torch.no_grad():
        for index, name in enumerate(names[:-1]):
            conv, norm = modules[3 * index], modules[3 * index + 1]
            conv.weight.copy_(arrays[f"{name}.weight"])
            sums = conv(x)
            mean, variance = sums.mean((0, 2, 3)), sums.var((0, 2, 3), correction=0)
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
            norm.weight.copy_((variance + norm.eps).sqrt())
            norm.bias.copy_(arrays[f"{name}.bias"] + mean)
            x = torch.relu(sums + arrays[f"{name}.bias"].view(1, -1, 1, 1))
        modules[-1].weight.copy_(arrays[f"{names[-1]}.weight"])
        modules[-1].bias.copy_(arrays[f"{names[-1]}.bias"])
    return network


def quantized(
    network: nn.Sequential,
    weights: Sequence[Format],
    activations: Sequence[Format],
    *,
    ends: Sequence[Format] = (),
    reuse: bool,
) -> nn.Sequential:
    """The network with rounded operands of all matrix products.

    `ends` are formats of the weights of the first and the last layer, if they differ.
    """
    modules = list(network)
    places = [n for n, each in enumerate(modules) if isinstance(each, nn.Conv2d | nn.Linear)]
    for place in places:
        last = place in (places[0], places[-1])
        chosen = ends if ends and last else weights
        modules[place] = QuantizedLayer(
            modules[place], chosen, activations, reuse=reuse and chosen is weights
        )
    return nn.Sequential(*modules)


def kind_of_weights(number_format: Format) -> int:
    """The ONNX type of one byte that holds the values of a format.

    Raises:
        NetworkError: there is none.
    """
    values = number_format.decode(np.arange(1 << number_format.bits))
    whole = bool(np.isfinite(values).all() and (values == np.round(values)).all())
    if number_format.name in _FLOATS:
        return int(_FLOATS[number_format.name])
    if whole and values.min() >= -128 and values.max() <= 127:
        return int(TensorProto.INT8)
    raise NetworkError(f"no ONNX type of one byte holds the values of {number_format}")


def kind_of_activations(number_format: Format) -> int:
    """The ONNX type to which rounding gives the values of a format: it saturates as the format.

    Raises:
        NetworkError: there is none.
    """
    if number_format.name not in _ROUNDED:
        raise NetworkError(f"ONNX rounds to {', '.join(_ROUNDED)}, not to {number_format}")
    return int(_ROUNDED[number_format.name])


def codes_of(number_format: Format, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Values of a format as codes of the ONNX type of its weights."""
    if number_format.name in _FLOATS:
        return np.asarray(number_format.encode(values), np.uint8)
    return values.astype(np.int8).view(np.uint8)


def export(network: nn.Sequential, title: str) -> onnx.ModelProto:
    """The trained network as an ONNX model of codes and scales.

    Raises:
        NetworkError: no ONNX type holds the values of a format.
    """
    graph = GraphBuilder(input_shape=(1, 28, 28), classes=10, opset=_OPSET)
    modules: list[Any] = list(network)
    for index, layer in enumerate(LAYERS):
        conv, norm = modules[3 * index], modules[3 * index + 1]
        gain = (norm.weight.detach() / torch.sqrt(norm.running_var + norm.eps)).numpy()
        bias = norm.bias.detach().numpy() - norm.running_mean.numpy() * gain
        stored, extra = _stored(conv, gain)
        _round_input(graph, conv)
        graph.conv(stored, bias + gain * extra, stride=layer.stride, padding=layer.padding)
        graph.relu()
    graph.mean_of_pixels()
    last = modules[-1]
    stored, extra = _stored(last, np.ones(10, np.float32))
    _round_input(graph, last)
    graph.gemm(stored, last.layer.bias.detach().numpy() + extra)
    return graph.model("fashion-cnn", metadata(title, CALIBRATION, DEFAULT_SAMPLES))


def _stored(
    layer: QuantizedLayer, gain: np.ndarray[Any, Any]
) -> tuple[StoredWeights, np.ndarray[Any, Any]]:
    """Weights of a layer with a factor for each output, and what zero weights add to it."""
    values, scales = layer.codes()
    extra = np.zeros(len(values), np.float32)
    if layer.reuse:
        with torch.no_grad():
            extra = layer.extra(torch.from_numpy(values)).numpy()
    chosen = layer.weights.format
    stored = StoredWeights(
        codes=codes_of(chosen, values),
        kind=kind_of_weights(chosen),
        scales=(scales * gain).astype(np.float32),
    )
    return stored, extra


def _round_input(graph: GraphBuilder, layer: QuantizedLayer) -> None:
    chosen = layer.activations
    scale = float(chosen.log_scales.detach()[chosen.decided or 0].exp())
    graph.rounded(kind_of_activations(chosen.format), scale)


def main() -> None:
    """Train, write the file if one is named, and report the accuracy."""
    parser = arguments(__doc__, RECIPE, writes=False)
    parser.add_argument("--weights", type=parsed, required=True)
    parser.add_argument("--activations", type=parsed, required=True)
    parser.add_argument(
        "--ends", type=parsed, default=(), help="other weights of the first and the last layer"
    )
    parser.add_argument(
        "--reuse", action="store_true", help="weights that are zero add to the bias"
    )
    parser.add_argument("--rate", type=float, default=RECIPE.peak_rate)
    parser.add_argument("--smoothing", type=float, default=RECIPE.label_smoothing)
    parser.add_argument(
        "--shift", type=int, default=SHIFT, help="pixels by which train images are moved, at most"
    )
    options = parser.parse_args()

    part, report = parts(options)
    recipe = replace(
        RECIPE,
        epochs=options.epochs,
        seed=options.seed,
        peak_rate=options.rate,
        label_smoothing=options.smoothing,
    )
    images = normalised(part)

    def build() -> nn.Module:
        found = start(resource("models/fashion-cnn.onnx"), images[:_MEASURED])
        made = quantized(
            found, options.weights, options.activations, ends=options.ends, reuse=options.reuse
        )
        made(images[:_MEASURED])  # chooses the first scales
        return made

    def begin(network: nn.Module, over: float) -> None:
        if over >= _DECIDED_AT:
            for each in quantizers(network):
                each.decide()

    x, y = images.to(options.device), torch.from_numpy(part.y).to(options.device)
    groups = parameter_groups(recipe.peak_rate)
    captured = x.device.type == "cuda"
    network: Any = train(
        build,
        recipe,
        x,
        y,
        partial(augment, shift=options.shift),
        groups=groups,
        begin=begin,
        captured=captured,
        renormalise=True,
    )
    names = " ".join(
        dict.fromkeys(
            f"{layer.weights.format}/{layer.activations.format}"
            for layer in network.modules()
            if isinstance(layer, QuantizedLayer)
        )
    )
    if options.output:
        save(export(network, f"5-convolution CNN trained in {names}"), options.output)
    found = accuracy(network, normalised(report), report.y)
    sys.stdout.write(
        f"seed {options.seed} {names}{' reuse' * options.reuse} accuracy {found:.4f} "
        f"of {len(report.x)} images\n"
    )


if __name__ == "__main__":
    main()
