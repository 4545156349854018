"""Searches the design of each layer of a network under a budget.

First each layer alone: the noise that a design adds to the network's outputs in this layer. Noises
of layers are nearly independent, so the sum of them foretells the noise of an assignment, and an
integer program finds the assignment with the least sum within the budget. Then that is tried out:
the search measures neighbours, which differ in one layer or in two, those with the least foretold
noise first, and moves whenever one is better. It needs no gradient and no label, and sees
calibration samples only.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import optimize

from hwdse.errors import SearchError
from hwdse.explore.layer_budget import LayerBudget, LayerPrices, Layers
from hwdse.networks.layer_scores import LayerScores
from hwdse.networks.sensitivity import LayerLoss, layer_losses
from hwdse.spec import Design

DEFAULT_TRIES = 60
_ROUNDING = 1 + 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The result of a search.

    Attributes:
        layers: design of each layer.
        noise: relative noise power of the network's outputs on the calibration samples.
        foretold: the sum of the layers' noises.
        cost: cost of the assignment, as a part of what the first design costs everywhere.
        whole: cost of the first design everywhere.
        tried: assignments whose noise was measured.
        losses: what each layer alone loses in each design.
    """

    layers: Layers
    noise: float
    foretold: float
    cost: float
    whole: float
    tried: int
    losses: Sequence[LayerLoss]


def find_layers(
    designs: Sequence[Design],
    scores: LayerScores,
    budget: LayerBudget,
    prices: LayerPrices,
    *,
    tries: int = DEFAULT_TRIES,
    progress: Callable[[str], None] | None = None,
) -> Found:
    """Find the design of each layer with the least noise within a budget.

    Args:
        designs: the designs to choose from. The first one is the reference of the budget.
        scores: scores of the designs' layers, on calibration samples.
        budget: the limit.
        prices: the costs that it limits.
        tries: most assignments to measure after each layer alone.
        progress: function to call with what was measured.

    Raises:
        SearchError: no assignment keeps within the budget, or each has infinite noise.
    """
    losses = layer_losses(scores, designs, progress)
    noises = {(each.site, each.design): _noise(each.accuracy.sqnr_db) for each in losses}
    whole = prices.of(dict.fromkeys(scores.sites, designs[0]))
    limit = budget.share * whole * _ROUNDING
    start = _least(scores.sites, designs, noises, prices, limit)
    if start is None:
        raise SearchError(
            f"no assignment of these designs has {budget.quantity} of at most "
            f"{budget.share:g} of the first design's: the least is "
            f"{_cheapest(scores.sites, designs, prices) / whole:.3g}"
        )

    def foretold(layers: Layers) -> float:
        return sum(noises[site, design] for site, design in layers.items())

    seen: dict[tuple[Design, ...], float] = {}

    def measured(layers: Layers) -> float:
        key = tuple(layers.values())
        if key not in seen:
            seen[key] = _noise(scores.of(layers).sqnr_db)
            if progress is not None:
                progress("assignment")
        return seen[key]

    best: Layers = start
    least = measured(best)
    moved = True
    while moved and len(seen) < tries:
        moved = False
        near = [
            layers
            for layers in _neighbours(best, designs)
            if prices.of(layers) <= limit and np.isfinite(foretold(layers))
        ]
        for layers in sorted(near, key=foretold):
            if len(seen) >= tries:
                break
            if tuple(layers.values()) not in seen and measured(layers) < least:
                best, least, moved = layers, measured(layers), True
                break
    return Found(
        layers=best,
        noise=least,
        foretold=foretold(best),
        cost=prices.of(best) / whole,
        whole=whole,
        tried=len(seen),
        losses=losses,
    )


def _noise(decibels: float) -> float:
    """Relative noise power; infinity if an output is no finite number."""
    return float(10 ** (-decibels / 10))


def _neighbours(layers: Layers, designs: Sequence[Design]) -> Iterator[Layers]:
    """All assignments that differ in one layer or in two."""
    sites = list(layers)
    for place, site in enumerate(sites):
        for design in designs:
            if design == layers[site]:
                continue
            changed = {**layers, site: design}
            yield changed
            for other, second in product(sites[place + 1 :], designs):
                if second != layers[other]:
                    yield {**changed, other: second}


def _least(
    sites: Sequence[str],
    designs: Sequence[Design],
    noises: Mapping[tuple[str, Design], float],
    prices: LayerPrices,
    limit: float,
) -> dict[str, Design] | None:
    """The assignment with the least sum of noises within the limit; None: there is none.

    Variables of the integer program: whether layer s has design d, and whether d is used at all.
    """
    pairs = list(product(sites, designs))
    count, used = len(pairs), len(designs)
    objective = np.array([*(noises[pair] for pair in pairs), *[0.0] * used])
    usable = np.isfinite(objective)
    objective[~usable] = 0.0
    # Noises span many powers of ten: the solver's tolerances are absolute.
    objective /= max(objective.max(initial=0.0), 1e-300)
    one = np.zeros((len(sites), count + used))
    has = np.zeros((count, count + used))
    for place, (site, design) in enumerate(pairs):
        one[sites.index(site), place] = 1
        has[place, place], has[place, count + designs.index(design)] = 1, -1
    spent = np.array(
        [
            *(prices.of_layers[design][site] for site, design in pairs),
            *(prices.of_designs[design] for design in designs),
        ]
    )
    solved = optimize.milp(
        objective,
        integrality=np.ones(count + used),
        bounds=optimize.Bounds(0, usable.astype(float)),
        constraints=[
            optimize.LinearConstraint(one, 1, 1),
            optimize.LinearConstraint(has, -np.inf, 0),
            optimize.LinearConstraint(spent[np.newaxis] / max(limit, 1e-300), -np.inf, 1),
        ],
    )
    if solved.x is None:
        return None
    chosen = solved.x[:count].reshape(len(sites), used).argmax(axis=1)
    return {site: designs[place] for site, place in zip(sites, chosen.tolist(), strict=True)}


def _cheapest(sites: Sequence[str], designs: Sequence[Design], prices: LayerPrices) -> float:
    """The least cost of a single design in all layers."""
    return min(prices.of(dict.fromkeys(sites, design)) for design in designs)
