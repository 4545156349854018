"""Written by Brevitas from layers of PyTorch, and converted by the qonnx package."""

import copy
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from quantised_files import METADATA, File, file


@contextmanager
def quiet():
    """Brevitas warns of its own parts, and PyTorch of the exporter that Brevitas takes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def layers(shape):
    import brevitas.nn as qnn
    import torch

    torch.manual_seed(3)
    if len(shape) == 1:
        parts = [
            qnn.QuantIdentity(bit_width=8),
            qnn.QuantLinear(64, 32, bias=True, weight_bit_width=4),
            qnn.QuantReLU(bit_width=4),
            qnn.QuantLinear(32, 10, bias=False, weight_bit_width=8),
        ]
    else:
        parts = [
            qnn.QuantIdentity(bit_width=8),
            qnn.QuantConv2d(1, 6, 3, padding=1, bias=False, weight_bit_width=8),
            qnn.QuantReLU(bit_width=8),
            torch.nn.Flatten(),
            qnn.QuantLinear(384, 10, bias=True, weight_bit_width=3),
        ]
    model = torch.nn.Sequential(*parts)
    with torch.no_grad():
        for _ in range(20):
            model(torch.rand(16, *shape))
    return model.eval()


def written(export, shape):
    """The file that an exporter writes, and the codes of the weights as Brevitas has them."""
    import torch

    model = layers(shape)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export(
            model,
            args=torch.rand(2, *shape),
            export_path=str(path),
            opset_version=17,
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {0: "n"}, "y": {0: "n"}},
            dynamo=False,
        )
        found = onnx.load(path)
    helper.set_model_props(found, METADATA)
    weights = [layer.quant_weight() for layer in model if hasattr(layer, "quant_weight")]
    # One design has one format of weights, that of the widest: narrow codes are extended.
    mask = (1 << max(int(weight.bit_width) for weight in weights)) - 1
    numbers = [weight.int().detach().numpy().astype(np.int8) for weight in weights]
    codes = [each.reshape(len(each), -1).T.view(np.uint8) & mask for each in numbers]
    return found, codes, model


@quiet()
def by_brevitas(exporter, shape, spec, runs=True):
    """A file of `brevitas.export`; the outputs are those of the layers in PyTorch."""
    import brevitas.export
    import torch

    export = getattr(brevitas.export, exporter)

    found, codes, model = written(export, shape)

    def expected(x):
        with torch.no_grad(), quiet():
            y = model(torch.from_numpy(x))
        return np.asarray(getattr(y, "value", y))

    return File(model=found, spec=spec, codes=codes, runs=runs, expected=expected)


@file("brevitas", long=True)
def brevitas_qcdq_perceptron():
    return by_brevitas("export_onnx_qcdq", (64,), "a=int9,b=int8,acc=int:32")


@file("brevitas", long=True)
def brevitas_qcdq_convolution():
    return by_brevitas("export_onnx_qcdq", (1, 8, 8), "a=int9,b=int8,acc=int:32")


@file("brevitas", long=True)
def brevitas_qonnx_perceptron():
    return by_brevitas("export_qonnx", (64,), "a=int9,b=int8,acc=int:32", runs=False)


@file("brevitas", long=True)
def brevitas_qonnx_convolution():
    return by_brevitas("export_qonnx", (1, 8, 8), "a=int9,b=int8,acc=int:32", runs=False)


@file("qonnx", long=True)
@quiet()
def qonnx_from_qcdq():
    """The qonnx package turns Q, Clip, DQ into Quant, and runs the result: another reference."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes
    from qonnx.transformation.qcdq_to_qonnx import QCDQToQuant

    from quantised_files.standard import clipped_between

    made = clipped_between()
    wrapper = ModelWrapper(made.model)
    for step in (InferShapes(), QCDQToQuant(), InferShapes()):
        wrapper = wrapper.transform(step)

    # It runs single samples only.
    one = ModelWrapper(copy.deepcopy(wrapper.model))
    one.set_tensor_shape("x", [1, 64])
    one = one.transform(InferShapes())

    @quiet()
    def expected(x):
        rows = [execute_onnx(one, {"x": row[np.newaxis]})["y"] for row in x]
        return np.concatenate(rows)

    return File(
        model=wrapper.model, spec=made.spec, codes=made.codes, runs=False, expected=expected
    )
