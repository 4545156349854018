import json

import pytest
import yaml

from hwdse import Design
from hwdse.cli import main
from hwdse.cost import estimate

INT8 = "a=int8,acc=int:32"
E4M3 = "a=e4m3fn,acc=kulisch"


def test_components_of_several_designs_go_into_one_folder(tmp_path, capsys):
    folder = tmp_path / "parts"
    arguments = ["--export", "zigzag", "--export", "accelergy", "-o", str(folder)]
    assert main(["cost", INT8, E4M3, *arguments]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].split()[0] == INT8  # the table is there as well
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 6
    assert all(f"  {folder / name}\n" in out for name in names)
    for spec in (INT8, E4M3):
        design = Design.parse(spec)
        text = (folder / f"{design.slug}.zigzag.yaml").read_text()
        energy_pj = yaml.safe_load(text)["operational_array"]["unit_energy"]
        assert energy_pj == pytest.approx(estimate(design).energy_pj, rel=1e-5)


def test_one_file_and_its_path_as_json(tmp_path, capsys):
    path = tmp_path / "mac.py"
    assert main(["cost", INT8, "--export", "accelforge", "-o", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["files"] == [str(path)]
    assert document["designs"][0]["spec"] == str(Design.parse(INT8))
    assert f"class {Design.parse(INT8).slug}(" in path.read_text()
    assert main(["cost", INT8, "--json"]) == 0
    assert "files" not in json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--export", "zigzag"], "--export names the tool and -o the file or folder: give both"),
        (["-o", "here"], "--export names the tool and -o the file or folder: give both"),
        (["--export", "timelop", "-o", "here"], "known are accelergy, accelforge, zigzag"),
        (["--export", "accelergy", "-o", "x.yaml"], "x.yaml is one file, but there are 2 to write"),
    ],
)
def test_bad_exports_write_nothing(arguments, message, tmp_path, monkeypatch, only_error):
    monkeypatch.chdir(tmp_path)
    assert main(["cost", INT8, *arguments]) == 2
    only_error(message)
    assert list(tmp_path.iterdir()) == []
