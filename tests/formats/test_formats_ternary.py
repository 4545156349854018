"""Ternary codes, and five of them to a byte."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import pack_trits, unpack_trits


def test_codes():
    f = formats.get("ternary")
    np.testing.assert_array_equal(f.decode(range(4)), [0, 1, 0, -1])
    np.testing.assert_array_equal(f.encode([0, 1, -1, -0.0, 7, -np.inf, np.nan]),
                                  [0, 1, 3, 0, 1, 3, 0])  # fmt: skip
    np.testing.assert_array_equal(f.quantize([0.5, 0.51, -0.5, -0.51]), [0, 1, 0, -1])
    x = np.linspace(-2, 2, 10001)
    np.testing.assert_array_equal(f.quantize(x), np.clip(np.rint(x), -1, 1))
    assert 0b10 not in f.encode(x)


def test_all_243_bytes_are_five_trits():
    trits = unpack_trits(np.arange(243)[:, None], 5)
    assert trits.shape == (243, 5)
    assert np.unique(trits, axis=0).shape == (243, 5)
    np.testing.assert_array_equal(pack_trits(trits)[:, 0], np.arange(243))


def test_the_first_trit_is_the_least_digit():
    assert pack_trits([-1, -1, -1, -1, -1]) == 0
    assert pack_trits([0, -1, -1, -1, -1]) == 1
    assert pack_trits([-1, -1, -1, -1, 1]) == 2 * 81
    assert pack_trits([0]) == pack_trits([0, 0, 0, 0, 0]) == 121


@given(st.lists(st.sampled_from([-1, 0, 1]), max_size=23))
def test_packing_is_undone(trits):
    packed = pack_trits(trits)
    assert packed.dtype == np.uint8
    assert packed.shape == (-(-len(trits) // 5),)
    np.testing.assert_array_equal(unpack_trits(packed, len(trits)), trits)


def test_rows_are_packed_apart():
    trits = np.random.default_rng(0).integers(-1, 2, (3, 2, 7))
    packed = pack_trits(trits)
    assert packed.shape == (3, 2, 2)
    np.testing.assert_array_equal(unpack_trits(packed, 7), trits)
    np.testing.assert_array_equal(pack_trits(trits[1, 1]), packed[1, 1])


@pytest.mark.parametrize("byte", [243, 255, -1])
def test_other_bytes_are_refused(byte):
    with pytest.raises(FormatError, match="0 to 242 are allowed"):
        unpack_trits(np.array([0, byte]), 10)


@pytest.mark.parametrize("trits", [[2], [-2, 0], [0.5], ["a"], [True]])
def test_other_digits_are_refused(trits):
    with pytest.raises(FormatError, match="-1, 0 and 1 are allowed"):
        pack_trits(trits)


@pytest.mark.parametrize("count", [-1, 5, 11])
def test_counts_that_do_not_fit_are_refused(count):
    with pytest.raises(FormatError, match=f"{count} trits in 2 bytes: 6 to 10 are allowed"):
        unpack_trits([0, 0], count)


def test_an_axis_is_needed():
    with pytest.raises(FormatError, match=r"shape \(\.\.\., n\)"):
        pack_trits(1)
    with pytest.raises(FormatError, match=r"shape \(\.\.\., bytes\)"):
        unpack_trits(1, 5)
