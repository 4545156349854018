"""The design spec and its parts, as frozen and validated data. Everything else derives from it."""

import hwdse.spec.engines  # noqa: F401 - engines register themselves
from hwdse.spec.accumulate import Accumulator
from hwdse.spec.accumulate.aligned import Aligned
from hwdse.spec.accumulate.approximate_float import ApproximateFloat
from hwdse.spec.accumulate.bins import Bins
from hwdse.spec.accumulate.float_sum import FloatSum
from hwdse.spec.accumulate.fused_float import FusedFloat
from hwdse.spec.accumulate.integer_sum import IntegerSum
from hwdse.spec.accumulate.kahan_float import KahanFloat
from hwdse.spec.accumulate.kulisch import Kulisch
from hwdse.spec.accumulate.lns import LogSum
from hwdse.spec.accumulate.stochastic_float import StochasticFloat
from hwdse.spec.accumulate.tree_float import TreeFloat
from hwdse.spec.bus import Axis, Bus, Plain
from hwdse.spec.coprocessor import Axi
from hwdse.spec.design import Design
from hwdse.spec.interface import Field, Interface, Port, Stream
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.add_skip import AddSkip
from hwdse.spec.multiply.block import BlockProduct
from hwdse.spec.multiply.composed import ComposedProduct
from hwdse.spec.multiply.exact import Exact, ExactValued
from hwdse.spec.multiply.lmul import LMul
from hwdse.spec.multiply.log import Log
from hwdse.spec.multiply.lut import Lut
from hwdse.spec.multiply.mitchell import Mitchell
from hwdse.spec.multiply.modal_block import ModalBlockProduct
from hwdse.spec.multiply.packed import PackedProduct
from hwdse.spec.multiply.radix4 import Radix4
from hwdse.spec.multiply.shift_add import ShiftAdd
from hwdse.spec.multiply.xnor import Xnor
from hwdse.spec.unit import Bare, Dot, Fma, Mac, Mul, Summing, Unit
from hwdse.spec.workload import Schedule, Workload

__all__ = [
    "Accumulator",
    "AddSkip",
    "Aligned",
    "ApproximateFloat",
    "Axi",
    "Axis",
    "Bare",
    "Bins",
    "BlockProduct",
    "Bus",
    "ComposedProduct",
    "Design",
    "Dot",
    "Exact",
    "ExactValued",
    "Field",
    "FloatSum",
    "Fma",
    "FusedFloat",
    "IntegerSum",
    "Interface",
    "KahanFloat",
    "Kulisch",
    "LMul",
    "Log",
    "LogSum",
    "Lut",
    "Mac",
    "Mitchell",
    "ModalBlockProduct",
    "Mul",
    "Multiplier",
    "PackedProduct",
    "Plain",
    "Port",
    "Radix4",
    "Schedule",
    "ShiftAdd",
    "StochasticFloat",
    "Stream",
    "Summing",
    "TreeFloat",
    "Unit",
    "Workload",
    "Xnor",
]
