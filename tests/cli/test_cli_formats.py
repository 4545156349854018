import json

import pytest

from hwdse import formats
from hwdse.cli import main


def test_list_has_every_named_format(capsys):
    assert main(["formats"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "name",
        "bits",
        "max",
        "min",
        "normal",
        "min",
        "subnormal",
        "specials",
    ]
    assert [line.split()[0] for line in lines[1 : 1 + len(formats.names())]] == formats.names()
    row = next(line.split() for line in lines if line.startswith("e4m3fn "))
    assert row == ["e4m3fn", "8", "448", "0.015625", "0.001953125", "nan"]


def test_list_as_json(capsys):
    assert main(["formats", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    known = {f["name"]: f for f in document["formats"]}
    assert list(known) == formats.names()
    assert known["e5m2"]["max"] == 57344
    assert (known["e5m2"]["has_inf"], known["e2m1fn"]["has_nan"]) == (True, False)


def test_one_format_with_its_values(capsys):
    assert main(["formats", "e2m1fn"]) == 0
    out = capsys.readouterr().out
    assert "exponent bits   2\n" in out
    assert "variant         finite\n" in out
    table = [line.split() for line in out.splitlines()[-2:]]
    assert table == [
        ["00", "0", "0.5", "1", "1.5", "2", "3", "4", "6"],
        ["08", "-0", "-0.5", "-1", "-1.5", "-2", "-3", "-4", "-6"],
    ]


def test_one_format_as_json_is_valid_with_nan_and_infinity(capsys):
    assert main(["formats", "e5m2", "--json"]) == 0

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    document = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert len(document["values"]) == 256
    assert document["values"][0x7B:0x7F] == [57344, "inf", "nan", "nan"]
    assert document["parameters"]["fraction_bits"] == 2


def test_wide_and_parametric_formats_have_no_table(capsys):
    assert main(["formats", "e6m9fn"]) == 0
    assert "code" not in capsys.readouterr().out
    assert main(["formats", "fp32", "--json"]) == 0
    assert "values" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["float8", "e0m0", "e40m24", "int65", "int1", "", "../x"])
def test_unknown_and_impossible_formats(name, capsys):
    assert main(["formats", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("hwdse: error: ")
    assert err.count("\n") == 1
