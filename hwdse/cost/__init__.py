"""Estimates area, energy and delay of a design from its declared structure and a technology table.

Most callers need only `estimate`. The modules `synthesis`, `timing`, `activity` and `calibrate`
measure instead: synthesis, timing, gate-level energy and calibration of a table. Measuring needs
external tools.
"""

from hwdse.cost.analytic import estimate, estimate_structure
from hwdse.cost.loop import LoopCost, loop_limit
from hwdse.cost.result import BlockCost, Cost
from hwdse.primitives import Technology, load_technology, technologies

__all__ = [
    "BlockCost",
    "Cost",
    "LoopCost",
    "Technology",
    "estimate",
    "estimate_structure",
    "load_technology",
    "loop_limit",
    "technologies",
]
