"""Networks that were trained in the formats of designs, and the layers that train so."""

import numpy as np
import pytest

from hwdse import Design, formats, networks
from hwdse.errors import SpecError
from hwdse.networks.network import load
from hwdse.networks.protocols import Input, Sample
from hwdse.resources import resource

SPECS = {
    "ternary": "a=int8,b=ternary,mul=add-skip,acc=int:24",
    "ternary-reuse": "a=int8,b=ternary,mul=add-skip,acc=int:24",
    "ternary-ends": "a=int8,acc=int:32",
    "binary": "a=int8,b=binary,mul=add-skip,acc=int:24",
    "int4": "a=int4,acc=int:32",
    "int8": "a=int8,acc=int:32",
    "e4m3": "a=e4m3fn,acc=fp:fp32",
}


class Noise:
    """Images of random pixels, half of them dark."""

    name, test_size = "noise", 24

    def samples(self, seed: int, count: int):
        rng = np.random.default_rng(seed)
        for _ in range(count):
            pixels = rng.random((1, 28, 28)) * (rng.random((1, 28, 28)) < 0.5) / 0.353
            yield Sample(inputs={"image": pixels.astype(np.float32)})

    def calibration(self):
        return self.samples(1, 16)

    def test(self, limit=None):
        return self.samples(2, min(limit or 24, 24))


@pytest.mark.parametrize(("name", "spec"), SPECS.items())
def test_a_design_in_the_formats_computes_what_was_trained(name: str, spec: str) -> None:
    network = load(resource("models", "trained", f"fashion-cnn-{name}.onnx"))
    assert [each.shape for each in network.inputs] == [(1, 28, 28)]
    assert isinstance(network.inputs[0], Input)
    found = networks.evaluate(Design.parse(spec), network, data=Noise(), metric="agreement")
    assert found.value == 1
    # Codes and sums are exact; what is left is the float32 of the baseline.
    assert found.sqnr_db > 55
    weights = [each for each in network.stored.values() if each.values is not None]
    assert len(weights) == 6
    if name == "ternary":
        assert {float(v) for each in weights for v in np.unique(each.values)} <= {-1.0, 0.0, 1.0}


def test_other_formats_are_refused() -> None:
    network = load(resource("models", "trained", "fashion-cnn-int8.onnx"))
    design = Design.parse("a=int4,acc=int:32")
    with pytest.raises(SpecError, match="int8, but b=int4 does not hold its value"):
        networks.evaluate(design, network, data=Noise(), metric="mse-float")


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["e4m3fn", "int4", "ternary", "binary", "e2m5", "posit8_0", "lns8_g8z", "bf16", "nf4"]
)
def test_rounding_while_training_is_that_of_the_format(name: str) -> None:
    import torch

    from hwdse.networks.train.quantized import Levels

    number_format = formats.parse(name)
    levels = Levels(number_format)
    values = np.asarray(number_format.decode(np.arange(1 << number_format.bits)), np.float64)
    values = np.unique(values[np.isfinite(values)])
    middles = (values[1:] + values[:-1]) / 2
    x = np.concatenate([values, middles, np.random.default_rng(1).normal(size=4000)])
    x = np.concatenate([x, np.nextafter(x, np.inf), x * 3])
    x = x[np.abs(x) < 1e30].astype(np.float32)
    leaf = torch.from_numpy(x).requires_grad_()
    rounded = levels(leaf)
    expected = number_format.quantize(x.astype(np.float64))
    np.testing.assert_array_equal(rounded.detach().numpy(), expected.astype(np.float32))
    rounded.sum().backward()
    inside = (x >= np.float32(values[0])) & (x <= np.float32(values[-1]))
    np.testing.assert_array_equal(leaf.grad.numpy(), inside.astype(np.float32))


@pytest.mark.long
@pytest.mark.parametrize("name", ["int8", "e4m3fn"])
def test_what_is_written_computes_what_was_trained(name: str, tmp_path) -> None:
    import onnx
    import torch

    from hwdse.networks.train import fashion_quantized
    from hwdse.networks.train.quantized import quantizers

    images = torch.from_numpy(np.stack([each.inputs["image"] for each in Noise().samples(3, 40)]))
    shipped = resource("models", "fashion-cnn.onnx")
    started = fashion_quantized.start(shipped, images).eval()
    with torch.no_grad():
        plain = started(images).numpy()
    # Batch normalisation is put in so that nothing changes at first.
    float_outputs = load(shipped).float_outputs({"image": images.numpy()})
    np.testing.assert_allclose(plain, float_outputs, atol=2e-3 * np.abs(plain).max())
    chosen = (formats.parse(name),)
    network = fashion_quantized.quantized(started, chosen, chosen, reuse=False)
    network(images)
    network.eval()
    for each in quantizers(network):
        each.decide()
    path = tmp_path / "out.onnx"
    onnx.save(fashion_quantized.export(network, "test"), path)
    with torch.no_grad():
        expected = network(images).numpy()
    found = load(path).float_outputs({"image": images.numpy()})
    assert np.square(found - expected).mean() < 1e-4 * np.square(expected).mean()
