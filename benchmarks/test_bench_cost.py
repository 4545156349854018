"""Speed of cost estimates: `python -m pytest benchmarks/test_bench_cost.py --benchmark-only`.

In the extra information, `designs_s` is designs per second. `estimate` has each design for the
first time in its process; its parts may be known from other designs. Before `estimate_many` is
measured, it has seen the parts in other combinations, but none of the designs.
"""

from itertools import product

import pandas as pd
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hwdse import Design
from hwdse.cost import estimate, estimate_many

FORMATS = ("e2m1fn", "e2m3fn", "e3m4", "e4m3fn", "e5m2", "posit8_1", "hif8", "bf16", "e4m3", "fp16")
ACCUMULATORS = (
    *("kulisch", "fp:fp32", "fp:bf16", "fp:fp16", "fp:e5m7", "fp:fp32:an2-2", "fp:bf16:an1-1"),
    *("fp:fp32:tree", "fp:fp16:kahan", "aligned:F13", "aligned:F20"),
)
OUTPUTS = ("bf16", "fp16", "fp32", "tf32", "e4m3fn", "e5m2", "e3m4", "e4m3", "e5m7", "hif8")
LANES = (*range(1, 17), 20, 24, 32, 48)
COLUMNS = ("a", "b", "acc", "out", "unit", "lanes")


def _designs() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two tables with the same lanes, sums and outputs, but without a common design."""
    rows = product(FORMATS, FORMATS, ACCUMULATORS, OUTPUTS, ("dot",), LANES)
    every = pd.DataFrame(list(rows), columns=list(COLUMNS)).sample(frac=1, random_state=1)
    return every[: len(every) // 2], every[len(every) // 2 :]


@pytest.mark.benchmark(group="cost of many designs")
def test_estimate_many(benchmark: BenchmarkFixture) -> None:
    warm, cold = _designs()
    assert len(cold) == 110_000
    estimate_many(warm)
    costs = benchmark.pedantic(estimate_many, args=(cold,), rounds=3, warmup_rounds=0)
    assert (costs["error"] == "").all()
    if benchmark.stats is not None:
        benchmark.extra_info["designs_s"] = round(len(cold) / benchmark.stats.stats.min)


@pytest.mark.benchmark(group="cost of one design")
def test_estimate(benchmark: BenchmarkFixture) -> None:
    rows = product(("e3m3", "e4m2", "e5m3", "e2m5"), ACCUMULATORS)
    specs = iter([f"a={a},acc={acc},unit=dot,lanes=4" for a, acc in rows])
    benchmark.pedantic(
        estimate, setup=lambda: ((Design.parse(next(specs)),), {}), rounds=40, warmup_rounds=1
    )
    if benchmark.stats is not None:
        benchmark.extra_info["designs_s"] = round(1 / benchmark.stats.stats.median)
