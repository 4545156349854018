"""What a person sees of long work: on a terminal, in a log and in a notebook."""

import io

import pytest
from rich.console import Console

from hwdse.explore import progress
from hwdse.explore.progress import ConsoleReporter


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])

    def passes(seconds):
        now[0] += seconds

    return passes


def shown(steps, clock, seconds, **options):
    """What a reporter writes for steps that each take some time."""
    stream = io.StringIO()
    with ConsoleReporter(Console(file=stream, width=200, **options)) as reporter:
        reporter.start("designs", 100, 10)
        for text, failed in steps:
            clock(seconds)
            reporter.advance(text, failed=failed)
    return stream.getvalue()


def test_a_log_says_done_failed_left_rate_and_time_to_go(clock):
    lines = shown([("one", False), ("two", True), ("three", False)], clock, 4).splitlines()
    assert lines == [
        "designs: 100, 10 finished earlier",
        "designs 11/100 (89 left, 15/min, 5 min 56 s to go): one",
        "designs 12/100 (1 failed, 88 left, 15/min, 5 min 52 s to go): two",
        "designs 13/100 (1 failed, 87 left, 15/min, 5 min 48 s to go): three",
    ]


def test_a_log_has_few_lines_and_the_last(clock):
    lines = shown([(str(k), False) for k in range(90)], clock, 0.5).splitlines()
    assert len(lines) < 30
    assert lines[-1] == "designs 100/100: 89"
    assert lines[1].endswith("(89 left, 2/s, 44 s to go): 0")


def test_a_terminal_shows_the_same_beside_its_bar(clock):
    text = shown([("one", True)], clock, 60, force_terminal=True)
    assert "11/100" in text
    assert "1 failed, 89 left, 1/min, 1 h 29 min to go" in text


def test_a_notebook_has_lines():
    with ConsoleReporter(Console(force_jupyter=True)) as reporter:
        reporter.start("designs", 3)
        assert reporter._bar is None


@pytest.mark.parametrize(
    ("per_second", "said"),
    [(2.5, "2.5/s"), (1234.5, "1234/s"), (0.5, "30/min"), (1 / 90, "40/h")],
)
def test_rates_are_at_least_one(per_second, said):
    assert progress._rate(per_second) == said
