"""Cost of a whole network on a machine: traffic, cycles and energy of each layer.

A machine is an array of units, an on-chip memory and an off-chip memory. Most callers need only
`load_machine` and `estimate_system`; `estimate_arrays` takes a design for each layer. `require`
says what a network needs before there is a machine.
"""

from hwdse.cost.system.arrays import ArraysCost, estimate_arrays
from hwdse.cost.system.dataflow import Dataflow
from hwdse.cost.system.estimate import estimate_system
from hwdse.cost.system.layer import LayerCost
from hwdse.cost.system.machine import Machine, OffChip, OnChip, load_machine, machines
from hwdse.cost.system.network import SystemCost
from hwdse.cost.system.requirement import Requirement, require
from hwdse.cost.system.roofline import Roofline
from hwdse.cost.system.storage import StoredBits
from hwdse.cost.system.tile import ArrayShape, Moves, Tile
from hwdse.cost.system.tiling import ORDERS, Tiling, choose, fetches
from hwdse.plugins import load_modules

load_modules(__name__, __path__)

__all__ = [
    "ORDERS",
    "ArrayShape",
    "ArraysCost",
    "Dataflow",
    "LayerCost",
    "Machine",
    "Moves",
    "OffChip",
    "OnChip",
    "Requirement",
    "Roofline",
    "StoredBits",
    "SystemCost",
    "Tile",
    "Tiling",
    "choose",
    "estimate_arrays",
    "estimate_system",
    "fetches",
    "load_machine",
    "machines",
    "require",
]
