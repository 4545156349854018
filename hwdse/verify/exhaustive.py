"""Simulates every possible input of a unit, with tens of millions of results per second.

The compiled driver (`sims/native/drive.cpp`) enumerates the operands. The expected codes are
streamed to the driver. Up to 2^24 results, the golden model computes the expected codes, with
250,000 to 400,000 results per second. For more results, the fast kernels compute the expected
codes. Before, a million random results of the kernels are compared with the golden model. The
expected value in a mismatch message always comes from the golden model.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np

from hwdse import golden
from hwdse.errors import SpecError, VerificationError
from hwdse.spec import Interface
from hwdse.temporary import temporary_folder
from hwdse.verify import copies, native
from hwdse.verify.bench import Report
from hwdse.verify.enumeration import GOLDEN_BLOCK_BITS, Enumeration
from hwdse.verify.mismatch import apart, value_text

#: log2 of the largest number of results in a run.
MOST_BITS = 32
#: log2 of the number of random results that are compared between kernels and golden model. This
#: takes three seconds.
_SAMPLE_BITS = 20
_BLOCK_BITS = 20
_SHOWN = 5


def run_enumeration(
    enumeration: Enumeration,
    verilog: str,
    *,
    top: str = "",
    interface: Interface | None = None,
    jobs: int | None = None,
    seed: int = 0,
) -> int:
    """Simulate every result and compare it.

    Args:
        enumeration: the design's enumeration.
        verilog: Verilog text of the design's module.
        top: name of the module. Default: the design's slug.
        interface: interface of the module. Default: the design's interface. Needed if the latency
            of the module differs.
        jobs: number of parallel processes, by default one per core.
        seed: seed of the initial contents of registers without a reset, and of the kernel check.

    Returns:
        The number of compared results, without the outputs while running sums are loaded.

    Raises:
        VerificationError: an output differs, not all outputs were checked, or the fast kernel for
            the expected codes is wrong.
        ToolError: the simulator or the compiler is missing or fails.
        SpecError: there are more than 2^32 results, or more than 2^24 results without a fast
            kernel.
    """
    design = enumeration.design
    if enumeration.bits > MOST_BITS:
        raise SpecError(
            f"level exhaustive of {design}: 2^{enumeration.bits:.0f} results, at most "
            f"2^{MOST_BITS} can be tried, use level full"
        )
    if not enumeration.by_golden:
        _check_kernel(enumeration, seed)
    jobs = min(jobs or len(os.sched_getaffinity(0)), enumeration.rows)
    bounds = [enumeration.rows * job // jobs for job in range(jobs + 1)]
    parts = [range(*pair) for pair in pairwise(bounds)]
    with temporary_folder("enumeration") as folder:
        shown = interface or design.interface
        executable = copies.build_driver(shown, verilog, top or design.slug, folder)
        arguments = _arguments(enumeration, shown, folder, seed)

        def simulate(rows: range) -> Report:
            first, count = (n << enumeration.row_bits for n in (rows.start, len(rows)))
            words = [*arguments, f"first={first}", f"count={count}"]
            return native.run(executable, words, _stream(enumeration, rows))

        with ThreadPoolExecutor(jobs) as pool:
            reports = list(pool.map(simulate, parts))
    _judge(enumeration, reports)
    return enumeration.rows << enumeration.row_bits


def _check_kernel(enumeration: Enumeration, seed: int) -> None:
    """Compare random results of the fast kernel with the golden model.

    This check runs before the build, so a missing kernel raises its error early.
    """
    rng = np.random.default_rng(seed)
    step = max(1, (1 << GOLDEN_BLOCK_BITS) >> enumeration.row_bits)
    for _ in range(max(1, (1 << _SAMPLE_BITS) // (step << enumeration.row_bits))):
        at = int(rng.integers(enumeration.rows))
        rows = range(at, min(at + step, enumeration.rows))
        found, wanted = enumeration.kernel(rows), enumeration.golden(rows)
        if wrong := int(np.sum(found != wanted)):
            raise VerificationError(
                f"{enumeration.design}: the fast kernel that 2^{enumeration.bits:.0f} results need "
                f"differs from the golden model in {wrong} of {found.size}, use level full"
            )


def _arguments(
    enumeration: Enumeration, interface: Interface, folder: Path, seed: int
) -> list[str]:
    design = enumeration.design
    b_bits = 0 if design.b is None else design.b.bits
    words = [
        *(*copies.timing_arguments(interface), f"seed={seed}"),
        *(f"a={design.a.bits}", f"b={b_bits}", f"bytes={design.out.code_dtype.itemsize}"),
    ]
    if enumeration.loads is None:
        return words
    depth = max(map(len, enumeration.loads))
    # Shorter loads are padded: they repeat their first step, and each repetition starts a new sum.
    padded = np.array([load[:1] * (depth - len(load)) + load for load in enumeration.loads])
    starts = np.array([[depth - len(load)] for load in enumeration.loads])
    first = np.arange(depth)[None, :] <= starts
    expected = np.empty(first.shape, np.uint64)
    for start in np.unique(starts):
        alike = starts[:, 0] == start
        a, b = padded[alike, start:, 0], padded[alike, start:, 1]
        expected[alike, start:] = golden.running_dot(design, a, b)
        expected[alike, :start] = expected[alike, start : start + 1]
    path = folder / "loads.bin"
    records = copies.load_records(design, first, padded[..., 0], padded[..., 1], expected)
    records.tofile(path)
    return [*words, f"depth={depth}", f"loads={path}"]


def _stream(enumeration: Enumeration, rows: range) -> Iterator[bytes]:
    """Yield the expected codes in blocks. With running sums, the blocks end between two sums."""
    size = 1 << max(_BLOCK_BITS - enumeration.row_bits, 0)
    if enumeration.loads is not None:
        size = max(size, 1 << enumeration.design.b.bits)
    at = rows.start
    while at < rows.stop:
        stop = min((at // size + 1) * size, rows.stop)
        yield np.ascontiguousarray(enumeration.expected(range(at, stop))).tobytes()
        at = stop


def _judge(enumeration: Enumeration, reports: list[Report]) -> None:
    design = enumeration.design
    mismatches = sum(report.mismatches for report in reports)
    if mismatches:
        first = [found for report in reports for found in report.first][:_SHOWN]
        lines = [f"{design}: {mismatches} mismatches in all results; the first are"]
        lines += [f"  {_one(enumeration, found)}" for found in first]
        raise VerificationError("\n".join(lines))
    steps = 1 if enumeration.loads is None else 1 + max(map(len, enumeration.loads))
    needed = (enumeration.rows << enumeration.row_bits) * steps
    checked = sum(report.checked for report in reports)
    if not checked == needed == sum(report.vectors for report in reports):
        raise VerificationError(
            f"{design}: {checked} of {needed} outputs were checked, all are needed"
        )


def _one(enumeration: Enumeration, found: dict[str, object]) -> str:
    design, index, got = enumeration.design, found["index"], found["got"]
    if not isinstance(index, int):
        return str(got)
    row, place = divmod(index, 1 << enumeration.row_bits)
    want = int(enumeration.golden(range(row, row + 1))[0, place])
    third, a = divmod(index, 1 << design.a.bits)
    given = [f"a={value_text(design.a, a)}"]
    if design.b is not None:
        third, b = divmod(third, 1 << design.b.bits)
        given.append(f"b={value_text(design.b, b)}")
    if enumeration.loads is not None:
        load = np.array(enumeration.loads[third])
        before = golden.running_dot(design, load[:, 0], load[:, 1]).tolist()
        step = found.get("step")
        if isinstance(step, int) and step < (depth := max(map(len, enumeration.loads))):
            at = max(step - (depth - len(load)), 0)
            given = [
                f"a={value_text(design.a, load[at, 0])}",
                f"b={value_text(design.b, load[at, 1])}",
            ]
            want, before = before[at], [0, *before[:at]]
        given.append(f"sum before {value_text(design.out, before[-1])}")
    elif design.c is not None:
        given.append(f"c={value_text(design.c, third)}")
    outcome = str(got)
    if isinstance(got, int):
        outcome = f"got {value_text(design.out, got)}{apart(design.out, want, got)}"
        if got == want:
            outcome = "got that; it is the fast kernel that is wrong"
    return f"{' '.join(given)}: expected {value_text(design.out, want)}, {outcome}"
