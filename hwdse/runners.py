"""Who does the tasks of a sweep: processes of this machine, or the workers of a Dask cluster."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol, TypeVar

from hwdse.errors import HwdseError
from hwdse.text import printable
from hwdse.workers import Failure, run_tasks

Task = TypeVar("Task")
Result = TypeVar("Result")


class Runner(Protocol):
    """Calls a function for every task, in any order and place."""

    def __call__(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Result | Failure]]:
        """Yield pairs of task and result as the tasks finish.

        A failed task yields a `Failure` and stops no other. Closing the iterator stops all work.

        Raises:
            HwdseError: no worker can be started or reached.
        """


@dataclass(frozen=True, kw_only=True)
class LocalRunner:
    """Processes of this machine; see `hwdse.workers.run_tasks`.

    Attributes:
        jobs: number of processes; None: one per core; 1: this process.
    """

    jobs: int | None = None

    def __call__(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Result | Failure]]:
        """See `Runner`."""
        return run_tasks(function, tasks, self.jobs)


def runner_of(jobs: int | None = None, scheduler: str | None = None) -> Runner:
    """Choose who does the tasks.

    Args:
        jobs: number of processes of this machine.
        scheduler: address of a Dask scheduler such as tcp://127.0.0.1:8786.

    Raises:
        HwdseError: Dask is missing.
    """
    if scheduler is None:
        return LocalRunner(jobs=jobs)
    if find_spec("distributed") is None:
        raise HwdseError(
            f"--scheduler {printable(scheduler)} needs Dask, which is missing: "
            "pip install 'hwdse[dask]'"
        )
    # Slow to load, and seldom needed.
    from hwdse.dask_runner import DaskRunner  # noqa: PLC0415

    return DaskRunner(address=scheduler)
