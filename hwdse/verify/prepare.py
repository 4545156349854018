"""What one verification runs: the trace of a unit, what it is for, and what it brings about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import singledispatch

from hwdse.spec import Design, Unit
from hwdse.verify.coverage import coverage
from hwdse.verify.expected import expected_outputs
from hwdse.verify.stimulus import stimulus
from hwdse.verify.trace import Trace


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A trace with its purpose.

    Attributes:
        trace: inputs, and the outputs that the golden model says.
        vectors: output transfers of each purpose.
        outputs: expected outputs of each class; see `hwdse.verify.coverage`.
        steps: exact sums before rounding, of a sample of the steps, in each class.
        unreached: classes that are possible and that nothing is in.
    """

    trace: Trace
    vectors: Mapping[str, int]
    outputs: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)
    unreached: tuple[str, ...] = ()


@singledispatch
def prepare(unit: Unit, design: Design, level: str, seed: int) -> Prepared:
    """The trace of a unit at a level, the same for the same seed.

    Units that take operand codes, sum after sum, register a `stimulus`; any other unit registers
    its traces here.

    Raises:
        SpecError: an unknown level, or a unit without either.
        VerificationError: a stimulus that misses what it is for.
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
