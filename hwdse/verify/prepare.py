"""Prepares a verification: the trace of a unit, the purposes of the inputs, and the coverage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.spec import Design, Unit
from hwdse.verify.coverage import coverage
from hwdse.verify.expected import expected_outputs
from hwdse.verify.stimulus import stimulus
from hwdse.verify.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Covered:
    """What vectors are for, and what they reach.

    Attributes:
        vectors: number of outputs for each purpose.
        outputs: number of expected outputs in each class; see `hwdse.verify.coverage`.
        steps: number of exact sums before rounding in each class, for a sample of the steps.
        unreached: possible classes that no output or step reaches.
    """

    vectors: Mapping[str, int]
    outputs: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Prepared(Covered):
    """A trace with purposes and coverage.

    Attributes:
        trace: inputs, and outputs expected by the golden model.
    """

    trace: Trace


def check_level(unit: Unit, level: str, allowed: Iterable[str], why: str) -> None:
    """Check that a unit has a level.

    Args:
        unit: the unit.
        level: the level.
        allowed: levels of the unit.
        why: reason why it has no other, as the end of a sentence.

    Raises:
        SpecError: it has not.
    """
    if level not in (names := list(allowed)):
        raise SpecError(f"level {level}: unit {unit} has {' and '.join(names)}; {why}")


@singledispatch
def prepare(unit: Unit, design: Design, level: str, seed: int) -> Prepared:
    """Return the trace of a unit at a level. The same seed gives the same trace.

    Units that take operand codes, sum by sum, register a `stimulus`. Any other unit registers a
    function here that makes its trace.

    Raises:
        SpecError: the level is unknown, or the unit has neither a stimulus nor a trace function.
        VerificationError: the stimulus misses special values that it must reach.
    """
    fed = stimulus(unit, design, level, seed)
    expected = expected_outputs(design, fed)
    covered = coverage(design, fed, expected)
    return Prepared(
        trace=fed.trace(design, expected),
        vectors=fed.counts(),
        outputs=covered.outputs,
        steps=covered.steps,
        unreached=covered.unreached,
    )
