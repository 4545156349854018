"""Parts of an array done side by side, by threads kept from call to call.

The loops release the interpreter lock. Numba's own threads are left alone: its default layer must
not be entered from two threads at once.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from hwdse.errors import SpecError

#: Fewer elements than this are not worth a second thread.
_LEAST = 1 << 15
#: Parts begin at multiples of this, so that threads share no cache line and no block.
_GRAIN = 1 << 12


class _Pool:
    def __init__(self) -> None:
        self._lock = Lock()
        self._executor: ThreadPoolExecutor | None = None
        self._workers = 0

    def executor(self, workers: int) -> ThreadPoolExecutor:
        with self._lock:
            if self._executor is None or self._workers < workers:
                # An executor outgrown ends by itself once its tasks are done.
                self._executor = ThreadPoolExecutor(workers, thread_name_prefix="hwdse-codec")
                self._workers = workers
            return self._executor

    def forget(self) -> None:
        """A forked process has none of its parent's threads."""
        self.__init__()  # type: ignore[misc]


_POOL = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_POOL.forget)


def in_parts(work: Callable[[slice], None], size: int, threads: int, *, weight: int = 1) -> None:
    """Call `work` for slices that cover range(size), on up to `threads` threads.

    Args:
        work: does a slice.
        size: number of items.
        threads: parts done side by side.
        weight: elements an item stands for.

    Raises:
        SpecError: fewer than one thread.
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
