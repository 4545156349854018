"""The fidelity ladder: cheap measurements of a design that foretell dear ones.

Four rungs say how near a design comes to float32, each in dB and each dearer than the one before:

1. `tensors`: how well the operands of each matrix product are held, on calibration data.
2. `layers`: how well the design computes each matrix product of these operands, on its own.
3. `logits`: how near the outputs of the network are, on a few samples.
4. `network`: the same on all samples.

The first two need no run of the network. They add the relative noise powers of all sites: as if
noise of all layers reached the output alike.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError
from hwdse.networks import scales
from hwdse.networks.accuracy import Accuracy
from hwdse.networks.calibration import observed
from hwdse.networks.data import Options, own_data
from hwdse.networks.evaluate import evaluate
from hwdse.networks.metrics import Metric
from hwdse.networks.network import Network
from hwdse.networks.protocols import Data
from hwdse.networks.rung_names import FEW_SAMPLES, LAYERS, LOGITS, NETWORK, RUNGS, TENSORS
from hwdse.networks.site_sums import Sums, Values, sums_of_site
from hwdse.spec import Design

_MOST_DB, _LEAST_DB = 300.0, -300.0


@dataclass(frozen=True, kw_only=True)
class Climb:
    """A design on every rung of the ladder.

    Attributes:
        design: the design.
        decibels: signal-to-noise ratio by rung, from `tensors` to `network`, within +-300 dB.
        accuracy: the result on all samples.
    """

    design: Design
    decibels: dict[str, float]
    accuracy: Accuracy

    def to_json(self) -> dict[str, Any]:
        """Spec, ratios and accuracy as JSON values."""
        return {
            "design": str(self.design),
            **self.decibels,
            "accuracy": self.accuracy.value,
            "samples": self.accuracy.samples,
        }


def tensor_sqnr(
    design: Design,
    network: Network,
    *,
    data: Data | None = None,
    data_dir: Path | None = None,
    policy: str = scales.DEFAULT,
) -> float:
    """How well a design's formats hold the operands of a network, in dB.

    The noise of a site is the relative noise of its activations plus that of its weights.

    Args:
        design: the design.
        network: the network.
        data: the data, whose calibration part counts. Default: as for `evaluate`.
        data_dir: folder of the dataset, as for `evaluate`.
        policy: name of the scale policy.

    Raises:
        NetworkError: the network names no data, or is quantised already.
        DatasetError: data is missing or damaged.
        SpecError: the design has no running sum or no fast kernel.
    """

    def noise(sums: Sums) -> float:
        left, right = sums.left * sums.left_scale, sums.right * sums.right_scale
        return _noise(left, sums.rows) + _noise(right, sums.columns)

    return _over_sites(design, network, noise, _data(network, data, data_dir), policy)


def layer_sqnr(
    design: Design,
    network: Network,
    *,
    data: Data | None = None,
    data_dir: Path | None = None,
    policy: str = scales.DEFAULT,
) -> float:
    """How well a design computes the matrix products of a network, each alone, in dB.

    Arguments and errors are those of `tensor_sqnr`.
    """

    def noise(sums: Sums) -> float:
        expected = sums.rows.astype(np.float64) @ sums.columns
        return _noise(sums.results() * sums.unit, expected)

    return _over_sites(design, network, noise, _data(network, data, data_dir), policy)


def climb(
    design: Design,
    network: Network,
    *,
    few: int = FEW_SAMPLES,
    samples: int | None = None,
    data: Data | None = None,
    metric: Metric | str | None = None,
    data_dir: Path | None = None,
    policy: str = scales.DEFAULT,
) -> Climb:
    """Measure a design on every rung.

    Args:
        design: the design.
        network: the network.
        few: number of samples of the rung `logits`, fewer than those of `network`.
        samples: number of samples of the rung `network`; default: as many as the network says,
            or all of `data`.
        data: as for `evaluate`.
        metric: as for `evaluate`. All rungs are in dB, whatever it is.
        data_dir: folder of the dataset, as for `evaluate`.
        policy: name of the scale policy.

    Raises:
        NetworkError: `few` is not below the number of samples, or the network does not run.
        DatasetError: data is missing or damaged.
        SpecError: the design has no running sum or no fast kernel.
    """
    if data is None:
        data, usual = own_data(network, Options(folder=data_dir))
    else:
        usual = data.test_size
    most = usual if samples is None else samples
    if not 1 <= few < most:
        raise NetworkError(f"few={few}: 1 to {most - 1} are allowed, fewer than all samples")

    def run(count: int) -> Accuracy:
        return evaluate(
            design,
            network,
            count,
            data=data,
            metric=metric,
            scales=policy,
            compare_scales=False,
        )

    whole = run(most)
    decibels = {
        TENSORS: tensor_sqnr(design, network, data=data, policy=policy),
        LAYERS: layer_sqnr(design, network, data=data, policy=policy),
        LOGITS: _bounded(run(few).sqnr_db),
        NETWORK: _bounded(whole.sqnr_db),
    }
    return Climb(design=design, decibels=decibels, accuracy=whole)


def rank_correlations(climbs: Sequence[Climb]) -> dict[tuple[str, str], float]:
    """How well each rung orders designs as every dearer one does: Spearman's rank correlation.

    Args:
        climbs: designs on one network, at least three.

    Returns:
        Correlations by pair of rungs, the cheaper one first. NaN if a rung has one value for all.

    Raises:
        NetworkError: there are fewer than three designs.
    """
    from scipy.stats import spearmanr  # noqa: PLC0415 - takes a second to load

    if len(climbs) < 3:
        raise NetworkError(f"{len(climbs)} designs: a rank correlation needs at least 3")
    values = {rung: [each.decibels[rung] for each in climbs] for rung in RUNGS}
    found = {}
    for place, lower in enumerate(RUNGS):
        for upper in RUNGS[place + 1 :]:
            pair = values[lower], values[upper]
            varied = all(len(set(each)) > 1 for each in pair)
            found[lower, upper] = float(spearmanr(*pair).statistic) if varied else math.nan
    return found


def _data(network: Network, data: Data | None, folder: Path | None) -> Data:
    """The data that are given, or those that the network's file names."""
    return own_data(network, Options(folder=folder))[0] if data is None else data


def _over_sites(
    design: Design,
    network: Network,
    noise: Callable[[Sums], float],
    data: Data,
    policy: str,
) -> float:
    """Signal-to-noise ratio in dB of the mean relative noise power of all sites."""
    sites = observed(network, data).values()
    powers = [
        np.mean([noise(sums) for sums in sums_of_site(design, each, policy)]) for each in sites
    ]
    power = float(np.mean(powers))
    return _bounded(-10 * math.log10(power) if power > 0 else math.inf)


def _noise(found: Values, expected: npt.NDArray[np.floating]) -> float:
    """Relative power of an error; infinite if a value is NaN or infinite."""
    power = float(np.square(expected, dtype=np.float64).mean())
    with np.errstate(over="ignore", invalid="ignore"):
        error = float(np.square(found - expected).mean())
    if not math.isfinite(error):
        return math.inf
    return error / power if power else 0.0


def _bounded(decibels: float) -> float:
    return _LEAST_DB if math.isnan(decibels) else min(max(decibels, _LEAST_DB), _MOST_DB)
