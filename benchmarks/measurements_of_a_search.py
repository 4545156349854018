"""How much of the hypervolume a search finds, beside measuring every design.

    python benchmarks/measurements_of_a_search.py models/spaces/large.toml [measured.json]

Measures every design of a space of logit SQNR against energy (about half a second each, kept in the
second file), then lets the search choose with three seeds and three budgets. Prints the table of
docs/search.md.
"""

import json
import sys
from pathlib import Path

import numpy as np

from hwdse import networks
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.hypervolume import volume
from hwdse.explore.search import PoolSearch, features_of
from hwdse.explore.searching import FULL, plan
from hwdse.explore.space import Space
from hwdse.spec import Design

SHARES = (0.03, 0.05, 0.1)
SEEDS = range(3)
ENOUGH = 0.99


def measured(space: Space, path: Path | None) -> np.ndarray:
    """Logit SQNR of every design in dB."""
    known = json.loads(path.read_text()) if path and path.is_file() else {}
    network = networks.load(space.network)
    for number, design in enumerate(space.designs):
        if str(design) not in known:
            found = networks.evaluate(design, network, space.samples, compare_scales=False)
            known[str(design)] = found.sqnr_db
            if path and number % 50 == 0:
                path.write_text(json.dumps(known))
    if path:
        path.write_text(json.dumps(known))
    return np.array([known[str(design)] for design in space.designs])


def run(
    costs: np.ndarray, qualities: np.ndarray, designs: tuple[Design, ...], most: int, seed: int
) -> tuple[float, float]:
    """Share of the hypervolume at the end, and share of the designs after which it was enough."""

    def hypervolume(some: np.ndarray) -> float:
        corner = costs.max() - costs[some], qualities[some] - qualities.min()
        return volume(np.stack(corner, axis=1))

    whole, enough = hypervolume(np.ones(len(costs), np.bool_)), np.nan
    search = PoolSearch(
        features=features_of(designs),
        costs=costs,
        rungs=FULL,
        budget=plan(most),
        seed=seed,
    )
    while batch := search.ask():
        for item in batch:
            search.tell(item, float(qualities[item.design]))
        share = hypervolume(~np.isnan(search.qualities)) / whole
        if np.isnan(enough) and share >= ENOUGH:
            enough = search.spent / len(costs)
    return share, enough


def main(space_file: str, kept: str | None = None) -> None:
    """Print the table."""
    space = Space.load(space_file)
    evaluator = DesignEvaluator.prepare(space.network, space.samples, space.technology)
    costs = np.log(evaluator.costs(space.designs)["energy_pj"].to_numpy())
    qualities = np.clip(measured(space, Path(kept) if kept else None), -20.0, 150.0)
    sys.stdout.write(f"{len(space.designs)} designs\n")
    for share in SHARES:
        most = int(share * len(costs))
        for seed in SEEDS:
            found, enough = run(costs, qualities, space.designs, most, seed)
            sys.stdout.write(
                f"{most} measured, seed {seed}: {found:.2%} of the hypervolume; "
                f"{ENOUGH:.0%} after {enough:.1%} of the designs\n"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
