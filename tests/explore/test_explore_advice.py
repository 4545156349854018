"""Advice from results: what it says, and from which rows."""

import json
import re
from dataclasses import replace

import pytest
from explore_fakes import errors, evaluation

from hwdse.cli import main
from hwdse.errors import StoreError
from hwdse.explore.advice import advise
from hwdse.explore.aims import DEFAULT_AIMS, Aims
from hwdse.explore.database import STORE_NAME
from hwdse.explore.record import Row, facts_of
from hwdse.explore.store import Store
from hwdse.spec import Design


def row(spec, energy, ratio, *, delay=1.0, combination="", clock=9.0, p=0.5):
    """A row of a store with these results; designs with better ratios have smaller errors."""
    design = Design.parse(spec)
    found = evaluation(design)
    return Row(
        key=f"{combination} {spec}",
        facts=facts_of(design),
        cost={**found.cost, "energy_pj": energy, "delay_ns": delay, "clock_ns": clock},
        accuracy={**found.accuracy, "sqnr_db": ratio, "mcnemar_p": p},
        errors=errors(Design.parse("a=int8,acc=kulisch")) * 10 ** (-ratio / 20),
        version="1",
        combination=combination,
    )


BASE = row("a=int8,acc=kulisch", 2.0, 30.0)


def said(rows, kind, aims=DEFAULT_AIMS, baseline="a=int8,acc=kulisch"):
    return [item for item in advise(rows, aims, baseline) if item.kind == kind]


def test_the_change_that_saves_most_without_a_sure_loss():
    rows = [
        BASE,
        row("a=int8,acc=int:32", 1.0, 30.0),
        row("a=int4,acc=kulisch", 0.5, 20.0),  # saves more, but is worse for sure
        row("a=int4,acc=int:32", 0.1, 30.0),  # two changes
    ]
    energy, ratio = said(rows, "change")
    assert "comes from acc = kulisch -> int:32 (without a sure loss)" in energy.text
    assert re.search(r"energy per MAC 2 -> 1 pJ \(-50 %\), better with 9\d %", energy.text)
    assert "logit SQNR stays 30 dB" in energy.text
    assert energy.specs == (BASE.spec, rows[1].spec)
    assert "no single change in this store improves the logit SQNR" in ratio.text
    assert ratio.specs == (BASE.spec,)


def test_the_price_is_told_where_every_change_has_one():
    rows = [BASE, row("a=int4,acc=kulisch", 0.5, 20.0)]
    (energy, _) = said(rows, "change")
    assert "no single change does so without a sure loss" in energy.text
    assert "logit SQNR 30 -> 20 dB, worse for sure" in energy.text


def test_small_savings_are_not_sure():
    (energy, _) = said([BASE, row("a=int8,acc=int:32", 1.9, 30.0)], "change")
    share = int(energy.text.split("better with ")[1].split(" %")[0])
    assert 50 < share < 95


def test_a_gain_that_the_samples_do_not_tell_is_none():
    base = replace(BASE, errors=errors(Design.parse("a=int8,acc=kulisch")))
    other = row("a=int8,acc=int:32", 3.0, 30.001)
    signs = [-1 if place % 2 else 1 for place in range(len(base.errors))]
    noise = [0.1 * sign * error for sign, error in zip(signs, base.errors, strict=True)]
    other = replace(other, errors=base.errors + noise)
    (_, ratio) = said([base, other], "change")
    assert ratio.text.endswith("no single change in this store improves the logit SQNR for sure.")
    assert ratio.specs == (BASE.spec,)


def test_registers_that_the_clock_chose_are_no_change():
    rows = [BASE, row("a=int8,acc=kulisch,stages=2", 1.0, 30.0)]
    assert "no single change" in said(rows, "change")[0].text
    rows = [BASE, row("a=int8,acc=int:32,stages=2", 1.0, 30.0)]
    assert "acc = kulisch -> int:32" in said(rows, "change")[0].text


