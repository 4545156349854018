import json
import subprocess
import sys
import time
from fractions import Fraction

import pytest

from hwdse import formats
from hwdse.cli import format_facts, main


def printed(capsys, *arguments):
    """What the command writes to stdout; it must succeed."""
    assert main(["formats", *arguments]) == 0
    return capsys.readouterr().out


def strict(text):
    """One JSON document without the literals that are no JSON."""

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def document(capsys, *arguments):
    return strict(printed(capsys, *arguments, "--json"))


def facts(out):
    """Label and text of the lines above the first table."""
    return {line[:16].strip(): line[16:] for line in out.split("\n\n")[0].splitlines()}


def rows(out, heading):
    """Cells of the table below a heading."""
    table = out.split(heading, 1)[1].split("\n\n")[0].strip("\n").splitlines()
    return [line.split() for line in table[1:]]


def test_list_has_every_format_by_family(capsys):
    out = printed(capsys)
    elements, blocks, families = out.split("\n\n")
    listed = [line.split()[0] for line in elements.splitlines()[1:]]
    assert sorted(listed) == sorted(formats.names())
    assert len(listed) > 40
    row = next(line.split() for line in elements.splitlines() if line.startswith("e4m3fn "))
    assert row == ["e4m3fn", "8", "448", "0.001953125", "107.2", "17.8", "nan", "minifloat"]
    # Each family's formats stand together.
    names = [line.split("  ")[-1].strip() for line in elements.splitlines()[1:]]
    assert len(set(names)) == sum(a != b for a, b in zip(names, [None, *names], strict=False))

    listed = [line.split()[0] for line in blocks.splitlines()[1:]]
    assert sorted(listed) == sorted(formats.block_names())
    row = next(line.split() for line in blocks.splitlines() if line.startswith("nvfp4 "))
    assert row == ["nvfp4", "4.5", "e2m1fn", "16", "ue4m3", "block"]

    for syntax in formats.syntaxes() + formats.block_syntaxes():
        assert syntax in families
    assert "IEEE SA P3109 interim report 4.0" in families


def test_list_as_json(capsys):
    found = document(capsys)
    known = {f["name"]: f for f in found["formats"]}
    assert list(known) == formats.names()
    assert known["e5m2"]["max"] == 57344
    assert (known["e5m2"]["has_inf"], known["e2m1fn"]["has_nan"]) == (True, False)
    assert known["posit8_0"]["dynamic_range_binades"] == 12
    assert [f["name"] for f in found["block_formats"]] == formats.block_names()
    blocks = {f["name"]: f for f in found["block_formats"]}
    assert (blocks["mxfp4"]["bits_per_element"], blocks["mxfp4"]["block"]) == (4.25, "32")
    assert {"family": "posit", "syntax": "posit{n}_{es}"}.items() <= next(
        entry.items() for entry in found["families"] if entry["family"] == "posit"
    )


def test_one_format_with_its_values(capsys):
    out = printed(capsys, "e2m1fn")
    shown = facts(out)
    assert (shown["exponent bits"], shown["variant"]) == ("2", "finite")
    assert shown["dynamic range"] == "21.6 dB, 3.6 binades"
    assert shown["finite values"] == "15"
    assert shown["specials"] == "-0 8"
    assert [line.split() for line in out.splitlines()[-2:]] == [
        ["00", "0", "0.5", "1", "1.5", "2", "3", "4", "6"],
        ["08", "-0", "-0.5", "-1", "-1.5", "-2", "-3", "-4", "-6"],
    ]
    precision = rows(out, "Precision and relative error by binade [2^k, 2^(k+1)):")
    assert [row[:3] for row in precision] == [["-1", "1", "0.333"], ["0..2", "2", "0.2"]]
    assert precision[1][4] == "█" * 32
    assert precision[0][4] == "█" * 21 + "▉"  # log2(3) / log2(5)
    ratios = rows(out, "SQNR at the best scale:")
    assert [row[0] for row in ratios] == ["normal", "laplace", "student_t8", "student_t4"]
    assert ratios[0] == ["normal", "18.97", "2.053", "2.922", "closed", "form"]


def test_one_format_as_json_is_valid_with_nan_and_infinity(capsys):
    found = document(capsys, "e5m2")
    assert len(found["values"]) == 256
    assert found["values"][0x7B:0x7F] == [57344, "inf", "nan", "nan"]
    assert found["parameters"]["fraction_bits"] == 2
    assert found["specials"]["nan"] == [[0x7D, 0x7F], [0xFD, 0xFF]]
    assert found["precision"][-1] == {"first_binade": -14, "last_binade": 15, "bits": 3}
    assert [entry["binade"] for entry in found["relative_error"]] == list(range(-16, 16))
    assert found["sqnr"][0]["decibels"] == pytest.approx(25.6, abs=0.1)
    assert found["sqnr"][0]["method"] == "closed form"


