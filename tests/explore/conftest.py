"""Fixtures of the sweeps."""

import pytest

from hwdse.explore.steps import SweepSteps


@pytest.fixture
def no_files(monkeypatch):
    """Sweeps of this process write no table, plots and report, which takes most of their time."""
    monkeypatch.setattr(SweepSteps, "write", lambda *_: {})
