"""Which `stages` and `interleave` make a design fast on an FPGA.

The delay laws of the target give the shortest clock period for any number of stages and of sums
that take turns. The configuration with the fewest cycles near the shortest period of all is placed
and routed. Two configurations with a single sum are placed too; if a single sum is much slower, one
with still fewer cycles is placed instead. The fastest configuration is recommended.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from hwdse import hdl
from hwdse.cost.fpga import FAMILIES, FpgaResult, check_family, place_and_route
from hwdse.hdl.retiming import Circuit, Limits
from hwdse.spec import Design
from hwdse.spec.unit import MAX_INTERLEAVE, MAX_STAGES

_NEAR, _LESS_NEAR = 1.03, 1.15
"""How near to the shortest period of all, by the delay laws, candidates come."""
_ONE_SUM = 2.0
"""How much longer the laws' period may be with one sum to be a candidate: wires are not in it."""
_NOISE, _WORTH_TURNS = 1.03, 1.1
"""How much faster more cycles have to be, and how much faster sums that take turns."""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The fastest configuration that was found for a design.

    Attributes:
        design: the design with the recommended `stages` and `interleave`.
        result: what place and route gave for it.
    """

    design: Design
    result: FpgaResult

    @property
    def stages(self) -> int:
        """Pipeline registers."""
        return self.design.unit.stages

    @property
    def interleave(self) -> int:
        """Sums that take turns."""
        return int(getattr(self.design.unit, "interleave", 1))

    def to_json(self) -> dict[str, Any]:
        """Plain data that `json.dumps` takes."""
        return {
            "spec": str(self.design),
            "stages": self.stages,
            "interleave": self.interleave,
            **self.result.to_json(),
        }


def recommend(design: Design, given: FpgaResult, family: str = "ecp5") -> Recommendation:
    """The configuration of a design that is fastest on an FPGA.

    Args:
        design: what to build; its own `stages` and `interleave` are one of the configurations.
        given: what place and route gave for it.
        family: a key of `FAMILIES`.

    Raises:
        ToolError: a tool is missing or did not reach its end, or the family is unknown.
        SpecError: no generator for a part of the design.
    """
    best = Recommendation(design=design, result=given)
    for candidate in candidates(design, family):
        if candidate == design:
            continue
        tried = Recommendation(design=candidate, result=place_and_route(candidate, family))
        if _is_better(tried, best):
            best = tried
    return best


def _is_better(tried: Recommendation, best: Recommendation) -> bool:
    """Whether a configuration is so much faster that it is worth its cycles, or takes fewer."""
    one_of_each = (tried.interleave == 1) != (best.interleave == 1)
    enough = _WORTH_TURNS if one_of_each else _NOISE
    fewer = tried.design.unit.latency < best.design.unit.latency
    return tried.result.fmax_mhz / best.result.fmax_mhz > (1 / enough if fewer else enough)


def candidates(design: Design, family: str = "ecp5") -> list[Design]:
    """Configurations that the delay laws of a family's target promise most of, the fastest first.

    Raises:
        ToolError: the family is unknown, or Yosys failed.
        SpecError: no generator for a part of the design.
    """
    check_family(family)
    circuit = hdl.circuit(design, FAMILIES[family].target)
    turns = any(field.name == "interleave" for field in fields(design.unit))
    most = MAX_INTERLEAVE if turns else 1
    shortest = circuit.shortest_period(MAX_STAGES, most)
    one_sum = circuit.shortest_period(MAX_STAGES, 1) if turns else shortest
    pairs = [_fewest(circuit, _NEAR * shortest, most)]
    # Sums that take turns cost registers, and not every user has several.
    if turns and one_sum <= _ONE_SUM * shortest:
        stages, _ = _fewest(circuit, _NEAR * one_sum, 1)
        # The loop is as fast with more stages, but a multiplier gets more of its registers.
        pairs += [(stages, 1), (min(stages + 1, MAX_STAGES), 1)]
    else:
        pairs.append(_fewest(circuit, _LESS_NEAR * shortest, most))
    found = []
    for stages, interleave in dict.fromkeys(pairs):
        own = {"interleave": interleave} if turns else {}
        found.append(replace(design, unit=replace(design.unit, stages=stages, **own)))
    return found


def _fewest(circuit: Circuit, period: float, most: int) -> tuple[int, int]:
    """The stages and sums of the fewest cycles with which a period in ps is kept."""
    enough = _enough(circuit, Limits(period=int(period)), most)
    return min(enough, key=lambda pair: (sum(pair), pair))


def _enough(circuit: Circuit, limits: Limits, most: int) -> Iterator[tuple[int, int]]:
    """For each number of stages the fewest sums with which the limits are kept, if there are."""
    for stages in range(MAX_STAGES + 1):
        if circuit.earliest(limits, stages, most) is None:
            continue
        low, high = 1, most
        while low < high:
            middle = (low + high) // 2
            if circuit.earliest(limits, stages, middle) is None:
                low = middle + 1
            else:
                high = middle
        yield stages, high
