"""Activity factors and error bars from whole designs."""

import json

import pytest

from hwdse.cost import designs, load_technology
from hwdse.cost.validate import compare, renew
from hwdse.errors import TechnologyError
from hwdse.primitives.primitive import Adder, Gates
from hwdse.primitives.structure import Structure, UnitStructure
from hwdse.resources import resource
from hwdse.spec import Design

TABLE = json.loads(resource("models", "technology", "nangate45.json").read_text())


def test_energy_by_kind_is_per_mac():
    technology = load_technology("nangate45")
    block = Structure(parts=(Adder(width=8), Adder(width=4), Gates(width=8)))
    unit = UnitStructure(blocks={"a": block, "b": block}, stages=(("a", "b"),), macs_per_cycle=4)
    energies = designs.energy_by_kind(unit, technology)
    adders = sum(technology.cost(Adder(width=w), "energy_pj") for w in (8, 4))
    assert energies["Adder"] == pytest.approx(2 * adders / 4)
    assert set(energies) == {"Adder", "Gates"}


def test_activity_is_found_where_designs_tell_it():
    energies = [
        {"Adder": a, "Multiplier": m}
        for a, m in ((a, 9 - a) for a in range(1, 9) for _ in range(9))
    ]
    measured = [0.3 * item["Adder"] + 0.9 * item["Multiplier"] for item in energies]
    factors = designs.fit_activity(energies, measured)
    assert factors["Adder"] == pytest.approx(0.3, abs=0.1)
    assert factors["Multiplier"] == pytest.approx(0.9, abs=0.1)


def test_one_common_factor_is_found_exactly():
    energies = [{"Adder": a, "Gates": g} for a, g in ((5.0, 1.0), (1.0, 4.0))]
    measured = [0.4 * (item["Adder"] + item["Gates"]) for item in energies]
    assert designs.fit_activity(energies, measured) == {"Adder": 0.4, "Gates": 0.4}


def test_root_mean_square():
    assert designs.root_mean_square([0.3, -0.4, 0.0]) == 0.289


@pytest.mark.parametrize("held_out", [True, False])
def test_designs_of_both_sorts_are_needed(held_out):
    one_sort = [point for point in TABLE["designs"] if point["held_out"] == held_out]
    with pytest.raises(TechnologyError, match="at least one of each"):
        renew({**TABLE, "designs": one_sort})


def test_every_listed_design_is_measured():
    for specs, held_out in ((designs.FITTED, False), (designs.HELD_OUT, True)):
        listed = {str(Design.parse(spec)) for spec in specs}
        measured = {point["spec"] for point in TABLE["designs"] if point["held_out"] == held_out}
        assert listed <= measured
        assert len(listed) >= 8


def test_held_out_designs_do_not_change_the_activity():
    points = [
        {**point, "energy_pj": 10 * point["energy_pj"]} if point["held_out"] else point
        for point in TABLE["designs"]
    ]
    original, changed = renew(TABLE), renew({**TABLE, "designs": points})
    assert changed["activity"] == original["activity"]
    assert changed["errors"]["energy_pj"] > original["errors"]["energy_pj"]
    assert changed["errors"]["area_um2"] == original["errors"]["area_um2"]


def test_error_bars_of_the_shipped_table_hold_for_the_declared_structures():
    """If this fails after a change of a generator: `python -m hwdse.cost.validate --record TABLE`.

    That renews activity and error bars without any tool. The measured designs themselves need
    measuring again, with a cell library, when the hardware changed and not its declaration alone.
    """
    technology = load_technology("nangate45")
    held_out = [point for point in TABLE["designs"] if point["held_out"]]
    for quantity in ("area_um2", "energy_pj", "delay_ns"):
        bar = technology.errors[quantity]
        assert bar is not None
        errors = [
            compare(Design.parse(point["spec"]), point, technology).error(quantity)
            for point in held_out
        ]
        assert designs.root_mean_square(errors) <= bar + 0.03
        assert bar < 0.5
