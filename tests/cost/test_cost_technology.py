"""Technology tables: the shipped ones, and damaged ones."""

import copy
import json

import pytest

from hwdse.cost import load_technology, technologies
from hwdse.cost.calibration.table import fitted_table
from hwdse.errors import TechnologyError
from hwdse.primitives import primitive
from hwdse.primitives.technology import QUANTITIES, parse_technology
from hwdse.resources import resource

TABLE = json.loads(resource("models", "technology", "nangate45.json").read_text())


def test_shipped_technologies_load():
    assert "nangate45" in technologies()
    for name in technologies():
        technology = load_technology(name)
        assert technology.name == name
        assert set(technology.method) >= set(QUANTITIES)


def test_every_primitive_has_a_law_with_its_fit_error():
    kinds = [
        kind.__name__
        for kind in vars(primitive).values()
        if isinstance(kind, type)
        and issubclass(kind, primitive.Primitive)
        and kind is not primitive.Primitive
        # A library without memory macros has no law for it: it is built of registers.
        and kind is not primitive.Memory
    ]
    assert len(kinds) >= 10
    technology = load_technology("nangate45")
    for kind in kinds:
        for quantity in QUANTITIES:
            law = technology.laws[kind][quantity]
            assert law.coefficients
            assert 0 <= law.rms_error <= law.max_error <= 1
            assert law.rms_error < 0.4


def test_shipped_laws_follow_from_the_shipped_measurements():
    fitted = fitted_table({**TABLE, "designs": []})
    assert fitted["primitives"] == TABLE["primitives"]


def test_measurements_fall_within_the_recorded_error():
    technology = load_technology("nangate45")
    for kind, entry in TABLE["primitives"].items():
        for point in entry["grid"]:
            widths = {key: value for key, value in point.items() if key not in QUANTITIES}
            measured = getattr(primitive, kind)(**widths)
            for quantity in QUANTITIES:
                error = technology.cost(measured, quantity) / point[quantity] - 1
                assert abs(error) <= technology.laws[kind][quantity].max_error + 1e-3


def test_table_by_path(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**TABLE, "name": "mine"}))
    assert load_technology(str(path)).name == "mine"


def test_unknown_technology():
    with pytest.raises(TechnologyError, match=r"unknown technology 'tsmc3': .*known are .*45"):
        load_technology("tsmc3")


def remove(*keys):
    def damage(table):
        *parents, last = keys
        for key in parents:
            table = table[key]
        del table[last]

    return damage


def put(value, *keys):
    def damage(table):
        *parents, last = keys
        for key in parents:
            table = table[key]
        table[last] = value

    return damage


LAW = ("primitives", "Adder", "area_um2")
ADJUSTED = ("adjustments", "area_um2")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (put("other", "schema"), "schema"),
        (remove("name"), "'name' is missing"),
        (remove("voltage"), "'voltage' is missing"),
        (put("high", "voltage"), "wrong kind"),
        (put([], "primitives"), "wrong kind"),
        (remove(*LAW), r"primitives\.Adder\.area_um2: key 'area_um2' is missing"),
        (remove(*LAW, "rms_error"), "'rms_error' is missing"),
        (put("x", *LAW, "coefficients", "carries"), r"primitives\.Adder\.area_um2.*wrong kind"),
        (put(-1.0, *LAW, "coefficients", "carries"), "'carries' is -1.0"),
        (put(float("nan"), *LAW, "coefficients", "carries"), "'carries' is nan"),
        (remove("adjustments"), "'adjustments' is missing"),
        (put({}, "adjustments", "mass_kg"), "adjustments.mass_kg: allowed are area_um2"),
        (put(-1.0, *ADJUSTED, "factors", "decode", "Adder"), r"adjustments\.area_um2: Adder is -1"),
        (put("x", *ADJUSTED, "other"), r"adjustments\.area_um2: a value of the wrong kind"),
        (put(99.0, *ADJUSTED, "effects", "a=Posit"), "a=Posit is 99.0: allowed are -10 to 10"),
        # Fuzzing found that exp(reach * spread) could overflow.
        (put(1e6, *ADJUSTED, "reach"), "reach is 1000000.0: allowed are numbers from 0 to 10"),
        (put(1e6, *ADJUSTED, "spread"), "spread is 1000000.0: allowed are numbers from 0 to 10"),
        (put(1e6, *ADJUSTED, "spreads", "a=Posit"), "a=Posit is 1000000.0"),
        (put(float("nan"), *ADJUSTED, "effects", "a=Posit"), "a=Posit is nan"),
        (put(-1.0, *ADJUSTED, "reach"), "reach is -1.0"),
        (put(-1.0, *ADJUSTED, "spreads", "a=Posit"), "a=Posit is -1.0"),
        (put(-1.0, "leakage_uw_per_um2"), "leakage_uw_per_um2 is -1.0"),
    ],
)
def test_damaged_table(tmp_path, damage, message):
    table = copy.deepcopy(TABLE)
    damage(table)
    with pytest.raises(TechnologyError, match=message):
        parse_technology(table)
    path = tmp_path / "damaged.json"
    path.write_text(json.dumps(table))
    with pytest.raises(TechnologyError, match=r"damaged\.json") as caught:
        load_technology(str(path))
    assert "\n" not in str(caught.value)


def test_unreadable_table(tmp_path):
    with pytest.raises(TechnologyError, match=r"absent\.json: No such file"):
        load_technology(str(tmp_path / "absent.json"))
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(TABLE)[:500])
    with pytest.raises(TechnologyError, match="is no usable JSON"):
        load_technology(str(path))
    path = tmp_path / "list.json"
    path.write_text("[]")
    with pytest.raises(TechnologyError, match="not a technology table"):
        load_technology(str(path))
