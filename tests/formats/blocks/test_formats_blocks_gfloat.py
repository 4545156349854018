"""The OCP formats against gfloat's block quantiser, an independent implementation."""

import numpy as np
import pytest
from gfloat.block import compute_scale_amax, quantize_block
from gfloat.formats import (
    BlockFormatInfo,
    format_info_mxfp4_e2m1,
    format_info_mxfp6_e2m3,
    format_info_mxfp6_e3m2,
    format_info_mxfp8_e4m3,
    format_info_mxfp8_e5m2,
    format_info_mxint8,
)

from hwdse import formats

INFOS: dict[str, BlockFormatInfo] = {
    "mxfp8_e4m3": format_info_mxfp8_e4m3,
    "mxfp8_e5m2": format_info_mxfp8_e5m2,
    "mxfp6_e3m2": format_info_mxfp6_e3m2,
    "mxfp6_e2m3": format_info_mxfp6_e2m3,
    "mxfp4": format_info_mxfp4_e2m1,
    "mxint8": format_info_mxint8,
}


def hard_blocks() -> np.ndarray:
    rng = np.random.default_rng(1)
    ends = np.array([6, 7, 7.5, 28, 30, 448, 464, 480, 57344, 61440, 1.984375, 1.9921875])
    rows = [
        np.zeros(32),
        np.eye(1, 32)[0],
        -np.eye(1, 32, 31)[0] * 7.9,
        np.resize(ends, 32),
        np.nextafter(np.resize(ends, 32), 0),
        np.nextafter(np.resize(-ends, 32), -1e9),
        *(np.append(ends[k], rng.integers(-64, 65, 31) * ends[k] / 256) for k in range(len(ends))),
        2.0 ** rng.integers(-30, 30, 32),
        rng.integers(-96, 97, 32) / 16,
        rng.normal(size=32) * 2.0**-140,
        rng.normal(size=32) * 1e-300,
        rng.normal(size=32) * 3e38,
        -np.abs(rng.normal(size=32)),
    ]
    return np.array(rows)


@pytest.mark.parametrize("name", INFOS)
def test_blocks_are_those_of_gfloat(name):
    rng = np.random.default_rng(23)
    x = rng.standard_t(4, size=(400, 32)) * 2.0 ** rng.integers(-20, 20, (400, 1))
    x[::2] = np.round(x[::2] * 16) / 16
    x = np.concatenate([x, hard_blocks()])
    expected = [quantize_block(INFOS[name], row, compute_scale_amax) for row in x]
    got = formats.get(name).quantize(x)
    np.testing.assert_array_equal(got, expected)
    assert got.size > 13000
