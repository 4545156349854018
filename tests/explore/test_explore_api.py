import subprocess
import sys

import pytest

from hwdse import explore


def test_public_names():
    assert set(explore.__all__) == set(explore._MODULES)
    for name in explore.__all__:
        assert getattr(explore, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = explore.nothing


def test_a_worker_loads_no_plotting():
    code = (
        "import sys, hwdse.explore.evaluation, hwdse.workers;"
        "sys.exit(', '.join({'matplotlib', 'plotly', 'pandas'} & set(sys.modules)) or None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
