"""Worker processes that share the cores, ignore Ctrl-C and never outlive the process they serve."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import TypeVar

from hwdse.errors import HwdseError

Task = TypeVar("Task")
Result = TypeVar("Result")

# Each numerical library reads its own variable, once, when it is loaded.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_tasks(
    function: Callable[[Task], Result], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[Task, Result]]:
    """Yield every task with `function(task)`, in the order in which they finish.

    With one job the work is done in this process. Otherwise in `jobs` new processes (started
    afresh, not forked: the parent has threads), each with its share of the cores; `function`,
    tasks and results are pickled. Closing the iterator early, an exception and Ctrl-C stop the
    workers and whatever programs they run at once, and so does the death of this process.

    Raises:
        HwdseError: a worker was killed from outside; or whatever `function` raises.
    """
    if jobs == 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, function(task)
        return
    jobs = min(jobs, len(tasks))
    context = get_context("spawn")
    # Workers hold only the reading end: it comes to its end when this process closes the other
    # one, or dies.
    lifeline, alive = context.Pipe(duplex=False)
    executor = ProcessPoolExecutor(
        jobs, mp_context=context, initializer=_serve, initargs=(lifeline,)
    )
    try:
        futures: dict[Future[Result], Task] = {}
        with _thread_limit(max(1, cores() // jobs)), _interrupts_held():
            for task in tasks:
                futures[executor.submit(function, task)] = task
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool as error:
        raise HwdseError(
            "a worker process was killed, for want of memory perhaps: what is finished is kept, "
            "run again with fewer jobs to continue"
        ) from error
    finally:
        alive.close()
        executor.shutdown(wait=True, cancel_futures=True)
        lifeline.close()


def _serve(lifeline: Connection) -> None:
    """Make this worker the head of a process group that ends with the lifeline."""
    # Ctrl-C at the terminal reaches the foreground group: the parent alone, which then ends us.
    os.setpgid(0, 0)
    threading.Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    try:
        lifeline.recv_bytes()
    except (EOFError, OSError):
        # The group holds the compilers and simulators that this worker started.
        os.killpg(0, signal.SIGKILL)


@contextmanager
def _thread_limit(threads: int) -> Iterator[None]:
    """Let processes started inside use `threads` threads in each numerical library."""
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
    """Hold Ctrl-C back; processes started inside never get it, not even while they start."""
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)
