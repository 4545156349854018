"""Units side by side, of which one works at a time."""

from dataclasses import replace

import pytest

from hwdse import Design, cost
from hwdse.cost.fpga.estimate import estimate_fabric
from hwdse.cost.fpga.side_by_side import fabric_side_by_side
from hwdse.cost.side_by_side import error_of_largest, mean_rate, side_by_side, weighted_error

INT8, FP8 = map(Design.parse, ("a=int8,acc=int:32", "a=e4m3fn,acc=fp:bf16,unit=dot,lanes=4"))


@pytest.mark.parametrize("macs", [1, 7, 6464])
def test_one_unit_keeps_its_cost_exactly(macs):
    for design in (INT8, FP8):
        unit = cost.estimate(design, clock_ns=7.0)
        assert side_by_side([(unit, macs)]) == unit
        on_fabric = estimate_fabric(design, "ecp5")
        assert fabric_side_by_side([(on_fabric, macs)]) == on_fabric


def test_two_units_add_up_and_share_the_work():
    first, second = cost.estimate(INT8), cost.estimate(FP8)
    found = side_by_side([(first, 30), (second, 10)])
    assert found.area_um2 == first.area_um2 + second.area_um2
    assert found.energy_pj == pytest.approx(0.75 * first.energy_pj + 0.25 * second.energy_pj)
    assert found.leakage_pj == pytest.approx(0.75 * first.leakage_pj + 0.25 * second.leakage_pj)
    # 30 cycles for 30 MACs, then 2.5 cycles for 10.
    assert found.macs_per_cycle == pytest.approx(40 / 32.5)
    assert found.delay_ns == found.clock_ns == second.delay_ns > first.delay_ns
    assert sum(block.area_um2 for block in found.breakdown) == pytest.approx(found.area_um2)
    assert sum(block.energy_pj for block in found.breakdown) == pytest.approx(found.energy_pj)
    late = side_by_side([(replace(first, clock_ns=2.9), 1), (replace(second, clock_ns=2.9), 1)])
    assert late.meets_clock == (second.delay_ns <= 2.9)


def test_units_on_an_fpga():
    first, second = (estimate_fabric(design, "ecp5") for design in (INT8, FP8))
    found = fabric_side_by_side([(first, 30), (second, 10)])
    assert found.luts == first.luts + second.luts
    assert found.flip_flops == first.flip_flops + second.flip_flops
    assert found.fmax_mhz == min(first.fmax_mhz, second.fmax_mhz)
    assert sum(block.luts for block in found.breakdown) == pytest.approx(found.luts)


def test_errors_are_fully_correlated():
    assert weighted_error([(3.0, 0.1), (1.0, 0.5)]) == pytest.approx(0.2)
    assert weighted_error([(3.0, 0.1), (1.0, None)]) is None
    assert weighted_error([(0.0, 0.1), (0.0, 0.3)]) == 0.3
    assert error_of_largest([(4.0, 0.1), (1.0, 0.5)]) == 0.1
    # The smaller one may be 5.4.
    assert error_of_largest([(4.0, 0.1), (3.6, 0.5)]) == pytest.approx(0.35)
    assert error_of_largest([(4.0, None), (3.6, 0.5)]) is None
    assert mean_rate([(49.0, 5)]) == 49.0
