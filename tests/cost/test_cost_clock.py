"""The cheapest registers with which a design meets a clock."""

from dataclasses import replace

import pytest

from hwdse import Design, cost
from hwdse.cost.clock import at_clock
from hwdse.errors import TechnologyError
from hwdse.spec.unit import MAX_INTERLEAVE, MAX_STAGES

SUM = "a=e4m3fn,acc=fp:bf16"


def configured(spec, stages, interleave):
    design = Design.parse(spec)
    return replace(design, unit=design.unit.registered(stages, interleave))


@pytest.mark.parametrize(
    ("spec", "clock_ns"), [(SUM, 2.5), (f"{SUM},stages=3", 4.0), ("a=int8,unit=mul", 0.9)]
)
def test_the_registers_are_the_fewest_stages_or_one_more(spec, clock_ns):
    found = at_clock(Design.parse(spec), clock_ns)
    assert found.cost.meets_clock
    assert found.cost.delay_ns <= clock_ns == found.cost.clock_ns
    unit = found.design.unit
    turns = range(1, MAX_INTERLEAVE + 1 if unit.takes_turns else 2)
    fewest = next(
        stages
        for stages in range(MAX_STAGES + 1)
        if any(cost.estimate(configured(spec, stages, k)).delay_ns <= clock_ns for k in turns)
    )
    assert fewest <= unit.stages <= fewest + 1
    # One sum less does not meet the clock.
    if getattr(unit, "interleave", 1) > 1:
        fewer = configured(spec, unit.stages, unit.interleave - 1)
        assert cost.estimate(fewer).delay_ns > clock_ns
    energies = [
        each.energy_pj
        for stages in (fewest, fewest + 1)
        for k in turns
        if (each := cost.estimate(configured(spec, stages, k), clock_ns=clock_ns)).meets_clock
    ]
    assert found.cost.energy_pj == pytest.approx(min(energies))


def test_a_slow_clock_needs_no_registers_and_saves_none():
    found = at_clock(Design.parse("a=int4,acc=int:16,stages=2,interleave=4"), 50.0)
    assert found.design.unit.latency <= 2
    assert found.cost.clock_ns == 50.0


@pytest.mark.parametrize("spec", [SUM, "a=int8,unit=mul"])
def test_a_design_that_cannot_meet_the_clock_is_shown_at_its_fastest(spec):
    found = at_clock(Design.parse(spec), 0.05)
    assert not found.cost.meets_clock
    others = (configured(spec, stages, k) for stages in (0, 2, MAX_STAGES) for k in (1, 4))
    assert all(found.cost.delay_ns <= 1.01 * cost.estimate(each).delay_ns for each in others)


def test_throughput_and_efficiency_count_at_the_clock():
    found = at_clock(Design.parse("a=int4,acc=int:16,unit=dot,lanes=4"), 2.0).cost
    # 4 MACs of 2 operations each 2 ns are 4e9 operations per second.
    assert found.tops_per_mm2 == pytest.approx(4e-3 / (found.area_um2 * 1e-6))
    assert found.tops_per_w == pytest.approx(2 / found.energy_pj)


@pytest.mark.parametrize("clock_ns", [0.0, -1.0, float("nan")])
def test_a_clock_that_is_no_period_is_refused(clock_ns):
    with pytest.raises(TechnologyError, match="clock_ns is"):
        at_clock(Design.parse(SUM), clock_ns)
