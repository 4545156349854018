"""Recommends the `stages` and `interleave` that make a design fast on an FPGA.

The delay laws of the target predict the shortest clock period for each number of stages and of
interleaved sums. Two or three configurations are placed and routed in addition to the given one:

* The first configuration has the fewest cycles of latency with a predicted period within 3 % of the
  shortest period.
* If a single sum is at most twice as slow, the second configuration has a single sum, and the
  fewest stages near the shortest period of a single sum. The third has one more stage.
* If a single sum is slower, or the unit has no running sum, the second configuration has the fewest
  cycles of latency with a predicted period within 15 % of the shortest period.

The fastest configuration is recommended. A configuration with more cycles of latency, or with
interleaved sums instead of a single sum, must be faster by a minimum factor.
"""

from dataclasses import dataclass, replace
from typing import Any

from hwdse import hdl
from hwdse.cost.fpga.families import FAMILIES, check_family
from hwdse.cost.fpga.place import FpgaResult, place_and_route
from hwdse.errors import ToolError
from hwdse.hdl.retiming import Circuit, Limits
from hwdse.spec import Design
from hwdse.spec.unit import MAX_INTERLEAVE, MAX_STAGES

_NEAR, _LESS_NEAR = 1.03, 1.15
"""Longest predicted period of a candidate, as a multiple of the shortest predicted period."""
_ONE_SUM = 2.0
"""Longest predicted period of a single sum that is still tried, as a multiple of the shortest.

The factor is large because the prediction does not know the real wires.
"""
_NOISE, _WORTH_TURNS = 1.03, 1.1
"""Factors of the clock frequency by which a configuration must be faster to be worth more cycles.

The second factor holds if one of two configurations has a single sum and the other has interleaved
sums, the first factor in all other cases.
"""


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The recommended configuration of a design.

    Attributes:
        design: the design with the recommended `stages` and `interleave`.
        result: the result of place and route for this configuration.
    """

    design: Design
    result: FpgaResult

    @property
    def stages(self) -> int:
        """Number of pipeline register ranks."""
        return self.design.unit.stages

    @property
    def interleave(self) -> int:
        """Number of interleaved sums; 1 for a unit without a running sum."""
        return int(getattr(self.design.unit, "interleave", 1))

    @property
    def fmax_mhz(self) -> float:
        """Highest clock frequency after routing in MHz."""
        assert self.result.fmax_mhz is not None  # the family is placed and routed
        return self.result.fmax_mhz

    def to_json(self) -> dict[str, Any]:
        """Return the recommendation as plain data for `json.dumps`."""
        return {
            "spec": str(self.design),
            "stages": self.stages,
            "interleave": self.interleave,
            **self.result.to_json(),
        }


def recommend(design: Design, given: FpgaResult, family: str = "ecp5") -> Recommendation:
    """Place and route the candidates of a design, and recommend the best configuration.

    Args:
        design: the design. The given `stages` and `interleave` are one of the configurations.
        given: the result of place and route for `design`. The candidates use hard multipliers if
            this result does.
        family: a key of `FAMILIES` with a place-and-route program.

    Raises:
        ToolError: the family is unknown or cannot be placed and routed, a tool is missing, or a
            tool did not finish.
        SpecError: a part of the design has no generator.
    """
    check_family(family)
    if not FAMILIES[family].nextpnr:
        raise ToolError(f"{FAMILIES[family].device} cannot be placed and routed with open tools")
    best = Recommendation(design=design, result=given)
    for candidate in candidates(design, family):
        if candidate == design:
            continue
        tried = Recommendation(
            design=candidate, result=place_and_route(candidate, family, dsp=given.dsp)
        )
        if _is_better(tried, best):
            best = tried
    return best


def _is_better(tried: Recommendation, best: Recommendation) -> bool:
    """Return True if `tried` is better than `best`.

    With fewer cycles of latency, `tried` may be slower by a small factor. Otherwise `tried` must be
    faster by this factor.
    """
    one_of_each = (tried.interleave == 1) != (best.interleave == 1)
    enough = _WORTH_TURNS if one_of_each else _NOISE
    fewer = tried.design.unit.latency < best.design.unit.latency
    return tried.fmax_mhz / best.fmax_mhz > (1 / enough if fewer else enough)


def candidates(design: Design, family: str = "ecp5") -> list[Design]:
    """Choose configurations to place and route, by the delay laws of the family's target.

    The first configuration is the one near the shortest predicted period.

    Raises:
        ToolError: the family is unknown, or Yosys failed.
        SpecError: a part of the design has no generator.
    """
    check_family(family)
    circuit = hdl.circuit(design, FAMILIES[family].target)
    turns = design.unit.takes_turns
    most = MAX_INTERLEAVE if turns else 1
    shortest = circuit.shortest_period(MAX_STAGES, most)
    one_sum = circuit.shortest_period(MAX_STAGES, 1) if turns else shortest
    pairs = [_fewest(circuit, _NEAR * shortest, most)]
    # Interleaved sums cost registers, and not every user has several independent sums.
    if turns and one_sum <= _ONE_SUM * shortest:
        stages, _ = _fewest(circuit, _NEAR * one_sum, 1)
        # One more stage does not make the loop faster, but a hard multiplier can use more of the
        # registers inside it.
        pairs += [(stages, 1), (min(stages + 1, MAX_STAGES), 1)]
    else:
        pairs.append(_fewest(circuit, _LESS_NEAR * shortest, most))
    return [
        replace(design, unit=design.unit.registered(stages, interleave))
        for stages, interleave in dict.fromkeys(pairs)
    ]


def _fewest(circuit: Circuit, period: float, most: int) -> tuple[int, int]:
    """The `stages` and `interleave` with the fewest cycles that reach a period in ps."""
    enough = circuit.enough(Limits(period=int(period)), MAX_STAGES, most)
    return min(enough, key=lambda pair: (sum(pair), pair))
