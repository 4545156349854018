"""Sums by bins that cannot wrap: the same as the sums of the exact accumulator."""

from hwdse.errors import SpecError
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.spec import Bins


@plan.register
def _(acc: Bins, task: Task) -> Sums:
    if task.terms > acc.terms:
        raise SpecError(
            f"accumulator {acc} has no fast kernel for {task.terms} terms, which its registers "
            f"need not hold: {acc.terms} are stated"
        )
    sums: Sums = plan(acc.exact, task)
    return sums
