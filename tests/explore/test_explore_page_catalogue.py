"""What the page reads from a store, share by share, and again as the store changes."""

import json
import threading
import time
from dataclasses import replace

import pandas as pd
import pytest
from explore_fakes import by_key, evaluation, filled, space

from hwdse.errors import StoreError
from hwdse.explore.axis import ChartAxis
from hwdse.explore.front import pareto_mask
from hwdse.explore.page import catalogue as catalogue_module
from hwdse.explore.page import exports, figures
from hwdse.explore.page.catalogue import OF_PAGE, Catalogue
from hwdse.explore.page.selection import Selection
from hwdse.explore.page.view import PageView
from hwdse.explore.paired import Paired
from hwdse.explore.space import Space
from hwdse.explore.standing import with_standing
from hwdse.explore.store import Store

DESIGNS = space().designs


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "store.sqlite") as store:
        yield store


def test_it_reads_a_sweep_and_then_tests_it(store):
    filled(store, DESIGNS)
    read = Catalogue(store.path)
    assert not read.now.tested
    assert read.now.progress == "12 of 12 designs, ordered by values; tests of pairs follow"
    best = read.now.frame.sort_values("rank")["sqnr_db"]
    assert best.is_monotonic_decreasing
    assert read.refresh(store)
    assert read.now.tested
    assert read.now.progress == "12 of 12 designs"
    whole = with_standing(store.frame(), store.aims(), Paired.of(store.rows()))
    pd.testing.assert_frame_equal(read.now.frame.drop(columns=list(OF_PAGE)), whole)
    assert not read.refresh(store)


def test_it_follows_a_sweep(store):
    store.select(by_key(DESIGNS))
    read = Catalogue(store.path)
    assert read.now.progress.startswith("0 of 12 designs")
    for done, design in enumerate(DESIGNS[::-1], start=1):
        store.add(f"key of {design}", evaluation(design))
        assert read.refresh(store)
        assert len(read.now.frame) == done
    # The order is that of the space, whatever was finished first.
    assert read.now.frame["spec"].tolist() == list(map(str, DESIGNS))
    numbers = [read.now.number]
    store.fail(f"key of {DESIGNS[3]}", "verification", "no")
    assert read.refresh(store)
    assert read.now.frame["failure"][3] == "verification failed: no"
    store.certify(f"key of {DESIGNS[3]}", {"vectors": 5})
    assert read.refresh(store)
    assert read.now.frame["verified"].tolist() == [n == 3 for n in range(12)]
    store.select(by_key(DESIGNS[:4]))
    assert read.refresh(store)
    assert len(read.now.frame) == 4
    assert read.now.number > numbers[0]


def test_a_large_sweep_is_read_share_by_share(store, monkeypatch):
    monkeypatch.setattr(catalogue_module, "_FIRST", 3)
    monkeypatch.setattr(catalogue_module, "MOST_TESTED", 11)
    filled(store, DESIGNS)
    read = Catalogue(store.path)
    read._share = 3
    seen = [len(read.now.frame)]
    while read.refresh(store):
        seen.append(len(read.now.frame))
    assert seen[-1] == 12
    assert seen == sorted(seen)
    assert read.now.progress == "12 of 12 designs, ordered by values, without tests"


def test_it_follows_in_a_thread_and_says_what_is_wrong(store):
    filled(store, DESIGNS[:2])
    read = Catalogue(store.path)
    read.follow(0.01)
    store.select(by_key(DESIGNS))
    for design in DESIGNS:
        store.add(f"key of {design}", evaluation(design))
    until = time.monotonic() + 30
    while len(read.now.frame) < 12 and time.monotonic() < until:
        time.sleep(0.01)
    assert len(read.now.frame) == 12
    assert read.wrong == ""
    assert any(thread.daemon for thread in threading.enumerate())


def test_a_store_that_is_none_is_refused(tmp_path):
    with pytest.raises(StoreError, match="is not a store"):
        Catalogue(tmp_path / "store.sqlite")


def test_a_view_is_its_link(store):
    now = Catalogue(filled(store, DESIGNS).path).now
    first = PageView.of_sweep(now)
    assert first.link(now) == ""
    assert PageView.parse("", now) == first
    view = replace(
        first,
        x="area_um2",
        objectives=("area_um2", "accuracy", "delay_ns"),
        only="int8 area_um2 <= 900",
        front=True,
        compare=(str(DESIGNS[0]), str(DESIGNS[1])),
    )
    assert view.link(now).startswith("?x=area_um2&objectives=area_um2&objectives=accuracy&")
    assert PageView.parse(view.link(now), now) == view
    # What a link says wrongly is as it is first.
    assert PageView.parse("?x=luts&y=none&objectives=accuracy&of=there&front=yes", now) == first


