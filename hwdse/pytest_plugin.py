"""A pytest fixture for users' own Verilog: `hwdse_check(spec, "mine.v", top="mine")`."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def hwdse_check() -> Callable[..., Any]:
    """A function that checks Verilog against the golden model of a spec.

    Its arguments are the text of the spec, one or more Verilog files, and the options of
    `hwdse.verify.check`. It returns the certificate. If the check fails, the test fails and shows
    the first mismatches in decoded form.
    """
    # Every pytest run loads this module. Import the rest of hwdse only if a test uses the fixture.
    from hwdse import Design  # noqa: PLC0415
    from hwdse.errors import VerificationError  # noqa: PLC0415
    from hwdse.verify import check  # noqa: PLC0415

    def run(spec: str, verilog: str | Path | Sequence[str | Path], **options: Any) -> Any:
        try:
            return check(Design.parse(spec), verilog, **options)
        except VerificationError as error:
            pytest.fail(str(error), pytrace=False)

    return run
