"""The systolic array, by its dataflow."""

from hwdse.hdl.component import Component
from hwdse.hdl.systolic.weight_stationary import WeightStationary
from hwdse.hdl.units import unit
from hwdse.spec import Design
from hwdse.spec.engines.systolic import WEIGHT_STATIONARY, Systolic

_ARRAYS = {WEIGHT_STATIONARY: WeightStationary}


@unit.register(Systolic)
def _(spec: Systolic, design: Design) -> Component:
    """A systolic array with skew at its edges; the whole array waits while a result waits."""
    component: Component = _ARRAYS[spec.dataflow](spec, design)
    return component
