"""Worker processes that share the cores, ignore Ctrl-C, and end when the parent process ends."""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from traceback import extract_tb, format_exception_only
from typing import Any, Self, TypeVar

from hwdse.errors import HwdseError, why
from hwdse.temporary import remove_stale
from hwdse.text import printable

Task = TypeVar("Task")
Result = TypeVar("Result")

_MOST_SHOWN = 600

# Each numerical library reads a different variable. It does so only once, when it is loaded.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


def cores() -> int:
    """Number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, kw_only=True)
class Failure:
    """The outcome of a task that failed.

    Attributes:
        text: the reason, usually in one line. For a failed verification, more lines list the
            mismatches.
    """

    text: str

    @property
    def reason(self) -> str:
        """The reason in one line that is short enough for a table."""
        line = " ".join(printable(line.strip()) for line in self.text.splitlines())
        return line if len(line) <= _MOST_SHOWN else f"{line[:_MOST_SHOWN]} ..."


def run_tasks(
    function: Callable[[Task], Result], tasks: Iterable[Task], jobs: int | None = None
) -> Generator[tuple[Task, Result | Failure]]:
    """Call `function` for every task. Yields pairs of task and result as the tasks finish.

    A failed task yields a `Failure` instead of a result. A failed task never stops other tasks,
    even if it raises any exception, returns a result that cannot be pickled, or kills its process.

    All workers and the programs that they started end at once if the caller closes the iterator
    early, on an exception, on Ctrl-C, or if this process dies.

    Args:
        function: function of one task. Function, tasks and results must be picklable.
        tasks: the tasks.
        jobs: number of worker processes. Default: one per core. Workers are spawned, not forked,
            because this process has threads. The workers share the cores equally. With 1, this
            process does the work. This helps debugging, but a task that kills its process then
            kills this process.

    Raises:
        HwdseError: a worker process cannot be started.
    """
    waiting = deque(tasks)
    if jobs == 1:
        while waiting:
            task = waiting.popleft()
            yield task, attempt(function, task)
        return
    if not waiting:
        return
    with _Crew(function, min(jobs or cores(), len(waiting))) as crew:
        while waiting or crew.busy:
            while waiting and crew.has_room:
                crew.give(waiting.popleft())
            for worker, outcome in crew.finished():
                task = worker.task
                # Give the worker a new task before yielding, because the caller may take long.
                if waiting:
                    crew.give(waiting.popleft())
                yield task, outcome


def attempt(function: Callable[[Task], Result], task: Task) -> Result | Failure:
    """Call the function. Catches every exception except Ctrl-C; `sys.exit` is caught too."""
    try:
        return function(task)
    except KeyboardInterrupt:
        raise
    except HwdseError as error:
        return Failure(text=str(error))
    except MemoryError:
        return Failure(text="not enough memory")
    except BaseException as error:
        return Failure(text=f"unexpected {_described(error)}")


def _described(error: BaseException) -> str:
    """Type, message and source line of an unexpected error."""
    # Converting an error to text can raise another error. `format_exception_only` handles this.
    message = " ".join("".join(format_exception_only(error)).split())
    frames = extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return f"{message}{place}"


@dataclass(eq=False, kw_only=True)
class _Worker:
    """A worker process and its current task."""

    process: SpawnProcess
    link: Connection
    task: Any = None


class _Crew:
    """A group of worker processes. Each has one task at a time, so a dead worker names its task."""

    def __init__(self, function: Callable[[Any], Any], size: int) -> None:
        self._function = function
        self._size = size
        self._threads = max(1, cores() // size)
        self._context = get_context("spawn")
        # Workers have only the reading end of this pipe. The pipe ends for them when this process
        # closes the writing end or dies.
        self._lifeline, self._alive = self._context.Pipe(duplex=False)
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []
        self._failed: list[tuple[_Worker, Failure]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        interrupted = bool(self._busy)
        self._alive.close()
        for worker in (*self._idle, *self._busy):
            worker.process.join()
            worker.link.close()
        self._lifeline.close()
        if interrupted:
            # Workers that were killed could not remove their temporary folders.
            remove_stale()

    @property
    def busy(self) -> bool:
        """Whether more results will come."""
        return bool(self._busy or self._failed)

    @property
    def has_room(self) -> bool:
        """Whether a worker is free or can be started."""
        return len(self._busy) < self._size

    def give(self, task: Any) -> None:
        """Send a task to a worker."""
        # Skip workers that died while idle. Otherwise the new task would be reported as failed.
        alive = [worker for worker in self._idle if worker.process.is_alive()]
        worker = alive.pop() if alive else self._start()
        self._idle = alive
        worker.task = task
        self._busy.append(worker)
        try:
            worker.link.send(task)
        except BrokenPipeError:
            pass  # the worker is dead, and `finished` will report it
        except Exception as error:
            self._busy.remove(worker)
            self._idle.append(worker)
            unsent = _Worker(process=worker.process, link=worker.link, task=task)
            self._failed.append((unsent, Failure(text=f"cannot be sent: {_described(error)}")))

    def finished(self) -> Iterator[tuple[_Worker, Any]]:
        """Wait for results. Yields pairs of worker and outcome."""
        while self._failed:
            yield self._failed.pop()
        if not self._busy:
            return
        waited: dict[Any, _Worker] = {worker.link: worker for worker in self._busy}
        waited |= {worker.process.sentinel: worker for worker in self._busy}
        ready = {id(worker): worker for worker in map(waited.__getitem__, wait(list(waited)))}
        for worker in ready.values():
            self._busy.remove(worker)
            try:
                # A process can die after sending its result, so look for a result first.
                outcome = worker.link.recv() if worker.link.poll() else self._bury(worker)
            except (EOFError, OSError):
                outcome = self._bury(worker)
            except Exception as error:
                outcome = Failure(text=f"its result cannot be read: {_described(error)}")
            done = _Worker(process=worker.process, link=worker.link, task=worker.task)
            if worker.process.exitcode is None:
                self._idle.append(worker)
            yield done, outcome

    def _start(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(self._function, there, self._lifeline), name="hwdse worker"
        )
        try:
            with _thread_limit(self._threads), _interrupts_held():
                process.start()
        except OSError as error:
            raise HwdseError(f"no worker process can be started: {why(error)}") from error
        there.close()
        return _Worker(process=process, link=here)

    def _bury(self, worker: _Worker) -> Failure:
        """Clean up after a dead worker. Returns the cause of death as a failure.

        Compilers and simulators that the worker started are killed.
        """
        if worker.process.pid:
            # The system does not reuse the process number before `join`.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(worker.process.pid, signal.SIGKILL)
        worker.process.join()
        worker.link.close()
        status = worker.process.exitcode or 0
        if status >= 0:
            return Failure(text=f"its process ended with status {status}")
        name = signal.Signals(-status).name
        memory = ", for want of memory perhaps" if -status == signal.SIGKILL else ""
        return Failure(text=f"its process was ended by {name}{memory}")


def _serve(function: Callable[[Any], Any], link: Connection, lifeline: Connection) -> None:
    """Main loop of a worker process. It leads a process group that ends with the lifeline pipe."""
    # In a new process group, Ctrl-C at the terminal reaches only the parent. The parent then ends
    # this worker.
    os.setpgid(0, 0)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()
    while True:
        try:
            task = link.recv()
        except EOFError:
            return
        except Exception as error:
            link.send(Failure(text=f"cannot be read: {_described(error)}"))
            continue
        outcome = attempt(function, task)
        try:
            link.send(outcome)
        except Exception as error:
            link.send(Failure(text=f"its result cannot be sent: {_described(error)}"))


def _end_with(lifeline: Connection) -> None:
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        # The group includes the compilers and simulators that this worker started.
        os.killpg(0, signal.SIGKILL)


@contextmanager
def _thread_limit(threads: int) -> Iterator[None]:
    """Context in which started processes use `threads` threads in each numerical library."""
    earlier = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in earlier.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Context that blocks Ctrl-C. Processes started inside never get it, even during start-up."""
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)
