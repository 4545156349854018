"""FPGA costs from a fabric table: by hand, damaged tables, the shipped ones, the commands."""

import copy
import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from hwdse.cli import main
from hwdse.cost.calibration import fabric as calibration
from hwdse.cost.calibration import validation
from hwdse.cost.calibration.fabric import fitted_fabric
from hwdse.cost.fpga.estimate import estimate_fabric
from hwdse.errors import TechnologyError, ToolError
from hwdse.explore.aims import Aims
from hwdse.explore.standing import standing
from hwdse.hdl import structure_of
from hwdse.primitives import fabrics, load_fabric
from hwdse.primitives.fabric import QUANTITIES, parse_fabric
from hwdse.primitives.primitive import Adder, Multiplier, Register
from hwdse.resources import resource
from hwdse.spec import Design

TABLE = json.loads(resource("models", "fabric", "ecp5.json").read_text())
NOTHING = {"coefficients": {}, "max_error": 0.0, "rms_error": 0.0}
NO_REGISTERS = {"flip_flops": NOTHING, "multipliers": NOTHING}


def law(**coefficients):
    return {"coefficients": coefficients, "max_error": 0.0, "rms_error": 0.0}


def plain(table):
    """The designs of a table that have no inserted registers."""
    return [p for p in table["designs"] if "stages=0" in p["spec"] and "leave" not in p["spec"]]


def by_hand(adjustments=None):
    """A fabric in which an adder takes a LUT per bit and all else a LUT per feature `one`."""
    primitives = {
        kind: {**NO_REGISTERS, "luts": law(one=1.0), "delay_ns": law(one=2.0)}
        for kind in TABLE["primitives"]
    }
    primitives["Adder"]["luts"] = law(width=1.0)
    primitives["Multiplier"]["multipliers"] = law(hard_blocks=1.0)
    primitives["Register"] = {
        **NO_REGISTERS, "luts": NOTHING, "flip_flops": law(width=1.0), "delay_ns": law(one=0.5),
    }  # fmt: skip
    return parse_fabric(
        {**TABLE, "name": "hand", "primitives": primitives, "adjustments": adjustments or {}}
    )


def test_estimate_adds_up_laws():
    design = Design.parse("a=int12,acc=int:32")
    found = estimate_fabric(design, by_hand())
    counts = {}
    for block in structure_of(design).blocks.values():
        for primitive, count in block.counts.items():
            if not primitive.empty:
                counts[primitive] = counts.get(primitive, 0) + count
    adders = sum(n * p.width for p, n in counts.items() if isinstance(p, Adder))
    others = sum(n for p, n in counts.items() if not isinstance(p, Adder | Register))
    assert adders > 20
    assert found.luts == adders + others
    registers = sum(n * p.width for p, n in counts.items() if isinstance(p, Register))
    assert found.flip_flops == registers
    assert found.luts == sum(block.luts for block in found.breakdown)
    assert found.multipliers == 1
    assert (found.luts_error, found.fmax_error) == (None, None)
    assert found.fabric == "hand"
    # Registers take half a ns, every step of the path two.
    assert (1000 / found.fmax_mhz - 0.5) % 2 == pytest.approx(0)


def test_adjustments_change_the_estimate():
    design = Design.parse("a=int12,acc=int:32")
    plain = estimate_fabric(design, by_hand())
    entry = {
        "factors": {}, "glitches": {}, "other": 3.0, "effects": {"acc=int": np.log(2.0)},
        "reach": 1.0, "spread": np.log(1.25), "spreads": {},
    }  # fmt: skip
    found = estimate_fabric(design, by_hand({"luts": entry, "delay_ns": {**entry, "other": 1.0}}))
    assert found.luts == pytest.approx(6 * plain.luts)
    assert found.fmax_mhz == pytest.approx(plain.fmax_mhz / 2)
    assert found.luts_error == pytest.approx(0.25)


def test_lanes_cost_what_they_are():
    one, four = (
        estimate_fabric(Design.parse(f"a=e4m3fn,acc=kulisch,unit=dot,lanes={n}"), "ecp5")
        for n in (1, 4)
    )
    assert one.luts < four.luts < 5 * one.luts
    assert four.luts_per_mac == four.luts / 4


@pytest.mark.parametrize("name", fabrics())
def test_shipped_laws_follow_from_the_shipped_measurements(name):
    table = json.loads(resource("models", "fabric", f"{name}.json").read_text())
    assert load_fabric(name).name == name
    fitted = fitted_fabric({**table, "designs": []})
    assert fitted["primitives"] == table["primitives"]


