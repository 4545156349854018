"""Speed of `kernels.matmul` as a share of float32 matrix products, and beside peers, in one run.

Run `python -m pytest benchmarks/test_bench_matmul.py --benchmark-only`. Matrices are 1024 x 1024.
Our kernel, NumPy's float32 product (sgemm) and the peers take turns, with two threads each, and the
best of several times counts: absolute times drift with the machine, ratios drift less. Slow peers
take smaller matrices. A table at the end has one line per design and peer. The extra information
has the rates in millions of products per second, the ratios and the goals.

The extra `bench` installs the peers; a missing peer is an error.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hwdse import Design, golden, kernels

SIZE, SLOW_SIZE = 1024, 128
THREADS = 2
ROUNDS, SLOW_ROUNDS = 5, 2
GOLDEN_SHAPE = (8, 64, 8)

#: A function to time, and the number of products that it adds.
Timed = tuple[Callable[[], Any], int]


@dataclass(frozen=True)
class Goal:
    """One design: at least this share of sgemm's speed, and at least so many times each peer's."""

    spec: str
    of_sgemm: float
    peers: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.spec


_DOT = "unit=dot,lanes=4"
GOALS = (
    Goal("a=e4m3fn,acc=fp:fp32", 0.3),
    Goal("a=e4m3fn,acc=fp:bf16", 0.15, {"apytypes": 150, "ml_dtypes": 4}),
    Goal("a=fp16,acc=fp:fp16", 0.15, {"torch": 4}),
    Goal("a=e5m2,acc=fp:e6m3", 0.15, {"apytypes": 150}),
    Goal("a=e4m3fn,mul=lmul,acc=fp:fp32", 0.1),
    Goal("a=bf16,mul=lmul,acc=fp:fp32", 0.1),
    Goal("a=e4m3fn,acc=kulisch", 0.4),
    Goal("a=e5m2,acc=kulisch", 0.4),
    Goal("a=posit8_2,acc=kulisch", 0.4),
    Goal("a=int8,acc=int:32", 0.8),
    Goal("a=int8,acc=int:16:sat", 0.1),
    Goal("a=e4m3fn,acc=aligned:hopper-fp8,out=fp32,unit=dot,lanes=32", 0.08),
    Goal("a=bf16,acc=fp:fp32:an2-2", 0.03),
    Goal("a=lns8_g8,mul=log,acc=bins,out=bf16", 0.03),
    Goal("a=bf16,acc=fp:fp32:kahan", 0.03),
    Goal("a=bf16,acc=fp:bf16:sr8", 0.03),
    Goal(f"a=bf16,acc=fp:fp32:tree,{_DOT}", 0.03),
    *(Goal(f"a=e4m3fn,acc=fp:bf16,rounding={r}", 0.05) for r in ("rtz", "down", "rna")),
    Goal("a=e4m3fn,acc=fp:fp32,rounding=up", 0.05),
    Goal(f"a=e4m3fn,acc=fp:fp32,{_DOT}", 0.05),
)
_ROWS: list[str] = []


def _peer(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        raise RuntimeError(f"peer {module} is missing: pip install 'hwdse[bench]'") from error


def _normal(size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((size, size)).astype(np.float32) for _ in range(2))
    return left, right


def _operands(design: Design, size: int) -> tuple[np.ndarray, np.ndarray]:
    scale = 32 if "int" in str(design.a) else 1
    left, right = _normal(size)
    return design.a.encode(left * scale), design.b.encode(right * scale)


def _ours(goal: Goal) -> Timed:
    design = Design.parse(goal.spec)
    A, B = _operands(design, SIZE)
    return lambda: kernels.matmul(design, A, B, threads=THREADS), SIZE**3


def _sgemm(goal: Goal) -> Timed:
    del goal
    A, B = _normal()
    out = np.zeros_like(A)
    return lambda: np.matmul(A, B, out=out), SIZE**3


def _torch(goal: Goal) -> Timed:
    """A loop over the terms, each added to all sums in fp16; arrays exist before."""
    del goal
    torch = _peer("torch")
    torch.set_num_threads(THREADS)
    A, B = (torch.from_numpy(x).half() for x in _normal())
    columns, sums, terms = A.T.contiguous(), torch.zeros_like(A), torch.zeros_like(A)

    def product() -> None:
        sums.zero_()
        for column, row in zip(columns, B, strict=True):
            sums.add_(torch.mul(column[:, None], row[None], out=terms))

    return product, SIZE**3


def _ml_dtypes(goal: Goal) -> Timed:
    """A loop over the terms, each added to all sums in bf16."""
    del goal
    A, B = (x.astype(_peer("ml_dtypes").bfloat16) for x in _normal(SLOW_SIZE))

    def product() -> None:
        sums = np.zeros_like(A)
        for column, row in zip(A.T, B, strict=True):
            sums += column[:, None] * row[None]

    return product, SLOW_SIZE**3


def _apytypes(goal: Goal) -> Timed:
    """A matrix product with an accumulator of so many exponent and fraction bits."""
    apytypes = _peer("apytypes")
    design = Design.parse(goal.spec)
    kept: Any = design.accumulator
    formats: list[Any] = [design.a, kept.format]
    bits = [(f.exponent_bits, f.fraction_bits) for f in formats]
    A, B = (apytypes.APyFloatArray.from_float(x, *bits[0]) for x in _normal(SLOW_SIZE))

    def product() -> None:
        with apytypes.APyFloatAccumulatorContext(exp_bits=bits[1][0], man_bits=bits[1][1]):
            A @ B

    return product, SLOW_SIZE**3


PEERS: dict[str, Callable[[Goal], Timed]] = {
    "torch": _torch,
    "ml_dtypes": _ml_dtypes,
    "apytypes": _apytypes,
}


def _rates(timed: dict[str, Timed]) -> dict[str, float]:
    """The best number of products per second of each function; the functions take turns."""
    best = dict.fromkeys(timed, np.inf)
    for function, _ in timed.values():
        function()
    for turn in range(ROUNDS):
        for name, (function, _) in timed.items():
            if turn < (SLOW_ROUNDS if name in PEERS else ROUNDS):
                start = time.perf_counter()
                function()
                best[name] = min(best[name], time.perf_counter() - start)
    return {name: count / best[name] for name, (_, count) in timed.items()}


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print the table after all measurements."""
    yield
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    header = f"{'design':60}{'M/s':>8}  {'peer':10}{'M/s':>9}{'ratio':>9}{'goal':>7}"
    with capture.global_and_fixture_disabled():
        for line in ("", header, *_ROWS):
            reporter.write_line(line)


