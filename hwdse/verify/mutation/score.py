"""Mutation score: the share of injected faults that the stimulus of a verification detects.

Yosys's command `mutate` draws the faults, spread evenly over the netlist. A fault inverts a bit of
a cell's port, holds it at 0 or 1, or inverts it depending on another bit. One netlist contains all
faults, and an input selects one fault. So the simulation is built only once. Each mutant runs the
stimulus of the verification until its first wrong output.

A mutant without a wrong output counts as equivalent only with a proof. The proof cuts the registers
and shows equal outputs and equal next states from every state that can occur.
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
from hwdse.verify.mutation.miter import PROVE, PROVE_SEQUENTIAL
from hwdse.verify.mutation.netlist import Mutant, Mutants, draw, proven_equivalent
from hwdse.verify.mutation.sequential import sequential_comparison
from hwdse.verify.mutation.states import comparison, pipeline_comparison, running_sum


@dataclass(frozen=True, kw_only=True)
class MutationReport:
    """The results for the mutants of a design.

    Attributes:
        spec: spec of the design.
        level: level of the stimulus.
        seed: seed of the choice of mutants and of the stimulus.
        mutants: number of mutants.
        killed: number of mutants with a wrong output.
        killed_quick: number of mutants with a wrong output at level quick.
        equivalent: mutants that are proven equivalent to the design.
        survivors: mutants that are neither killed nor proven equivalent.
        seconds: total duration.
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
        """Share of killed mutants among the mutants not proven equivalent; 1 if there are none."""
        counted = self.mutants - len(self.equivalent)
        return self.killed / counted if counted else 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
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
    """Inject faults into the Verilog of a design and count the faults that verification detects.

    Args:
        design: the design.
        mutants: number of faults. A small netlist may have fewer faults.
        seed: seed of the choice of faults and of the stimulus.
        level: level of the stimulus. Level `quick` always runs first.

    Raises:
        VerificationError: the design without a fault gives a wrong output.
        ToolError: Yosys, the simulator or the compiler is missing or fails.
        SpecError: the level is unknown, or a part of the design has no generator or no bench.
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


def _comparisons(design: Design, drawn: Mutants) -> Iterator[tuple[str, str]]:
    """Yield the comparisons that can prove a mutant equivalent, the slower comparisons last.

    Each comes with the Yosys commands that decide it.
    """
    known = running_sum(design.acc, design)
    yield comparison(drawn.verilog, drawn.top, known and replace(known, same=None)), PROVE
    if known is not None and known.same is not None:
        yield comparison(drawn.verilog, drawn.top, known), PROVE
    # If outputs can wait, no fixed number of steps empties the unit.
    if design.interface.clocked and has_fixed_timing(design.interface):
        yield pipeline_comparison(drawn.verilog, drawn.top, design.unit.latency), PROVE
    if design.interface.clocked:
        yield sequential_comparison(drawn.verilog, drawn.top, design.interface), PROVE_SEQUENTIAL


def _proven(design: Design, drawn: Mutants, left: Sequence[Mutant]) -> set[int]:
    """Return the numbers of the mutants that are proven equivalent."""
    equivalent: set[int] = set()
    rest = list(left)
    comparisons = _comparisons(design, drawn)
    # Making a comparison already runs proofs. So the next comparison is made only if mutants are
    # left.
    while rest and (compared := next(comparisons, None)) is not None:
        around, prove = compared
        equivalent |= proven_equivalent(drawn, rest, around, prove=prove)
        rest = [mutant for mutant in rest if mutant.number not in equivalent]
    return equivalent
