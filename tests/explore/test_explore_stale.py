"""Results belong to the contents of files, not to their names."""

import gzip
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from explore_fakes import FakeGenerator
from onnx import TensorProto, helper, numpy_helper
from sampled import some

from hwdse import cost, networks
from hwdse.cli import main
from hwdse.errors import FailedDesignsError
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.resources import resource
from hwdse.spec import Design

LEVELS = [-1.0, -0.25, 0.0, 0.25, 1.0]
OTHER_LEVELS = [-1.0, -1 / 64, 0.0, 1 / 64, 1.0]


def write_codebook(path, levels=LEVELS):
    path.write_text(json.dumps({"name": "table", "levels": levels}))


def write_technology(path, name="mine", scale=1.0):
    table = json.loads(resource("models", "technology", "nangate45.json").read_text())
    table["name"] = name
    for law in table["primitives"].values():
        for value in law["area_um2"]["coefficients"]:
            law["area_um2"]["coefficients"][value] *= scale
    path.write_text(json.dumps(table))


def write_network(path, seed=0, dataset="digits", inputs=(64,)):
    rng = np.random.default_rng(seed)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["x"], ["f"]),
            helper.make_node("Gemm", ["f", "w"], ["y"], transB=1),
        ],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(rng.normal(size=(10, np.prod(inputs))).astype("f4"), "w")],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=8)
    helper.set_model_props(model, {"hwdse.dataset": dataset, "hwdse.calibration": "8"})
    onnx.save(model, path)


def write_dataset(folder, seed=0, labels=0):
    rng = np.random.default_rng(seed)
    for prefix, count in (("train", 8), ("t10k", 20)):
        images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        head = b"\0\0\x08\x03" + struct.pack(">3I", count, 28, 28)
        content = gzip.compress(head + images.tobytes(), mtime=0)
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(content)
        head = b"\0\0\x08\x01" + struct.pack(">I", count)
        content = head + bytes((n + labels) % 10 for n in range(count))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(content)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with one file of every kind that a spec or a space can name."""
    monkeypatch.chdir(tmp_path)
    write_codebook(tmp_path / "cb.json")
    write_technology(tmp_path / "tech.json")
    write_network(tmp_path / "net.onnx", dataset="fashion-mnist", inputs=(1, 28, 28))
    (tmp_path / "data").mkdir()
    write_dataset(tmp_path / "data")
    return tmp_path


def key(spec="a=codebook:cb.json,acc=kulisch", network="net.onnx", technology="tech.json"):
    evaluator = DesignEvaluator.prepare(network, 20, technology, Path("data"))
    return evaluator.key(Design.parse(spec))


CHANGES = {
    "codebook": lambda folder: write_codebook(folder / "cb.json", OTHER_LEVELS),
    "technology": lambda folder: write_technology(folder / "tech.json", scale=2.0),
    "weights": lambda folder: write_network(
        folder / "net.onnx", 1, dataset="fashion-mnist", inputs=(1, 28, 28)
    ),
    "images": lambda folder: write_dataset(folder / "data", seed=1),
    "labels": lambda folder: write_dataset(folder / "data", labels=1),
}


@pytest.mark.parametrize("change", CHANGES)
def test_other_contents_are_another_key_and_the_same_ones_the_same(files, change):
    kept = files.parent / f"{files.name}-kept"
    shutil.copytree(files, kept)
    before = key()
    assert key() == before
    CHANGES[change](files)
    assert key() != before
    shutil.copytree(kept, files, dirs_exist_ok=True)
    assert key() == before


def test_a_key_is_the_same_in_another_process_and_another_folder(files, tmp_path_factory):
    code = (
        "from pathlib import Path\n"
        "from hwdse import Design\n"
        "from hwdse.explore.evaluation import DesignEvaluator\n"
        "e = DesignEvaluator.prepare('net.onnx', 20, 'tech.json', Path('data'))\n"
        "print(e.key(Design.parse('a=codebook:cb.json,acc=kulisch')))"
    )
    moved = tmp_path_factory.mktemp("moved")
    shutil.copytree(files, moved, dirs_exist_ok=True)
    for folder in (files, moved):
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == key()
    # Files elsewhere are the same network and the same technology.
    assert key(network=str(moved / "net.onnx"), technology=str(moved / "tech.json")) == key()


def run(files, spec="a=codebook:cb.json,acc=kulisch", **settings):
    """Sweep the digits with one design of a file and one without."""
    space = Space(
        name="test",
        designs=(Design.parse(spec), Design.parse("a=int8,acc=kulisch")),
        network=settings.pop("network", "digits"),
        samples=40,
        technology="tech.json",
    )
    generator = FakeGenerator(log=files / "generated")
    return sweep(space, files / "out", jobs=1, generator=generator, **settings)


def shown(files):
    """What the files of a sweep say of the codebook's design."""
    line = next(s for s in (files / "out" / "results.csv").read_text().splitlines() if "cb" in s)
    page = (files / "out" / "report.html").read_text()
    row = next(s for s in page.splitlines() if "codebook:cb.json" in s and s.startswith("<tr"))
    return line, row


