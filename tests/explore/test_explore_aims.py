"""Objectives and limits: fronts of any number of quantities, and what errors leave open."""

import json

import numpy as np
import pandas as pd
import pytest

from hwdse.cli import main
from hwdse.errors import HwdseError, SpaceError
from hwdse.explore.aims import Aims, Limit
from hwdse.explore.columns import COLUMNS
from hwdse.explore.front import pareto, pareto_mask
from hwdse.explore.plotting import plot
from hwdse.explore.space import Space
from hwdse.explore.standing import standing


def frame(**columns):
    rows = len(next(iter(columns.values())))
    every = {c.name: np.nan for c in COLUMNS} | {"rank": 1, "spec": "a=int8,acc=int:32"}
    return pd.DataFrame(every | columns, index=range(rows))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("delay_ns <= 2", "delay_ns <= 2"),
        ("  area_um2>=5e3 ", "area_um2 >= 5000"),
        ("accuracy >= 0.98", "accuracy >= 0.98"),
    ],
)
def test_limits_parse(text, shown):
    assert str(Limit.parse(text)) == shown
    assert Limit.parse(shown) == Limit.parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("delay_ns < 2", "no limit: a quantity, <= or >=, and a number"),
        ("delay_ns <= fast", "no limit"),
        ("delay_ns <= nan", "no limit"),
        ("delay_ns <= inf", "no limit"),
        ("<= 2", "no limit"),
        ("delay_ns <= 2 ns", "no limit"),
        ("delay <= 2", "unknown column 'delay'"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(HwdseError, match=message):
        Limit.parse(text)


def test_aims_need_two_different_objectives():
    assert Aims.of().objectives == ("energy_pj", "sqnr_db")
    for names in (("energy_pj",), ("energy_pj", "energy_pj")):
        with pytest.raises(HwdseError, match="at least two different ones are needed"):
            Aims.of(*names)
    with pytest.raises(HwdseError, match="unknown column 'speed'"):
        Aims.of("speed", "energy_pj")
    assert Aims.of("luts", "accuracy", where=["latency_us <= 3"]).needs() == {
        "fabric": "luts",
        "machine": "latency_us",
    }


def test_front_of_three_objectives_is_that_of_all_pairs_of_rows():
    rng = np.random.default_rng(1)
    table = frame(
        energy_pj=rng.integers(1, 6, 60), area_um2=rng.integers(1, 6, 60),
        accuracy=rng.integers(1, 6, 60) / 10,
    )  # fmt: skip
    aims = Aims.of("energy_pj", "area_um2", "accuracy")
    values = table[["energy_pj", "area_um2"]].assign(worse=-table["accuracy"]).to_numpy()
    expected = [
        not any((other <= row).all() and (other < row).any() for other in values) for row in values
    ]
    assert pareto_mask(table, aims).tolist() == expected
    assert 0 < sum(expected) < 60
    # The best quality comes first.
    assert pareto(table, aims)["accuracy"].is_monotonic_decreasing


def test_designs_that_break_a_limit_are_not_on_the_front():
    table = frame(energy_pj=[1.0, 2.0, 3.0], accuracy=[0.9, 0.95, 0.99], delay_ns=[5.0, 1.0, 2.0])
    aims = Aims.of("energy_pj", "accuracy", where=["delay_ns <= 2", "accuracy >= 0.9"])
    assert pareto_mask(table, aims).tolist() == [False, True, True]
    # At the limit is within it; a quantity that is missing keeps no limit.
    table.loc[2, "delay_ns"] = np.nan
    assert pareto_mask(table, aims).tolist() == [False, True, False]


def test_an_interval_around_a_limit_is_undecided():
    table = frame(
        energy_pj=[1.0, 2.0, 4.0], accuracy=[0.9, 0.9, 0.9], delay_ns=[2.1, 1.0, 9.0],
        delay_error=[0.1, 0.1, 0.1], technology="nangate45", energy_error=0.1,
    )  # fmt: skip
    aims = Aims.of("energy_pj", "accuracy", where=["delay_ns <= 2"])
    assert pareto_mask(table, aims).tolist() == [False, True, False]
    # The first may keep the limit, and then it takes the place of the second.
    assert standing(table, aims).undecided.tolist() == [True, True, False]
    table.loc[0, "delay_ns"] = 9.0
    assert standing(table, aims).undecided.tolist() == [False, False, False]


def test_one_objective_that_is_not_sure_leaves_the_front_open():
    table = frame(
        energy_pj=[1.0, 1.01, 9.0], area_um2=[100.0, 101.0, 900.0], accuracy=0.9,
        technology="nangate45", energy_error=0.2, area_error=0.1,
    )  # fmt: skip
    three = Aims.of("energy_pj", "area_um2", "accuracy")
    assert pareto_mask(table, three).tolist() == [True, False, False]
    assert standing(table, three).undecided.tolist() == [True, True, False]
    # Far apart in area, the second cannot replace the first; but nothing surely beats it.
    table.loc[1, "area_um2"] = 900.0
    assert standing(table, three).undecided.tolist() == [False, True, False]


SPACE = (
    'network = "digits"\nsamples = 40\n'
    'designs = ["a=int4,acc=int:16", "a=int8,acc=int:32", "a=e4m3fn,acc=fp:bf16"]\n'
)


def test_a_space_says_its_aims(tmp_path, capsys):
    path = tmp_path / "space.toml"
    path.write_text(
        'objectives = ["area_um2", "accuracy", "delay_ns"]\nwhere = ["area_um2 <= 1500"]\n' + SPACE
    )
    assert Space.load(path).aims == Aims.of(
        "area_um2", "accuracy", "delay_ns", where=["area_um2 <= 1500"]
    )
    folder = tmp_path / "out"
    assert main(["explore", str(path), "-o", str(folder), "--jobs", "1"]) == 0
    assert "front of area, accuracy and delay where area_um2 <= 1500" in capsys.readouterr().out
    found = pd.read_csv(folder / "results.csv")
    assert not found["front"][found["area_um2"] > 1500].any()
    assert found["front"].any()
    page = (folder / "report.html").read_text()
    assert "area, accuracy and delay where area_um2 &lt;= 1500" in page
    arguments = ["--objective", "area_um2", "--objective", "accuracy", "--where", "area_um2 <= 9"]
    assert main(["pareto", str(folder), *arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["objectives"] == ["area_um2", "accuracy"]
    assert (document["where"], document["front"]) == (["area_um2 <= 9"], [])
    assert main(["pareto", str(folder), "--where", "area <= 9"]) == 2
    assert "unknown column 'area'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('objectives = ["energy_pj"]', ":1: objectives energy_pj: at least two"),
        ('objectives = ["energy_pj", "speed"]', ":1: unknown column 'speed'"),
        ('where = ["delay_ns < 2"]', ":1: 'delay_ns < 2' is no limit"),
        ('where = "delay_ns <= 2"', "where = 'delay_ns <= 2': must be a list"),
        ('objectives = ["luts", "accuracy"]', "the key fabric is missing"),
    ],
)
def test_wrong_aims_name_their_line(tmp_path, line, message):
    path = tmp_path / "space.toml"
    path.write_text(f"{line}\n{SPACE}")
    with pytest.raises(SpaceError, match=message):
        Space.load(path)


def test_plots_of_other_aims(tmp_path):
    table = frame(
        energy_pj=[1.0, 2.0, 3.0], accuracy=[0.9, 0.95, 0.99], delay_ns=[5.0, 1.0, 2.0],
        area_um2=[9.0, 5.0, 7.0], a="int8", b="int8", mul="exact", design="d", failure="",
        accuracy_low=0.8, accuracy_high=0.99, float_accuracy=0.99, network="n", metric="top-1",
        method="analytic",
        samples=100, technology="nangate45", confidence=0.95, scales="output", verified=False,
        requantize=False, version="0", meets_clock=True, clock_ns=2.0,
        energy_error=0.1, area_error=0.1, delay_error=0.1,
    )  # fmt: skip
    for names in (("area_um2", "accuracy", "delay_ns"), ("area_um2", "delay_ns")):
        png, _ = plot(table, tmp_path / "p", Aims.of(*names, where=["delay_ns <= 4"]))
        assert png.read_bytes().startswith(b"\x89PNG")
