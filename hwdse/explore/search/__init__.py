"""Search: measures accuracy only where it can change the front.

Costs of all designs are known first. A surrogate predicts the accuracy of designs from those that
were measured; the expected gain in hypervolume says which design to measure next, and how well.
"""

from hwdse.explore.search.features import features_of
from hwdse.explore.search.improvement import Staircase, expected_improvement
from hwdse.explore.search.optuna_search import OptunaSearch
from hwdse.explore.search.parameters import Parameters
from hwdse.explore.search.search import FULL, Budget, PoolSearch, Rung, Trial
from hwdse.explore.search.surrogate import Surrogate

__all__ = [
    "FULL",
    "Budget",
    "OptunaSearch",
    "Parameters",
    "PoolSearch",
    "Rung",
    "Staircase",
    "Surrogate",
    "Trial",
    "expected_improvement",
    "features_of",
]
