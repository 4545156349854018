"""Activity factors and error bars from whole designs."""

import json

import pytest

from hwdse.cost import designs, load_technology
from hwdse.cost.validate import compare, renew
from hwdse.errors import TechnologyError
from hwdse.hdl.structure import Adder, Gates, Structure, UnitStructure
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


def test_left_out_design_does_not_help_itself():
    energies = [{"Adder": 1.0}, {"Adder": 2.0}, {"Adder": 3.0}]
    errors = designs.left_out_errors(energies, [0.5, 1.0, 3.0])
    assert errors[2] == pytest.approx(-0.5)
    assert errors[0] == pytest.approx(0.2)


def test_root_mean_square():
    assert designs.root_mean_square([0.3, -0.4, 0.0]) == 0.289


def test_too_few_designs():
    with pytest.raises(TechnologyError, match="at least 3"):
        renew({**TABLE, "designs": TABLE["designs"][:2]})


def test_error_bars_of_the_shipped_table_hold_for_the_declared_structures():
    """If this fails after a change of a generator: `python -m hwdse.cost.validate --record TABLE`.

    That renews activity and error bars without any tool. The measured designs themselves need
    measuring again, with a cell library, when the hardware changed and not its declaration alone.
    """
    technology = load_technology("nangate45")
    assert len(TABLE["designs"]) >= 10
    for quantity in ("area_um2", "energy_pj", "delay_ns"):
        bar = technology.errors[quantity]
        assert bar is not None
        errors = [
            compare(Design.parse(point["spec"]), point, technology).error(quantity)
            for point in TABLE["designs"]
        ]
        assert designs.root_mean_square(errors) <= bar + 0.03
        assert bar < 0.5
