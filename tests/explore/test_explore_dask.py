"""Sweeps on the workers of a real Dask cluster."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from dask_cluster import cluster
from explore_fakes import FakeEvaluator, FakeGenerator, evaluation, space

import hwdse
from hwdse.cli import main
from hwdse.errors import FailedDesignsError, HwdseError
from hwdse.explore.run import sweep
from hwdse.explore.store import Store
from hwdse.runners import runner_of

HERE = Path(__file__).parent
RESULTS = ("results.csv", "pareto.svg", "report.html")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("dask"), workers=2, path=HERE) as found:
        yield found


def swept(folder, address=None, *, seconds=0.0, faults=None, **settings):
    log = folder.parent / f"{folder.name}.log"
    return sweep(
        space(),
        folder,
        jobs=None if address else 1,
        scheduler=address,
        evaluator=FakeEvaluator(log=log, seconds=seconds, faults=faults or {}),
        generator=FakeGenerator(log=folder.parent / f"{folder.name}.rtl"),
        **settings,
    )


def assert_same(first, second):
    for name in RESULTS:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert sorted(p.relative_to(first) for p in (first / "rtl").rglob("*")) == sorted(
        p.relative_to(second) for p in (second / "rtl").rglob("*")
    )


def test_results_are_those_of_one_machine(running, tmp_path):
    there = swept(tmp_path / "out", running.address)
    swept(tmp_path / "alone" / "out")
    assert_same(tmp_path / "out", tmp_path / "alone" / "out")
    # Each design was evaluated once, and by the workers.
    lines = (tmp_path / "out.log").read_text().splitlines()
    assert len(lines) == len({line.split()[1] for line in lines}) == 12
    assert str(os.getpid()) not in {line.split()[0] for line in lines}
    assert there.computed == 12
    again = swept(tmp_path / "out", running.address)
    assert (again.computed, again.reused) == (0, 12)


def test_what_fails_or_kills_three_workers_stops_no_other(running, tmp_path):
    designs = [str(design) for design in space().designs]
    faults = {designs[1]: "kill", designs[4]: "bug", designs[7]: "unpicklable"}
    with pytest.raises(FailedDesignsError) as raised:
        swept(tmp_path / "out", running.address, faults=faults)
    failures = raised.value.result.failures
    assert set(failures["spec"]) == set(faults)
    reasons = dict(zip(failures["spec"], failures["failure"], strict=True))
    assert "ended 3 workers of the cluster" in reasons[designs[1]]
    assert "division" in reasons[designs[4]]
    with Store.open(tmp_path / "out") as store:
        assert len(store) == 9


def test_clusters_that_are_none(running, tmp_path, monkeypatch, capsys):
    words = ["explore", "-o", str(tmp_path / "out"), "--scheduler"]
    assert main([*words, "tcp://127.0.0.1:1"]) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err
    assert main([*words, "nowhere", "--jobs", "2"]) == 2
    assert "give one" in capsys.readouterr().err
    monkeypatch.setattr(hwdse, "__version__", "99")
    with pytest.raises(HwdseError, match=r"worker tcp://.* has hwdse .*, this is 99: install"):
        list(runner_of(scheduler=running.address)(evaluation, space(1).designs))


@pytest.mark.long
def test_workers_that_die_are_replaced(tmp_path):
    with cluster(tmp_path, workers=3, path=HERE) as found:
        threading.Thread(target=_kills, args=(tmp_path / "out.log",), daemon=True).start()
        swept(tmp_path / "out", found.address, seconds=0.5)
    swept(tmp_path / "alone" / "out")
    assert_same(tmp_path / "out", tmp_path / "alone" / "out")


def _kills(log):
    """Kill the worker of each of the first three lines of a log."""
    for number in range(3):
        while not log.exists() or len(log.read_text().splitlines()) <= number:
            time.sleep(0.02)
        os.kill(int(log.read_text().splitlines()[number].split()[0]), signal.SIGKILL)


@pytest.mark.long
def test_a_lost_scheduler_loses_nothing_that_was_finished(tmp_path):
    log = tmp_path / "out.log"

    def stop():
        while not log.exists() or len(log.read_text().splitlines()) < 4:
            time.sleep(0.02)
        os.killpg(found.scheduler.pid, signal.SIGKILL)

    with cluster(tmp_path, workers=2, path=HERE) as found:
        threading.Thread(target=stop, daemon=True).start()
        with pytest.raises(HwdseError, match=r"scheduler tcp://.* was lost; what is finished is"):
            swept(tmp_path / "out", found.address, seconds=0.3)
    with Store.open(tmp_path / "out") as store:
        finished = len(store)
    assert 2 <= finished < 12
    assert swept(tmp_path / "out").reused == finished
    swept(tmp_path / "alone" / "out")
    assert_same(tmp_path / "out", tmp_path / "alone" / "out")


@pytest.mark.long
def test_32_workers_and_a_server(tmp_path):
    from postgresql_server import server

    with server() as postgresql, cluster(tmp_path, workers=32, path=HERE) as found:
        url = postgresql.database()
        swept(tmp_path / "out", found.address, store=url, seconds=0.1)
        with Store.open(url) as store:
            assert len(store) == 12
    swept(tmp_path / "alone" / "out")
    # The report says where its rows come from.
    for name in RESULTS[:2]:
        here, there = tmp_path / "alone" / "out" / name, tmp_path / "out" / name
        assert here.read_bytes() == there.read_bytes()