@pytest.mark.parametrize("name", fabrics())
def test_shipped_intervals_hold_for_held_out_designs(name):
    """If this fails after a change of a generator: `hwdse calibrate --refit TABLE -o TABLE`."""
    table = json.loads(resource("models", "fabric", f"{name}.json").read_text())
    found = validation.agreements(
        validation.compare_all({**table, "designs": plain(table)}, parse_fabric(table))
    )
    totals = {item.quantity: item for item in found if item.group == "all"}
    assert set(totals) == set(QUANTITIES) - (set() if table["dsp"] else {"multipliers"})
    for item in totals.values():
        assert item.designs >= 6
        assert item.covered * item.designs >= binom.ppf(0.01, item.designs, 0.9)
        assert item.spearman > 0.85


def test_a_quantity_that_measured_nothing_does_not_count():
    shipped = parse_fabric(TABLE)
    spec = "a=int8,b=int8,mul=exact,out=int8,rounding=rne,unit=mul,stages=0"
    point = {
        "spec": spec, "luts": 200, "flip_flops": 0, "multipliers": 0, "delay_ns": 9.0,
        "held_out": True,
    }  # fmt: skip
    (one,) = validation.compare_all({"designs": [point]}, shipped)
    assert set(one.measured) == {"luts", "delay_ns"}
    assert validation.agreement([one], "luts").designs == 1
    with pytest.raises(TechnologyError, match="fabric ecp5 has no measured designs"):
        validation.compare_all({"designs": []}, shipped)


def damaged(*keys, value):
    table = copy.deepcopy(TABLE)
    entry = table
    for key in keys[:-1]:
        entry = entry[key]
    entry[keys[-1]] = value
    return table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (damaged("schema", value="hwdse-technology-2"), "not a fabric table"),
        (damaged("dsp", value="yes"), "'yes' is not true or false"),
        (damaged("device", value=5), "5 is no text"),
        (damaged("primitives", "Adder", "luts", value={}), "primitives.Adder.luts: key"),
        (damaged("adjustments", "area_um2", value={}), "adjustments.area_um2: allowed are luts"),
    ],
)
def test_damaged_table(table, message, tmp_path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps(table))
    with pytest.raises(TechnologyError, match=message):
        load_fabric(str(path))


