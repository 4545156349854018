"""How many designs of a space a search may measure, and what chooses them."""

import re

from hwdse.errors import SearchError

SAMPLERS = ("ehvi", "optuna", "optuna:nsga2")
"""What chooses designs: expected gain in hypervolume, or a study of Optuna (TPE or NSGA-II)."""

_BUDGET = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*")


def measurements(budget: str, designs: int) -> int:
    """Number of designs that a budget allows to measure.

    Args:
        budget: a number of designs, or a share of all such as `10%`.
        designs: number of all designs.

    Raises:
        SearchError: the budget is no number, or it allows none.
    """
    found = _BUDGET.fullmatch(budget)
    if found is None:
        raise SearchError(
            f"budget {budget!r}: a number of designs or a share such as 10% is needed"
        )
    number = float(found[1])
    most = int(designs * number / 100) if found[2] else int(number)
    if (found[2] and number > 100) or most < 1:
        raise SearchError(f"budget {budget}: 1 to all of {designs} designs are allowed")
    return min(most, designs)


def check_sampler(sampler: str, budget: str) -> None:
    """Check that a sampler is known and has a budget.

    Raises:
        SearchError: it is not, or has none.
    """
    if sampler not in SAMPLERS:
        raise SearchError(f"sampler {sampler!r}: allowed are {', '.join(SAMPLERS)}")
    if sampler != SAMPLERS[0] and not budget:
        raise SearchError(f"sampler {sampler!r} needs a budget: without one, all are measured")
