"""Hostile inputs: each succeeds or gives one clear line, in bounded time and memory."""

import json
import subprocess
import sys
from pathlib import Path

import fuzz_hostile
import pytest
from fuzz_hostile import fuzz

#: By kind: cases of a short and of a long run, and the least and greatest share that is refused.
COUNTS = {
    "specs": (1200, 20_000, 0.4, 0.95),
    "formats": (900, 14_000, 0.5, 0.98),
    "spaces": (500, 6_000, 0.5, 0.99),
    "tables": (500, 6_000, 0.4, 0.99),
    "machines": (400, 5_000, 0.3, 0.99),
    "stores": (120, 4_000, 0.3, 0.95),
    "networks": (60, 2_000, 0.3, 0.99),
    "datasets": (300, 3_000, 0.3, 0.99),
    "libraries": (300, 3_000, 0.2, 0.9),
    "arguments": (50, 1_000, 0.4, 1.0),
}
_AT_ONCE = 2_000


@pytest.mark.parametrize("kind", COUNTS)
def test_every_case_succeeds_or_gives_one_line(kind):
    count, _, least, most = COUNTS[kind]
    assert least <= fuzz(kind, 0, count) / count <= most


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "first"),
    [(kind, k) for kind, counts in COUNTS.items() for k in range(0, counts[1], _AT_ONCE)],
)
def test_many_more_cases(kind, first):
    count, least = min(_AT_ONCE, COUNTS[kind][1]), COUNTS[kind][2]
    start = 1_000_000 + first
    assert fuzz(kind, start, count) / count >= least


def test_the_numbers_are_as_promised():
    assert sum(counts[0] for counts in COUNTS.values()) >= 4_000
    assert sum(counts[1] for counts in COUNTS.values()) >= 50_000


def test_every_kind_is_tried():
    source = Path(fuzz_hostile.__file__).with_name("fuzz_hostile_kinds.py")
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, fuzz_hostile_kinds as f; print(json.dumps([*f.KINDS]))",
        ],
        cwd=source.parent,
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(found.stdout) == [*COUNTS]
