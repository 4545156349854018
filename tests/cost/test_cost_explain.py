"""Differences between designs, block by block."""

import pytest

from hwdse import Design, cost
from hwdse.cost.explain import TOTAL, explain


def estimates(*specs):
    return [cost.estimate(Design.parse(spec)) for spec in specs]


def test_blocks_add_up_to_the_totals_of_each_design():
    costs = estimates(
        "a=int8,acc=int:32,unit=dot,lanes=4", "a=e4m3fn,acc=fp:bf16", "a=fp16,unit=mul"
    )
    *rows, total = explain(costs)
    assert total.name == TOTAL
    for place, each in enumerate(costs):
        assert sum(row.energy_pj[place] for row in rows) == pytest.approx(each.energy_pj)
        assert total.energy_pj[place] == each.energy_pj
        # Areas count per product, so that four lanes compare with one.
        per_product = each.area_um2 / each.macs_per_cycle
        assert sum(row.area_um2[place] for row in rows) == pytest.approx(per_product)
        assert total.area_um2[place] == per_product


def test_the_block_that_differs_most_comes_first():
    *rows, _ = explain(estimates("a=int8,acc=int:32", "a=e4m3fn,acc=fp:fp32"))
    spread = [max(row.energy_pj) - min(row.energy_pj) for row in rows]
    assert spread == sorted(spread, reverse=True)
    assert spread[0] > 0


def test_a_block_that_a_design_lacks_takes_nothing_in_it():
    bare, mac = estimates("a=e4m3fn,unit=mul", "a=e4m3fn,acc=fp:fp32")
    row = next(row for row in explain([bare, mac]) if row.name == "accumulate")
    assert row.area_um2[0] == row.energy_pj[0] == 0 < row.energy_pj[1]
    assert row.to_json()["energy_pj_more"] == [0, row.energy_pj[1]]
