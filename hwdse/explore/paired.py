"""What the samples of a test set leave open of accuracies, drawn in pairs.

All designs of a network answer the same samples. A bootstrap (B. Efron, Annals of Statistics 7,
1979) draws as many samples with replacement and counts the answers of every design on these, so
that designs which answer alike rise and fall together.

Ranks go by the statistics of the paired tests (`hwdse.explore.ranking`). On other samples a
statistic is about normal around the one that was found, with a standard deviation of 1; a pair is
separated where it is beyond the cut that Holm's procedure set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.ranking import ranking_of
from hwdse.explore.record import Row
from hwdse.jit import compiled
from hwdse.networks.accuracy import AGREES, RIGHT

Floats = npt.NDArray[np.float64]

_FAR = 5.0

OUTCOMES = {"accuracy": RIGHT, "agreement": AGREES}
"""Which outcome of a sample a column counts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Paired:
    """Results of each sample, for designs in a table.

    Attributes:
        rows: the designs by label of their line in the table; those without results are left out.
    """

    rows: Mapping[int, Row]

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Self:
        """Results of the designs of `tables.frame_of`."""
        return cls(rows={label: row for label, row in enumerate(rows) if row.errors is not None})

    def draw_ranks(
        self, frame: pd.DataFrame, count: int, rng: np.random.Generator
    ) -> Floats | None:
        """Draw the ranks of the designs of a table, shape (count, designs); NaN without one.

        None: the table has designs that were not compared with each other.
        """
        labels, places = self._known(frame)
        if len(labels) < len(self._ranked(frame)) or not labels:
            return None
        found = ranking_of([self.rows[label].errors for label in labels])  # type: ignore[misc]
        drawn = np.full((count, len(frame)), np.nan)
        noise = rng.standard_normal((count, len(labels)), dtype=np.float32) / np.float32(np.sqrt(2))
        # A pair that is further from the cut than this stays on its side.
        sure = (found.z > found.cut + _FAR).sum(axis=1)
        close = np.argwhere(np.abs(found.z - found.cut) <= _FAR)
        margins = (found.cut - found.z[close[:, 0], close[:, 1]]).astype(np.float32)
        ranks = np.tile(1 + sure, (count, 1))
        _add_better(close, margins, noise, ranks)
        drawn[:, places] = ranks
        return drawn

    def draw_ratios(
        self, frame: pd.DataFrame, name: str, count: int, rng: np.random.Generator
    ) -> Floats | None:
        """Draw a ratio of answers of the designs of a table, shape (count, designs).

        None: the answers to each sample are not known of all designs with results.
        """
        labels, places = self._known(frame)
        outcomes = [self.rows[label].outcomes for label in labels]
        known = [each for each in outcomes if each is not None]
        if not known or len(known) < len(self._ranked(frame)) or len(set(map(len, known))) > 1:
            return None
        # Whole numbers, so that the sums are exact and equal answers give equal ratios.
        counted = (np.stack(known) & OUTCOMES[name] > 0).astype(np.float32)
        samples = counted.shape[1]
        weights = rng.multinomial(samples, np.full(samples, 1 / samples), size=count)
        drawn = np.full((count, len(frame)), np.nan)
        drawn[:, places] = weights.astype(np.float32) @ counted.T / samples
        return drawn

    def _known(self, frame: pd.DataFrame) -> tuple[list[int], list[int]]:
        """Labels of the lines with results, and their places in the table."""
        found = [(label, at) for at, label in enumerate(frame.index) if label in self.rows]
        return [label for label, _ in found], [at for _, at in found]

    @staticmethod
    def _ranked(frame: pd.DataFrame) -> pd.Series:
        return frame["rank"].dropna()


@compiled
def _add_better(
    pairs: npt.NDArray[np.int64],
    margins: npt.NDArray[np.float32],
    noise: npt.NDArray[np.float32],
    ranks: npt.NDArray[np.int64],
) -> None:
    """Add 1 to the rank of design i for each pair (i, j) whose drawn statistic is beyond the cut.

    The statistic of (i, j) is above 0 if i has the larger errors.
    """
    for draw in range(len(noise)):
        own, rank = noise[draw], ranks[draw]
        for pair in range(len(pairs)):
            i, j = pairs[pair]
            if own[i] - own[j] > margins[pair]:
                rank[i] += 1
