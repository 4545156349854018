"""Fitting of laws and writing of tables."""

import json
import os

import numpy as np
import pytest
from click.testing import CliRunner

from hwdse.cost import calibrate
from hwdse.cost.benchmarks import CALIBRATIONS, benchmark
from hwdse.errors import OutputError, TechnologyError
from hwdse.primitives.primitive import Adder, Multiplier
from hwdse.resources import resource

SHIPPED = resource("models", "technology", "nangate45.json")


def test_fit_recovers_a_law():
    features = [
        Multiplier(a_bits=m, b_bits=n, signed=False).features() for m in (2, 5, 9) for n in (3, 8)
    ]
    values = [3.0 * item["product"] + 0.5 * item["sum"] for item in features]
    law = calibrate.fit(features, values, ("product", "sum"))
    assert law["coefficients"] == pytest.approx({"product": 3.0, "sum": 0.5})
    assert law["max_error"] == law["rms_error"] == 0.0


def test_fit_is_never_negative():
    features = [Adder(width=w).features() for w in (2, 4, 8, 16)]
    values = [10.0 * item["width"] - 15.0 for item in features]
    law = calibrate.fit(features, values, ("one", "width"))
    assert all(value >= 0 for value in law["coefficients"].values())
    assert law["max_error"] > 0.1


def test_fit_error_is_relative():
    features = [Adder(width=w).features() for w in (4, 8)]
    law = calibrate.fit(features, [4.0, 8.8], ("width",))
    slope = law["coefficients"]["width"]
    errors = np.array([slope - 1.0, slope * 8 / 8.8 - 1.0])
    assert law["max_error"] == pytest.approx(np.max(np.abs(errors)), abs=1e-4)
    assert law["rms_error"] == pytest.approx(np.sqrt(np.mean(errors**2)), abs=1e-4)


@pytest.mark.parametrize("kind", CALIBRATIONS, ids=lambda kind: kind.__name__)
def test_grid_and_features_belong_to_the_primitive(kind):
    calibration = CALIBRATIONS[kind]
    assert len(set(calibration.grid)) == len(calibration.grid) >= 6
    for primitive in calibration.grid:
        assert type(primitive) is kind
        assert not primitive.empty
        circuit = benchmark(primitive)
        assert circuit.verilog.startswith("module top(")
        assert "[-" not in circuit.verilog
        for quantity in (calibration.area_um2, calibration.energy_pj, calibration.delay_ns):
            assert set(quantity) <= set(primitive.features())


def test_refit_of_the_shipped_table(tmp_path):
    output = tmp_path / "nangate45.json"
    result = CliRunner().invoke(calibrate.main, ["--refit", str(SHIPPED), "-o", str(output)])
    assert result.exit_code == 0, result.output
    assert output.read_bytes() == SHIPPED.read_bytes()
    assert "Multiplier" in result.output
    assert [path.name for path in tmp_path.iterdir()] == [output.name]


def test_measurements_of_another_grid():
    table = json.loads(SHIPPED.read_text())
    table["primitives"]["Adder"]["grid"].pop()
    with pytest.raises(TechnologyError, match="measured grid of Adder"):
        calibrate.fit_all(table)


def test_options_that_exclude_each_other(tmp_path):
    result = CliRunner().invoke(calibrate.main, ["-o", str(tmp_path / "t.json")])
    assert result.exit_code == 2
    assert "either --liberty FILE or --refit TABLE" in result.stderr
    assert not list(tmp_path.iterdir())


def test_missing_library(tmp_path):
    arguments = ["--liberty", str(tmp_path / "none.lib"), "-o", str(tmp_path / "t.json")]
    result = CliRunner().invoke(calibrate.main, arguments)
    assert result.exit_code == 2
    assert "No such file or directory" in result.stderr


@pytest.mark.parametrize("damage", ["absent", "text"])
def test_refit_of_a_damaged_table(tmp_path, damage):
    path = tmp_path / "table.json"
    if damage == "text":
        path.write_text("not a table")
    result = CliRunner().invoke(
        calibrate.main, ["--refit", str(path), "-o", str(tmp_path / "o.json")]
    )
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def test_table_is_written_complete_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "table.json"
    target.write_text("before")

    def fail(*_arguments):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(calibrate.os, "replace", fail)
    with pytest.raises(OutputError, match="cannot write"):
        calibrate.write_table({"name": "x"}, target)
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]
