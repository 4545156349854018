"""Learned codebooks: the levels that suit the weights of a network best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError, quoted
from hwdse.formats import Codebook
from hwdse.networks.methods.gram import grams
from hwdse.networks.observe import Observation
from hwdse.networks.protocols import Computation, Data

Values = npt.NDArray[np.float64]

MIN_BITS, MAX_BITS = 2, 8
MIN_LEVEL_BITS, MAX_LEVEL_BITS = 3, 16
_ROUNDS = 200
_MOST_POINTS = 1 << 22
"""Of more weights, evenly spaced columns are taken."""


@dataclass(frozen=True, kw_only=True)
class LearnedTable:
    """A learned codebook, and how well it suits what it was learned from.

    Attributes:
        codebook: the codebook. Its levels are integers, and one of them is 0.
        layers: names of the layers whose weights it was learned from.
        noise: squared error of these layers' results by rounding the weights, as a part of their
            power, mean over layers, with scales by the largest weight of each column.
        uniform_noise: the same for integers of as many bits.
    """

    codebook: Codebook
    layers: tuple[str, ...]
    noise: float
    uniform_noise: float


def learn_codebook(
    network: Computation,
    data: Data,
    observations: Mapping[str, Observation],
    *,
    bits: int = 4,
    level_bits: int = 8,
    layers: Sequence[str] = (),
) -> LearnedTable:
    """Learn one table of levels for the weights of layers, by weighted k-means.

    Each column of weights is divided by its largest magnitude, so nothing is clipped. A weight
    counts by the second moment of the activations that it is multiplied with, times the square of
    its column's scale: the error of the layer's results is then least, as far as activations do not
    depend on each other. Each layer counts by its noise as a part of its results' power. Two starts
    are tried, quantiles and equal steps; the better one counts.

    Source: M. Elhoushi and J. Johnson, any4, ICML 2025. There each row of weights has a table of
    its own, in floating point. Here one table serves all layers given, because an operand of a
    design has one format; its levels are integers, so that multipliers stay small.

    Args:
        network: the network.
        data: the data, whose calibration part counts.
        observations: the operands of the network's layers (`hwdse.networks.calibration.observed`).
        bits: bits of a code, 2 to 8.
        level_bits: bits of a level, a signed integer; more than `bits`, up to 16.
        layers: patterns of names of layers. Default: all.

    Raises:
        NetworkError: no layer with weights has such a name, or the bits are not allowed.
    """
    if not MIN_BITS <= bits <= MAX_BITS:
        raise NetworkError(f"a codebook of {bits} bits: {MIN_BITS} to {MAX_BITS} are allowed")
    if not bits < level_bits <= MAX_LEVEL_BITS:
        raise NetworkError(
            f"levels of {level_bits} bits for codes of {bits}: {bits + 1} to {MAX_LEVEL_BITS} are "
            "allowed"
        )
    constant = {name: each for name, each in observations.items() if each.constant}
    chosen = tuple(
        name for name in constant if not layers or any(fnmatchcase(name, one) for one in layers)
    )
    if not chosen:
        raise NetworkError(
            f"no layer of {network.name} with weights matches {', '.join(map(quoted, layers))}: "
            f"they are {', '.join(constant)}"
        )
    moments = grams(network, data)
    step = -(-sum(constant[name].matrices.size for name in chosen) // _MOST_POINTS)
    parts = [
        _points(constant[name].matrices[:, :, ::step], np.einsum("gkk->gk", moments[name].matrix))
        for name in chosen
    ]
    points, weights = (np.concatenate(each) for each in zip(*parts, strict=True))
    largest = 2 ** (level_bits - 1) - 1
    steps = np.arange(1 - 2 ** (bits - 1), 2 ** (bits - 1)) / (2 ** (bits - 1) - 1)
    starts = (
        np.quantile(points, (np.arange(2**bits) + 0.5) / 2**bits),
        np.append(steps, steps[-1] + 0.1),
    )
    found = [_whole(k_means(points, weights, start), largest) for start in starts]
    noises = [_noise(points, weights, levels) for levels in found]
    best = int(np.argmin(noises))
    return LearnedTable(
        codebook=Codebook(
            name=f"learned{bits}-{network.name}", levels=tuple(map(float, found[best]))
        ),
        layers=chosen,
        noise=noises[best] / len(chosen),
        uniform_noise=_noise(points, weights, steps) / len(chosen),
    )


def _points(matrices: npt.NDArray[np.float32], squares: Values) -> tuple[Values, Values]:
    """Weights (G, K, N) by the largest of their column, and how much each of them counts.

    `squares` are the second moments of the activations, shape (G, K).
    """
    matrices = matrices.astype(np.float64)
    largest = np.abs(matrices).max(axis=1, keepdims=True, initial=0)
    points = matrices / np.where(largest > 0, largest, 1.0)
    weights = squares.astype(np.float64)[:, :, np.newaxis] * np.square(largest)
    power = float((weights * np.square(points)).sum())
    return points.reshape(-1), (weights / (power if power > 0 else 1.0)).reshape(-1)


def k_means(points: Values, weights: Values, start: Values) -> Values:
    """Levels of least weighted squared error near a start, by Lloyd's rounds.

    Args:
        points: numbers.
        weights: how much each of them counts, not negative.
        start: the first levels.

    Returns:
        The levels, ascending. The one nearest to 0 is 0: units fill up short sums with zeros.
    """
    order = np.argsort(points, kind="stable")
    points, weights = points[order], weights[order]
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    moment = np.concatenate([[0.0], np.cumsum(weights * points)])
    levels = np.unique(start)
    for _ in range(_ROUNDS):
        ends = np.searchsorted(points, (levels[:-1] + levels[1:]) / 2)
        ends = np.concatenate([[0], ends, [len(points)]])
        total, sums = np.diff(mass[ends]), np.diff(moment[ends])
        moved = np.where(total > 0, sums / np.where(total > 0, total, 1.0), levels)
        moved = np.sort(moved)
        moved[np.abs(moved).argmin()] = 0.0
        if np.array_equal(moved, levels):
            break
        levels = moved
    return levels


def _whole(levels: Values, largest: int) -> Values:
    """Levels as integers up to `largest`. Equal ones become one."""
    top = float(np.abs(levels).max())
    whole: Values = np.unique(np.rint(levels * (largest / (top if top > 0 else 1.0)))) + 0.0
    return whole


def _noise(points: Values, weights: Values, levels: Values) -> float:
    """Weighted squared error of rounding to levels, the largest magnitude of which stands for 1."""
    levels = levels / np.abs(levels).max()
    nearest = levels[np.searchsorted((levels[:-1] + levels[1:]) / 2, points)]
    return float((weights * np.square(points - nearest)).sum())
