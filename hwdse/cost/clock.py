"""Finds the cheapest pipeline registers with which a design meets a clock.

The circuit of a design is emitted once. On it, retiming says for each number of `stages` how many
interleaved sums a clock period needs, without any further hardware.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hwdse import hdl
from hwdse.cost.analytic import estimate, period_of_share
from hwdse.cost.result import Cost
from hwdse.errors import TechnologyError
from hwdse.hdl.retiming import Circuit, Limits
from hwdse.primitives import DEFAULT_TECHNOLOGY, Technology, load_technology
from hwdse.spec import Design
from hwdse.spec.unit import MAX_INTERLEAVE, MAX_STAGES

_TRIED = 2
"""Numbers of stages that are costed, from the fewest on.

More registers end glitches, and so may save energy. With still more, their clock takes more than
they save.
"""


@dataclass(frozen=True, kw_only=True)
class Clocked:
    """A design with the registers that a clock needs.

    Attributes:
        given: the design whose `stages` and `interleave` were replaced.
        design: the cheapest configuration that meets the clock. If no configuration does, the
            fastest one.
        cost: cost of `design` at the clock.
    """

    given: Design
    design: Design
    cost: Cost

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dumps`."""
        return {"given": str(self.given), "spec": str(self.design), **self.cost.to_json()}


def at_clock(
    design: Design, clock_ns: float, technology: str | Technology = DEFAULT_TECHNOLOGY
) -> Clocked:
    """Find the cheapest `stages` and `interleave` with which a design meets a clock period.

    A unit that takes no stages stays as it is, whether it meets the clock or not. The candidates of
    other units have the fewest `stages` that meet the clock with any `interleave`, and one
    stage more, each with the smallest `interleave` that is enough. The cheapest candidate has the
    least energy per MAC; of equals, the least area.

    Args:
        design: the design. Its own `stages` and `interleave` have no influence.
        clock_ns: clock period.
        technology: a technology, the name of a technology, or the path of a technology table.

    Raises:
        TechnologyError: the technology is unknown, the table is damaged, the table has no cost law
            for a primitive, or the clock period is not positive.
        SpecError: a part of the design has no generator.
        ToolError: Yosys failed. Only designs that need registers need Yosys.
    """
    if not clock_ns > 0:
        raise TechnologyError(f"clock_ns is {clock_ns}: allowed are numbers above 0")
    table = technology if isinstance(technology, Technology) else load_technology(technology)
    plain = _registered(design, 0, 1)
    cost = estimate(plain, table, clock_ns=clock_ns)
    found = [Clocked(given=design, design=plain, cost=cost)] if cost.meets_clock else []
    if not design.unit.takes_stages:
        return Clocked(given=design, design=plain, cost=cost)
    circuit = hdl.circuit(plain)
    most = MAX_INTERLEAVE if design.unit.takes_turns else 1
    for stages, interleave in _enough(plain, circuit, clock_ns, table, most):
        if len(found) == _TRIED:
            break
        candidate = _registered(design, stages, interleave)
        if candidate != plain:
            cost = estimate(candidate, table, clock_ns=clock_ns)
            # The placement may divide the delay a little worse than the limit says.
            if cost.meets_clock:
                found.append(Clocked(given=design, design=candidate, cost=cost))
    if found:
        return min(found, key=lambda each: (each.cost.energy_pj, each.cost.area_um2))
    shortest = circuit.shortest_period(MAX_STAGES, most)
    fewest = circuit.enough(Limits(period=shortest), MAX_STAGES, most)
    fastest = _registered(design, *min(fewest, key=lambda pair: (sum(pair), pair)))
    return Clocked(given=design, design=fastest, cost=estimate(fastest, table, clock_ns=clock_ns))


def _registered(design: Design, stages: int, interleave: int) -> Design:
    return replace(design, unit=design.unit.registered(stages, interleave))


def _enough(
    plain: Design, circuit: Circuit, clock_ns: float, table: Technology, most: int
) -> Iterator[tuple[int, int]]:
    """Yield `stages` and `interleave` that meet a clock, by the delay laws of the table.

    The laws give a period in ns that is linear in the slowest stage's share of the whole delay.
    """
    period_ns = period_of_share(plain, table)
    overhead, whole = period_ns(0.0), period_ns(1.0)
    share = (clock_ns - overhead) / (whole - overhead) if whole > overhead else 1.0
    limit = int(share * circuit.unpipelined_ps)
    if limit > 0:
        yield from circuit.enough(Limits(period=limit), MAX_STAGES, most)
