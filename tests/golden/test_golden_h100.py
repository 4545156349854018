"""The presets of Hopper equal what an H100 computed, on everything that was recorded."""

import numpy as np
import pytest
from reference import h100

from hwdse import Design, golden

TILES = [
    *((file, key) for file in ("sample", "special") for key in ("fp16", "bf16", "tf32")),
    *(("chains", f"{key}_x{n}") for key in ("fp16", "bf16", "tf32") for n in (4, 32)),
    *(("chains", f"{key}_x1") for key in ("fp16k8", "bf16k8", "tf32k4")),
    *(("chains", f"{key}_x1") for key in ("bf16tiny", "tf32tiny")),
]
PRODUCTS = [
    *(("sample", f"{key}_k{k}", "d") for key in ("e4m3", "e5m2") for k in (32, 128)),
    *(("special", f"{key}_k{k}", "d") for key in ("e4m3", "e5m2") for k in (32, 512)),
    *(
        ("chains", f"{key}_k{k}_s{s}", "d_fast1")
        for key in ("e4m3", "e5m2")
        for k in (1024, 4096)
        for s in (0, 1)
    ),
]
ROWS = 8
"""Of the first operand of matrix products: the kernels compare all."""


def of_tiles(recording: h100.Recording, design: Design | None = None) -> np.ndarray:
    """Codes that golden gives for the operands of a recording."""
    return golden.dot(design or recording.design, recording.a, recording.b, recording.c)


@pytest.mark.parametrize(("file", "key"), TILES, ids="-".join)
def test_instructions_with_addend(file: str, key: str) -> None:
    recording = h100.tiles(file, key)
    assert len(recording.d) >= 512
    assert np.count_nonzero(~h100.same(of_tiles(recording), recording.d)) == 0


@pytest.mark.parametrize(("file", "key", "result"), PRODUCTS, ids="-".join)
def test_fp8_products(file: str, key: str, result: str) -> None:
    design, a, b, d = h100.product(file, key, result)
    a, d = a[:ROWS], d[:ROWS]
    found = golden.matmul(design, a, b.T)
    assert found.size >= 64
    assert np.count_nonzero(~h100.same(found, d)) == 0


@pytest.mark.parametrize("words", ["max", "signed0"])
@pytest.mark.parametrize("key", ["bf16", "tf32"])
def test_the_conversion_is_not_that_of_ieee_754(key: str, words: str) -> None:
    """Overflow and signs of zero each decide recorded results."""
    assert differing("special", key, words) > 5


@pytest.mark.parametrize("key", ["bf16tiny", "tf32tiny"])
def test_no_other_exponent_of_zeros_will_do(key: str) -> None:
    wrong = {n: differing("chains", f"{key}_x1", f"zero{n}") for n in range(126, 143) if n != 133}
    assert min(wrong.values()) > 0, wrong
    assert wrong[126] > 1000


def differing(file: str, key: str, words: str) -> int:
    """Results of tiles that another accumulator than the preset does not give."""
    recording = h100.tiles(file, key)
    design = recording.design
    acc = f"{design.acc}:{words}"
    other = Design.parse(f"a={design.a},acc={acc},unit=dot,lanes={design.unit.group}")
    return int(np.count_nonzero(~h100.same(of_tiles(recording, other), recording.d)))


def test_the_fp8_group_has_32_products() -> None:
    _, a, b, d = h100.product("sample", "e4m3_k128")
    halves = Design.parse("a=e4m3fn,acc=aligned:L16-F13:e8m13,unit=dot,lanes=32")
    wrong = np.mean(~h100.same(golden.matmul(halves, a[:ROWS], b.T), d[:ROWS]))
    assert 0.4 < wrong < 0.7


def test_slow_accumulation_adds_in_fp32_after_every_128_products() -> None:
    """What PyTorch computes unless it is told `use_fast_accum`: DeepSeek-V3's remedy."""
    compared = 0
    for key in ("e4m3_k1024_s0", "e5m2_k1024_s0"):
        design, a, b, d = h100.product("chains", key, "d_fast0")
        total = np.zeros(d.shape, np.float32)
        for k in range(0, a.shape[1], 128):
            part = golden.matmul(design, a[:, k : k + 128], b[:, k : k + 128].T)
            total = total + part.astype(np.uint32).view(np.float32)
        assert h100.same(total.view(np.uint32), d).all()
        compared += d.size
    assert compared >= 256


@pytest.mark.parametrize("key", ["e4m3", "e5m2"])
def test_fp8_of_mma_sync_is_computed_as_fp16(key: str) -> None:
    """Products 0, 1 of every 4, then 2, 3, in the FP16 unit; the addend joins in fp32 last."""
    recording = h100.tiles("chains", f"{key}_x1")
    name = "e4m3fn" if key == "e4m3" else "e5m2"
    design = Design.parse(f"a={name},acc=aligned:hopper,unit=dot,lanes=16")
    order = np.argsort(np.arange(32) % 4 >= 2, kind="stable")
    sums = golden.dot(design, recording.a[:, order], recording.b[:, order])
    with np.errstate(all="ignore"):
        found = sums.astype(np.uint32).view(np.float32) + recording.c.view(np.float32)
    assert len(found) >= 4096
    assert h100.same(found.view(np.uint32), recording.d).all()
