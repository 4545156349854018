"""Simulates every possible input of a unit, with tens of millions of results per second.

The compiled driver (`sims/native/drive.cpp`) enumerates the operands. The expected codes are
streamed to the driver. Up to 2^24 results, the golden model computes the expected codes, with
250,000 to 400,000 results per second. For more results, the fast kernels compute the expected
codes. Before, a million random results of the kernels are compared with the golden model. The
expected value in a mismatch message always comes from the golden model.

Every result has an index. The low bits of the index are the code of a, then follow the code of b,
and then the code of c or the number of a running sum. A row contains the results for all codes of
a, with fixed b and c or running sum.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, singledispatch
from itertools import pairwise
from pathlib import Path

import numpy as np

from hwdse import golden, kernels
from hwdse.errors import SpecError, VerificationError
from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Design, Fma, FusedFloat, IntegerSum, Interface, Mac, Mul, Unit
from hwdse.temporary import temporary_folder
from hwdse.verify import copies, native
from hwdse.verify.bench import Report
from hwdse.verify.mismatch import apart, value_text
from hwdse.verify.stimulus.operands import listable

#: log2 of the largest number of results in a run.
MOST_BITS = 32
#: log2 of the largest number of results that the golden model computes. One core needs 45 seconds
#: for fma and 70 seconds for mac.
GOLDEN_BITS = 24
#: log2 of the number of random results that are compared between kernels and golden model. This
#: takes three seconds.
_SAMPLE_BITS = 20
#: log2 of the results that the golden model computes at once. Larger blocks need more memory and
#: are not faster.
_GOLDEN_BLOCK_BITS = 15
_BLOCK_BITS = 20
#: log2 of the largest number of sums that one step of the search for running sums computes.
_SEARCH_BITS = 18
_SHOWN = 5

#: Operand pairs that load a running sum, one pair per step.
Load = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Enumeration(ABC):
    """All results of a design.

    Attributes:
        design: the design.
    """

    design: Design

    @property
    @abstractmethod
    def third_count(self) -> int:
        """Number of values of the third operand: codes of c, or running sums."""

    @abstractmethod
    def golden(self, rows: range) -> Array:
        """Return the codes of some rows from the golden model, shape (rows, codes of a)."""

    @abstractmethod
    def kernel(self, rows: range) -> Array:
        """Return the codes of some rows from the fast kernel, shape (rows, codes of a).

        Raises:
            SpecError: the design has no fast kernel; the message says why.
        """

    @property
    def by_golden(self) -> bool:
        """True if the golden model computes the expected codes of all results."""
        return self.bits <= GOLDEN_BITS

    def expected(self, rows: range) -> Array:
        """Return the expected codes of some rows, shape (rows, codes of a)."""
        if not self.by_golden:
            return self.kernel(rows)
        step = max(1, (1 << _GOLDEN_BLOCK_BITS) >> self.design.a.bits)
        return np.concatenate(
            [self.golden(rows[at : at + step]) for at in range(0, len(rows), step)]
        )

    @property
    def loads(self) -> tuple[Load, ...] | None:
        """Operand pairs that load each running sum; None for a unit without a running sum."""
        return None

    @property
    def rows(self) -> int:
        """Total number of rows."""
        return self.third_count << self.design.b.bits

    @property
    def bits(self) -> float:
        """log2 of the number of results."""
        return float(np.log2(self.third_count)) + self.design.a.bits + self.design.b.bits


class _MulEnumeration(Enumeration):
    @property
    def third_count(self) -> int:
        return 1

    def golden(self, rows: range) -> Array:
        return golden.mul(self.design, *self._operands(rows))

    def kernel(self, rows: range) -> Array:
        return kernels.mul(self.design, *self._operands(rows))

    def _operands(self, rows: range) -> tuple[Array, Array]:
        return _codes(self.design.a)[None, :], np.asarray(rows)[:, None]


class _FmaEnumeration(Enumeration):
    @property
    def third_count(self) -> int:
        assert self.design.c is not None  # the unit uses it
        return 1 << self.design.c.bits

    def golden(self, rows: range) -> Array:
        return golden.fma(self.design, *np.broadcast_arrays(*self._operands(rows)))

    def kernel(self, rows: range) -> Array:
        return kernels.fma(self.design, *self._operands(rows))

    def _operands(self, rows: range) -> tuple[Array, Array, Array]:
        row = np.asarray(rows)[:, None]
        b_bits = self.design.b.bits
        return _codes(self.design.a)[None, :], row & ((1 << b_bits) - 1), row >> b_bits


class _MacEnumeration(Enumeration):
    """Every running sum that products can load, combined with every product."""

    @cached_property
    def _sums(self) -> Mapping[int, Load]:
        return reachable_sums(self.design)

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        """Operand pairs that load each of the different running sums."""
        return tuple(self._sums.values())

    @property
    def third_count(self) -> int:
        return len(self._sums)

    def golden(self, rows: range) -> Array:
        third, b = np.divmod(np.asarray(rows), 1 << self.design.b.bits)
        sums = np.array(list(self._sums), self.design.out.code_dtype)[third]
        a, b, c = np.broadcast_arrays(_codes(self.design.a)[None, :], b[:, None], sums[:, None])
        return golden.running_dot(self.design, a[..., None], b[..., None], c)[..., 0]

    def kernel(self, rows: range) -> Array:
        a_codes, b_codes = _codes(self.design.a), _codes(self.design.b)
        size = len(b_codes)
        first, last = rows.start // size, (rows.stop - 1) // size + 1
        table = np.empty((last - first, size, len(a_codes)), self.design.out.code_dtype)
        # One matrix product computes all sums whose loads have the same second operands.
        alike: dict[tuple[int, ...], list[int]] = {}
        for number, load in enumerate(self.loads[first:last]):
            alike.setdefault(tuple(b for _, b in load), []).append(number)
        for second, numbers in alike.items():
            a = np.array([[a for a, _ in self.loads[first + number]] for number in numbers])
            left = np.concatenate(
                [np.repeat(a, len(a_codes), axis=0), np.tile(a_codes, len(a))[:, None]], axis=1
            )
            column = np.broadcast_to(np.array(second)[:, None], (len(second), size))
            found = kernels.matmul(self.design, left, np.concatenate([column, b_codes[None, :]]))
            table[numbers] = found.reshape(len(a), len(a_codes), size).transpose(0, 2, 1)
        return table.reshape(-1, len(a_codes))[rows.start - first * size : rows.stop - first * size]


def reachable_sums(design: Design) -> dict[int, Load]:
    """Return a sequence of operand pairs for every running sum that was found, by the sum's code.

    The output code identifies a sum. The search starts with the sums of one product and adds one
    product per step. The search ends if a step finds no new sums, or if the next step would compute
    too many sums.
    """
    a, b = (g.ravel() for g in np.meshgrid(*map(_codes, (design.a, design.b))))
    codes, chosen = np.unique(
        golden.running_dot(design, a[:, None], b[:, None])[:, 0], return_index=True
    )
    terms = np.stack([a[chosen], b[chosen]], axis=-1)
    loads: dict[int, Load] = {
        code: ((int(x), int(y)),) for code, (x, y) in zip(codes.tolist(), terms, strict=True)
    }
    newest = codes
    while newest.size and newest.size * len(terms) <= 1 << _SEARCH_BITS:
        grid = np.repeat(newest, len(terms)), np.tile(terms, (len(newest), 1))
        sums = golden.running_dot(design, grid[1][:, :1], grid[1][:, 1:], grid[0])[:, 0]
        codes, chosen = np.unique(sums, return_index=True)
        found = {
            code: (*loads[int(grid[0][at])], (int(grid[1][at, 0]), int(grid[1][at, 1])))
            for code, at in zip(codes.tolist(), chosen.tolist(), strict=True)
            if code not in loads
        }
        loads |= found
        newest = np.array(sorted(found), design.out.code_dtype)
    return dict(sorted(loads.items()))


def _codes(number_format: Format) -> Array:
    return np.arange(1 << number_format.bits)


@singledispatch
def enumeration_of(unit: Unit, design: Design) -> Enumeration | None:
    """Return the enumeration of all results of a unit, or None if this is impossible."""
    return None


@enumeration_of.register
def _(unit: Mul, design: Design) -> Enumeration | None:
    return _MulEnumeration(design=design)


@enumeration_of.register
def _(unit: Fma, design: Design) -> Enumeration | None:
    return _FmaEnumeration(design=design)


@enumeration_of.register
def _(unit: Mac, design: Design) -> Enumeration | None:
    """Running sums are enumerated only if the output shows them completely.

    This holds for float and integer accumulators whose output format is the accumulator's format.
    """
    acc = design.acc
    if not isinstance(acc, FusedFloat | IntegerSum) or not listable(design.a, design.b):
        return None
    shown = design.out == acc.out_of(design.product)
    return _MacEnumeration(design=design) if shown else None


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
            first, count = rows.start << design.a.bits, len(rows) << design.a.bits
            words = [*arguments, f"first={first}", f"count={count}"]
            return native.run(executable, words, _stream(enumeration, rows))

        with ThreadPoolExecutor(jobs) as pool:
            reports = list(pool.map(simulate, parts))
    _judge(enumeration, reports)
    return enumeration.rows << design.a.bits


def _check_kernel(enumeration: Enumeration, seed: int) -> None:
    """Compare random results of the fast kernel with the golden model.

    This check runs before the build, so a missing kernel raises its error early.
    """
    rng = np.random.default_rng(seed)
    step = max(1, (1 << _GOLDEN_BLOCK_BITS) >> enumeration.design.a.bits)
    for _ in range(max(1, (1 << _SAMPLE_BITS) // (step << enumeration.design.a.bits))):
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
    words = [
        *(*copies.timing_arguments(interface), f"seed={seed}"),
        *(f"a={design.a.bits}", f"b={design.b.bits}", f"bytes={design.out.code_dtype.itemsize}"),
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
    b_bits, a_bits = enumeration.design.b.bits, enumeration.design.a.bits
    size = 1 << max(_BLOCK_BITS - a_bits, 0)
    if enumeration.loads is not None:
        size = max(size, 1 << b_bits)
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
    needed = (enumeration.rows << design.a.bits) * steps
    checked = sum(report.checked for report in reports)
    if not checked == needed == sum(report.vectors for report in reports):
        raise VerificationError(
            f"{design}: {checked} of {needed} outputs were checked, all are needed"
        )


def _one(enumeration: Enumeration, found: dict[str, object]) -> str:
    design, index, got = enumeration.design, found["index"], found["got"]
    if not isinstance(index, int):
        return str(got)
    row, a = divmod(index, 1 << design.a.bits)
    third, b = divmod(row, 1 << design.b.bits)
    given = [f"a={value_text(design.a, a)}", f"b={value_text(design.b, b)}"]
    want = int(enumeration.golden(range(row, row + 1))[0, a])
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
