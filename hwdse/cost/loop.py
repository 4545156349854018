"""Finds designs whose accumulator loop limits the clock, and the `interleave` that would help.

The parameter `stages` cannot divide the loop of the running sum. The parameter `interleave` can.
"""

from dataclasses import asdict, dataclass
from typing import Any

from hwdse import hdl
from hwdse.cost.analytic import period_of_share
from hwdse.primitives import DEFAULT_TECHNOLOGY, Technology, load_technology
from hwdse.spec import Design


@dataclass(frozen=True, kw_only=True)
class LoopCost:
    """An accumulator loop that is slower than every other stage, so that more stages do not help.

    Attributes:
        loop_ns: clock period that the loop needs, with register overhead.
        others_ns: clock period that the stages would need if registers could also divide the loop,
            with register overhead.
        interleave: smallest `interleave` with which the loop needs at most `others_ns`. None if no
            allowed `interleave` is enough.
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
        """Return the attributes as plain data for `json.dumps`."""
        return asdict(self)


def loop_limit(
    design: Design, technology: str | Technology = DEFAULT_TECHNOLOGY
) -> LoopCost | None:
    """Compare the accumulator loop of a pipelined or interleaved design with the other stages.

    Args:
        design: the design. With `stages=0` and without `interleave`, multiplication and
            accumulation share one stage. Then there is nothing to compare.
        technology: a technology, the name of a technology, or the path of a technology table.

    Returns:
        None if the loop alone does not limit the clock, or if there is nothing to compare.

    Raises:
        TechnologyError: the technology is unknown, the table is damaged, or the table has no cost
            law for a primitive.
        ToolError: Yosys failed.
    """
    if not hdl.is_pipelined(design):
        return None
    placed = hdl.placement(design)
    if placed.loop is None:
        return None
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    period_ns = period_of_share(design, table)
    return LoopCost(
        loop_ns=period_ns(placed.loop.loop_ps / placed.unpipelined_ps),
        others_ns=period_ns(placed.loop.others_ps / placed.unpipelined_ps),
        interleave=placed.loop.interleave,
    )
