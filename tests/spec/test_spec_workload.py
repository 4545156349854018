"""Schedules of matrix products on units, against a count of every cycle."""

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import Workload


def counted(lanes: int, turns: int, latency: int, workload: Workload) -> dict[str, int]:
    """Cycles and reads by walking through them: each turn takes a sum and ends it."""
    sums = workload.sums
    left = [0] * turns
    cycles = reads = 0
    while sums or any(left):
        turn = cycles % turns
        if not left[turn] and sums:
            sums -= 1
            left[turn] = workload.k
        if left[turn]:
            reads += lanes
            left[turn] = max(0, left[turn] - lanes)
        cycles += 1
        if not sums and not any(left):
            break
    return {"cycles": cycles + latency, "reads": reads}


@pytest.mark.parametrize("lanes", [1, 4, 16])
@pytest.mark.parametrize("turns", [1, 3])
@pytest.mark.parametrize(("m", "k", "n", "groups"), [(1, 1, 1, 1), (5, 9, 3, 1), (2, 64, 10, 2)])
def test_summing_units(lanes: int, turns: int, m: int, k: int, n: int, groups: int) -> None:
    unit = Design.parse(
        f"a=int8,acc=int:32,unit=dot,lanes={lanes},stages=2,interleave={turns}"
    ).unit
    workload = Workload(site="x", m=m, k=k, n=n, groups=groups)
    schedule = unit.schedule(workload)
    expected = counted(lanes, turns, unit.latency, workload)
    # The last turns may be empty; the schedule counts whole rounds.
    assert 0 <= schedule.cycles - expected["cycles"] < turns * -(-k // lanes) * turns + turns
    if turns == 1:
        assert schedule.cycles == expected["cycles"]
    assert schedule.reads_a == schedule.reads_b == expected["reads"]
    assert (schedule.macs, schedule.writes) == (m * k * n * groups, m * n * groups)
    assert 0 < schedule.utilization <= 1


def test_bare_units_take_a_product_in_each_cycle() -> None:
    unit = Design.parse("a=int8,unit=mul,stages=3").unit
    schedule = unit.schedule(Workload(site="x", m=2, k=3, n=4))
    assert (schedule.cycles, schedule.macs, schedule.writes) == (27, 24, 24)


def test_sizes_are_checked() -> None:
    with pytest.raises(SpecError, match="workload conv: k=0, at least 1 is needed"):
        Workload(site="conv", m=1, k=0, n=1)
    with pytest.raises(SpecError, match="workload conv: inputs=0, at least 1 is needed"):
        Workload(site="conv", m=1, k=1, n=1, inputs=0)


def test_rows_that_overlap_have_fewer_distinct_elements() -> None:
    alone = Workload(site="x", m=5, k=9, n=2, groups=3)
    assert alone.elements_a == alone.distinct_a == 135
    assert Workload(site="x", m=5, k=9, n=2, groups=3, inputs=40).distinct_a == 40
    # A convolution with large strides leaves values of its tensor out.
    assert Workload(site="x", m=5, k=9, n=2, groups=3, inputs=400).distinct_a == 135
