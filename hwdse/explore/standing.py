"""How sure it is that a design belongs to the Pareto front, or does not: the one definition.

The probability of a design is the share of draws of the measurements (`hwdse.explore.draws`) in
which no other design beats it and it keeps the limits. From it follow three classes:

* *certain*: on the front, with a probability of at least 95 %;
* *dominated*: not on the front, with a probability of at most 5 %; so are designs that are too slow
  for their clock or break a limit;
* *undecided*: all others that have a value for each objective.

For two designs that differ in one cost this is the order that calibration calls sure
(`Adjustment.surely_apart`).

Nothing says how wrong the estimates of a kind of unit are that was never measured. Such a design
has no probability, and is undecided. Where it could decide the place of another one, this has none
either, and its class holds for every cost that the first may have.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.combinations import parts
from hwdse.explore.draws import DRAWS, Draws
from hwdse.explore.front import fronts, pareto_mask
from hwdse.explore.paired import Paired

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SURE = 0.95
"""Probability from which on a place on or off the front is sure."""

CLASSES = ("certain", "undecided", "dominated")

_SAME = 0.01
"""Probabilities that differ by less are one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Standing:
    """What is known of the places of designs.

    Attributes:
        front: mask of the designs on the front of the estimates, shape (designs,).
        least: least probability of being on the front.
        most: largest probability; the two differ where nothing is known of an estimate.
        measured: mask of the designs with a value for each objective.
    """

    front: Mask
    least: Floats
    most: Floats
    measured: Mask

    @property
    def probability(self) -> Floats:
        """Probability of being on the front; NaN where it is not known."""
        known = self.measured & (self.most - self.least < _SAME)
        return np.where(known, self.least, np.nan)

    @property
    def undecided(self) -> Mask:
        """Mask of the designs whose place on or off the front is not sure."""
        return np.where(self.front, self.least < SURE, self.most > 1 - SURE)

    @property
    def classes(self) -> npt.NDArray[np.str_]:
        """The class of each design; empty where an objective has no value."""
        certain, undecided, dominated = CLASSES
        settled = np.where(self.front, certain, dominated)
        return np.where(self.measured, np.where(self.undecided, undecided, settled), "")


def standing(
    frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS, paired: Paired | None = None
) -> Standing:
    """Find how sure the places of designs are.

    Args:
        frame: the designs, as of `Store.frame`.
        aims: objectives and limits of the front.
        paired: results of each sample, labelled as the lines of `frame`. Without them, the order in
            accuracy counts as sure.
    """
    least, most = np.zeros(len(frame)), np.zeros(len(frame))
    for _, places in parts(frame):
        least[places], most[places] = _bounds(frame.iloc[places], aims, paired)
    return Standing(
        front=pareto_mask(frame, aims),
        least=least,
        most=most,
        measured=frame[[c.name for c in aims.columns]].notna().all(axis=1).to_numpy(),
    )


def _bounds(frame: pd.DataFrame, aims: Aims, paired: Paired | None) -> tuple[Floats, Floats]:
    """Least and largest probability of designs that are compared with each other."""
    draws = Draws(frame=frame, aims=aims, paired=paired)
    unknown = draws.unmeasured
    costs = np.array([c.is_cost for c in aims.columns])
    least, most = np.zeros(len(frame)), np.zeros(len(frame))
    for values, taken in draws.blocks():
        without = fronts(values, taken & ~unknown)
        most += without.sum(axis=0)
        if unknown.any():
            # At their best, designs of unknown cost beat all that are no better otherwise.
            values[:, unknown[:, None] & costs] = -np.inf
            least += fronts(values, taken).sum(axis=0)
            most += np.where(unknown, taken, False).sum(axis=0)
        else:
            least += without.sum(axis=0)
    least[unknown] = 0
    return least / DRAWS, most / DRAWS


STANDING = ("front", "front_probability", "standing")
"""Columns that `with_standing` adds."""


def with_standing(
    frame: pd.DataFrame, aims: Aims = DEFAULT_AIMS, paired: Paired | None = None
) -> pd.DataFrame:
    """The frame with the columns `STANDING`; the last has the class."""
    found = standing(frame, aims, paired)
    values = (found.front, found.probability, found.classes)
    return frame.assign(**dict(zip(STANDING, values, strict=True)))
