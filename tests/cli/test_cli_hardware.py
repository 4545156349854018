import json

import pytest

from hwdse import Design
from hwdse.cli import main
from hwdse.errors import VerificationError
from hwdse.hdl import Target, emit, split_modules
from hwdse.verify import Certificate
from hwdse.verify.certificate import sha256
from hwdse.verify.supported import Outcome, path_of, verify_supported

SPEC = "a=e2m1fn,acc=fp:bf16"


def test_verify_prints_what_was_tried(monkeypatch, capsys):
    def passed(design, level, seed, target):
        return Certificate(
            spec=str(design),
            level=level,
            seed=seed,
            vectors={"operand_pairs": 65536, "accumulation_steps": 100000},
            outputs={},
            verilog_sha256="",
            tools={},
        )

    monkeypatch.setattr("hwdse.cli.hardware.proof.verify", passed)
    assert main(["verify", SPEC, "--seed", "7"]) == 0
    head, *counts = capsys.readouterr().out.splitlines()
    assert head.endswith(": verified, level full, seed 7")
    assert [line.split()[0] for line in counts] == ["65536", "100000", "165536"]
    assert counts[0].endswith("operand pairs")


def test_failed_verification_is_exit_1_with_all_lines(monkeypatch, capsys):
    def failed(design, level, seed, target):
        raise VerificationError(
            f"{design}: 2 of 9 outputs differ\n  expected 1, got 2, 1 ulp apart"
        )

    monkeypatch.setattr("hwdse.cli.hardware.proof.verify", failed)
    for options in ([], ["--json"]):
        assert main(["verify", SPEC, *options]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("hwdse: error: a=e2m1fn,")
        assert err.endswith("  expected 1, got 2, 1 ulp apart\n")


def test_verify_as_json(capsys):
    assert main(["verify", SPEC, "--level", "quick", "--seed", "3", "--json"]) == 0
    certificate = json.loads(capsys.readouterr().out)
    assert (certificate["level"], certificate["seed"], certificate["result"]) == (
        "quick",
        3,
        "pass",
    )
    assert certificate["total"] == sum(certificate["vectors"].values()) > 0


def test_generate(tmp_path, capsys):
    folder = tmp_path / "unit"
    assert main(["generate", SPEC, "-o", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert sorted(document["files"]) == sorted(path.name for path in folder.iterdir())
    assert any(name.endswith(".v") for name in document["files"])
    assert document["certificate"]["result"] == "pass"


def test_generate_takes_a_design_for_each_layer(tmp_path, capsys, only_error):
    path, folder = tmp_path / "mixed.toml", tmp_path / "units"
    path.write_text(
        'default = "float"\n[layers]\n"conv0*" = "a=int8,acc=int:32"\n'
        '"conv2*" = "a=int4,acc=int:24"\n"gemm*" = "a=int8,acc=int:32"\n'
    )
    assert main(["generate", str(path), "-o", str(folder), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["designs"]
    designs = [Design.parse("a=int8,acc=int:32"), Design.parse("a=int4,acc=int:24")]
    assert [each["spec"] for each in made] == [str(design) for design in designs]
    assert sorted(p.name for p in folder.iterdir()) == sorted(d.slug for d in designs)
    for each, design in zip(made, designs, strict=True):
        assert each["certificate"]["result"] == "pass"
        assert (folder / design.slug / f"{design.slug}.v").is_file()
    assert main(["generate", str(path), "-o", str(folder), "--top", "mine"]) == 2
    only_error("mixed.toml has 2 designs")
    path.write_text('default = "float"\n')
    assert main(["generate", str(path), "-o", str(folder)]) == 2
    only_error("no layer has a design: nothing can be generated")


def test_generate_for_a_target(tmp_path, capsys):
    folder = tmp_path / "unit"
    options = ["--target", "ecp5", "--flow", "ecp5", "-o", str(folder), "--json"]
    assert main(["generate", "a=int4,acc=int:12,stages=3", *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["certificate"]["target"] == "ecp5"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["target"] == manifest["certificate"]["target"] == "ecp5"
    (cells,) = folder.glob("*_cells_ecp5.v")
    assert cells.name in (folder / "Makefile.ecp5").read_text()
    assert cells.name not in (folder / "filelist.f").read_text()
    top = (folder / f"{manifest['module']}.v").read_text()
    assert "made for Lattice ECP5 (target ecp5)" in top.replace("\n//  ", "")


def test_verify_for_a_target(capsys):
    design = "a=int4,acc=int:12,stages=3"
    assert main(["verify", design, "--target", "ecp5", "--level", "quick", "--json"]) == 0
    certificate = json.loads(capsys.readouterr().out)
    expected = sha256(emit(Design.parse(design), target=Target.parse("ecp5")))
    assert (certificate["target"], certificate["verilog_sha256"]) == ("ecp5", expected)


def test_unknown_targets_and_verilog_that_is_given(only_error, tmp_path):
    for words in (["generate", SPEC, "-o", str(tmp_path / "unit")], ["verify", SPEC]):
        assert main([*words, "--target", "ecp6"]) == 2
        only_error("target 'ecp6'")
    assert main(["verify", "--supported", "--target", "ecp5"]) == 2
    only_error("--target ecp5 belongs to Verilog that is generated from a SPEC")


@pytest.mark.parametrize("name", ["file", "file/unit", "full"])
def test_generate_into_a_folder_that_cannot_be_used(tmp_path, only_error, name):
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert main(["generate", SPEC, "-o", str(tmp_path / name)]) == 2
    only_error(str(tmp_path / name))
    assert sorted(tmp_path.rglob("*")) == before


def test_missing_compiler(monkeypatch, only_error, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["verify", SPEC, "--level", "quick"]) == 2
    only_error("compiler")


def test_unknown_level_and_seed(only_error):
    assert main(["verify", SPEC, "--level", "some"]) == 2
    only_error("'some' is not one of 'quick', 'full', 'exhaustive'")
    assert main(["verify", SPEC, "--seed", "-1"]) == 2
    only_error("'--seed': -1 is not in the range")


@pytest.fixture
def supported(tmp_path):
    (tmp_path / "supported.toml").write_text(f'designs = ["{SPEC}"]\n')
    return tmp_path


def test_verify_supported(supported, monkeypatch, capsys):
    design, outcomes = Design.parse(SPEC), []

    def once(*arguments, **named):
        """Simulate the first time; the same outcomes from then on."""
        outcomes[:] = outcomes or verify_supported(*arguments, **named)
        return outcomes

    monkeypatch.setattr("hwdse.cli.hardware.verify_supported", once)
    folder, parts = supported / path_of(design), split_modules(emit(design))
    folder.mkdir(parents=True)
    for name, text in parts.items():
        head = f"// {sha256(emit(design))}\n" if name == design.slug else ""
        (folder / f"{name}.v").write_text(head + text)
    listed = [f"{path_of(design)}/{name}.v" for name in parts]
    (supported / "filelist.f").write_text("\n".join(listed))
    module = folder / f"{design.slug}.v"
    options = ["--supported", "--folder", str(supported), "--level", "quick", "--jobs", "2"]
    assert main(["verify", *options]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("passed a=e2m1fn,")
    assert " vectors, " in out
    assert "verification 1/1: a=e2m1fn," in err
    assert main(["verify", *options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [d["result"] for d in document["designs"]] == ["pass"]
    outcomes.clear()
    module.write_text(module.read_text().replace("endmodule", "endmodule // changed"))
    assert main(["verify", *options]) == 1
    assert "the header lacks the digest" in capsys.readouterr().err


def test_a_failed_supported_design_is_exit_1(supported, monkeypatch, capsys):
    failed = Outcome(
        spec="a=x", verilog="", certificate=None, failure="a=x: 3 mismatches", seconds=1
    )
    monkeypatch.setattr("hwdse.cli.hardware.verify_supported", lambda *_, **__: [failed])
    assert main(["verify", "--supported", "--folder", str(supported)]) == 1
    out, err = capsys.readouterr()
    assert out == "FAILED a=x\n"
    assert err.endswith("hwdse: error: 1 of 1 designs failed\na=x: 3 mismatches\n")
    assert main(["verify", "--supported", "--folder", str(supported), "--json"]) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("arguments", [[], [SPEC, "--supported"]])
def test_verify_takes_a_spec_or_all_supported_designs(arguments, only_error):
    assert main(["verify", *arguments]) == 2
    only_error("give a SPEC or --supported, one of them")


def test_rtl_check_tells_of_a_difference(supported, capsys):
    assert main(["rtl", "--check", "--folder", str(supported)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == f"hwdse: error: {supported} is not up to date"
    assert err.splitlines()[1].endswith("_mac_stages0.v: missing")


def test_rtl_without_its_list(tmp_path, only_error):
    assert main(["rtl", "--check", "--folder", str(tmp_path)]) == 2
    only_error("supported.toml: No such file")


def test_rtl_written_and_checked(supported, monkeypatch, capsys):
    monkeypatch.setattr("hwdse.verify.supported._LEVEL", "quick")
    assert main(["rtl", "--folder", str(supported)]) == 0
    assert capsys.readouterr().out == f"{supported}: 1 designs written\n"
    assert main(["rtl", "--check", "--folder", str(supported), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert len(document["designs"]) == 1
    assert document["written"] == []
    design = Design.parse(SPEC)
    module = supported / path_of(design) / f"{design.slug}.v"
    assert "0 mismatches" in module.read_text()
    module.write_text(module.read_text().replace("endmodule", "// changed\nendmodule"))
    assert main(["rtl", "--check", "--folder", str(supported)]) == 1
    assert "the module differs" in capsys.readouterr().err
