"""Mutation score: how many faults, injected into the netlist one at a time, the stimulus notices.

Yosys's `mutate` draws the faults evenly over the netlist: a bit of a cell's port inverted, stuck or
made to follow another bit. One netlist with all of them, of which an input selects one, is built
once; each mutant runs the stimulus and the expected outputs of the verification until its first
wrong output. A survivor counts as equivalent only if that is proven: with the registers cut, equal
outputs and equal next states from every state that may be reached.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hwdse.errors import VerificationError
from hwdse.hdl import emit
from hwdse.spec import Design
from hwdse.temporary import temporary_folder
from hwdse.verify.mutation.cycles import has_fixed_timing
from hwdse.verify.mutation.drivers import driver_of
from hwdse.verify.mutation.netlist import Mutant, Mutants, draw, proven_equivalent
from hwdse.verify.mutation.states import comparison, pipeline_comparison, running_sum


@dataclass(frozen=True, kw_only=True)
class MutationReport:
    """What became of the mutants of a design.

    Attributes:
        spec: the design.
        level: of the stimulus.
        seed: of the choice of mutants and of the stimulus.
        mutants: how many there were.
        killed: how many gave a wrong output.
        killed_quick: how many of those at level quick already.
        equivalent: proven to behave as the design does.
        survivors: the others.
        seconds: for all of it.
    """

    spec: str
    level: str
    seed: int
    mutants: int
    killed: int
    killed_quick: int
    equivalent: tuple[Mutant, ...]
    survivors: tuple[Mutant, ...]
    seconds: float

    @property
    def score(self) -> float:
        """Killed of those that are not equivalent; 1 if there are none."""
        counted = self.mutants - len(self.equivalent)
        return self.killed / counted if counted else 1.0

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "spec": self.spec,
            "level": self.level,
            "seed": self.seed,
            "mutants": self.mutants,
            "killed": self.killed,
            "killed_quick": self.killed_quick,
            "equivalent": len(self.equivalent),
            "score": round(self.score, 4),
            "survivors": [mutant.to_json() for mutant in self.survivors],
            "seconds": self.seconds,
        }


def mutation_score(
    design: Design, *, mutants: int = 200, seed: int = 0, level: str = "full"
) -> MutationReport:
    """Inject faults into a design's Verilog and count those that its verification notices.

    Args:
        design: the design.
        mutants: how many faults; a small netlist may have fewer.
        seed: of their choice and of the stimulus.
        level: stimulus that must notice them; `quick` comes first in any case.

    Raises:
        VerificationError: the design without a fault gives a wrong output.
        ToolError: Yosys, the simulator or the compiler is missing or fails.
        SpecError: an unknown level, or a part of the design without generator or bench.
    """
    begin = time.monotonic()
    drawn = draw(emit(design, flat=True), design.slug, count=mutants, seed=seed)
    numbers = [mutant.number for mutant in drawn.mutants]
    with temporary_folder("mutation") as folder:
        driver = driver_of(design, drawn, folder)
        alive = driver.survivors("quick", seed, [0, *numbers])
        quick = len(numbers) + 1 - len(alive)
        if level != "quick" and alive != [0]:
            alive = driver.survivors(level, seed, alive)
    if 0 not in alive:
        raise VerificationError(f"{design}: wrong outputs without a fault, so no score")
    left = [mutant for mutant in drawn.mutants if mutant.number in set(alive)]
    equivalent = _proven(design, drawn, left)
    return MutationReport(
        spec=str(design),
        level=level,
        seed=seed,
        mutants=len(numbers),
        killed=len(numbers) - len(left),
        killed_quick=quick,
        equivalent=tuple(mutant for mutant in left if mutant.number in equivalent),
        survivors=tuple(mutant for mutant in left if mutant.number not in equivalent),
        seconds=round(time.monotonic() - begin, 1),
    )


def _comparisons(design: Design, drawn: Mutants) -> Iterator[str]:
    """Ways to prove a mutant equivalent, the slower ones last."""
    known = running_sum(design.acc, design)
    yield comparison(drawn.verilog, drawn.top, known and replace(known, same=None))
    if known is not None and known.same is not None:
        yield comparison(drawn.verilog, drawn.top, known)
    # Where outputs can wait, no number of steps empties the unit.
    if design.interface.clocked and has_fixed_timing(design.interface):
        yield pipeline_comparison(drawn.verilog, drawn.top, design.unit.latency)


def _proven(design: Design, drawn: Mutants, left: Sequence[Mutant]) -> set[int]:
    """Numbers of the equivalent ones."""
    equivalent: set[int] = set()
    rest = list(left)
    comparisons = _comparisons(design, drawn)
    # A comparison takes proofs of its own to make.
    while rest and (around := next(comparisons, None)) is not None:
        equivalent |= proven_equivalent(drawn, rest, around)
        rest = [mutant for mutant in rest if mutant.number not in equivalent]
    return equivalent
