"""A real Dask cluster for tests: a scheduler and workers, as processes of their own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from distributed import Client

_START_S = 120


@dataclass(kw_only=True)
class Cluster:
    """A running cluster.

    Attributes:
        address: address of the scheduler.
        scheduler: its process.
        workers: the process whose children are the workers.
    """

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: subprocess.Popen[bytes]


@contextmanager
def cluster(
    folder: Path, *, workers: int, path: Path, allowed_failures: int = 2
) -> Iterator[Cluster]:
    """Start a cluster on the loopback interface, which ends with the context.

    Args:
        folder: folder for logs.
        workers: number of workers, each with one thread.
        path: folder of modules that tasks need.
        allowed_failures: deaths of workers that a task may cause.
    """
    file = folder / "scheduler.json"
    searched = [str(path), *filter(None, sys.path)]
    variables = {
        "PYTHONPATH": os.pathsep.join(searched),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(allowed_failures),
    }
    local = ["--scheduler-file", str(file), "--no-dashboard"]
    many = ["--nworkers", str(workers), "--nthreads", "1", "--local-directory", str(folder)]
    started: list[subprocess.Popen[bytes]] = []
    try:
        for what, options in (
            ("scheduler", ["--host", "127.0.0.1", "--port", "0"]),
            ("worker", [*many, "--host", "127.0.0.1"]),
        ):
            with (folder / f"{what}.log").open("wb") as log:
                command = [sys.executable, "-m", "dask", what, *local, *options]
                started.append(
                    subprocess.Popen(
                        command,
                        env=os.environ | variables,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )
            deadline = time.monotonic() + _START_S
            while not file.exists() or not file.read_text():
                assert started[0].poll() is None, (folder / "scheduler.log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=_START_S)
        yield Cluster(address=address, scheduler=started[0], workers=started[1])
    finally:
        for process in reversed(started):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
