"""`hwdse cost --synthesize`: designs measured with a cell library."""

import json
from pathlib import Path

import pytest

from hwdse.cli import main
from hwdse.cost.measure import Measurement

TOY = Path(__file__).parents[1] / "cost" / "toy.lib"
COST = ["cost", "a=int2,acc=int:8", "--synthesize", "--liberty", str(TOY), "--json"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Not that of the tools, whose first start would take a minute."""
    monkeypatch.setattr("hwdse.cost.cache.cache_base", lambda: tmp_path / "cache")


def measured(capsys, *options) -> dict:
    assert main([*COST, *options]) == 0
    (found,) = json.loads(capsys.readouterr().out)["designs"]
    return found


@pytest.mark.long
def test_a_design_with_the_cells_of_a_toy_library(capsys):
    found = measured(capsys)
    assert found["area_um2"] > 0
    assert found["registers"] == 9
    assert found["cells"]["DFF"] == 9
    assert found["delay_ns"] == found["period_ns"] == found["clock_ns"]
    assert found["activity"] == "normal"
    causes = found["energy"]
    dynamic = sum(value for name, value in causes.items() if name.endswith("_pj"))
    leakage = causes["leakage_uw"] * found["clock_ns"] / 1000
    assert found["energy_pj"] == pytest.approx(dynamic + leakage, rel=1e-4)
    again = measured(capsys)
    assert again == found
    slow = measured(capsys, "--clock-ns", "100")
    assert (slow["clock_ns"], slow["meets_clock"]) == (100, True)


@pytest.mark.long
def test_layers_of_a_network_cost_differently(capsys):
    first = measured(capsys, "--network", "digits-cnn", "--layer", "conv0.out")
    other = measured(capsys, "--network", "digits-cnn")
    assert first["activity"] == "digits-cnn conv0.out"
    assert other["activity"] == "digits-cnn"
    assert first["area_um2"] == other["area_um2"]
    assert first["energy_pj"] != pytest.approx(other["energy_pj"], rel=0.01)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("", "library"),
        ("library (x) { cell (a) { area : 1;", "ends"),
        ("\x00\x01\x02", ""),
    ],
    ids=["missing", "empty", "truncated", "binary"],
)
def test_libraries_that_cannot_be_read(text, message, tmp_path: Path, only_error):
    path = tmp_path / "bad.lib"
    if text is not None:
        path.write_text(text)
    assert main(["cost", "a=int8,acc=int:32", "--synthesize", "--liberty", str(path)]) == 2
    only_error(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--synthesize"], "give --liberty FILE too"),
        (["--liberty", str(TOY)], "give --synthesize too"),
        (["--network", "digits"], "--network needs --synthesize"),
        (["--synthesize", "--liberty", str(TOY), "--layer", "x"], "--layer needs --network"),
        (["--synthesize", "--liberty", str(TOY), "--fpga", "ecp5"], "exclude each other"),
        (
            ["--synthesize", "--liberty", str(TOY), "--network", "digits", "--layer", "conv"],
            "unknown layer of digits 'conv'",
        ),
    ],
)
def test_options_that_do_not_fit(options, message, only_error):
    assert main(["cost", "a=int8,acc=int:32", *options]) == 2
    only_error(message)


def test_measurements_survive_json():
    plain = {
        "spec": "s", "library": "l", "area_um2": 1.0, "period_ns": 2.0,
        "energy": dict.fromkeys(
            ("logic_pj", "glitch_pj", "register_pj", "clock_pj", "input_pj", "leakage_uw"), 1.0
        ),
        "energy_error": 0.1, "settled_ns": 1.0, "macs_per_cycle": 2, "cells": {"INV": 3},
        "registers": 1, "path": ["INV"], "wires": "w", "activity": "normal", "tool": "t",
    }  # fmt: skip
    found = Measurement.from_json(json.loads(json.dumps(plain)))
    assert found.to_json() == plain
    assert found.energy_per_mac_pj(10.0) == pytest.approx((5.0 + 0.01) / 2)
