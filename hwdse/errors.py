"""Errors that a user can cause: each is one line with the given input and the allowed input."""

import errno
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from hwdse.text import printable

#: Longest message of an error. A longer message loses its middle: it begins with the given input
#: and ends with the reason.
MAX_MESSAGE = 800
_HEAD, _TAIL = 380, 400

_MAX_NAME = 100
_MOST_LISTED = 16


class HwdseError(Exception):
    """Base class of all errors that a user can cause; the command line exits with `exit_code`.

    A message may quote text from the user. The message is still one line of printable characters
    and of limited length: control characters are escaped, and a long message loses its middle.
    """

    exit_code = 2

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


def first_line(error: BaseException) -> str:
    """The first line of a library's error message; the error's type name if it has no message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


class FormatError(HwdseError):
    """An unknown or impossible number format, or codes and values that a format cannot accept."""


class SpecError(HwdseError):
    """A malformed design spec, or parts of a spec that do not work together."""


class SpaceError(HwdseError):
    """A malformed design-space file."""


class ShapeError(HwdseError):
    """Arrays whose shapes do not fit the operation."""


class NetworkError(HwdseError):
    """A network that cannot be loaded, or with an operator that cannot be evaluated."""


class DatasetError(HwdseError):
    """A missing or damaged dataset."""


class SearchError(HwdseError):
    """A search over a design space cannot run as asked."""


class StoreError(HwdseError):
    """A result store that is corrupt or of another kind."""


class OutputError(HwdseError):
    """A file or folder that cannot be written."""


class ToolError(HwdseError):
    """A missing or failing external tool (simulator, synthesis); with the tool's last lines."""

    def __init__(self, message: str = "") -> None:
        Exception.__init__(self, message)


class TechnologyError(HwdseError):
    """An unknown technology or a damaged technology table."""


class MachineError(HwdseError):
    """A malformed description of a machine, or a design and a network that it cannot run."""


class VerificationError(HwdseError):
    """Hardware that differs from the golden model, or a verification that proved nothing.

    The first mismatches follow after the first line, in decoded form.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        Exception.__init__(self, message)


class FailedDesignsError(HwdseError):
    """Failed designs of a sweep, with one or more lines each; all other designs are finished.

    Attributes:
        result: the sweep, with everything that it wrote.
    """

    exit_code = 1

    def __init__(self, message: str, result: Any) -> None:
        Exception.__init__(self, message)
        self.result = result


_NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the largest size of a file is reached (ulimit -f)",
}


def is_no_room(error: OSError) -> bool:
    """Whether a write failed because the operating system had no room for the data."""
    return error.errno in _NO_ROOM


def why(error: OSError) -> str:
    """The operating system's reason for an error, in words."""
    return _NO_ROOM.get(error.errno or 0) or error.strerror or str(error)


def one_line(text: str) -> str:
    """The text as one printable line of at most `MAX_MESSAGE` characters."""
    if len(text) > 4 * MAX_MESSAGE:
        text = f"{text[: 2 * MAX_MESSAGE]}{text[-2 * MAX_MESSAGE :]}"
    words = " ".join(text.split())
    line = printable(words)
    if len(line) > MAX_MESSAGE:
        line = f"{line[:_HEAD]} ... {line[-_TAIL:]}"
    return line


def unknown(what: str, given: str, known: Iterable[str], more: str = "") -> str:
    """The message for an unknown name, with the most similar known names.

    Args:
        what: kind of the name, such as `format`.
        given: the name.
        known: the known names; the message lists all of them if they are few.
        more: other allowed input, or where all names are listed.
    """
    names = list(dict.fromkeys(known))
    near = _close_matches(given[:_MAX_NAME], tuple(names), 0.5)
    keyword, colon, _ = given[:_MAX_NAME].partition(":")
    if colon:  # options follow the colon: compare only the part before it
        heads = {name.partition(":")[0]: name for name in reversed(names)}
        near = [heads[head] for head in _close_matches(keyword, tuple(heads), 0.7)] or near
    hints = [f"near {', '.join(near)}"] if near else []
    if len(names) <= _MOST_LISTED:
        hints.append(f"known are {', '.join(names)}")
    if more:
        hints.append(more)
    return f"unknown {what} {quoted(given)}: {'; '.join(hints)}"


@lru_cache(maxsize=64)
def _close_matches(given: str, names: tuple[str, ...], cutoff: float) -> list[str]:
    """The most similar names. A file may repeat one wrong name thousands of times."""
    return get_close_matches(given, names, cutoff=cutoff)


def quoted(text: str) -> str:
    """A text from the user in quotes, for a message; cut if it is too long for a name."""
    if len(text) <= _MAX_NAME:
        return repr(text)
    return f"{text[:_MAX_NAME]!r}... ({len(text)} characters)"