@pytest.mark.filterwarnings("ignore")  # warnings of the peers
@pytest.mark.benchmark(group=f"{SIZE}^3")
@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_goal(benchmark: BenchmarkFixture, goal: Goal) -> None:
    peers = {name: PEERS[name](goal) for name in goal.peers}
    timed = {"ours": _ours(goal), "sgemm": _sgemm(goal), **peers}
    rates = _rates(timed)
    for name, wanted in {"sgemm": goal.of_sgemm, **goal.peers}.items():
        ratio = rates["ours"] / rates[name]
        missed = "" if ratio >= wanted else " missed"
        _ROWS.append(
            f"{goal.spec:60}{rates['ours'] / 1e6:8.0f}  {name:10}{rates[name] / 1e6:9.1f}"
            f"{ratio:9.3f}{wanted:7}{missed}"
        )
        benchmark.extra_info[f"times {name}"] = round(ratio, 3)
        benchmark.extra_info[f"goal {name}"] = wanted
    benchmark.extra_info.update({f"{name} M/s": round(x / 1e6, 1) for name, x in rates.items()})
    benchmark.pedantic(timed["ours"][0], rounds=3, warmup_rounds=1, iterations=1)


@pytest.mark.benchmark(group="golden {}x{}x{}".format(*GOLDEN_SHAPE))
@pytest.mark.parametrize("matmul", [golden.matmul, kernels.matmul], ids=["golden", "kernel"])
def test_golden(benchmark: BenchmarkFixture, matmul: Callable[..., Any]) -> None:
    m, k, n = GOLDEN_SHAPE
    design = Design.parse("a=e4m3fn,acc=fp:bf16")
    rng = np.random.default_rng(0)
    A, B = design.a.encode(rng.normal(size=(m, k))), design.b.encode(rng.normal(size=(k, n)))
    result = benchmark.pedantic(matmul, args=(design, A, B), rounds=3, warmup_rounds=1)
    np.testing.assert_array_equal(result, golden.matmul(design, A, B))
