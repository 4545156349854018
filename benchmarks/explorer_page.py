"""How fast the explorer page is with 100,000 designs, in a real browser.

    python benchmarks/explorer_page.py [DESIGNS]

It needs Playwright (`pip install 'hwdse[page,browser]'`) and Debian's chromium. Most of the time of
a machine without a graphics card goes into drawing.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import islice, product
from pathlib import Path

import numpy as np

from hwdse.explore import documents
from hwdse.explore.database import STORE_NAME
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.record import facts_of
from hwdse.explore.store import Store
from hwdse.spec import Design

OPENINGS = 5
WORDS = ("lmul", "int8 area_um2 <= 2000", "e4m3fn", "accuracy >= 0.9", "posit", "")
_FORMATS = (
    "int4",
    "int8",
    "e4m3fn",
    "e5m2",
    "e3m4",
    "bf16",
    "posit8_0",
    "posit8_1",
    "hif8",
    "fp16",
)
_COUNTED = "before => document.querySelector('#count').textContent != before"
_OPEN = """() => document.querySelector('#scatter canvas')
    && document.querySelector('#count').textContent
    && document.querySelector('#table .ag-cell-value')"""


def fill(path: Path, count: int) -> None:
    """Make a store with variations of one real evaluation: specs differ, and figures by chance."""
    real = Design.parse("a=int8,acc=int:32")
    evaluator = DesignEvaluator.prepare("digits", 20, "nangate45", None)
    done = evaluator(real)
    facts, rng = facts_of(real), np.random.default_rng(0)
    rows: dict[str, list[dict[str, object]]] = {"design": [], "evaluation": [], "selection": []}
    keys = product(
        *(_FORMATS, _FORMATS, ("exact", "lmul"), ("kulisch", "fp:fp32", "fp:bf16", "int:32")),
        *((1, 2, 4, 8, 16), range(6), range(1, 6)),
    )
    for number, (a, b, mul, acc, lanes, stages, turns) in enumerate(islice(keys, count)):
        spec = f"a={a},b={b},mul={mul},acc={acc},lanes={lanes},stages={stages},interleave={turns}"
        own = {"a": a, "b": b, "mul": mul, "acc": acc}
        known = facts | {"spec": spec, "design": spec, "slug": f"d{number}", "keys": own}
        area, energy, right = rng.lognormal(7, 0.6), rng.lognormal(0, 0.5), rng.beta(30, 2)
        cost = dict(done.cost) | {"area_um2": area, "energy_pj": energy}
        accuracy = dict(done.accuracy) | {"value": right, "sqnr_db": 20 + 5 * rng.normal()}
        accuracy |= {"low": right * 0.98, "high": min(1.0, right * 1.02)}
        key = f"{number:032x}"
        rows["design"].append({"key": key, "facts": documents.write(known)})
        rows["evaluation"].append(
            {
                **{"key": key, "cost": documents.write(cost)},
                **{"accuracy": documents.write(accuracy), "identity": "", "version": "0"},
                "errors": documents.error_bytes(done.errors, done.accuracy["samples"]),
                "outcomes": None,
            }
        )
        place = {"sweep": "sweep", "position": number, "key": key, "combination": ""}
        rows["selection"].append(place)
    with Store.create(path) as store:
        store.select({})
        with store._tables.transaction():
            for name, some in rows.items():
                store._tables.put(name, some)


def main(count: int) -> None:
    """Print the times to open and to filter."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    chromium = shutil.which("chromium")
    assert chromium, "install chromium (Debian: apt-get install chromium)"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / STORE_NAME
        fill(path, count)
        command = [sys.executable, "-c", "import sys; from hwdse.cli import main; sys.exit(main())"]
        command += ["serve", str(path), "--port", "0"]
        with (
            subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
            sync_playwright() as playwright,
        ):
            assert server.stdout is not None
            address = server.stdout.readline().split()[0]
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            start = time.perf_counter()
            page.goto(address)
            page.wait_for_function(
                "() => document.querySelector('#lead').textContent.includes('without tests')",
                timeout=600_000,
            )
            found: dict[str, object] = {"designs": count, "read_s": time.perf_counter() - start}
            page.wait_for_timeout(5000)
            openings = []
            for _ in range(OPENINGS):
                start = time.perf_counter()
                page.goto(address)
                page.wait_for_function(_OPEN, timeout=60_000)
                openings.append(time.perf_counter() - start)
                page.wait_for_timeout(3000)
            found["open_s"] = openings
            filters = {}
            for words in WORDS:
                before = page.inner_text("#count")
                start = time.perf_counter()
                page.fill("#only", words)
                page.wait_for_function(_COUNTED, arg=before, polling=5, timeout=60_000)
                filters[words] = round(1000 * (time.perf_counter() - start))
                page.wait_for_timeout(3000)
            found["filter_ms"] = filters
            browser.close()
            server.terminate()
    print(json.dumps(found, indent=2))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
