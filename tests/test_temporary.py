"""Temporary folders: removed at the end, and after a kill by the next process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hwdse import temporary
from hwdse.errors import OutputError
from hwdse.temporary import remove_stale, temporary_folder

HOLD = """
import sys, time
from pathlib import Path
from hwdse.temporary import temporary_folder
within = Path(sys.argv[1]) if sys.argv[2] == "within" else None
with temporary_folder("test", within) as folder:
    (folder / "deep").mkdir()
    (folder / "deep" / "file").write_text("x")
    print(folder, flush=True)
    time.sleep(300)
"""


@pytest.fixture
def base(tmp_path, monkeypatch):
    """A system's temporary folder of the test's own."""
    base = tmp_path / "base"
    base.mkdir()
    monkeypatch.setenv("TMPDIR", str(base))
    monkeypatch.setattr("tempfile.tempdir", str(base))
    monkeypatch.setattr(temporary, "_cleaned", set())
    return base


@pytest.fixture
def holding(base):
    """Starts processes that hold a folder each; gives process and folder."""
    started = []

    def start(how="system"):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, base, how], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in started:
        kill(process)
        process.stdout.close()


def kill(process):
    process.kill()
    process.wait()


def test_a_folder_is_there_and_then_gone(base):
    with temporary_folder("test") as folder:
        (folder / "file").write_text("x")
        assert folder.parent == base
    assert list(base.iterdir()) == []
    with pytest.raises(KeyError), temporary_folder("test"):
        raise KeyError
    assert list(base.iterdir()) == []


@pytest.mark.parametrize("how", ["system", "within"])
def test_the_folder_of_a_killed_process_is_removed_by_the_next(base, holding, how):
    process, folder = holding(how)
    assert folder.parent == base
    kill(process)
    assert (folder / "deep" / "file").exists()
    with temporary_folder("other", base if how == "within" else None) as mine:
        assert list(base.iterdir()) == [mine]


def test_the_folder_of_a_living_process_is_kept(base, holding):
    process, folder = holding()
    with temporary_folder("mine") as mine:
        for _ in range(3):
            remove_stale(base)
        done = subprocess.run(
            [sys.executable, "-c", "from hwdse.temporary import remove_stale as r; r()"],
            check=True,
        )
        assert done.returncode == 0
        assert (folder / "deep" / "file").exists()
        assert mine.is_dir()
    os.kill(process.pid, signal.SIGSTOP)
    remove_stale(base)
    assert folder.is_dir()
    kill(process)
    remove_stale(base)
    assert not folder.exists()


def test_a_process_number_in_use_again_keeps_nothing(base, holding):
    # Another process of the same number, as in another container, is no owner: numbers are not
    # looked at. This one is alive and has the dead one's folder, but not its lock.
    process, folder = holding()
    kill(process)
    folder.rename(base / f"hwdse-tmp-test-{os.getpid()}")
    remove_stale(base)
    assert list(base.iterdir()) == []


def test_what_others_made_is_kept(base, tmp_path):
    (base / "hwdse-verify-abc").mkdir()
    (base / "other").mkdir()
    (base / "hwdse-tmp-file").write_text("x")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    (base / "hwdse-tmp-link").symlink_to(outside)
    before = sorted(base.iterdir())
    remove_stale(base)
    assert sorted(base.iterdir()) == before
    assert (outside / "file").exists()


def test_another_users_folder_is_kept(base, monkeypatch):
    folder = base / "hwdse-tmp-x"
    folder.mkdir()
    uid = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: uid + 1)
    remove_stale(base)
    assert folder.is_dir()
    monkeypatch.undo()
    remove_stale(base)
    assert not folder.exists()


CHURN = """
import sys, time
from pathlib import Path
from hwdse.temporary import remove_stale, temporary_folder
base, end = Path(sys.argv[1]), time.monotonic() + 3
while time.monotonic() < end:
    with temporary_folder("churn", base) as folder:
        (folder / "file").write_text("x")
        remove_stale(base)
        assert (folder / "file").read_text() == "x"
"""


def test_processes_that_make_and_clean_at_once_lose_nothing(base):
    running = [subprocess.Popen([sys.executable, "-c", CHURN, base]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert list(base.iterdir()) == []


def test_a_folder_that_cannot_be_made(monkeypatch, tmp_path):
    missing = tmp_path / "none"
    monkeypatch.setattr("tempfile.tempdir", str(missing))
    with pytest.raises(OutputError, match="set TMPDIR"), temporary_folder("test"):
        pass
    with pytest.raises(FileNotFoundError), temporary_folder("test", missing):
        pass


def test_errors_of_other_files_are_left_alone(base):
    with pytest.raises(FileNotFoundError), temporary_folder("test"):
        Path("/nonexistent/file").read_text()
    with pytest.raises(IsADirectoryError), temporary_folder("test") as folder:
        folder.read_text()


VERIFY = "from hwdse.cli import main; main(['verify', 'a=int4,acc=int:16', '--level', 'quick'])"


def test_a_killed_verification_leaves_nothing_for_long(base):
    process = subprocess.Popen([sys.executable, "-c", VERIFY], start_new_session=True)
    deadline = time.monotonic() + 120
    while not list(base.glob("hwdse-tmp-verify-*")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(list(base.glob("hwdse-tmp-verify-*"))) == 1
    again = subprocess.run([sys.executable, "-c", VERIFY], check=False, capture_output=True)
    assert b"every output as expected" in again.stdout
    assert list(base.iterdir()) == []
