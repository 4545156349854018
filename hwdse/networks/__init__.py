"""Scores ONNX networks with matrix products in a design's arithmetic, accumulator included."""

from hwdse.networks.accuracy import Accuracy
from hwdse.networks.arithmetic import multiply
from hwdse.networks.data import Options, open_data
from hwdse.networks.evaluate import evaluate, float_accuracy
from hwdse.networks.execute import Profile, profile
from hwdse.networks.network import Network, load, names
from hwdse.networks.operands import operand_codes
from hwdse.networks.protocols import Computation, Data, Input, Sample
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES
from hwdse.networks.statistics import wilson_interval

__all__ = [
    "DEFAULT_SCALES",
    "Accuracy",
    "Computation",
    "Data",
    "Input",
    "Network",
    "Options",
    "Profile",
    "Sample",
    "evaluate",
    "float_accuracy",
    "load",
    "multiply",
    "names",
    "open_data",
    "operand_codes",
    "profile",
    "wilson_interval",
]
