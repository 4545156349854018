"""`hwdse sensitivity` and `hwdse search-layers`."""

import json

import pytest

from hwdse import networks
from hwdse.cli import main
from hwdse.networks.assignment import Assignment

FINE, COARSE = "a=int8,acc=int:32", "a=int4,acc=int:32"


def test_sensitivity(tmp_path, capsys):
    arguments = ["sensitivity", COARSE, FINE, "--network", "digits", "--samples", "60"]
    assert main([*arguments, "--plot", str(tmp_path / "s.png")]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["layer", "MACs"]
    assert [row.split()[0] for row in rows[:3]] == ["gemm0.out", "gemm2.out", "gemm4.out"]
    assert rows[0].split()[1] == "63.37"
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")
    assert "<!-- gemm2.out -->" in (tmp_path / "s.svg").read_text()
    assert main([*arguments, "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    assert len(layers) == 6
    alone = Assignment.parse(f'default = "float"\n[layers]\n"gemm2*" = "{COARSE}"', "alone")
    expected = networks.evaluate(alone, "digits", 60)
    assert layers[1]["sqnr_db"] == pytest.approx(expected.sqnr_db)
    for each, other in zip(layers[:3], layers[3:], strict=True):
        assert each["layer"] == other["layer"]
        assert each["sqnr_db"] < other["sqnr_db"]


def test_search_writes_what_accuracy_takes(tmp_path, capsys):
    path = tmp_path / "found.toml"
    arguments = ["search-layers", FINE, COARSE, "--network", "digits", "--samples", "60"]
    arguments += ["--tries", "5", "--budget", "energy=0.8", "-o", str(path)]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    *single, mixed = document["scored"]
    assert [each["name"] for each in single] == [FINE, COARSE]
    assert single[0]["cost"] == 1 > mixed["cost"] > single[1]["cost"]
    assert mixed["cost"] <= 0.8
    assert single[0]["sqnr_db"] > mixed["sqnr_db"] > single[1]["sqnr_db"]
    assert main(["accuracy", str(path), "--network", "digits", "--samples", "60", "--json"]) == 0
    (again,) = json.loads(capsys.readouterr().out)["designs"]
    assert again["layers"] == document["layers"]
    assert again["sqnr_db"] == mixed["sqnr_db"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert "the best single design within the budget" in text
    assert "a design for each layer" in text


def test_search_without_specs_chooses_between_integers(capsys):
    arguments = ["search-layers", "--network", "digits", "--samples", "60", "--tries", "2"]
    assert main([*arguments, "--budget", "energy=0.6", "--json"]) == 0
    *single, mixed = json.loads(capsys.readouterr().out)["scored"]
    assert [each["name"] for each in single][::4] == [FINE, COARSE]
    assert len(single) == 5
    assert mixed["cost"] <= 0.6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search-layers", FINE, "--budget", "energy=0.5"], "give at least two"),
        (["search-layers", FINE, COARSE, "--budget", "heat=1"], "unknown budget 'heat'"),
        (["search-layers", FINE, COARSE, "--budget", "bits=0.1"], "the least is 0.5"),
        (["sensitivity", "a=int8,unit=mul"], "unit=mul"),
        (["sensitivity", FINE, "--method", "magic"], "unknown method 'magic'"),
    ],
)
def test_wrong_input_is_one_line(arguments, message, only_error):
    assert main([*arguments, "--network", "digits", "--samples", "5"]) == 2
    only_error(message)
