"""What a user can cause: each error is one line saying what was given and what is allowed."""

import errno
from typing import Any


class HwdseError(Exception):
    """Base of all errors a user can cause; the command line exits with `exit_code`."""

    exit_code = 2


class FormatError(HwdseError):
    """An unknown or impossible number format, or codes and values that a format cannot take."""


class SpecError(HwdseError):
    """A malformed design spec, or parts of one that make no sense together."""


class SpaceError(HwdseError):
    """A malformed design-space file."""


class ShapeError(HwdseError):
    """Arrays whose shapes do not fit the operation."""


class NetworkError(HwdseError):
    """A network that cannot be loaded or holds an operator that cannot be evaluated."""


class DatasetError(HwdseError):
    """A missing or damaged dataset."""


class StoreError(HwdseError):
    """A result store that is corrupt or of another kind."""


class OutputError(HwdseError):
    """A file or folder that cannot be written."""


class ToolError(HwdseError):
    """A missing or failing external tool (simulator, synthesis)."""


class TechnologyError(HwdseError):
    """An unknown technology or a damaged technology table."""


class VerificationError(HwdseError):
    """Hardware that differs from the golden model, or a verification that proved nothing."""

    exit_code = 1


class FailedDesignsError(HwdseError):
    """Designs of a sweep that failed, a line or more each; all others are finished.

    Attributes:
        result: the sweep, with everything it wrote.
    """

    exit_code = 1

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result


_NO_ROOM = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the largest size of a file is reached (ulimit -f)",
}


def is_no_room(error: OSError) -> bool:
    """Whether the operating system had no room for what was written."""
    return error.errno in _NO_ROOM


def why(error: OSError) -> str:
    """Why the operating system refused, in words."""
    return _NO_ROOM.get(error.errno or 0) or error.strerror or str(error)
