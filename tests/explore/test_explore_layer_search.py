"""The search for the design of each layer."""

from itertools import product

import numpy as np
import pytest

from hwdse import Design, cost, networks
from hwdse.errors import SearchError, SpecError
from hwdse.explore.layer_budget import LayerBudget, LayerPrices
from hwdse.explore.layer_search import find_layers
from hwdse.networks.layer_scores import LayerScores

DESIGNS = [Design.parse(text) for text in ("a=int8,acc=int:32", "a=int4,acc=int:32")]
FINE, COARSE = DESIGNS
SITES = ("a", "b", "c", "d")
MACS = dict(zip(SITES, (10, 20, 30, 40), strict=True))


class Score:
    """What a score says to a search."""

    def __init__(self, noise: float) -> None:
        self.sqnr_db = -10 * np.log10(noise) if noise else np.inf


class FakeScores:
    """Layers whose noises add up, but for one pair."""

    sites = SITES
    macs = MACS

    def __init__(self, together: float = 0.0) -> None:
        self.noises = dict(zip(SITES, (4.0, 3.0, 2.0, 1.0), strict=True))
        self.together = together
        self.asked = []

    def of(self, layers):
        self.asked.append(dict(layers))
        coarse = [site for site, design in layers.items() if design == COARSE]
        noise = sum(self.noises[site] for site in coarse)
        noise += sum(1e-3 for one in layers.values() if one == FINE)
        return Score(noise + self.together * ("c" in coarse and "d" in coarse))


PRICES = LayerPrices(
    of_layers={
        FINE: {site: float(macs) for site, macs in MACS.items()},
        COARSE: {site: macs / 2 for site, macs in MACS.items()},
    },
    of_designs={FINE: 0.0, COARSE: 0.0},
)


def best_of_all(scores: FakeScores, share: float) -> float:
    every = [dict(zip(SITES, chosen, strict=True)) for chosen in product(DESIGNS, repeat=4)]
    return max(scores.of(one).sqnr_db for one in every if PRICES.of(one) <= share * 100 + 1e-6)


@pytest.mark.parametrize("together", [0.0, 5.0])
@pytest.mark.parametrize("share", [0.5, 0.6, 0.65, 0.8, 1.0])
def test_the_best_assignment_is_found(share: float, together: float) -> None:
    scores = FakeScores(together)
    found = find_layers(DESIGNS, scores, LayerBudget(quantity="energy", share=share), PRICES)
    assert found.cost <= share * (1 + 1e-6)
    assert -10 * np.log10(found.noise) == pytest.approx(
        best_of_all(FakeScores(together), share), rel=1e-3
    )
    assert found.whole == 100
    # Each layer alone in each design, and no assignment twice.
    assert len(scores.asked) == len(SITES) * len(DESIGNS) + found.tried
    if not together:
        assert found.foretold == pytest.approx(found.noise)


def test_what_a_used_design_costs_counts_once() -> None:
    free = dict.fromkeys(SITES, 0.0)
    prices = LayerPrices(of_layers={FINE: free, COARSE: free}, of_designs={FINE: 3.0, COARSE: 1.0})
    for share, expected in ((1.0, {FINE}), (1.4, {FINE, COARSE}), (0.4, {COARSE})):
        scores = FakeScores()
        # In one layer, the coarse design is the better one.
        scores.noises["d"] = 1e-6
        found = find_layers(DESIGNS, scores, LayerBudget(quantity="area", share=share), prices)
        assert set(found.layers.values()) == expected


def test_a_budget_that_nothing_keeps_is_refused() -> None:
    with pytest.raises(SearchError, match=r"energy of at most 0\.4 .* the least is 0\.5"):
        find_layers(DESIGNS, FakeScores(), LayerBudget(quantity="energy", share=0.4), PRICES)


@pytest.mark.parametrize("text", ["energy", "energy=", "energy=-1", "energy=0", "energy=nan"])
def test_bad_budgets(text: str) -> None:
    with pytest.raises(SpecError, match=r"energy=0\.5 allows half"):
        LayerBudget.parse(text)
    with pytest.raises(SpecError, match="unknown budget 'power'"):
        LayerBudget.parse("power=1")


def test_prices_of_a_network() -> None:
    scores = LayerScores(DESIGNS, "digits", 20)
    assert scores.macs == {"gemm0.out": 4096, "gemm2.out": 2048, "gemm4.out": 320}
    assert scores.weights == scores.macs
    energies = [cost.estimate(each, "nangate45").energy_pj for each in DESIGNS]
    energy = LayerBudget.parse("energy=0.5").prices(DESIGNS, scores, "nangate45", None)
    mixed = {"gemm0.out": COARSE, "gemm2.out": FINE, "gemm4.out": COARSE}
    assert energy.of(mixed) == pytest.approx(4416 * energies[1] + 2048 * energies[0])
    bits = LayerBudget.parse("bits=0.5").prices(DESIGNS, scores, "nangate45", None)
    assert bits.of(mixed) == 4416 * 4 + 2048 * 8
    area = LayerBudget.parse("area=0.5").prices(DESIGNS, scores, "nangate45", None)
    areas = [cost.estimate(each, "nangate45").area_um2 for each in DESIGNS]
    assert area.of(mixed) == pytest.approx(sum(areas))
    assert area.of(dict.fromkeys(mixed, COARSE)) == pytest.approx(areas[1])


def test_scores_on_calibration_samples_see_no_test_sample() -> None:
    own = LayerScores(DESIGNS, "digits", on_calibration=True)
    tested = LayerScores(DESIGNS, "digits", 20)
    layers = dict.fromkeys(own.sites, FINE)
    assert own.of(layers).samples == networks.load("digits").calibration
    assert tested.of(layers).samples == 20
    assert own.of(dict.fromkeys(own.sites)).sqnr_db > 120
