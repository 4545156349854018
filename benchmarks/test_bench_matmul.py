"""Speed of `kernels.matmul` beside its peers; `python -m pytest benchmarks --benchmark-only`.

There is one group with one shape. Compare only within a run: absolute times drift with the machine.
In the extra information, `mmac_s` is millions of products per second. The golden model runs on a
smaller shape.
"""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hwdse import Design, golden, kernels

M, K, N = 2048, 512, 128
GOLDEN_SHAPE = (8, 64, 8)

SPECS = (
    "a=e4m3fn,acc=fp:fp32",
    "a=e4m3fn,acc=fp:bf16",
    "a=e4m3fn,acc=fp:fp16",
    "a=e4m3fn,acc=fp:bf16,rounding=rtz",
    "a=e5m2,acc=fp:bf16",
    "a=bf16,acc=fp:fp32",
    "a=bf16,acc=fp:bf16",
    "a=e4m3fn,acc=fp:bf16,unit=dot,lanes=4",
    "a=bf16,acc=fp:fp32,unit=dot,lanes=4",
    "a=e4m3fn,mul=lmul,acc=fp:fp32",
    "a=e4m3fn,mul=lmul,acc=fp:bf16",
    "a=bf16,mul=lmul,acc=fp:fp32",
    "a=e4m3fn,acc=kulisch",
    "a=e5m2,acc=kulisch",
    "a=bf16,acc=kulisch",
    "a=e4m3fn,mul=lmul,acc=kulisch",
    "a=int8,acc=int:32",
    "a=int8,acc=int:16:sat",
)


def _operands(design: Design, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    m, k, n = shape
    scale = min(design.a.max, 448.0) / 6
    A = design.a.encode(rng.normal(size=(m, k)) * scale)
    B = design.b.encode(rng.normal(size=(k, n)) * scale)
    return A, B


def _record(benchmark: BenchmarkFixture, shape: tuple[int, int, int]) -> None:
    if benchmark.stats is not None:
        rate = np.prod(shape) / benchmark.stats.stats.min / 1e6
        benchmark.extra_info["mmac_s"] = round(float(rate), 2)


@pytest.mark.benchmark(group=f"{M}x{K}x{N}")
@pytest.mark.parametrize("spec", SPECS)
def test_kernel(benchmark: BenchmarkFixture, spec: str) -> None:
    design = Design.parse(spec)
    A, B = _operands(design, (M, K, N))
    result = benchmark.pedantic(
        kernels.matmul, args=(design, A, B), rounds=3, warmup_rounds=1, iterations=1
    )
    assert result.shape == (M, N)
    _record(benchmark, (M, K, N))


@pytest.mark.benchmark(group=f"{M}x{K}x{N}")
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["sgemm", "dgemm"])
def test_blas(benchmark: BenchmarkFixture, dtype: type) -> None:
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(M, K)).astype(dtype), rng.normal(size=(K, N)).astype(dtype)
    result = benchmark.pedantic(np.matmul, args=(A, B), rounds=5, warmup_rounds=1, iterations=1)
    assert result.shape == (M, N)
    _record(benchmark, (M, K, N))


@pytest.mark.benchmark(group="golden {}x{}x{}".format(*GOLDEN_SHAPE))
@pytest.mark.parametrize("matmul", [golden.matmul, kernels.matmul], ids=["golden", "kernel"])
def test_golden(benchmark: BenchmarkFixture, matmul) -> None:
    design = Design.parse("a=e4m3fn,acc=fp:bf16")
    A, B = _operands(design, GOLDEN_SHAPE)
    result = benchmark.pedantic(matmul, args=(design, A, B), rounds=3, warmup_rounds=1)
    np.testing.assert_array_equal(result, golden.matmul(design, A, B))
    _record(benchmark, GOLDEN_SHAPE)
