"""Runs the tasks of a sweep on the workers of a Dask cluster."""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from distributed import Client, as_completed
from distributed.client import FutureCancelledError
from distributed.scheduler import KilledWorker

import hwdse
from hwdse.errors import HwdseError
from hwdse.text import printable
from hwdse.workers import Failure, attempt

Task = TypeVar("Task")
Result = TypeVar("Result")

_CONNECT_S = 10


@dataclass(frozen=True, kw_only=True)
class DaskRunner:
    """The workers of a Dask scheduler; a `hwdse.runners.Runner`.

    Tasks and results travel as bytes, so workers need the same hwdse, and the files that the space
    names at the same paths, but no common folder for results. A worker that dies is no failure: its
    task goes to another, until it has ended as many workers as the scheduler allows.

    Attributes:
        address: address of the scheduler, such as tcp://127.0.0.1:8786.
    """

    address: str

    def __call__(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Result | Failure]]:
        """See `hwdse.runners.Runner`."""
        waiting = deque(tasks)
        if not waiting:
            return
        with self._client() as client:
            given: dict[Any, Task] = {}

            def submit(task: Task) -> Any:
                # Equal tasks are different tasks here: the store knows what is done already.
                future = client.submit(attempt, function, task, pure=False)
                given[future] = task
                return future

            def more() -> Iterator[Any]:
                # One task for each thread: Dask suspects whatever waits at a worker that dies.
                room = self._threads(client) - len(given) if waiting else 0
                for _ in range(min(room, len(waiting))):
                    yield submit(waiting.popleft())

            done = as_completed(list(more()), loop=client.loop)
            for future in done:
                task = given.pop(future)
                outcome = self._outcome(future)
                done.update(list(more()))
                yield task, outcome

    def _threads(self, client: Client) -> int:
        """Threads of all workers there are now, at least one."""
        try:
            threads: int = sum(client.nthreads().values())
        except (OSError, TimeoutError) as error:
            raise self._lost() from error
        return max(threads, 1)

    def _lost(self) -> HwdseError:
        return HwdseError(
            f"the scheduler {printable(self.address)} was lost; what is finished is kept: run "
            "again when it is up"
        )

    def _outcome(self, future: Any) -> Any:
        """The result of a finished task."""
        try:
            return future.result()
        except KilledWorker as killed:
            return Failure(text=f"it ended {killed.allowed_failures + 1} workers of the cluster")
        except FutureCancelledError as error:
            raise self._lost() from error
        except Exception as error:
            # Arguments or results that cannot be sent, for example.
            return Failure(text=f"cannot be run on the cluster: {printable(str(error))}")

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """A connection to the scheduler. Its end cancels all tasks."""
        # Messages of the library would repeat what the errors here say.
        for name in ("distributed.client", "distributed.core", "distributed.comm"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        shown = printable(self.address)
        try:
            client = Client(self.address, timeout=_CONNECT_S, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            said = printable(" ".join(str(error).split()))
            raise HwdseError(f"no Dask scheduler answers at {shown}: {said}") from error
        try:
            versions = client.run(_version)
            if not versions:
                raise HwdseError(f"the scheduler {shown} has no workers: dask worker {shown}")
            others = {address: found for address, found in versions.items() if found != _version()}
            for address, found in others.items():
                raise HwdseError(
                    f"worker {printable(address)} has hwdse {found}, this is {_version()}: install "
                    "the same everywhere"
                )
            yield client
        finally:
            client.close()


def _version() -> str:
    return hwdse.__version__
