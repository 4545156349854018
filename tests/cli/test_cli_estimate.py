import json

import pytest

from hwdse.cli import main


def test_cost(capsys):
    assert main(["cost", "a=int8,acc=int:32", "a=e4m3fn,acc=kulisch"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["design", "area", "um2", "energy"]
    assert rows[0].split()[0] == "a=int8,acc=int:32"
    assert rows[1].split()[0] == "a=e4m3fn,acc=kulisch"
    assert all(float(cell) > 0 for cell in rows[0].split()[1:4])
    assert rows[-1].startswith("nangate45, analytic. ")


def test_cost_as_json(capsys):
    assert main(["cost", "a=int8,acc=int:32", "a=e4m3fn,acc=kulisch", "--json"]) == 0
    designs = json.loads(capsys.readouterr().out)["designs"]
    assert [d["spec"].split(",")[0] for d in designs] == ["a=int8", "a=e4m3fn"]
    for design in designs:
        assert design["area_um2"] == pytest.approx(sum(b["area_um2"] for b in design["breakdown"]))
        assert design["technology"] == "nangate45"


def test_cost_says_that_a_loop_is_the_slowest_stage(capsys):
    looped, closed = "a=e4m3fn,acc=fp:bf16,stages=2", "a=e4m3fn,acc=fp:bf16,stages=2,interleave=3"
    assert main(["cost", looped, closed]) == 0
    told = [
        line for line in capsys.readouterr().out.splitlines() if "the accumulator's loop" in line
    ]
    assert len(told) == 1
    assert told[0].startswith(f"{looped}: the accumulator's loop needs ")
    assert told[0].endswith("interleave=3 would close it.")
    assert main(["cost", looped, closed, "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)["designs"]
    assert first["loop"]["loop_ns"] == pytest.approx(first["delay_ns"])
    assert first["loop"]["loop_ns"] > first["loop"]["others_ns"] >= second["delay_ns"]
    assert second["loop"] is None


BAD = {
    "a=float8,acc=kulisch": "unknown format 'float8'",
    "a=e0m0,acc=kulisch": "0 exponent and 0 fraction bits",
    "a=int65,acc=kulisch": "2 to 32 bits are allowed",
    "a=e40m24,acc=kulisch": "1 to 11 exponent bits",
    "a=int8": "needs acc=",
    "a=int8,acc=kulisch,": "is not of the form key=value",
    "": "is not of the form key=value",
    "a=int8,acc=kulisch,wheels=4": "does not use wheels",
    "a=int8,a=int4,acc=kulisch": "gives a twice",
    "a=int8,mul=lmul,acc=kulisch": "lmul of int8",
    "a=int8,mul=magic,acc=kulisch": "unknown multiplier 'magic'",
    "a=int8,acc=fp:fp99": "unknown format 'fp99'",
    "a=e4m3fn,acc=int:32": "takes integer products only",
    "a=int8,acc=kulisch,unit=dot,lanes=0": "1 to 1024 are allowed",
}


@pytest.mark.parametrize("spec", BAD)
@pytest.mark.parametrize(
    "arguments",
    [["cost"], ["accuracy", "--network", "digits"], ["verify"], ["generate", "-o", "out"]],
    ids=lambda arguments: arguments[0],
)
def test_bad_specs(spec, arguments, only_error, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*arguments, spec, "--json"]) == 2
    only_error(BAD[spec])
    assert not list(tmp_path.iterdir())


def test_unknown_technology(only_error):
    assert main(["cost", "a=int8,acc=kulisch", "--technology", "2nm"]) == 2
    only_error("'2nm'")


PAIR = ("a=int8,acc=int:32,unit=dot", "a=e4m3fn,acc=fp:bf16,unit=dot")


def test_cost_explains_the_difference_block_by_block(capsys, tmp_path):
    stem = tmp_path / "bars"
    assert main(["cost", *PAIR, "--clock-ns", "20", "--explain", "--plot", f"{stem}.png"]) == 0
    printed = capsys.readouterr().out
    for head in ("area um2 per product and cycle", "energy pJ/MAC, and how much more"):
        assert head in printed
    assert printed.count("\naccumulate ") == printed.count("\ntotal ") == 2
    assert stem.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in stem.with_suffix(".svg").read_text(encoding="utf-8")


def test_cost_explains_in_json(capsys):
    assert main(["cost", *PAIR, "--explain", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    total = document["blocks"][-1]
    energies = [design["energy_pj"] for design in document["designs"]]
    assert total["energy_pj"] == energies
    assert total["energy_pj_more"] == [0, energies[1] - energies[0]]


@pytest.fixture
def mixed(tmp_path):
    path = tmp_path / "mixed.toml"
    path.write_text(
        'default = "a=int4,acc=int:16"\nfirst = "a=int8,acc=int:32"\n'
        '[layers]\n"gemm*" = "a=int8,acc=int:32,unit=dot,lanes=4"\n'
    )
    return path


def test_a_design_for_each_layer_costs_the_sum_of_its_units(mixed, capsys):
    arguments = ["cost", str(mixed), "a=int8,acc=int:32", "--fabric", "ecp5"]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    designs = {each["spec"]: each for each in document["designs"]}
    assert len(designs) == len(document["designs"]) == 3
    (whole,) = document["assignments"]
    assert whole["name"] == str(mixed)
    assert sorted(whole["designs"]) == sorted(designs)
    assert whole["area_um2"] == pytest.approx(sum(d["area_um2"] for d in designs.values()))
    assert whole["delay_ns"] == max(d["delay_ns"] for d in designs.values())
    assert "energy_pj" not in whole
    luts = sum(d["fabric"]["luts"] for d in designs.values())
    assert whole["fabric"]["luts"] == pytest.approx(luts)
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert f"{mixed}, its units side by side:" in out
    assert "give --network" in out


def test_with_a_network_it_is_what_explore_has(mixed, tmp_path, capsys):
    network = ["--network", "digits"]
    assert main(["cost", str(mixed), *network, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    # No layer is left for the default.
    assert len(document["designs"]) == 2
    (whole,) = document["assignments"]
    assert list(whole["layers"]) == ["gemm0.out", "gemm2.out", "gemm4.out"]
    assert list(whole["macs"].values()) == [64 * 64, 64 * 32 + 32 * 10]
    space = tmp_path / "space.toml"
    space.write_text(f'network = "digits"\nsamples = 5\nassignments = ["{mixed}"]\n')
    out = ["-o", str(tmp_path / "out"), "--jobs", "1", "--json"]
    assert main(["explore", str(space), *out]) == 0
    (row,) = json.loads(capsys.readouterr().out)["front"]
    for name in ("area_um2", "energy_pj", "delay_ns", "area_error", "energy_error"):
        assert whole[name] == row[name]
    assert whole["area_um2"] / whole["macs_per_cycle"] == row["area_per_mac_um2"]
    assert main(["cost", str(mixed), *network]) == 0
    lines = capsys.readouterr().out.splitlines()
    together = next(line for line in lines if line.startswith("together"))
    assert together.split()[1:3] == ["100", "%"]


def test_a_clock_gives_each_unit_its_registers(mixed, capsys):
    arguments = ["cost", str(mixed), "--network", "digits", "--clock-ns", "1", "--json"]
    assert main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert {each["clock_ns"] for each in document["designs"]} == {1.0}
    (whole,) = document["assignments"]
    areas = [each["area_um2"] for each in document["designs"]]
    assert whole["area_um2"] == pytest.approx(sum(areas))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none.toml"], "assignment none.toml"),
        (["a=int8,acc=int:32", "--network", "digits"], "--network needs --synthesize or a file"),
        (["{mixed}", "--network", "digits", "--layer", "gemm0.out"], "--layer needs --network and"),
        (["{mixed}", "--synthesize", "--liberty", "x.lib"], "gives each layer one"),
        (["{mixed}", "--network", "brain"], "unknown network 'brain'"),
        (["{float}"], "no layer has a design: nothing has a cost"),
    ],
)
def test_files_of_designs_that_have_no_cost(mixed, tmp_path, arguments, message, only_error):
    alone = tmp_path / "float.toml"
    alone.write_text('default = "float"\n')
    names = {"{mixed}": str(mixed), "{float}": str(alone)}
    assert main(["cost", *(names.get(each, each) for each in arguments)]) == 2
    only_error(message)
