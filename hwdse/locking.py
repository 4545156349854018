"""Lets one process of a user do what fills a cache, while the others wait for it."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from hwdse.errors import HwdseError
from hwdse.resources import cache_base


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Context that only one process of this user is in at a time.

    The kernel frees the lock when a process ends, however it ends. Where locks do not work, several
    processes do the same work, as without this context.

    Args:
        name: name of the work, as a file name.
    """
    with ExitStack() as stack:
        with suppress(OSError, HwdseError):
            folder = cache_base() / "hwdse" / "locks"
            folder.mkdir(parents=True, exist_ok=True)
            fcntl.flock(stack.enter_context((folder / name).open("wb")), fcntl.LOCK_EX)
        yield