def test_cost_command(capsys):
    assert main(["cost", "a=int8,acc=int:32", "a=e4m3fn,acc=fp:bf16", "--fabric", "ecp5"]) == 0
    printed = capsys.readouterr().out
    assert "without hard multipliers, estimated from table ecp5" in printed
    assert "LUTs/MAC" in printed
    assert "+-" in printed
    assert main(["cost", "a=int8,acc=int:32", "--fabric", "ecp5", "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)["designs"]
    assert document["fabric"]["luts"] == pytest.approx(
        sum(block["luts"] for block in document["fabric"]["breakdown"])
    )
    assert main(["cost", "a=int8,acc=int:32", "--fabric", "virtex"]) == 2
    assert "unknown fabric 'virtex'" in capsys.readouterr().err


def test_validate_command(capsys, tmp_path):
    path = tmp_path / "small.json"
    # Units with inserted registers take Yosys.
    path.write_text(json.dumps({**TABLE, "name": "small", "designs": plain(TABLE)}))
    assert main(["validate", str(path), "--json", "--plot", str(tmp_path / "scatter")]) == 0
    (found,) = json.loads(capsys.readouterr().out)["technologies"]
    assert {item["quantity"] for item in found["held_out"]} == set(QUANTITIES) - {"multipliers"}
    assert (tmp_path / "scatter-small.png").is_file()


def test_sweep_with_a_fabric(tmp_path, capsys):
    space = tmp_path / "space.toml"
    space.write_text(
        'network = "digits"\nsamples = 20\nfabric = "ecp5"\n'
        'designs = ["a=int4,acc=int:16", "a=int5,acc=int:16"]\n'
    )
    folder = tmp_path / "out"
    assert main(["explore", str(space), "-o", str(folder), "--jobs", "1"]) == 0
    capsys.readouterr()
    frame = pd.read_csv(folder / "results.csv")
    for row in frame.to_dict("records"):
        found = estimate_fabric(Design.parse(row["spec"]), "ecp5")
        assert row["luts"] == pytest.approx(found.luts)
        assert row["fmax_mhz"] == pytest.approx(found.fmax_mhz)
    assert set(frame["fabric"]) == {"ecp5"}
    assert "LUTs" in (folder / "report.html").read_text()
    for x, label in (("luts", "LUTs"), ("fmax_mhz", "Clock frequency on FPGA (MHz)")):
        assert main(["pareto", str(folder), "--x", x]) == 0
        assert label in capsys.readouterr().out


def test_a_sweep_without_a_fabric_says_so(tmp_path, capsys):
    space = tmp_path / "space.toml"
    space.write_text('network = "digits"\nsamples = 20\ndesigns = ["a=int4,acc=int:16"]\n')
    folder = tmp_path / "out"
    assert main(["explore", str(space), "-o", str(folder), "--jobs", "1"]) == 0
    assert "LUTs" not in (folder / "report.html").read_text()
    capsys.readouterr()
    assert main(["pareto", str(folder), "--x", "luts"]) == 2
    assert "holds no luts: the space must say fabric" in capsys.readouterr().err
    space.write_text('fabric = "virtex"\ndesigns = ["a=int4,acc=int:16"]\n')
    assert main(["explore", str(space), "-o", str(folder)]) == 2
    assert "unknown fabric 'virtex'" in capsys.readouterr().err


def test_undecided_by_frequency_takes_the_larger_as_better():
    frame = pd.DataFrame(
        {
            "spec": ["a=int8,acc=int:32", "a=int4,acc=int:32"], "fmax_mhz": [100.0, 900.0],
            "rank": [1, 1], "sqnr_db": 1.0, "fabric": "ecp5",
        }
    )  # fmt: skip
    assert standing(frame, Aims.of("fmax_mhz", "sqnr_db")).undecided.tolist() == [False, False]
    frame["fmax_mhz"] = [100.0, 101.0]
    assert standing(frame, Aims.of("fmax_mhz", "sqnr_db")).undecided.tolist() == [True, True]


def test_families_without_place_and_route_are_refused(tmp_path, capsys):
    with pytest.raises(ToolError, match="gowin cannot be placed and routed with open tools: ecp5"):
        calibration.measured_fabric("gowin", name="x", designs=1)
    assert main(["calibrate", "--fpga", "gowin", "-o", str(tmp_path / "t.json")]) == 2
    assert "ecp5" in capsys.readouterr().err
    with pytest.raises(ToolError, match="iCE40 HX8K has no hard multipliers: ecp5 has"):
        calibration.measured_fabric("ice40", name="x", designs=1, dsp=True)
    refit = ["calibrate", "--refit", "t.json", "--dsp", "-o", str(tmp_path / "t.json")]
    assert main(refit) == 2
    assert "--dsp needs --fpga FAMILY" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("a_bits", "b_bits", "blocks", "sums"), [(8, 8, 1, 0), (18, 19, 2, 37), (24, 24, 4, 144)]
)
def test_wide_products_take_several_hard_multipliers(a_bits, b_bits, blocks, sums):
    found = Multiplier(a_bits=a_bits, b_bits=b_bits, signed=False).features()
    assert (found["hard_blocks"], found["hard_sums"]) == (blocks, sums)


@pytest.mark.long
def test_primitives_are_placed(tmp_path, monkeypatch):
    """Needs the `synthesis` extra: an adder is a carry chain, a register its flip-flops."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    adder = calibration._measure(Adder(width=16), family="ecp5", dsp=False)
    # Two bits of a carry chain take a cell of two LUTs; the carry out takes one more bit.
    assert 17 <= adder["luts"] <= 20
    assert adder["flip_flops"] == 0
    register = calibration._measure(Register(width=8), family="ecp5", dsp=False)
    assert register["flip_flops"] == 8
    assert 0.3 < register["delay_ns"] < 1.5 < adder["delay_ns"]
    design = "a=int4,b=int4,mul=exact,acc=int:16,out=int16,rounding=rne,unit=mac,stages=0"
    point = calibration._measure_design(design, family="ecp5", dsp=False)
    assert point["luts"] > 50
    assert point["flip_flops"] == 17
    assert point["multipliers"] == 0
    known = calibration._measure_design(design, family="ecp5", dsp=False)
    assert known == point  # from the cache
    hard = calibration._measure_design(design, family="ecp5", dsp=True)
    assert (hard["multipliers"], hard["luts"] < point["luts"]) == (1, True)
    product = calibration._measure(
        Multiplier(a_bits=8, b_bits=8, signed=True), family="ecp5", dsp=True
    )
    assert (product["multipliers"], product["luts"]) == (1, 0)