def test_designs_that_miss_their_clock_are_no_advice():
    rows = [BASE, row("a=int8,acc=int:32", 1.0, 30.0, delay=10.0)]
    assert "no single change" in said(rows, "change")[0].text


def test_the_block_that_takes_most():
    (found,) = said([BASE], "bottleneck")
    assert "multiply takes 40 % of the energy" in found.text


def test_the_clock_down_to_which_the_front_holds():
    rows = [BASE, row("a=int4,acc=kulisch", 0.5, 20.0, delay=3.25)]
    (found,) = said(rows, "clock")
    assert "All 2 designs on the front work down to a clock of 3.25 ns" in found.text
    assert (
        "a=int4,acc=kulisch is the first that does not; the others work down to 1 ns" in found.text
    )
    assert found.specs == (rows[1].spec, BASE.spec)
    assert said([BASE], "clock") == []


def test_what_another_combination_puts_off_the_front():
    rows = [
        row("a=int8,acc=kulisch", 2.0, 30.0, combination="1 ns"),
        row("a=int4,acc=kulisch", 0.5, 20.0, combination="1 ns"),
        row("a=int8,acc=kulisch", 2.0, 30.0, combination="2 ns"),
        row("a=int4,acc=kulisch", 3.0, 20.0, combination="2 ns"),
    ]
    (found,) = said(rows, "combination")
    assert found.text == (
        "1 of 2 designs on the front of 1 ns are not on that of 2 ns: a=int4,acc=kulisch."
    )
    assert (found.combination, found.specs) == ("2 ns", (rows[1].spec,))
    changes = said(rows, "change")
    assert [item.combination for item in changes] == ["1 ns", "1 ns", "2 ns", "2 ns"]


def test_the_baseline_is_the_cheapest_that_is_as_good_as_float():
    rows = [
        BASE,
        row("a=int4,acc=kulisch", 0.5, 20.0, p=0.2),
        row("a=int6,acc=kulisch", 0.1, 9.0, p=0),
    ]
    assert said(rows, "bottleneck", baseline=None)[0].specs == (rows[1].spec,)
    worse = [replace(one, accuracy={**one.accuracy, "mcnemar_p": 0.001}) for one in rows]
    assert said(worse, "bottleneck", baseline=None)[0].specs == (BASE.spec,)


def test_accuracy_as_an_objective():
    aims = Aims.of("area_um2", "accuracy")
    rows = [BASE, row("a=int4,acc=kulisch", 0.5, 20.0)]
    area, accuracy = said(rows, "change", aims)
    assert "area" in area.text
    assert "accuracy" in accuracy.text


def test_refused():
    with pytest.raises(StoreError, match="no finished design to advise from"):
        advise([Row(key="k", facts=BASE.facts, failure="x")], DEFAULT_AIMS)
    with pytest.raises(StoreError, match="baseline a=int4,acc=kulisch: no finished design of this"):
        advise([BASE], DEFAULT_AIMS, "a=int4,acc=kulisch")


def test_command(tmp_path, capsys):
    with Store.create(tmp_path / STORE_NAME) as store:
        designs = [Design.parse(f"a={a},acc=kulisch") for a in ("int4", "int8", "e4m3fn")]
        store.select({str(design): design for design in designs})
        for design in designs:
            store.add(str(design), evaluation(design))
    assert main(["advise", str(tmp_path), "--baseline", "a=int8,acc=kulisch"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("* a=int8,acc=kulisch: ")
    assert main(["advise", str(tmp_path), "--json"]) == 0
    advice = json.loads(capsys.readouterr().out)["advice"]
    assert {item["kind"] for item in advice} >= {"change", "bottleneck"}
    assert all(item["specs"] for item in advice)
    assert main(["advise", str(tmp_path / "none")]) == 2
    assert "is not a store" in capsys.readouterr().err
