"""One clock for all designs of a sweep."""

import pandas as pd
import pytest

from hwdse import Design, cost
from hwdse.errors import SpaceError, TechnologyError
from hwdse.explore.clocking import clocked
from hwdse.explore.front import pareto
from hwdse.explore.progress import Silent
from hwdse.explore.space import Space
from hwdse.runners import LocalRunner

SPECS = ("a=int4,acc=int:16", "a=e2m1fn,acc=fp:fp16", "a=int4,acc=int:16,stages=3")


def space(**settings):
    return Space(name="test", designs=tuple(map(Design.parse, SPECS)), **settings)


def test_without_a_clock_the_designs_keep_their_registers():
    assert clocked(space(), LocalRunner(jobs=1), Silent()) == space()


def test_each_design_gets_the_registers_that_the_clock_needs():
    found = clocked(space(clock_ns=2.0), LocalRunner(jobs=1), Silent()).designs
    # The first and the last design differ only in registers.
    assert found == tuple(cost.at_clock(Design.parse(spec), 2.0).design for spec in SPECS[:2])
    # The second time the answers come from the cache.
    assert clocked(space(clock_ns=2.0), LocalRunner(jobs=1), Silent()).designs == found


def test_a_design_without_estimate_stays_as_it_is(monkeypatch):
    def fail(*_):
        raise TechnologyError("no law")

    monkeypatch.setattr(cost, "at_clock", fail)
    given = space(clock_ns=1.7)
    assert clocked(given, LocalRunner(jobs=1), Silent()).designs == given.designs


def test_a_design_that_misses_its_clock_is_not_on_the_front():
    frame = pd.DataFrame(
        {
            "energy_pj": [1.0, 2.0, 3.0],
            "rank": [1, 1, 2],
            "sqnr_db": [30.0, 30.0, 20.0],
            "meets_clock": [False, True, None],
        }
    )
    assert list(pareto(frame).index) == [1]


@pytest.mark.parametrize("text", ["0", "-1", "inf", "nan"])
def test_a_clock_that_is_no_period_is_refused(tmp_path, text):
    path = tmp_path / "space.toml"
    path.write_text(f'clock_ns = {text}\ndesigns = ["{SPECS[0]}"]\n', encoding="utf-8")
    with pytest.raises(SpaceError, match=r"clock_ns = .* must be above 0 and finite"):
        Space.load(path)


def test_a_clock_is_a_number(tmp_path):
    path = tmp_path / "space.toml"
    path.write_text(f'designs = ["{SPECS[0]}"]\nclock_ns = "2"\n', encoding="utf-8")
    with pytest.raises(SpaceError, match=r":2: clock_ns = '2': must be a number"):
        Space.load(path)
    path.write_text(f'clock_ns = 2\ndesigns = ["{SPECS[0]}"]\n', encoding="utf-8")
    assert Space.load(path).clock_ns == 2.0
