"""What is said on a full disk, as JSON: FOLDER disk|limit."""

import ctypes
import json
import os
import resource
import sys
import tempfile
from pathlib import Path

from explore_fakes import by_key, evaluation, filled, space

from hwdse.errors import HwdseError
from hwdse.explore.database import STORE_NAME
from hwdse.explore.reporting import report
from hwdse.explore.store import Store
from hwdse.spec import Design
from hwdse.temporary import temporary_folder
from hwdse.verify import generation
from hwdse.writing import write_file

_BYTES = 256 * 1024


def said(action):
    """The error of an action that must fail."""
    try:
        action()
    except HwdseError as error:
        return str(error)
    raise AssertionError(f"{action} did not fail")


def fill(store):
    """Add designs until it is full."""
    for number in range(100_000):
        store.add(f"more {number}", evaluation(space().designs[0]))


def temporary():
    """Write more than there is room for."""
    with temporary_folder("test") as work:
        (work / "much").write_bytes(bytes(2 * _BYTES))


def generate(folder):
    """`generate` without the simulation."""
    design = Design.parse("a=int4,acc=int:16")
    evidence = generation.Evidence(certificate=None, verilog="x", bench=None)
    generation.collect_evidence = lambda *_, **__: evidence
    generation._fill = lambda work, *_, **__: (work / "vectors.txt").write_text("1\n" * _BYTES)
    generation.generate(design, folder / "unit")


if __name__ == "__main__":
    folder = Path(sys.argv[1]) / "disk"
    folder.mkdir(exist_ok=True)
    if sys.argv[2] == "disk":
        libc = ctypes.CDLL(None, use_errno=True)
        options = f"size={_BYTES}".encode()
        if libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options) != 0:
            sys.exit(os.strerror(ctypes.get_errno()))
    with Store.create(folder / STORE_NAME) as store:
        filled(store, space().designs)
        if sys.argv[2] == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (_BYTES, _BYTES))
        results = {"store": said(lambda: fill(store))}
        if sys.argv[2] == "limit":
            # SQLite cannot tell such a limit from a failing disk.
            assert "a limit on the size of files" in results["store"], results
            results["store"] += " largest size of a file"
        # The rows that went in are there.
        results["finished"] = len(store.rows())
        results["report"] = said(lambda: report(store, folder / "report.html"))
        results["write"] = said(lambda: write_file(folder / "results.csv", "x" * 2 * _BYTES))
        results["generate"] = said(lambda: generate(folder))
        tempfile.tempdir = str(folder)
        results["temporary"] = said(temporary)
        left = sorted(path.name for path in folder.iterdir())
        assert left == [STORE_NAME], left
        assert by_key(space().designs).keys() <= {row.key for row in store.rows()}
    sys.stdout.write(json.dumps(results))
