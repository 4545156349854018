"""A pytest fixture for users' own Verilog: `hwdse_check(spec, "mine.v", top="mine")`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def hwdse_check() -> Callable[..., Any]:
    """A function that checks Verilog against the golden model of a spec.

    It takes the spec's text, the file or files, and what `hwdse.verify.check` takes besides; it
    gives the certificate, and fails the test with the first mismatches decoded.
    """
    # Every pytest run loads this module; the rest of hwdse only those that use it.
    from hwdse import Design  # noqa: PLC0415
    from hwdse.errors import VerificationError  # noqa: PLC0415
    from hwdse.verify import check  # noqa: PLC0415

    def run(spec: str, verilog: str | Path | Sequence[str | Path], **options: Any) -> Any:
        try:
            return check(Design.parse(spec), verilog, **options)
        except VerificationError as error:
            pytest.fail(str(error), pytrace=False)

    return run
