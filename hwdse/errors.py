"""What a user can cause: each error is one line saying what was given and what is allowed."""


class HwdseError(Exception):
    """Base of all errors a user can cause; the command line exits with `exit_code`."""

    exit_code = 2


def first_line(error: BaseException) -> str:
    """What a library's error says, cut to a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


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
