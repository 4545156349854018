"""Cheaper measurements of designs, which a search makes before the full ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from hwdse.explore.record import Evaluation, Reusing
from hwdse.networks.rung_names import FEW_SAMPLES, LAYERS, TENSORS
from hwdse.spec import Design

SITE_RUNGS = (TENSORS, LAYERS)
"""Rungs that need no sample, the cheapest first: see `hwdse.explore.site_rungs`."""
_PART, _LEAST = 7, 14
"""The lower rung has this part of the samples, and at least so many (docs/search.md)."""


class LowerEvaluator(Reusing, Protocol):
    """An evaluator of a lower rung: `Evaluator` and `Reusing`."""

    def key(self, design: Design) -> str:
        """As of `Evaluator`."""

    def __call__(self, design: Design) -> Evaluation:
        """As of `Evaluator`."""


@dataclass(frozen=True, kw_only=True)
class LowerRung:
    """A cheaper measurement of designs.

    Attributes:
        name: name for readers, such as `64 samples`.
        share: what it costs, divided by what the full measurement costs.
        evaluator: measures a design, less exactly than the full measurement. The search learns how
            exactly.
        objective: the only measure of accuracy that it foretells; empty: all that the full
            measurement gives.
    """

    name: str
    share: float
    evaluator: LowerEvaluator
    objective: str = ""


@runtime_checkable
class Laddered(Protocol):
    """An evaluator with cheaper measurements."""

    def lower_rungs(self, rungs: Sequence[int | str] | None) -> tuple[LowerRung, ...]:
        """The cheaper measurements, the cheapest first.

        Args:
            rungs: numbers of samples and names that are asked for. None: what suits the evaluator.
        """


def usual_rungs(samples: int) -> tuple[int, ...]:
    """The rungs of a measurement with so many samples, if nothing is asked for."""
    few = min(FEW_SAMPLES, round(samples / _PART))
    return (few,) if few >= _LEAST else ()
