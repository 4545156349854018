"""Fitting of laws, factors, corrections and intervals; writing of tables; the command."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from toy_cells import TOY

from hwdse.cli import main
from hwdse.cost import estimate, load_technology
from hwdse.cost.calibration import adjustments, circuits, fit, sample, table, validation
from hwdse.cost.calibration.circuits import CALIBRATIONS, benchmark
from hwdse.errors import OutputError, TechnologyError
from hwdse.primitives.primitive import Adder, Multiplier, Primitive
from hwdse.primitives.technology import parse_technology
from hwdse.resources import resource
from hwdse.spec import Design

SHIPPED = resource("models", "technology", "nangate45.json")
TABLE = json.loads(SHIPPED.read_text())


def test_fit_recovers_a_law():
    features = [
        Multiplier(a_bits=m, b_bits=n, signed=False).features() for m in (2, 5, 9) for n in (3, 8)
    ]
    values = [3.0 * item["product"] + 0.5 * item["sum"] for item in features]
    law = fit.fit_law(features, values, ("product", "sum"))
    assert law["coefficients"] == pytest.approx({"product": 3.0, "sum": 0.5})
    assert law["max_error"] == law["rms_error"] == 0.0


def test_fit_is_never_negative():
    features = [Adder(width=w).features() for w in (2, 4, 8, 16)]
    values = [10.0 * item["width"] - 15.0 for item in features]
    law = fit.fit_law(features, values, ("one", "width"))
    assert all(value >= 0 for value in law["coefficients"].values())
    assert law["max_error"] > 0.1


def test_fit_error_is_relative():
    features = [Adder(width=w).features() for w in (4, 8)]
    law = fit.fit_law(features, [4.0, 8.8], ("width",))
    slope = law["coefficients"]["width"]
    errors = np.array([slope - 1.0, slope * 8 / 8.8 - 1.0])
    assert law["max_error"] == pytest.approx(np.max(np.abs(errors)), abs=1e-4)
    assert law["rms_error"] == pytest.approx(np.sqrt(np.mean(errors**2)), abs=1e-4)


def drawn_samples(count, *, noise=0.0):
    """Designs of two blocks: decode counts 0.5, multiply 2, and `hot` ones 30 % more."""
    rng = np.random.default_rng(count)
    parts, traits, measured = [], [], []
    for number in range(count):
        first, second = rng.uniform(1, 10, 2)
        hot = number % 3 == 0
        parts.append({("decode", "Adder"): first, ("multiply", "Adder"): second})
        traits.append({f"acc={'hot' if hot else 'cold'}": 1.0, f"a=f{number % 4}": 1.0, "x": 0.5})
        true = (0.5 * first + 2.0 * second) * (1.3 if hot else 1.0)
        measured.append(true * np.exp(noise * rng.normal()))
    return fit.Samples.of(parts, traits, measured)


def test_factors_and_effects_are_found():
    samples = drawn_samples(400)
    found = fit.fit(samples)
    assert np.abs(found(samples) / samples.measured - 1).max() < 0.03
    assert np.abs(fit.cross_validated(samples) / samples.measured - 1).max() < 0.03
    ratio = found.factors[samples.keys.index(("multiply", "Adder"))]
    ratio /= found.factors[samples.keys.index(("decode", "Adder"))]
    assert ratio == pytest.approx(4.0, rel=0.05)
    effects = dict(zip(samples.terms, found.effects, strict=True))
    assert effects["acc=hot"] - effects["acc=cold"] == pytest.approx(np.log(1.3), abs=0.03)


def test_one_odd_design_does_not_bend_the_fit():
    samples = drawn_samples(400)
    measured = samples.measured.copy()
    measured[7] /= 100
    odd = fit.fit(fit.Samples(**{**vars(samples), "measured": measured}))
    assert np.abs(odd.factors / fit.fit(samples).factors - 1).max() < 0.05


def test_estimates_of_cross_validation_do_not_see_the_design():
    samples = drawn_samples(40)
    measured = samples.measured.copy()
    measured[7] *= 100
    wrong = fit.Samples(**{**vars(samples), "measured": measured})
    same, other = fit.cross_validated(samples), fit.cross_validated(wrong)
    assert same[7] == other[7]
    assert same[8] != other[8]


def test_intervals_cover_other_designs():
    entry = adjustments.adjustment(drawn_samples(400, noise=0.2))
    assert entry["spread"] == pytest.approx(0.2, rel=0.15)
    # 90 % of a normal distribution lies within 1.645 standard deviations.
    assert entry["reach"] == pytest.approx(1.645, rel=0.12)


def test_families_that_scatter_more_get_wider_intervals():
    samples = drawn_samples(400)
    rng = np.random.default_rng(1)
    hot = samples.traits[:, samples.terms.index("acc=hot")]
    errors = rng.normal(size=400) * np.where(hot, 0.4, 0.05)
    entry = adjustments._intervals(samples, errors)
    assert entry["spreads"]["acc=hot"] > 3 * entry["spreads"]["acc=cold"]
    assert "x" not in entry["spreads"]


@pytest.mark.parametrize("kind", CALIBRATIONS, ids=lambda kind: kind.__name__)
def test_grid_and_features_belong_to_the_primitive(kind):
    grid = CALIBRATIONS[kind]
    assert len(set(grid.grid)) == len(grid.grid) >= 6
    for primitive in grid.grid:
        assert type(primitive) is kind
        assert not primitive.empty
    for primitive in grid.grid[::6]:
        circuit = benchmark(primitive)
        assert "module top(" in circuit.verilog
        assert "[-" not in circuit.verilog
        for quantity in (grid.area_um2, grid.energy_pj, grid.delay_ns):
            assert set(quantity) <= set(primitive.features())


def test_primitive_without_a_circuit():
    class Novel(Primitive):
        def _empty(self):
            return False

        def _features(self):
            return {}

    with pytest.raises(TechnologyError, match="no calibration circuit for primitive Novel"):
        circuits.benchmark(Novel())


def test_sample_is_fixed_and_mixed():
    designs = sample.sample(120)
    specs = [str(design) for design in designs]
    assert len(set(specs)) == 120
    assert specs == [str(design) for design in sample.sample(200)][:120]
    share = np.mean([sample.held_out(spec) for spec in specs])
    assert 0.25 < share < 0.55
    assert {type(design.a).__name__ for design in designs} >= {
        *("Minifloat", "Integer", "Posit", "Logarithmic", "HiF8", "Codebook", "P3109"),
    }
    assert {design.unit.keyword for design in designs} == {"mac", "dot", "mul", "fma"}
    with pytest.raises(ValueError, match="the pool has only"):
        sample.sample(10**6)


@pytest.mark.long
def test_refit_of_the_shipped_table(tmp_path, capsys):
    """Places the registers of a hundred designs, which takes Yosys a minute or two."""
    output = tmp_path / "nangate45.json"
    assert main(["calibrate", "--refit", str(SHIPPED), "-o", str(output)]) == 0
    assert output.read_bytes() == SHIPPED.read_bytes()
    assert "area_um2" in capsys.readouterr().out
    assert main(["validate", str(output), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["technologies"]
    every = [item for item in found["held_out"] if item["group"] == "all"]
    assert [item["designs"] for item in every] == [90, 90, 90]
    for item in every:
        assert item["covered"] >= 0.85
        assert item["sure_right"] >= 0.95
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_measurements_of_another_grid():
    changed = json.loads(SHIPPED.read_text())
    changed["primitives"]["Adder"]["grid"].pop()
    with pytest.raises(TechnologyError, match="measured grid of Adder"):
        table.fitted_table(changed)


#: The shipped measurements of designs without inserted registers: Yosys need not place any.
PLAIN = [point for point in TABLE["designs"] if "stages=0" in point["spec"]]
PLAIN = [point for point in PLAIN if "interleave" not in point["spec"]]


def test_held_out_designs_do_not_change_the_fit():
    changed = [
        {**point, "area_um2": 10 * point["area_um2"]} if point["held_out"] else point
        for point in PLAIN
    ]
    first, second = (table.fitted_table({**TABLE, "designs": d}) for d in (PLAIN, changed))
    assert first["adjustments"] == second["adjustments"]
    assert first["adjustments"] != TABLE["adjustments"]


def test_validation_by_hand():
    shipped = parse_technology(TABLE)
    area = replace(shipped.adjustment("area_um2"), pairs={0: np.log(9.0), 1: np.log(1.5)})
    technology = replace(shipped, adjustments={"area_um2": area})

    def made(spec, estimated, measured, width):
        return validation.Comparison(
            spec=spec,
            terms={"acc": "int"},
            estimated={"area_um2": estimated},
            measured={"area_um2": measured},
            half_width={"area_um2": width},
            held_out=True,
            table=technology,
        )

    # The first two are 20 % apart and ordered wrongly; 3 % apart does not count.
    found = validation.agreement(
        [
            made("a", 130.0, 100.0, 0.1),
            made("b", 110.0, 120.0, 0.1),
            made("c", 200.0, 200.0, 0.1),
            made("d", 190.0, 206.0, 0.1),
        ],
        "area_um2",
    )
    assert found.mape == pytest.approx((0.3 + 1 / 12 + 0 + 16 / 206) / 4)
    assert found.worst == pytest.approx(0.3)
    assert found.bias == pytest.approx((0.3 - 1 / 12 - 16 / 206) / 4)
    assert found.ordered == pytest.approx(4 / 5)
    assert found.covered == 0.75
    # Estimates at least 1.5 apart: a and c, b and c, b and d; of 6 pairs. All are ordered rightly.
    assert (found.sure, found.sure_right) == (0.5, 1.0)


def test_pairs_that_share_more_are_sure_at_smaller_ratios():
    rng = np.random.default_rng(2)
    # Ten groups of designs. The error of a group is common to its designs.
    group = np.repeat(np.arange(10), 12)
    errors = rng.normal(size=10)[group] + 0.1 * rng.normal(size=120)
    holds = np.hstack([np.ones((120, 1)), np.eye(10)[group]])
    found = adjustments._pairs(holds, errors)
    assert list(found) == ["0", "1", "2"]
    assert found["0"] == found["1"] > 5 * found["2"]
    apart = np.abs(errors[:, None] - errors)[np.triu_indices(120, 1)]
    assert np.mean(apart <= found["0"]) == pytest.approx(0.9, abs=0.001)
    # Too few pairs share more: those of fewer categories hold.
    assert list(adjustments._pairs(holds[::20], errors[::20])) == []


def test_shipped_intervals_hold_for_held_out_designs():
    """If this fails after a change of a generator: `hwdse calibrate --refit TABLE -o TABLE`.

    The measured designs need measuring again, with a cell library, when the hardware changed and
    not its declaration alone.
    """
    found = validation.agreements(
        validation.compare_all({**TABLE, "designs": PLAIN}, parse_technology(TABLE))
    )
    for item in found:
        if item.group == "all":
            assert item.designs >= 30
            # Fewer designs than this lie in a true interval of 90 % in one of a hundred samples.
            assert item.covered * item.designs >= binom.ppf(0.01, item.designs, 0.9)
            assert item.sure > 0.3
            assert item.sure_right >= 0.95
            assert item.spearman > 0.9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of --liberty FILE, --fpga FAMILY and --refit"),
        (["--liberty", str(TOY), "--refit", str(SHIPPED)], "one of --liberty FILE"),
        (["--liberty", str(TOY)], "--node-nm"),
        (["--liberty", "none.lib", "--node-nm", "45"], "none.lib: No such file or directory"),
        (["--refit", "none.json"], "none.json: No such file or directory"),
    ],
)
def test_bad_arguments(arguments, message, tmp_path, capsys):
    output = tmp_path / "t.json"
    assert main(["calibrate", *arguments, "-o", str(output)]) == 2
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_table_is_written_complete_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "table.json"
    target.write_text("before")

    def fail(*_arguments):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("hwdse.writing.os.replace", fail)
    with pytest.raises(OutputError, match="cannot be written"):
        table.write_table({"name": "x"}, target)
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.long
def test_a_library_is_calibrated(tmp_path, capsys):
    """Needs the `synthesis` extra. Five designs with the made-up cells of toy.lib."""
    output = tmp_path / "toy.json"
    arguments = ["--liberty", str(TOY), "--node-nm", "45", "--designs", "5", "-o", str(output)]
    assert main(["calibrate", *arguments, "--json"]) == 0
    json.loads(capsys.readouterr().out)
    technology = load_technology(str(output))
    assert technology.voltage == 2.0
    assert technology.adjustments
    assert estimate(Design.parse("a=int4,acc=int:8"), technology).area_um2 > 0


def small_table(tmp_path):
    """The shipped table with a few of its designs, none of which needs Yosys."""
    plain = [
        p for p in TABLE["designs"] if "stages=0" in p["spec"] and "interleave" not in p["spec"]
    ]
    chosen = [p for p in plain if p["held_out"]][:8] + [p for p in plain if not p["held_out"]][:4]
    path = tmp_path / "small.json"
    path.write_text(json.dumps({**TABLE, "name": "small", "designs": chosen}), encoding="utf-8")
    return path


def test_validation_is_shown_and_drawn(tmp_path, capsys):
    path = small_table(tmp_path)
    assert main(["validate", str(path), "--plot", str(tmp_path / "scatter.png")]) == 0
    printed = capsys.readouterr().out
    for text in ("area_um2", "unit=", "scatter-small.png"):
        assert text in printed
    assert (tmp_path / "scatter-small.png").read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in (tmp_path / "scatter-small.svg").read_text(encoding="utf-8")
    assert main(["validate", str(path), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["technologies"]
    counted = {(item["quantity"], item["group"]): item["designs"] for item in found["held_out"]}
    assert counted["energy_pj", "all"] == 8
    assert main(["validate", "2nm"]) == 2
    assert "unknown technology or fabric '2nm'" in capsys.readouterr().err
