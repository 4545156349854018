"""The wheel carries everything that a user without a checkout needs."""

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hwdse.errors import HwdseError
from hwdse.resources import cache_base, how_to_get

ROOT = Path(__file__).parents[1]


def test_wheel_holds_models_benches_and_assets_and_works_alone(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    assert {
        "hwdse/py.typed",
        "hwdse/explore/builtin.toml",
        "hwdse/_data/models/digits.onnx",
        "hwdse/_data/models/digits-cnn.onnx",
        "hwdse/_data/models/technology/nangate45.json",
        "hwdse/_data/models/memory/sram45.toml",
        "hwdse/_data/models/wire/wire40.toml",
        "hwdse/_data/models/machine/edge.toml",
        "hwdse/_data/sims/run_bench.py",
        "hwdse/_data/sims/stream/tb_stream.py",
        "hwdse/_data/sims/axi/tb_axi.py",
        "hwdse/_data/sims/axi/coprocessor.py",
        "hwdse/_data/sims/stream/stream.cpp",
        "hwdse/_data/sims/native/drive.cpp",
        "hwdse/verify/formal/verilog/float_fma.v",
    } <= names
    assert {f"hwdse/explore/assets/report.{kind}" for kind in ("css", "html", "js")} <= names
    assert not any(name.startswith(("tests/", "rtl/")) for name in names)

    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import hwdse; from hwdse import Design, cost\n"
        "from hwdse.resources import resource\n"
        "assert hwdse.__file__.startswith(sys.argv[1]), hwdse.__file__\n"
        "assert str(resource('sims', 'run_bench.py')).startswith(sys.argv[1])\n"
        "print(cost.estimate(Design.parse('a=int8,acc=int:32')).area_um2 > 0)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "site")],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == "True"


def test_cache_moves_to_a_temporary_folder_without_a_writable_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    blocked = tmp_path / "file"
    blocked.write_text("")
    for variable in ("XDG_CACHE_HOME", "HOME"):
        monkeypatch.setenv(variable, str(blocked / "inside"))
    cache_base.cache_clear()
    try:
        assert cache_base().parent == tmp_path
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
        cache_base.cache_clear()
        assert cache_base() == tmp_path / "mine"
    finally:
        cache_base.cache_clear()


@pytest.mark.parametrize(
    ("extras", "locks"),
    [
        ((), ("run",)),
        (("dev",), ("run", "test")),
        (("dev", "synthesis", "peers", "text", "quantised"), ("run", "test", "long")),
        (("dev", "bench"), ("run", "test", "bench")),
    ],
    ids="+".join,
)
def test_lock_files_give_each_make_target_what_it_asks_for(
    extras: tuple[str, ...], locks: tuple[str, ...]
) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    assert wanted
    assert not _missing(wanted, *locks)


def test_accelforge_has_a_lock_file_of_its_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"]["accelforge"]
    assert wanted
    assert not _missing(wanted, "peers")


def _missing(wanted: list[str], *locks: str) -> list[str]:
    """Requirements that the pins of some lock files do not meet, with the pin that there is."""
    # `make` installs the lock files one after the other; a later pin replaces an earlier one.
    pins: dict[str, str] = {}
    for lock in locks:
        for line in (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                name, version = line.split("==")
                pins[canonicalize_name(name)] = version
    missing = []
    for text in wanted:
        requirement = Requirement(text)
        pin = pins.get(canonicalize_name(requirement.name))
        if pin is None or pin not in requirement.specifier:
            missing.append(f"{text}: pinned {pin}")
    return missing


#: An account without home and entry in the list of users, as a container's numeric user.
_NOBODY = """\
import os, pwd, sys
for name in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
    os.environ.pop(name, None)
pwd.getpwuid = pwd.getpwnam = lambda user: {}[user]
"""


def test_an_account_without_a_home_computes_and_estimates(tmp_path: Path) -> None:
    script = (
        f"{_NOBODY}"
        "import numpy as np\n"
        "from hwdse import Design, cost, kernels\n"
        "from hwdse.resources import cache_base\n"
        "d = Design.parse('a=int8,acc=int:32,stages=1')\n"
        "one = np.ones((1, 1), np.uint8)\n"
        "print(kernels.matmul(d, one, one)[0, 0], cost.estimate(d).area_um2 > 0, cache_base())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["1", "True", str(tmp_path / f"hwdse-cache-{os.getuid()}")]


def test_a_cache_that_another_user_could_fill_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked / "inside"))
    cache = tmp_path / f"hwdse-cache-{os.getuid()}"
    cache.mkdir()
    cache.chmod(0o777)
    cache_base.cache_clear()
    try:
        with pytest.raises(HwdseError, match=r"no folder for caches, .* set XDG_CACHE_HOME"):
            cache_base()
        cache.rmdir()
        cache.symlink_to(tmp_path)
        with pytest.raises(HwdseError, match="no folder for caches"):
            cache_base()
        cache.unlink()
        assert cache_base() == cache
        assert cache.stat().st_mode & 0o777 == 0o700
    finally:
        cache_base.cache_clear()


def test_hints_install_from_where_the_package_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert how_to_get("synthesis") == (
        f"install it with: pip install -e '.[synthesis]' (in {ROOT})"
    )
    monkeypatch.setattr("hwdse.resources._PACKAGE", tmp_path / "site-packages" / "hwdse")
    assert how_to_get("bench") == "install it with: pip install 'hwdse[bench]'"


def test_the_pytest_plugin_costs_other_projects_no_import_of_numpy() -> None:
    script = "import sys; import hwdse.pytest_plugin; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
