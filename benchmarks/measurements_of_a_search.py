"""How many measurements a search needs, beside the samplers of Optuna.

    python benchmarks/measurements_of_a_search.py [FOLDER]

Measures every design of three spaces of more than 2,000 designs (logit SQNR against energy) on all
samples and on a seventh of them, ten minutes for each space on one core; kept in the folder. Then
each search chooses with 20 seeds, up to 99 % of the hypervolume that all designs have. Prints the
table of docs/search.md.

All searches get the same costs and qualities. Each measurement counts once, one on few samples as
their share. The search of hwdse asks for batches, as it does in a sweep with a budget of a tenth of
the designs. The studies of Optuna ask for one design after another, which is best for them.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hwdse import networks
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.hypervolume import volume
from hwdse.explore.search import FULL, Budget, OptunaSearch, PoolSearch, Rung, features_of
from hwdse.explore.searching import plan
from hwdse.explore.space import Space
from hwdse.spec import Design

SPACES = ("large", "large-products", "large-sums")
SEEDS = range(20)
ENOUGH = 0.99
#: Shares of the designs that the search of hwdse, and the studies of Optuna, may measure.
OURS, THEIRS = 0.1, 0.12

#: Share of the samples on the lower rung.
FEW = 1 / 7

Pool = Sequence[Design]


def measured(space: Space, samples: int, path: Path) -> np.ndarray:
    """Logit SQNR of every design in dB, bounded as in a search."""
    known = json.loads(path.read_text()) if path.is_file() else {}
    network = networks.load(space.network)
    for number, design in enumerate(space.designs):
        if str(design) not in known:
            found = networks.evaluate(design, network, samples, compare_scales=False)
            known[str(design)] = found.sqnr_db
            if number % 50 == 0:
                path.write_text(json.dumps(known))
    path.write_text(json.dumps(known))
    return np.asarray(np.clip([known[str(design)] for design in space.designs], -20.0, 150.0))


def _ours(*rungs: Rung) -> Callable[[Pool, np.ndarray, np.ndarray, int], PoolSearch]:
    def make(designs: Pool, costs: np.ndarray, features: np.ndarray, seed: int) -> PoolSearch:
        budget = plan(int(OURS * len(designs)))
        return PoolSearch(features=features, costs=costs, rungs=rungs, budget=budget, seed=seed)

    return make


def _theirs(sampler: str) -> Callable[[Pool, np.ndarray, np.ndarray, int], OptunaSearch]:
    def make(designs: Pool, costs: np.ndarray, _: np.ndarray, seed: int) -> OptunaSearch:
        budget = Budget(measurements=int(THEIRS * len(designs)), first=1, batch=1)
        return OptunaSearch(designs=designs, costs=costs, budget=budget, sampler=sampler, seed=seed)

    return make


SEARCHES: dict[str, Callable[[Pool, np.ndarray, np.ndarray, int], Any]] = {
    "hwdse": _ours(Rung(name="few samples", share=FEW), FULL),
    "hwdse, all samples at once": _ours(FULL),
    "Optuna, TPE": _theirs("tpe"),
    "Optuna, NSGA-II": _theirs("nsga2"),
}


def needed(search: Any, costs: np.ndarray, few: np.ndarray, qualities: np.ndarray) -> float:
    """Measurements up to enough of the hypervolume; infinity if the search ends before."""
    rungs = (few, qualities)[-len(search.rungs) :]

    def hypervolume(some: np.ndarray) -> float:
        corner = costs.max() - costs[some], qualities[some] - qualities.min()
        return volume(np.stack(corner, axis=1))

    whole = hypervolume(np.ones(len(costs), np.bool_))
    while batch := search.ask():
        for item in batch:
            search.tell(item, float(rungs[item.rung][item.design]))
        if hypervolume(~np.isnan(search.qualities)) >= ENOUGH * whole:
            return float(search.spent)
    return np.inf


def main(folder: str = ".") -> None:
    """Print the table."""
    spaces = Path(__file__).parents[1] / "models" / "spaces"
    sys.stdout.write("| space | designs | search | median | least | most | share, median |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|\n")
    for name in SPACES:
        space = Space.load(spaces / f"{name}.toml")
        evaluator = DesignEvaluator.prepare(space.network, space.samples, space.technology)
        costs = np.log(evaluator.costs(space.designs)["energy_pj"].to_numpy())
        samples = evaluator.samples
        qualities = measured(space, samples, Path(folder) / f"{name}.measured.json")
        few = measured(space, round(FEW * samples), Path(folder) / f"{name}.few.json")
        features = features_of(space.designs)
        for title, make in SEARCHES.items():
            found = [
                needed(make(space.designs, costs, features, seed), costs, few, qualities)
                for seed in SEEDS
            ]
            middle = float(np.median(found))
            sys.stdout.write(
                f"| `{name}` | {len(costs)} | {title} | {middle:.0f} | {min(found):.0f} | "
                f"{max(found):.0f} | {middle / len(costs):.1%} |\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
