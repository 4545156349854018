"""The systolic array, by its dataflow."""

from hwdse.hdl.component import Component
from hwdse.hdl.units import unit
from hwdse.hdl.units.output_stationary import OutputStationaryArray
from hwdse.hdl.units.weight_stationary import WeightStationaryArray
from hwdse.spec import Design
from hwdse.spec.engines.systolic import Systolic


@unit.register(Systolic)
def _(spec: Systolic, design: Design) -> Component:
    """A systolic array with skew at its edges; the whole array waits while a result waits."""
    return (WeightStationaryArray if spec.is_ws else OutputStationaryArray)(spec, design)
