"""Estimates area, energy and delay of a design from its declared structure and a technology table.

Most callers need only `estimate`, or `estimate_many` for a table of designs. `measure` measures
instead: synthesis, static timing and gate-level simulation with the cells of a Liberty library.
`calibration` makes a technology table from such measurements. Measuring needs Yosys.
"""

from typing import TYPE_CHECKING, Any

from hwdse.cost.analytic import estimate, estimate_structure
from hwdse.cost.clock import Clocked, at_clock
from hwdse.cost.explain import BlockShares, explain
from hwdse.cost.loop import LoopCost, loop_limit
from hwdse.cost.result import BlockCost, Cost
from hwdse.cost.side_by_side import side_by_side
from hwdse.primitives import (
    DEFAULT_TECHNOLOGY,
    Fabric,
    LawTable,
    Technology,
    fabrics,
    load_fabric,
    load_technology,
    technologies,
)

if TYPE_CHECKING:
    from hwdse.cost.many import estimate_many

__all__ = [
    "DEFAULT_TECHNOLOGY",
    "BlockCost",
    "BlockShares",
    "Clocked",
    "Cost",
    "Fabric",
    "LawTable",
    "LoopCost",
    "Technology",
    "at_clock",
    "estimate",
    "estimate_many",
    "estimate_structure",
    "explain",
    "fabrics",
    "load_fabric",
    "load_technology",
    "loop_limit",
    "side_by_side",
    "technologies",
]


def __getattr__(name: str) -> Any:
    """Load `estimate_many` on first use: pandas would slow down every worker process."""
    if name == "estimate_many":
        from hwdse.cost.many import estimate_many  # noqa: PLC0415

        return estimate_many
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