def test_wide_and_parametric_formats_have_no_table(capsys):
    assert "Value of every code" not in printed(capsys, "e5m3fn")
    found = document(capsys, "fp32")
    assert "values" not in found
    assert found["sqnr"][0]["method"] == "Monte Carlo"
    assert found["sqnr"][0]["standard_error_db"] > 0


def test_numbers_beyond_float64_stay_short(capsys):
    out = printed(capsys, "binary16p1se")
    shown = facts(out)
    assert (shown["max"], shown["min subnormal"]) == ("2^16382", "2^-16383")
    assert shown["dynamic range"] == "197265.0 dB, 32765.0 binades"
    assert max(map(len, out.splitlines())) < 100
    found = format_facts.element_summary(formats.parse("binary16p1se"))
    assert found["max"] == "2^16382"
    assert len(json.dumps(found)) < 1000


@pytest.mark.parametrize("name", ["binary", "ternary", "e8m0", "hif8", "nf4", "lns4_3", "pot4_k1"])
def test_unusual_formats(name, capsys):
    out = printed(capsys, name)
    assert facts(out)["name"] == name
    number_format = formats.parse(name)
    assert ("none: the format has no negative values" in out) == (not number_format.signed)
    found = document(capsys, name)
    assert len(found["sqnr"]) == (4 if number_format.signed else 0)
    if number_format.bits <= 8:
        assert len(found["values"]) == 1 << number_format.bits


@pytest.mark.parametrize(
    ("name", "bits", "size"),
    [("mxfp4", 4.25, "32"), ("block:e2m1fn:16:ue4m3:amax", 4.5, "16"), ("dfp8", 8, "tensor")],
)
def test_block_format(name, bits, size, capsys):
    out = printed(capsys, name)
    shown = facts(out)
    assert (shown["bits/element"], shown["block"]) == (f"{bits:g}", size)
    assert shown["element"] == formats.get(name).element.name
    assert [row[0] for row in rows(out, "blocked along its rows:")][:2] == ["normal", "laplace"]
    found = document(capsys, name)
    assert found["bits_per_element"] == bits
    assert found["parameters"]["block"] == size
    assert found["sqnr"][0]["sigma"] is None


def test_comparison(capsys):
    out = printed(capsys, "e4m3fn", "int8", "ue4m3", "mxfp4")
    table = [line.split() for line in out.splitlines()]
    assert table[1] == ["e4m3fn", "8", "448", "0.001953125", "107.2", "253", "31.56", "31.54",
                        "31.54", "31.53"]  # fmt: skip
    assert table[3][-4:] == ["-"] * 4
    assert table[4][:6] == ["mxfp4", "4.25", "-", "-", "-", "-"]
    assert float(table[4][6]) == pytest.approx(18.79, abs=0.1)
    found = document(capsys, "e4m3fn", "mxfp4")
    assert [f["name"] for f in found["formats"]] == ["e4m3fn", "mxfp4"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [("svg", ["posit8_0"]), ("png", ["e4m3fn", "posit8_0", "hif8", "lns8_g8"])],
)
def test_picture(kind, names, capsys, tmp_path):
    path = tmp_path / f"x.{kind}"
    assert main(["formats", *names, "--plot", str(path), "--json"]) == 0
    out, err = capsys.readouterr()
    strict(out)
    assert err == f"Wrote {path}\n"
    assert path.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")
    assert [other.name for other in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["e4m3fn", "--plot", "{tmp}/x.jpeg"], "ends in .png or .svg"),
        (["e4m3fn", "--plot", "{tmp}/none/x.png"], "cannot be written"),
        (["--plot", "{tmp}/x.png"], "--plot needs the name of at least one format"),
        (["int8", "mxfp4", "--plot", "{tmp}/x.png"], "such as its own, e2m1fn"),
        (["int8", "float8", "--plot", "{tmp}/x.png"], "unknown format 'float8'"),
    ],
)
def test_pictures_that_cannot_be_drawn(arguments, message, only_error, tmp_path):
    assert main(["formats", *(text.format(tmp=tmp_path) for text in arguments)]) == 2
    only_error(message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    ["float8", "e0m0", "e40m24", "int65", "int1", "", "../x", "posit99_1", "block:int4", "mxfp4:x"],
)
def test_unknown_and_impossible_formats(name, capsys):
    assert main(["formats", name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("hwdse: error: ")
    assert err.count("\n") == 1


def test_every_named_format_has_a_summary_in_json():
    told = 0
    for name in formats.names():
        number_format = formats.parse(name)
        strict(json.dumps(format_facts.element_summary(number_format), allow_nan=False))
        assert format_facts.number(Fraction(1, 3)).endswith("2^-2")
        told += 1
    for name in formats.block_names():
        strict(json.dumps(format_facts.block_summary(formats.get(name)), allow_nan=False))
        told += 1
    assert told > 60


def test_the_list_loads_neither_scipy_nor_matplotlib():
    script = (
        "import sys; from hwdse.cli import main; main(['formats'])\n"
        "print([m for m in ('scipy', 'matplotlib', 'numba', 'pandas') if m in sys.modules])"
    )
    start = time.monotonic()
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - start < 20
