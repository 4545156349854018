"""How the units of a design make the array of a machine.

A MAC or a dot product is one unit of the array: the machine says how many there are. An engine that
is an array itself takes the place of the machine's, with its own sides and dataflow. A new engine
registers itself here.
"""

from dataclasses import dataclass
from functools import singledispatch

from hwdse.cost.system.dataflow import Dataflow, OutputStationary, WeightStationary
from hwdse.cost.system.machine import Machine
from hwdse.cost.system.tile import ArrayShape
from hwdse.errors import SpecError
from hwdse.spec import Summing, Unit
from hwdse.spec.engines.systolic import Systolic
from hwdse.spec.engines.tensor import Tensor


@dataclass(frozen=True, kw_only=True)
class PlacedArray:
    """The array of a machine with the units of a design.

    Attributes:
        array: its shape in places that each hold a sum.
        dataflow: how it works through a tile.
        units: how many units of the design make it.
    """

    array: ArrayShape
    dataflow: Dataflow
    units: int

    @property
    def places(self) -> int:
        """Places of the array."""
        return self.array.rows * self.array.columns


@singledispatch
def placed(unit: Unit, machine: Machine) -> PlacedArray:
    """Make the array of a machine from units.

    Raises:
        SpecError: the unit has no running sum, or none that an array is described by.
    """
    raise SpecError(
        f"unit {unit} forms no array ({machine.name}): mac, dot, mx, systolic and tensor do"
    )


@placed.register
def _(unit: Summing, machine: Machine) -> PlacedArray:
    array = ArrayShape.of(unit, machine.rows, machine.columns)
    return PlacedArray(array=array, dataflow=machine.dataflow, units=array.rows * array.columns)


@placed.register
def _(unit: Systolic, machine: Machine) -> PlacedArray:
    del machine
    return PlacedArray(
        array=ArrayShape(rows=unit.rows, columns=unit.cols),
        dataflow=WeightStationary() if unit.is_ws else OutputStationary(),
        units=1,
    )


@placed.register
def _(unit: Tensor, machine: Machine) -> PlacedArray:
    del machine
    return PlacedArray(
        array=ArrayShape(
            rows=unit.rows,
            columns=unit.cols,
            lanes=unit.lanes,
            interleave=unit.interleave,
            latency=unit.latency,
        ),
        dataflow=OutputStationary(),
        units=1,
    )
