import json
import os
import sys
from functools import partial
from io import StringIO
from pathlib import Path

import optuna
import pandas as pd
import pytest
from sampled import some

from hwdse.cli import explore as command
from hwdse.cli import main
from hwdse.explore.database import STORE_NAME
from hwdse.explore.space import Space
from hwdse.explore.store import Store
from hwdse.spec import Design

sys.path.insert(0, str(Path(__file__).parents[1] / "explore"))

from explore_fakes import FakeEvaluator, FakeGenerator, by_key, filled, space


@pytest.fixture
def faked(tmp_path, monkeypatch):
    """`hwdse explore` with stand-ins for evaluation and Verilog."""
    faked = partial(
        command.run_sweep,
        evaluator=FakeEvaluator(log=tmp_path / "evaluated"),
        generator=FakeGenerator(log=tmp_path / "generated"),
    )
    monkeypatch.setattr(command, "run_sweep", faked)
    monkeypatch.setattr(Space, "builtin", staticmethod(space))
    return tmp_path / "out"


@pytest.fixture
def folder(tmp_path):
    """An output folder with a finished sweep's store."""
    with Store.create(tmp_path / STORE_NAME) as store:
        filled(store, space().designs)
    return tmp_path


def test_explore_ends_with_table_advice_and_files(faked, capsys):
    assert main(["explore", "-o", str(faked), "--jobs", "1"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Pareto front of energy per MAC and rank: ")
    assert "rank  design " in out
    assert "a=int8,acc=kulisch" in out
    assert "Float reaches 98.06 %" in out
    # The fakes' estimates have no intervals, so nothing is sure.
    assert "undecided  -" in out
    for name in ("results.csv", "pareto.png", "pareto.svg", "report.html", STORE_NAME, "rtl"):
        assert str(faked / name) in out
        assert (faked / name).exists()
    assert "designs 12/12" in err
    assert "verified Verilog" in err


def test_explore_as_json(faked, capsys):
    assert main(["explore", "-o", str(faked), "--jobs", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["designs"], document["computed"], document["reused"]) == (12, 12, 0)
    assert Path(document["files"]["report"]).is_file()
    first = document["front"][0]
    assert first["verified"] is True
    assert first["area_error"] is None
    assert (faked / first["verilog"] / "unit.v").is_file()
    assert main(["explore", "-o", str(faked), "--jobs", "1", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["computed"], again["reused"], again["front"]) == (0, 12, document["front"])


def test_left_out_combinations_are_told(faked, tmp_path, capsys):
    path = tmp_path / "space.toml"
    path.write_text(
        '[[space]]\na = ["int8", "e5m2"]\nmul = ["exact", "lmul"]\nacc = "kulisch"\n'
        "skip_invalid = true\n"
    )
    assert main(["explore", str(path), "-o", str(faked), "--jobs", "1", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["skipped"] == 1
    assert "1 combination without meaning is left out" in err


def test_failed_proof_is_exit_1_with_the_mismatch(faked, tmp_path, monkeypatch, capsys):
    broken = FakeGenerator(log=tmp_path / "generated", broken="int8")
    monkeypatch.setattr(command, "run_sweep", partial(command.run_sweep, generator=broken))
    assert main(["explore", "-o", str(faked), "--jobs", "1"]) == 1
    out, err = capsys.readouterr()
    assert "FAILED" in out
    assert "Failed: 1 design\n" in out
    assert "verification failed: a=int8," in out
    error = err.splitlines()
    at = next(k for k, line in enumerate(error) if line.startswith("hwdse: error: "))
    assert "1 of 12 designs failed" in error[at]
    # The mismatches stand on lines of their own.
    assert error[at + 2] == "  input 0: expected 1, got 2"
    assert (faked / "report.html").is_file()
    assert main(["explore", "-o", str(faked), "--jobs", "1", "--json"]) == 1
    out, err = capsys.readouterr()
    (failed,) = json.loads(out)["failed"]
    assert failed["spec"].startswith("a=int8,")
    assert failed["failure"].startswith("verification failed: ")


@pytest.mark.parametrize("how", some(["kill", "tool", "bug"], 3))
def test_one_bad_design_is_shown_everywhere(faked, tmp_path, monkeypatch, capsys, how):
    broken = FakeEvaluator(log=tmp_path / "evaluated", broken="e5m2", how=how)
    monkeypatch.setattr(command, "run_sweep", partial(command.run_sweep, evaluator=broken))
    reason = {"tool": "no simulator", "bug": "ZeroDivisionError", "kill": "SIGKILL"}[how]
    assert main(["explore", "-o", str(faked), "--jobs", "2"]) == 1
    out, err = capsys.readouterr()
    assert "Failed: 3 designs" in out
    assert out.count(reason) == 3
    assert "hwdse: error: 3 of 12 designs failed" in err
    for name in ("results.csv", "report.html"):
        assert (faked / name).read_text().count(reason) == 3
    for arguments in (["pareto", str(faked)], ["report", str(faked), "-o", f"{tmp_path}/r.html"]):
        assert main(arguments) == 0
    assert capsys.readouterr().out.count(reason) == 3
    assert main(["pareto", str(faked), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["designs"], document["asked"], len(document["failed"])) == (9, 12, 3)


def test_all_designs_failed(faked, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Space, "builtin", staticmethod(lambda: space(1)))
    broken = FakeEvaluator(log=tmp_path / "evaluated", broken="int8")
    monkeypatch.setattr(command, "run_sweep", partial(command.run_sweep, evaluator=broken))
    assert main(["explore", "-o", str(faked), "--jobs", "1"]) == 1
    out, err = capsys.readouterr()
    assert "cannot evaluate int8" in out
    assert "1 of 1 designs failed" in err
    assert sorted(path.name for path in faked.iterdir()) == [
        "pareto.png", "pareto.svg", "report.html", "results.csv", "rtl", STORE_NAME
    ]  # fmt: skip
    assert main(["pareto", str(faked)]) == 0
    assert "cannot evaluate int8" in capsys.readouterr().out


def test_names_that_no_terminal_shows(folder, tmp_path, capsysbinary):
    odd = tmp_path / os.fsdecode(b"caf\xe9\n")
    odd.mkdir()
    (folder / STORE_NAME).rename(odd / STORE_NAME)
    target = odd / "report.html"
    assert main(["report", str(odd), "-o", str(target)]) == 0
    out = capsysbinary.readouterr().out
    assert out.endswith(b"/caf\\xe9\\n/report.html\n")
    assert main(["report", str(odd / "none"), "-o", str(target)]) == 2
    assert b"caf\\xe9" in capsysbinary.readouterr().err


def test_pareto(folder, capsys):
    for given in (folder, folder / STORE_NAME):
        assert main(["pareto", str(given), "--x", "area_um2"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("Pareto front of area and rank: ")
        assert "a=int8,acc=kulisch" in out
    assert main(["pareto", str(folder), "--x", "speed"]) == 2
    assert "unknown column 'speed': one of energy_pj, " in capsys.readouterr().err
    assert main(["pareto", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["x"], document["designs"], document["asked"]) == ("energy_pj", 12, 12)
    assert all(row["spec"].startswith("a=") for row in document["front"])


def test_pareto_writes_a_study_that_optuna_reads(folder, tmp_path, capsys):
    path = tmp_path / "study.db"
    arguments = ["pareto", str(folder), "--export", "optuna", "-o", str(path)]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["file"], document["studies"]) == (str(path), ["hwdse"])
    study = optuna.load_study(study_name="hwdse", storage=f"sqlite:///{path}")
    rows = pd.read_csv(StringIO(_table_of(folder)))
    assert len(study.trials) == document["designs"] == len(rows) == 12
    assert study.metric_names == document["objectives"]
    by_spec = {trial.user_attrs["spec"]: trial for trial in study.trials}
    for record in rows.to_dict("records"):
        trial = by_spec[record["spec"]]
        assert trial.values == pytest.approx([record[name] for name in document["objectives"]])
        assert Design.parse(record["spec"]).keys()["a"] == trial.params["a"]
    front = {record["spec"] for record in document["front"]}
    assert {trial.user_attrs["spec"] for trial in study.best_trials} == front
    assert main(arguments) == 2
    assert f"{path} exists: give another file" in capsys.readouterr().err
    assert main([*arguments[:2], "-o", str(path)]) == 2
    assert "-o names the file of --export" in capsys.readouterr().err


def _table_of(folder):
    with Store.open(folder) as store:
        return store.frame().to_csv()


def test_pareto_of_an_unfinished_sweep_says_so(folder, capsys):
    with Store.open(folder) as store:
        store.select(by_key([*space().designs, Design.parse("a=int4,acc=int:32")]))
    assert main(["pareto", str(folder)]) == 0
    assert capsys.readouterr().out.endswith("Unfinished: 12 of 13 designs.\n")


def test_report(folder, capsys):
    target = folder / "mine.html"
    assert main(["report", str(folder), "-o", str(target)]) == 0
    assert capsys.readouterr().out == f"{target}\n"
    assert target.read_text().startswith("<!DOCTYPE html>")
    assert main(["report", str(folder), "-o", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"report": str(target)}


@pytest.mark.parametrize("name", ["pareto", "report"])
def test_store_that_is_missing_corrupt_or_empty(name, tmp_path, only_error):
    assert main([name, str(tmp_path)]) == 2
    only_error("is not a store")
    (tmp_path / STORE_NAME).write_bytes(b"corrupt" * 500)
    assert main([name, str(tmp_path)]) == 2
    only_error("not a database")
    assert (tmp_path / STORE_NAME).read_bytes() == b"corrupt" * 500
    (tmp_path / STORE_NAME).unlink()
    Store.create(tmp_path / STORE_NAME).close()
    assert main([name, str(tmp_path)]) == 2
    only_error("no finished design yet")


def test_report_that_cannot_be_written(folder, only_error):
    assert main(["report", str(folder), "-o", str(folder / "none" / "report.html")]) == 2
    only_error("cannot be written")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network = \n", "space.toml:1: not valid TOML"),
        ('designs = ["a=int8,acc=kulisch",\n"a=float8,acc=kulisch"]', "space.toml:2: "),
        ('designs = ["a=int8"]', "space.toml:1: design 'a=int8': unit mac needs acc="),
        ('designs = ["a;int8"]', "is not of the form key=value"),
        ('[[space]]\na = "e0m0"\nacc = "kulisch"', "space.toml:2: "),
        ("designs = []", "no designs"),
        ("nets = 1", "space.toml:1: unknown key 'nets': allowed are network"),
    ],
)
def test_bad_space_is_an_error_before_anything_is_written(text, message, tmp_path, only_error):
    (tmp_path / "space.toml").write_text(text)
    assert main(["explore", str(tmp_path / "space.toml"), "-o", str(tmp_path / "out")]) == 2
    only_error(message)
    assert not (tmp_path / "out").exists()


def test_missing_space(tmp_path, only_error):
    assert main(["explore", str(tmp_path / "none.toml"), "-o", str(tmp_path / "out")]) == 2
    only_error("none.toml: No such file")


def test_unknown_network_is_an_error_before_anything_is_written(tmp_path, only_error):
    assert main(["explore", "--network", "brain", "-o", str(tmp_path / "out")]) == 2
    only_error("unknown network 'brain'")
    assert not (tmp_path / "out").exists()


def test_missing_dataset_is_an_error_before_anything_is_written(tmp_path, only_error):
    arguments = ["--network", "fashion-cnn", "--data-dir", str(tmp_path)]
    assert main(["explore", *arguments, "-o", str(tmp_path / "out")]) == 2
    only_error("dataset fashion-mnist is missing")
    assert not (tmp_path / "out").exists()


def test_unknown_technology(tmp_path, only_error):
    (tmp_path / "space.toml").write_text('technology = "2nm"\ndesigns = ["a=int8,acc=kulisch"]')
    assert main(["explore", str(tmp_path / "space.toml"), "-o", str(tmp_path / "out")]) == 2
    only_error("unknown technology '2nm': known are ")


def test_unwritable_output_folder(faked, tmp_path, only_error):
    (tmp_path / "file").touch()
    assert main(["explore", "-o", str(tmp_path / "file")]) == 2
    only_error(f"output folder {tmp_path / 'file'} cannot be written")
    assert not (tmp_path / "evaluated").exists()


def test_corrupt_store_in_the_output_folder(faked, only_error):
    faked.mkdir()
    (faked / STORE_NAME).write_bytes(b"corrupt" * 500)
    assert main(["explore", "-o", str(faked)]) == 2
    only_error(f"{faked / STORE_NAME} is not a usable hwdse store")
