"""Runs of quantised networks in a design's arithmetic, with the codes that it multiplies."""

from hwdse import Design, kernels, networks
from hwdse.networks import datasets
from hwdse.networks.blocks import BlockArithmetic
from hwdse.networks.execute import Executor
from hwdse.networks.named import NamedImages
from hwdse.networks.planning import plan_blocks, plan_network
from hwdse.networks.quantize import DesignArithmetic
from hwdse.networks.scales import OUTPUT

SAMPLES = 20


def load(model, folder):
    """The network of a model, through a file."""
    path = folder / "network.onnx"
    path.write_bytes(model.SerializeToString())
    return networks.load(path, dataset="digits")


def pixels(network):
    return datasets.DIGITS.test(None, limit=SAMPLES).x.reshape(-1, *network.sample_shape)


def in_design(network, spec, x):
    """Outputs in the design's arithmetic, and the operands of each of its products."""
    design, seen = Design.parse(spec), []
    kernel, data = kernels.matmul_of(design), NamedImages.of(network)

    def matmul(given, *operands):
        seen.append(operands)
        return kernel(given, *operands)

    if design.unit.takes_blocks:
        arithmetic = BlockArithmetic(design, plan_blocks(design, network, data), matmul)
    else:
        plans = plan_network(design, network, data, kernels.matmul, OUTPUT)
        arithmetic = DesignArithmetic(design, plans, matmul)
    return Executor(network, arithmetic).outputs(x), seen
