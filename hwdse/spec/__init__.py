"""The design spec and its parts: frozen, validated data that everything else derives from."""

from hwdse.spec.accumulator import Accumulator, FusedFloat, IntegerSum, Kulisch
from hwdse.spec.design import Design
from hwdse.spec.multiplier import Exact, LMul, Multiplier
from hwdse.spec.unit import Dot, Mac, Unit

__all__ = [
    "Accumulator",
    "Design",
    "Dot",
    "Exact",
    "FusedFloat",
    "IntegerSum",
    "Kulisch",
    "LMul",
    "Mac",
    "Multiplier",
    "Unit",
]
