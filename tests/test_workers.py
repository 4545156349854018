"""Worker processes. What workers import here is little, so that they start quickly."""

import os
import signal
import subprocess
import threading
import time

import pytest
from gone import wait_until_gone

from hwdse.workers import Failure, run_tasks


def square(number):
    return number * number


def own_threads(_):
    return os.environ["NUMBA_NUM_THREADS"], os.environ["OMP_NUM_THREADS"]


def kill_itself(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_tasks_come_with_their_results():
    assert sorted(run_tasks(square, [1, 2, 3], 2)) == [(1, 1), (2, 4), (3, 9)]
    assert list(run_tasks(square, [], 2)) == []


def test_workers_share_the_cores(monkeypatch):
    monkeypatch.setattr("hwdse.workers.cores", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert [result for _, result in run_tasks(own_threads, [1, 2], 2)] == [("4", "4")] * 2
    assert os.environ["OMP_NUM_THREADS"] == "5"


def wait_for_a_killer(task):
    """Tell the number of this process; one that was told to die waits to be killed."""
    path, dies = task
    path.write_text(str(os.getpid()))
    while dies:
        time.sleep(0.01)
    return os.getpid()


def test_a_killed_worker_names_its_task_and_keeps_no_other(tmp_path):
    tasks = [(tmp_path / str(number), number == 1) for number in range(6)]
    outcomes = {}
    killed = threading.Thread(target=kill_when_told, args=(tmp_path / "1",))
    killed.start()
    for (path, _), outcome in run_tasks(wait_for_a_killer, tasks, 2):
        outcomes[path.name] = outcome
    killed.join()
    assert outcomes.pop("1") == Failure(
        text="its process was ended by SIGKILL, for want of memory perhaps"
    )
    assert len(outcomes) == 5
    assert all(isinstance(outcome, int) for outcome in outcomes.values())


def kill_when_told(path):
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(int(path.read_text()), signal.SIGKILL)


@pytest.mark.long
def test_a_single_task_is_done_elsewhere_too():
    ((_, outcome),) = run_tasks(kill_itself, [1], 2)
    assert isinstance(outcome, Failure)
    ((_, outcome),) = run_tasks(kill_itself, [1])
    assert isinstance(outcome, Failure)


def test_a_task_that_cannot_be_sent_is_a_failure():
    tasks = [2, Unsendable(), Unreadable(), 3]
    outcomes = dict(run_tasks(square, tasks, 2))
    assert (outcomes[2], outcomes[3]) == (4, 9)
    assert outcomes[tasks[1]].text.startswith("cannot be sent: TypeError: keep it")
    assert outcomes[tasks[2]].text.startswith("cannot be read: TypeError")


class Unsendable:
    def __reduce__(self):
        raise TypeError("keep it")


class Unreadable:
    def __reduce__(self):
        return square, ("no number",)


def start_child(path):
    """Start a program that would outlive this process, which then dies."""
    program = subprocess.Popen(["sleep", "300"])
    path.write_text(str(program.pid))
    os.kill(os.getpid(), signal.SIGKILL)


def test_programs_of_a_dead_worker_end(tmp_path):
    list(run_tasks(start_child, [tmp_path / "pid"], 2))
    wait_until_gone([int((tmp_path / "pid").read_text())])
