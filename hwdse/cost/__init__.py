"""Area, energy and delay of a design, from its declared structure and a technology table.

`estimate` is all that most callers need. Measuring (synthesis, timing, gate-level energy,
calibration of a table) is in the modules `synthesis`, `timing`, `activity` and `calibrate`, which
need external tools.
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
