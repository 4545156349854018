"""Kernels equal an H100 on all recorded matrix products, and on all tiles without addend."""

import numpy as np
import pytest
from reference import h100

from hwdse import kernels

PRODUCTS = {
    "sample": [f"{key}_k{k}" for key in ("e4m3", "e5m2") for k in (32, 128)],
    "special": [f"{key}_k{k}" for key in ("e4m3", "e5m2") for k in (32, 512)],
    "chains": [
        f"{key}_k{k}_s{s}" for key in ("e4m3", "e5m2") for k in (1024, 4096) for s in (0, 1)
    ],
}


@pytest.mark.parametrize(
    ("file", "key"), [(file, key) for file in PRODUCTS for key in PRODUCTS[file]]
)
def test_fp8_products(file: str, key: str) -> None:
    design, a, b, d = h100.product(file, key, "d_fast1" if file == "chains" else "d")
    found = kernels.matmul(design, a, b.T)
    assert found.shape == d.shape
    assert np.count_nonzero(~h100.same(found, d)) == 0


@pytest.mark.parametrize("file", ["sample", "special"])
@pytest.mark.parametrize("key", ["fp16", "bf16", "tf32"])
def test_tiles_where_nothing_is_added(file: str, key: str) -> None:
    data, shift = h100.load(file), 13 if key == "tf32" else 0
    recording = h100.tiles(file, key)
    compared = 0
    for a, b, c, d in zip(*(data[f"{key}_{part}"] for part in "abcd"), strict=True):
        found = kernels.matmul(recording.design, a >> shift, b >> shift)
        alone = c.view(np.uint32) == 0
        assert h100.same(found, d.view(np.uint32))[alone].all()
        compared += np.count_nonzero(alone)
    assert compared > 2000
