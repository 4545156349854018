"""The design spec and its parts: frozen, validated data that everything else derives from."""

from hwdse.spec.accumulate import Accumulator
from hwdse.spec.accumulate.fused_float import FusedFloat
from hwdse.spec.accumulate.integer_sum import IntegerSum
from hwdse.spec.accumulate.kulisch import Kulisch
from hwdse.spec.design import Design
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.exact import Exact
from hwdse.spec.multiply.lmul import LMul
from hwdse.spec.unit import Bare, Dot, Fma, Mac, Mul, Summing, Unit

__all__ = [
    "Accumulator",
    "Bare",
    "Design",
    "Dot",
    "Exact",
    "Fma",
    "FusedFloat",
    "IntegerSum",
    "Kulisch",
    "LMul",
    "Mac",
    "Mul",
    "Multiplier",
    "Summing",
    "Unit",
]
