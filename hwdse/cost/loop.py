"""When the loop of the running sum alone sets the clock, and what would help."""

from dataclasses import asdict, dataclass
from typing import Any

from hwdse import hdl
from hwdse.cost.analytic import stage_paths
from hwdse.primitives import Technology, load_technology
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class LoopCost:
    """An accumulator whose loop is slower than every other stage: more stages do not help.

    Attributes:
        loop_ns: clock period that the loop needs, with register overhead.
        others_ns: what the stages would need if they could divide the loop as well.
        interleave: smallest `interleave` with which the loop needs no more than that; None if none
            that is allowed is enough.
    """

    loop_ns: float
    others_ns: float
    interleave: int | None

    def __str__(self) -> str:
        slower = f"{self.loop_ns - self.others_ns:.3g} ns more than its stages allow for"
        text = f"the accumulator's loop needs {self.loop_ns:.3g} ns, {slower}"
        if self.interleave is None:
            return f"{text}: no interleave closes it"
        return f"{text}: interleave={self.interleave} would close it"

    def to_json(self) -> dict[str, Any]:
        """Plain data that `json.dumps` takes."""
        return asdict(self)


def loop_limit(design: Design, technology: str | Technology = "nangate45") -> LoopCost | None:
    """How far the loop of a pipelined or interleaved accumulator is behind its other stages.

    Args:
        design: what to look at. At `stages=0` without `interleave` multiplication and accumulation
            share one stage, and there is nothing to compare.
        technology: a technology, its name, or the path of its table.

    Returns:
        None if another stage is as slow.

    Raises:
        TechnologyError: unknown technology, damaged table, or a primitive without a law.
        ToolError: Yosys failed.
    """
    if not hdl.is_pipelined(design):
        return None
    placed = hdl.placement(design)
    if placed.loop is None:
        return None
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    slowest = max(stage_paths(hdl.structure_of(design), table))
    ns_per_ps = slowest / max(placed.stage_ps)
    return LoopCost(
        loop_ns=table.register_overhead_ns + placed.loop.loop_ps * ns_per_ps,
        others_ns=table.register_overhead_ns + placed.loop.others_ps * ns_per_ps,
        interleave=placed.loop.interleave,
    )