def test_results_and_verilog_of_the_old_levels_are_not_the_new_ones(files):
    first = run(files)
    assert (first.computed, first.reused) == (2, 0)
    old = first.frame.iloc[0]
    assert old["front"]
    assert old["verified"]
    folder = files / "out" / old["verilog"]
    assert folder.is_dir()
    old_line, old_row = shown(files)
    # The same text, another file.
    write_codebook(files / "cb.json", OTHER_LEVELS)
    second = run(files)
    assert (second.computed, second.reused) == (1, 1)
    new = second.frame.iloc[0]
    assert new["spec"] == old["spec"]
    assert new["accuracy"] != old["accuracy"]
    assert new["verilog"] != old["verilog"]
    assert old["verilog"] not in "".join(shown(files))
    assert shown(files)[0] != old_line
    # What was there before is there again, and nothing is computed.
    write_codebook(files / "cb.json")
    third = run(files)
    assert (third.computed, third.reused) == (0, 2)
    assert shown(files) == (old_line, old_row)
    assert third.frame.iloc[0]["verilog"] == old["verilog"]
    generated = FakeGenerator(log=files / "generated").calls()
    assert generated.count(old["spec"]) == 1 + new["front"]


def test_a_store_is_shown_without_the_files_it_came_from(files, capsys):
    run(files)
    before = (files / "out" / "report.html").read_bytes()
    (files / "cb.json").unlink()
    (files / "tech.json").unlink()
    assert main(["pareto", "out"]) == 0
    assert "codebook:cb.json" in capsys.readouterr().out
    assert main(["report", "out", "-o", "out/again.html"]) == 0
    assert (files / "out" / "again.html").read_bytes() == before


def test_a_folder_that_another_certificate_is_in_is_made_anew(files):
    first = run(files)
    folder = files / "out" / first.front["verilog"].iloc[0]
    certificate = folder / "certificate.json"
    certificate.write_text(certificate.read_text().replace("1000", "1001"))
    count = (files / "generated").read_text().count("\n")
    assert main(["report", "out", "-o", "page.html"]) == 0
    assert f"{first.front['verilog'].iloc[0]}/" not in (files / "page.html").read_text()
    run(files)
    assert "1000" in certificate.read_text()
    assert (files / "generated").read_text().count("\n") == count + 1


def test_a_changed_network_of_the_same_name_is_another_in_one_process(files):
    shutil.copy(resource("models", "digits.onnx"), files / "mine.onnx")
    first = run(files, network="mine.onnx")
    write_network(files / "mine.onnx")
    second = run(files, network="mine.onnx")
    assert (second.computed, second.reused) == (2, 0)
    fresh = networks.evaluate(Design.parse("a=int8,acc=kulisch"), "mine.onnx", samples=40)
    assert second.frame.iloc[1]["accuracy"] == fresh.value != first.frame.iloc[1]["accuracy"]


def test_a_changed_technology_of_the_same_name_is_another_in_one_process(files):
    design = Design.parse("a=int8,acc=kulisch")
    before = cost.estimate(design, "tech.json").area_um2
    write_technology(files / "tech.json", scale=2.0)
    assert cost.estimate(design, "tech.json").area_um2 == pytest.approx(2 * before)


def test_a_file_that_changes_while_the_sweep_runs_gives_no_result(files):
    evaluator = DesignEvaluator.prepare("net.onnx", 20, "tech.json", Path("data"))
    space = Space(name="test", designs=(Design.parse("a=int8,acc=kulisch"),))
    write_technology(files / "tech.json", scale=2.0)
    generator = FakeGenerator(log=files / "generated")
    with pytest.raises(FailedDesignsError, match=r"technology tech\.json changed while the sweep"):
        sweep(space, "out", jobs=1, evaluator=evaluator, generator=generator)


ODD = [b"$\\frac{$", b"caf\xe9", b"a\nb", b"<b>&\"'", b"_x", b"\xff$^$", "数😀".encode()]


@pytest.mark.parametrize("name", some(ODD, 3))
def test_a_network_may_have_any_name(files, name, capsys, monkeypatch):
    path = files / os.fsdecode(name + b".onnx")
    shutil.copy(resource("models", "digits.onnx"), path)
    (files / "space.toml").write_text('technology="tech.json"\ndesigns=["a=int8,acc=kulisch"]')
    fake = FakeGenerator(log=files / "generated")
    monkeypatch.setattr("hwdse.explore.run.VerilogGenerator", lambda: fake)
    command = ["explore", "space.toml", "--network", str(path), "--samples", "20", "--jobs", "1"]
    assert main([*command, "-o", str(path.with_suffix(""))]) == 0
    out = path.with_suffix("")
    assert "a=int8,acc=kulisch" in capsys.readouterr().out
    for file in ("results.csv", "pareto.png", "pareto.svg", "report.html"):
        assert (out / file).read_bytes()
    (out / "results.csv").read_bytes().decode()
    assert main(["pareto", str(out)]) == 0
    assert main(["report", str(out), "-o", str(out / "again.html")]) == 0
    assert (out / "again.html").read_bytes() == (out / "report.html").read_bytes()
