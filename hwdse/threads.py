"""Work on parts in several threads, which stay alive between calls.

The loops release the interpreter lock. Numba's own threads are not used: two threads must not enter
Numba's default threading layer at the same time.
"""

import os
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

from hwdse.errors import SpecError
from hwdse.workers import cores

Item = TypeVar("Item")

#: Least elements per thread; smaller parts are not worth another thread.
_LEAST = 1 << 15
#: More than `_LEAST`: items that are worth a thread each.
_ALWAYS = 1 << 30
#: Parts begin at multiples of this, so that threads never share a cache line or a block.
_GRAIN = 1 << 12


class _Pool:
    def __init__(self) -> None:
        self._lock = Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._workers = 0

    def executor(self, workers: int) -> ThreadPoolExecutor:
        with self._lock:
            if self._executor is None or self._workers < workers:
                # The smaller executor ends by itself after its last task.
                self._executor = ThreadPoolExecutor(workers, thread_name_prefix="hwdse-codec")
                self._workers = workers
            return self._executor

    def forget(self) -> None:
        """Start anew after a fork: the child process has no threads of its parent."""
        self.__init__()  # type: ignore[misc]


_POOL = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOL.forget)


def usual_threads() -> int:
    """Number of threads that share the work of this process: one per core, or fewer.

    $OMP_NUM_THREADS tells workers that share a machine how many threads each may have.
    """
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores(), int(limit) if re.fullmatch("[1-9][0-9]{0,8}", limit) else cores())


def for_each(work: Callable[[Item], None], items: Sequence[Item], threads: int) -> None:
    """Call `work` for each item, on up to `threads` threads. Errors are as of `in_parts`."""

    def some(part: slice) -> None:
        for item in items[part]:
            work(item)

    in_parts(some, len(items), threads, weight=_ALWAYS)


def in_parts(work: Callable[[slice], None], size: int, threads: int, *, weight: int = 1) -> None:
    """Call `work` for slices that cover range(size), on up to `threads` threads.

    Args:
        work: processes one slice.
        size: number of items.
        threads: largest number of parts that are processed at the same time.
        weight: number of elements per item.

    Raises:
        SpecError: `threads` is below one.
    """
    if threads < 1:
        raise SpecError(f"{threads} threads: at least 1 is needed")
    parts = max(1, min(threads, size * weight // _LEAST))
    grain = max(_GRAIN // weight, 1)
    length = -(-size // (parts * grain)) * grain
    slices = [slice(at, min(at + length, size)) for at in range(0, size, max(length, 1))]
    if len(slices) <= 1:
        work(slice(0, size))
        return
    executor = _POOL.executor(len(slices) - 1)
    others = [executor.submit(work, part) for part in slices[1:]]
    try:
        work(slices[0])
    finally:
        errors = [other.exception() for other in others]
    for error in errors:
        if error is not None:
            raise error
