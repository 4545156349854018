"""The table encoder gives the codes of the format's own."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.networks.codes import encode

NARROW = [name for name in formats.names() if formats.get(name).bits <= 10]


@pytest.mark.parametrize("name", [*NARROW, "bf16", "e5m4", "int10"])
def test_same_codes(name):
    number_format = formats.parse(name)
    rng = np.random.default_rng(2)
    anything = rng.integers(0, 1 << 32, 20_000, np.uint32).view(np.float32)
    # Every value, every tie between neighbours, and one float32 step to either side of both.
    codes = np.arange(1 << min(number_format.bits, 10)).astype(number_format.code_dtype)
    values = np.unique(number_format.decode(codes))
    values = values[np.isfinite(values)]
    edges = np.concatenate([values, (values[1:] + values[:-1]) / 2])
    with np.errstate(all="ignore"):
        edges = edges.astype(np.float32)
        near = [np.nextafter(edges, np.float32(to), dtype=np.float32) for to in (-np.inf, np.inf)]
        x = np.concatenate([anything, edges, *near, np.float32([0.0, -0.0, np.inf, -np.inf])])
        expected = number_format.encode(x)
    found = encode(number_format, x)
    assert found.dtype == expected.dtype
    assert np.array_equal(found, expected)


def test_any_shape():
    number_format = formats.get("e4m3fn")
    assert encode(number_format, np.float32(1.0)).shape == ()
    strided = np.arange(24, dtype=np.float32).reshape(4, 6)[:, ::2]
    assert np.array_equal(encode(number_format, strided), number_format.encode(strided))
