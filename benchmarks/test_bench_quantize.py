"""Speed of `kernels.encode` and `quantize` beside their peers, each pair in one run.

Run `python -m pytest benchmarks/test_bench_quantize.py --benchmark-only`. Our kernel and its peers
take turns, and the best of several times counts: absolute times drift with the machine, ratios
drift less. There are two threads. Our kernel and PyTorch write results to existing arrays. Slow
peers take a smaller array. The smaller array fits the cache better, which is an advantage for the
peer. A table at the end has one line per goal. The extra information has the rates in millions of
elements per second, the ratio and the goal.

The extra `bench` installs the peers; a missing peer is an error.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from hwdse import formats, kernels

SIZE, SLOW_SIZE = 1 << 24, 1 << 18
THREADS = 2
ROUNDS, SLOW_ROUNDS = 40, 3

#: A function to time, and the number of elements that it processes.
Timed = tuple[Callable[[], Any], int]
PACKAGES = {"qtorch_plus": "qtorch-plus", "universal_dtypes": "universal-dtypes"}


@dataclass(frozen=True)
class Goal:
    """One line of the table: we must be at least `ratio` times as fast as the fastest peer."""

    what: str
    name: str
    peers: tuple[str, ...]
    ratio: float

    def __str__(self) -> str:
        return f"{self.what}-{self.name}-{'+'.join(self.peers)}"


GOALS = (
    Goal("value", "e4m3fn", ("torch",), 8),
    Goal("value", "e5m2", ("torch",), 1.5),
    Goal("value", "e4m3fn", ("copy",), 0.7),
    Goal("value", "e5m2", ("copy",), 0.7),
    Goal("value", "e2m3fn", ("ml_dtypes", "torchao"), 30),
    Goal("value", "e3m2fn", ("ml_dtypes", "torchao"), 30),
    Goal("value", "e2m1fn", ("ml_dtypes", "torchao"), 30),
    Goal("encode", "e4m3fn", ("torch",), 1),
    Goal("encode", "e5m2", ("torch",), 1),
    Goal("encode", "e4m3fn", ("ml_dtypes",), 25),
    Goal("encode", "e5m2", ("ml_dtypes",), 25),
    Goal("value", "bf16", ("torch",), 0.8),
    Goal("value", "fp16", ("torch",), 0.8),
    *(
        Goal(what, name, ("qtorch_plus", "universal_dtypes"), ratio)
        for name in ("posit8_0", "posit8_2", "posit16_1", "posit16_2")
        for what, ratio in (("encode", 60), ("value", 40))
    ),
    Goal("packed", "mxfp4", ("torchao",), 8),
)
TORCH = {"e4m3fn": "float8_e4m3fn", "e5m2": "float8_e5m2", "bf16": "bfloat16", "fp16": "float16"}
ML_DTYPES = {
    "e4m3fn": "float8_e4m3fn",
    "e5m2": "float8_e5m2",
    "e2m3fn": "float6_e2m3fn",
    "e3m2fn": "float6_e3m2fn",
    "e2m1fn": "float4_e2m1fn",
}
UNIVERSAL = {
    "posit8_0": "posit8e0",
    "posit8_2": "posit8",
    "posit16_1": "posit16e1",
    "posit16_2": "posit16",
}
_ROWS: list[str] = []


def _peer(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        top = module.partition(".")[0]
        package = PACKAGES.get(top, top)
        raise RuntimeError(f"peer {package} is missing: pip install 'hwdse[bench]'") from error


def _normal(size: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(size).astype(np.float32)


def _ours(goal: Goal) -> Timed:
    x = _normal(SIZE)
    if goal.what == "packed":
        block_format, blocks = formats.get(goal.name), x.reshape(-1, 32)
        out = kernels.encode_blocks(block_format, blocks, packed=True)
        return (
            lambda: kernels.encode_blocks(
                block_format, blocks, packed=True, out=out, threads=THREADS
            ),
            SIZE,
        )
    number_format = formats.parse(goal.name)
    function = kernels.encode if goal.what == "encode" else kernels.quantize
    dtype = number_format.code_dtype if goal.what == "encode" else np.dtype(np.float32)
    out = np.zeros(SIZE, dtype)
    return lambda: function(number_format, x, out=out, threads=THREADS), SIZE


def _copy(goal: Goal) -> Timed:
    del goal
    torch = _peer("torch")
    x, out = torch.from_numpy(_normal(SIZE)), torch.zeros(SIZE)
    return lambda: out.copy_(x), SIZE


def _torch(goal: Goal) -> Timed:
    torch = _peer("torch")
    x, out = torch.from_numpy(_normal(SIZE)), torch.zeros(SIZE)
    codes = torch.zeros(SIZE, dtype=getattr(torch, TORCH[goal.name]))
    if goal.what == "encode":
        return lambda: codes.copy_(x), SIZE
    return lambda: out.copy_(codes.copy_(x)), SIZE


def _ml_dtypes(goal: Goal) -> Timed:
    dtype = getattr(_peer("ml_dtypes"), ML_DTYPES[goal.name])
    x = _normal(SIZE)
    if goal.what == "encode":
        return lambda: x.astype(dtype), SIZE
    return lambda: x.astype(dtype).astype(np.float32), SIZE


def _torchao(goal: Goal) -> Timed:
    torch = _peer("torch")
    if goal.what == "packed":
        to_mx = _peer("torchao.prototype.mx_formats.mx_tensor").MXTensor.to_mx
        x = torch.from_numpy(_normal(SLOW_SIZE).reshape(-1, 32))
        return lambda: to_mx(x, torch.float4_e2m1fn_x2, 32), SLOW_SIZE
    loops = _peer("torchao.prototype.mx_formats.kernels")
    kind = {"e2m1fn": "f4", "e2m3fn": "f6_e2m3", "e3m2fn": "f6_e3m2"}[goal.name]
    encode = getattr(loops, f"f32_to_{kind}_unpacked")
    decode = getattr(loops, f"{kind}_unpacked_to_f32")
    x = torch.from_numpy(_normal(SLOW_SIZE))
    return lambda: decode(encode(x)), SLOW_SIZE


def _qtorch_plus(goal: Goal) -> Timed:
    quantize = _peer("qtorch_plus.quant").posit_quantize
    number_format = formats.parse(goal.name)
    assert isinstance(number_format, formats.Posit)
    x = _peer("torch").from_numpy(_normal(SLOW_SIZE))
    return lambda: quantize(x, nsize=number_format.width, es=number_format.es), SLOW_SIZE


def _universal(goal: Goal) -> Timed:
    dtype = getattr(_peer("universal_dtypes"), UNIVERSAL[goal.name])
    x = _normal(SLOW_SIZE)
    if goal.what == "encode":
        return lambda: x.astype(dtype), SLOW_SIZE
    return lambda: x.astype(dtype).astype(np.float32), SLOW_SIZE


PEERS: dict[str, Callable[[Goal], Timed]] = {
    "copy": _copy,
    "torch": _torch,
    "ml_dtypes": _ml_dtypes,
    "torchao": _torchao,
    "qtorch_plus": _qtorch_plus,
    "universal_dtypes": _universal,
}


def _rates(timed: dict[str, Timed]) -> dict[str, float]:
    """The best number of elements per second of each function; the functions take turns."""
    best = dict.fromkeys(timed, np.inf)
    for function, _ in timed.values():
        function()
    for turn in range(ROUNDS):
        for name, (function, size) in timed.items():
            slow = size < SIZE or name == "ml_dtypes"
            if turn < (SLOW_ROUNDS if slow else ROUNDS):
                start = time.perf_counter()
                function()
                best[name] = min(best[name], time.perf_counter() - start)
    return {name: size / best[name] for name, (_, size) in timed.items()}


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print the table after all measurements."""
    yield
    reporter = request.config.pluginmanager.getplugin("terminalreporter")
    capture = request.config.pluginmanager.getplugin("capturemanager")
    header = f"{'':8}{'format':12}{'M/s':>8}  {'peer':18}{'M/s':>8}{'ratio':>9}{'goal':>7}"
    with capture.global_and_fixture_disabled():
        for line in ("", header, *_ROWS):
            reporter.write_line(line)


@pytest.mark.filterwarnings("ignore")  # warnings of the peers
@pytest.mark.benchmark(group="quantize")
@pytest.mark.parametrize("goal", GOALS, ids=str)
def test_goal(benchmark: BenchmarkFixture, goal: Goal) -> None:
    _peer("torch").set_num_threads(THREADS)
    timed = {"ours": _ours(goal), **{name: PEERS[name](goal) for name in goal.peers}}
    rates = _rates(timed)
    peer = max(goal.peers, key=rates.__getitem__)
    ratio = rates["ours"] / rates[peer]
    missed = "" if ratio >= goal.ratio else " missed"
    _ROWS.append(
        f"{goal.what:8}{goal.name:12}{rates['ours'] / 1e6:8.0f}  {peer:18}"
        f"{rates[peer] / 1e6:8.1f}{ratio:9.2f}{goal.ratio:7}{missed}"
    )
    benchmark.extra_info.update({name: round(rate / 1e6, 1) for name, rate in rates.items()})
    benchmark.extra_info.update(ratio=round(ratio, 2), goal=goal.ratio)
    benchmark.pedantic(timed["ours"][0], rounds=3, warmup_rounds=1, iterations=1)
