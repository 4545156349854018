"""Statistics of trainings: means over seeds, and differences in pairs, with their intervals."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from hwdse.errors import DatasetError
from hwdse.networks.train.numerics.scheme import Scheme
from hwdse.reading import read_text

COLUMNS = ("network", "scheme", "seed", "accuracy", "samples", "lost_updates")
_CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A row of the CSV file; see `training.TrainingOutcome`."""

    network: str
    scheme: str
    seed: int
    accuracy: float
    lost_updates: float


def read(path: Path) -> list[Trained]:
    """The rows of a CSV file.

    Raises:
        DatasetError: the file cannot be read, or is not of this kind.
    """
    rows = csv.DictReader(read_text(path, "results of trainings", DatasetError).splitlines())
    try:
        return [
            Trained(
                network=row["network"],
                scheme=row["scheme"],
                seed=int(row["seed"]),
                accuracy=float(row["accuracy"]),
                lost_updates=float(row["lost_updates"]),
            )
            for row in rows
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{path}: columns {', '.join(COLUMNS)} with numbers are needed"
        ) from error


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, and the interval of 95 % for it by Student's t."""
    found = np.asarray(values, np.float64)
    mean = float(found.mean())
    if len(found) == 1:
        return mean, float("-inf"), float("inf")
    error = float(found.std(ddof=1)) / np.sqrt(len(found))
    reach = float(stats.t.ppf((1 + _CONFIDENCE) / 2, len(found) - 1)) * error
    return mean, mean - reach, mean + reach


Seeds = dict[int, Trained]
"""Trainings of one network in one scheme, by seed."""


def grouped(rows: Iterable[Trained]) -> dict[str, dict[str, Seeds]]:
    """Trainings by scheme, then by network."""
    found: dict[str, dict[str, Seeds]] = {}
    for row in rows:
        found.setdefault(row.scheme, {}).setdefault(row.network, {})[row.seed] = row
    return found


def accuracies(rows: Sequence[Trained]) -> str:
    """The table of accuracies, with the share of updates that changed nothing."""
    networks = list(dict.fromkeys(row.network for row in rows))
    by_scheme = grouped(rows)
    lines = [f"| scheme | {' | '.join(networks)} | updates lost, % |"]
    lines.append("|---" * (len(networks) + 2) + "|")
    for name in Scheme.schemes:
        if name not in by_scheme:
            continue
        cells = []
        for network in networks:
            seeds = by_scheme[name].get(network, {}).values()
            cells.append(_written([100 * each.accuracy for each in seeds], ".2f"))
        lost = [100 * row.lost_updates for row in rows if row.scheme == name]
        lines.append(f"| `{name}` | {' | '.join(cells)} | {np.mean(lost):.0f} |")
    return "\n".join(lines) + "\n"


def differences(rows: Sequence[Trained]) -> str:
    """The table of differences to the scheme that a publication compares with, and what it says.

    Differences pair trainings of the same seed: they share first weights and order of samples.
    They are bold where their interval excludes 0.
    """
    networks = list(dict.fromkeys(row.network for row in rows))
    by_scheme = grouped(rows)
    lines = [f"| scheme | less | {' | '.join(networks)} | published |"]
    lines.append("|---" * (len(networks) + 3) + "|")
    for name, scheme in Scheme.schemes.items():
        if name == scheme.compare or name not in by_scheme:
            continue
        cells = []
        for network in networks:
            own = by_scheme[name].get(network, {})
            other = by_scheme.get(scheme.compare, {}).get(network, {})
            points = [
                100 * (own[seed].accuracy - other[seed].accuracy)
                for seed in sorted(own.keys() & other.keys())
            ]
            cells.append(_written(points, "+.2f", bold=True))
        lines.append(f"| `{name}` | `{scheme.compare}` | {' | '.join(cells)} | {scheme.source} |")
    return "\n".join(lines) + "\n"


def _written(values: Sequence[float], form: str, *, bold: bool = False) -> str:
    if not values:
        return ""
    mean, low, high = interval(values)
    text = f"{mean:{form}} ({low:{form}} to {high:{form}})"
    return f"**{text}**" if bold and (low > 0 or high < 0) else text
