"""Scores ONNX networks with matrix products in a design's arithmetic, accumulator included."""

from hwdse.networks.accuracy import Accuracy, wilson_interval
from hwdse.networks.evaluate import evaluate, float_accuracy
from hwdse.networks.execute import Profile, profile
from hwdse.networks.network import Network, load, names
from hwdse.networks.operands import operand_codes
from hwdse.networks.scales import DEFAULT as DEFAULT_SCALES

__all__ = [
    "DEFAULT_SCALES",
    "Accuracy",
    "Network",
    "Profile",
    "evaluate",
    "float_accuracy",
    "load",
    "names",
    "operand_codes",
    "profile",
    "wilson_interval",
]
