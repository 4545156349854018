"""`hwdse store`: what it says of stores, and what it changes."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from hwdse.cli import main
from hwdse.explore.aims import Aims
from hwdse.explore.asked import Asked
from hwdse.explore.database import STORE_NAME
from hwdse.explore.store import Store

sys.path.insert(0, str(Path(__file__).parents[1] / "explore"))
from explore_fakes import by_key, evaluation, filled, space

DESIGNS = space().designs


def made(folder, designs, **changes):
    """A folder with a finished sweep; `changes` replace parts of the first evaluation."""
    folder.mkdir()
    with Store.create(folder / STORE_NAME) as store:
        if not changes:
            filled(store, designs)
            return folder
        store.select(by_key(designs))
        for number, (key, design) in enumerate(by_key(designs).items()):
            found = evaluation(design)
            store.add(key, replace(found, **changes) if number == 0 else found)
    return folder


@pytest.fixture
def first(tmp_path):
    return made(tmp_path / "first", DESIGNS[:8])


def run(capsys, *arguments, status=0):
    assert main(["store", *map(str, arguments)]) == status
    return capsys.readouterr()


def document(capsys, *arguments, status=0):
    return json.loads(run(capsys, *arguments, "--json", status=status).out)


def test_ls(first, tmp_path, capsys):
    second = made(tmp_path / "second", DESIGNS[:3])
    with Store.open(second) as store:
        keys = list(by_key(DESIGNS[:3]))
        store.certify(keys[0], {"level": "quick"})
        store.fail(keys[1], "verification", "no simulator")
    one, two = document(capsys, "ls", first, second)["stores"]
    assert (one["evaluated"], one["asked"], one["failed"], one["verified"]) == (8, 8, 0, 0)
    assert (two["evaluated"], two["asked"], two["failed"], two["verified"]) == (3, 3, 1, 1)
    assert (one["technologies"], one["objectives"]) == (["nangate45"], ["energy_pj", "sqnr_db"])
    assert one["size_bytes"] == (first / STORE_NAME).stat().st_size
    lines = run(capsys, "ls", first, second).out.splitlines()
    assert len(lines) == 3
    assert str(second / STORE_NAME) in lines[2]
    assert "nangate45" in lines[2]


def test_show(first, capsys):
    spec = str(DESIGNS[2])
    (row,) = document(capsys, "show", first, spec)["rows"]
    assert row["facts"]["spec"] == spec
    assert row["cost"]["energy_pj"] == evaluation(DESIGNS[2]).cost["energy_pj"]
    out = run(capsys, "show", first, spec).out
    assert out.startswith(spec)
    assert "cost.energy_pj" in out
    assert "accuracy.samples" in out
    err = run(capsys, "show", first, str(DESIGNS[9]), status=2).err
    assert f"has no result of {DESIGNS[9]}" in err
    assert err.count("\n") == 1


def test_diff(first, tmp_path, capsys):
    assert "Equal: 8 designs." in run(capsys, "diff", first, first).out
    changed = evaluation(DESIGNS[1])
    second = made(tmp_path / "second", DESIGNS[1:10], cost={**changed.cost, "energy_pj": 99.5})
    found = document(capsys, "diff", first, second, status=1)
    assert not found["equal"]
    assert (found["both"], found["only_first"]) == (7, [str(DESIGNS[0])])
    assert found["only_second"] == [str(design) for design in DESIGNS[8:10]]
    columns = {one["column"] for one in found["differences"]}
    assert {one["spec"] for one in found["differences"]} == {str(DESIGNS[1])}
    assert "energy_pj" in columns
    assert "rank" not in columns
    out = run(capsys, "diff", first, second, status=1).out
    assert f"Only in {first}: 1" in out
    assert "99.5" in out


def test_merge(first, tmp_path, capsys):
    second = made(tmp_path / "second", DESIGNS[5:])
    with Store.open(first) as store:
        keys = list(by_key(DESIGNS))
        store.certify(keys[6], {"level": "quick"})
        store.fail(keys[7], "verification", "no simulator")
    with Store.open(second) as store:
        store.fail(keys[6], "verification", "no simulator")
        store.certify(keys[7], {"level": "full"})
    path = tmp_path / "all.sqlite"
    found = document(capsys, "merge", first, second, "-o", path)
    assert (found["evaluated"], found["asked"], found["repeated"]) == (
        len(DESIGNS),
        len(DESIGNS),
        3,
    )
    assert (found["failed"], found["verified"]) == (0, 2)
    whole = made(tmp_path / "whole", DESIGNS)
    with Store.open(path) as store, Store.open(whole) as expected:
        shown = ["verified", "failure"]
        pd.testing.assert_frame_equal(
            store.frame().drop(columns=shown), expected.frame().drop(columns=shown)
        )
    err = run(capsys, "merge", first, second, "-o", path, status=2).err
    assert f"{path} exists: give another file" in err


def test_merge_takes_the_objectives_of_the_first(first, tmp_path, capsys):
    second = tmp_path / "second"
    second.mkdir()
    with Store.create(second / STORE_NAME) as store:
        aims = Aims.of("area_um2", "accuracy", where=["delay_ns <= 2"])
        store.select(by_key(DESIGNS[:2]), Asked(aims=aims))
        key, design = next(iter(by_key(DESIGNS[:2]).items()))
        store.add(key, evaluation(design))
    run(capsys, "merge", second, first, "-o", tmp_path / "all.sqlite")
    with Store.open(tmp_path / "all.sqlite") as store:
        assert store.aims() == aims
        # The design that one sweep asked for and the other evaluated is there.
        assert store.selected() == len(store) == 8


def test_nothing_is_left_of_a_merge_that_fails(first, tmp_path, capsys):
    err = run(capsys, "merge", first, tmp_path / "none", "-o", tmp_path / "all", status=2).err
    assert "none is not a store" in err
    with Store.open(first) as store:
        store._tables.connection.exec_driver_sql("UPDATE evaluation SET cost = 'x' WHERE rowid = 3")
    err = run(capsys, "merge", first, "-o", tmp_path / "all", status=2).err
    assert "of table evaluation" in err
    assert not (tmp_path / "all").exists()


def test_rm(first, capsys):
    with Store.open(first) as store:
        store.fail(next(iter(by_key(DESIGNS))), "verification", "no simulator")
    assert document(capsys, "rm", first, str(DESIGNS[3]), str(DESIGNS[4]))["removed"] == 2
    assert run(capsys, "rm", first, "--failed").out == "1 removed.\n"
    with Store.open(first) as store:
        left = [design for k, design in enumerate(DESIGNS[:8]) if k not in (0, 3, 4)]
        assert [row.spec for row in store.rows()] == [str(design) for design in left]
        assert (len(store), store.selected()) == (5, 5)
    err = run(capsys, "rm", first, str(DESIGNS[3]), status=2).err
    assert f"has no result of {DESIGNS[3]}" in err
    assert "give a SPEC, or --failed" in run(capsys, "rm", first, status=2).err


def test_removed_designs_and_merged_ones_go_on(first, tmp_path, capsys):
    """Places in the sweep may have gaps after a removal."""
    run(capsys, "rm", first, str(DESIGNS[0]))
    second = made(tmp_path / "second", DESIGNS[:1])
    run(capsys, "merge", first, second, "-o", tmp_path / "all.sqlite")
    with Store.open(tmp_path / "all.sqlite") as store:
        specs = [row.spec for row in store.rows()]
    assert specs == [str(design) for design in (*DESIGNS[1:8], DESIGNS[0])]