def test_a_selection_has_the_front_of_its_designs(store):
    now = Catalogue(filled(store, DESIGNS).path).now
    view = replace(PageView.of_sweep(now), only="kulisch area_um2 <= 1500")
    chosen = Selection(now=now, view=view)
    kept = now.frame[now.frame["area_um2"] <= 1500]
    assert 0 < len(kept) < 12
    shown = chosen.frame(chosen.shown)
    assert shown["spec"].tolist() == kept["spec"].tolist()
    assert shown["front"].tolist() == pareto_mask(kept, view.aims).tolist()
    front = Selection(now=now, view=replace(view, front=True))
    expected = kept[pareto_mask(kept, view.aims)].sort_values(view.x, kind="stable")
    assert front.frame(front.shown)["spec"].tolist() == expected["spec"].tolist()
    orders = [("a", False), ("area_um2", True)]
    ordered = kept.sort_values(["a", "area_um2"], ascending=[False, True], kind="stable")
    assert chosen.ordered(orders).tolist() == ordered.index.tolist()
    # What is not understood selects all, and says so.
    wrong = replace(view, only="size <= 3")
    assert "unknown column 'size'" in wrong.wrong
    assert len(Selection(now=now, view=wrong).numbers) == 12


def test_exports_are_the_selection(store, tmp_path):
    now = Catalogue(filled(store, DESIGNS).path).now
    view = replace(PageView.of_sweep(now), only="int8")
    selection = Selection(now=now, view=view)
    chosen = selection.frame(selection.shown)
    (tmp_path / "selection.csv").write_text(exports.table_csv(chosen))
    again = pd.read_csv(tmp_path / "selection.csv")
    assert again["spec"].tolist() == chosen["spec"].tolist()
    assert not set(OF_PAGE) & set(again)
    given = Space(
        name="x", designs=DESIGNS, network="fashion-cnn", budget="50%", rungs=(9,), samples=99
    )
    made = Space.parse(exports.space_file(chosen, given.to_toml()), "selection")
    assert [str(design) for design in made.designs] == chosen["spec"].tolist()
    assert (made.network, made.samples, made.budget) == ("fashion-cnn", 99, "")
    bare = Space.parse(exports.space_file(chosen, ""), "selection")
    assert bare.designs == made.designs


def test_every_point_is_where_its_axis_says(store):
    now = Catalogue(filled(store, DESIGNS).path).now
    for x, y in (("energy_pj", "sqnr_db"), ("area_um2", "accuracy"), ("delay_ns", "agreement")):
        chosen = Selection(now=now, view=replace(PageView.of_sweep(now), x=x, y=y))
        drawn = {}
        for trace in figures.scatter(chosen).data:
            for number, across, up in zip(trace.customdata, trace.x, trace.y, strict=True):
                drawn[int(number)] = across, up
        assert sorted(drawn) == list(range(12))
        for number, places in drawn.items():
            for c, place in zip(chosen.view.axes, places, strict=True):
                value = float(now.frame[c.name][number])
                assert ChartAxis.of(c, now.frame).value(place) == pytest.approx(value, rel=1e-9)


def test_of_many_points_one_is_drawn_for_each_spot(store, monkeypatch):
    monkeypatch.setattr(figures, "MOST_POINTS", 5)
    monkeypatch.setattr(figures, "_SPOTS", (2, 2))
    now = Catalogue(filled(store, DESIGNS).path).now
    *groups, front = figures.scatter(Selection(now=now, view=PageView.of_sweep(now))).data
    assert 2 <= sum(len(trace.x) for trace in groups) <= 4
    assert len(front.x) == int(pareto_mask(now.frame).sum())


def test_bars_add_up_to_the_costs(store):
    now = Catalogue(filled(store, DESIGNS).path).now
    c = next(c for c in now.columns if c.name == "energy_pj")
    bars = figures.blocks(now.frame.iloc[:3], c).data
    assert [bar.name for bar in bars] == [
        b["name"] for b in json.loads(json.dumps(now.frame["breakdown"][0]))
    ]
    for place in range(3):
        total = sum(bar.x[place] for bar in bars)
        assert total == pytest.approx(now.frame["energy_pj"][place])
