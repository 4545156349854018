"""Scales of operands, and policies for choosing them, such as `--scales percentile:99.9`.

A policy is a class in a module of this folder that describes itself. It works for every element
format: it sees values, a limit, and errors of scales that it may try. Block formats have scales of
their own.
"""

from hwdse.networks.scales.policy import (
    DEFAULT,
    UNSEEN_MARGIN,
    Measure,
    ScalePolicy,
    ScaleTask,
    get,
    names,
)
from hwdse.networks.scales.scaling import Codes, Scales, Scaling
from hwdse.plugins import load_modules

__all__ = [
    "DEFAULT",
    "OUTPUT",
    "UNSEEN_MARGIN",
    "Codes",
    "Measure",
    "ScalePolicy",
    "ScaleTask",
    "Scales",
    "Scaling",
    "get",
    "names",
]

load_modules(__name__, __path__)

OUTPUT = get(DEFAULT)
