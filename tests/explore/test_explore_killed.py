"""Sweeps that are killed at random moments, again and again, until they are finished."""

import os
import random
import signal
import subprocess
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from dask_cluster import cluster
from explore_fakes import FakeEvaluator, FakeGenerator, space
from postgresql_server import server

from hwdse.explore.run import sweep
from hwdse.explore.store import Store

HERE = Path(__file__).parent
CHILD = HERE / "explore_child.py"
RESULTS = ("results.csv", "pareto.svg")


@pytest.mark.long
@pytest.mark.parametrize(
    ("place", "who", "kills"),
    [("file", "jobs", 20), ("server", "jobs", 15), ("server", "dask", 15)],
)
def test_rows_are_those_of_an_uninterrupted_sweep(tmp_path, place, who, kills):
    """A sweep that finishes before it is killed is compared, and the next one begins."""
    rng, killed = random.Random(f"{place} {who}"), 0
    whole = tmp_path / "whole"
    stand_ins = {
        "evaluator": FakeEvaluator(log=tmp_path / "log"),
        "generator": FakeGenerator(log=tmp_path / "log.rtl"),
    }
    sweep(space(), whole, jobs=1, **stand_ins)
    with ExitStack() as stack:
        postgresql = stack.enter_context(server()) if place == "server" else None
        found = None
        if who == "dask":
            found = stack.enter_context(cluster(tmp_path, workers=2, path=HERE))
        for number in count():
            folder = tmp_path / str(number)
            url = postgresql.database() if postgresql else None
            log = tmp_path / f"{number}.log"
            words = [sys.executable, CHILD, folder, log, "0.2", "0.2", "0" if found else "2"]
            words += ["--store", url] if url else []
            words += ["--scheduler", found.address] if found else []
            done = False
            while killed < kills and not done:
                one, done = attempt(words, rng, log)
                killed += one
            folder.mkdir(exist_ok=True)
            # What was finished at the last kill is not done again.
            with Store.create(url or folder.joinpath("store.sqlite")) as store:
                before = len(store)
            last = sweep(space(), folder, store=url, jobs=1, **stand_ins)
            assert (last.reused, last.computed) == (before, 12 - before)
            for name in RESULTS:
                assert (folder / name).read_bytes() == (whole / name).read_bytes()
            if killed == kills:
                return


def attempt(words, rng, log):
    """Run a sweep, and kill it or one of its workers after a random time.

    Returns how many processes were killed, and whether the sweep finished all the same.
    """
    path = os.pathsep.join([str(HERE), *filter(None, sys.path)])
    process = subprocess.Popen(
        words,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return 0, process.wait(rng.uniform(1, 10)) == 0
    except subprocess.TimeoutExpired:
        lines = log.read_text().splitlines() if log.exists() else []
    victim = int(lines[-1].split()[0]) if lines and rng.random() < 0.5 else process.pid
    try:
        os.kill(victim, signal.SIGKILL)
    except ProcessLookupError:
        return 0, process.wait(60) == 0
    # Without its worker, a sweep ends with a failure, or another worker does the design again.
    return 1, process.wait(60) == 0
