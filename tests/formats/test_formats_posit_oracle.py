"""Posits against softposit, the reference implementation in C."""

import numpy as np
import pytest
import softposit
from formats_samples import MILLION, posit_spread

from hwdse import formats
from hwdse.formats import Posit

SOFTPOSIT = {
    "posit8_0": (softposit.convertDoubleToP8, softposit.convertP8ToDouble, softposit.posit8_t),
    "posit16_1": (softposit.convertDoubleToP16, softposit.convertP16ToDouble, softposit.posit16_t),
    "posit32_2": (softposit.convertDoubleToP32, softposit.convertP32ToDouble, softposit.posit32_t),
}


@pytest.mark.parametrize("name", SOFTPOSIT)
def test_codes_decode_as_in_softposit(name):
    f, (_, to_double, make) = formats.get(name), SOFTPOSIT[name]
    random = np.random.default_rng(1)
    codes = np.arange(1 << f.bits) if f.bits <= 16 else random.integers(0, 1 << 32, 50_000)
    codes = codes[codes != f.nan_code]
    box, expected = make(), []
    for code in codes.tolist():
        box.v = code
        expected.append(to_double(box))
    assert len(expected) >= min((1 << f.bits) - 1, 50_000)
    np.testing.assert_array_equal(f.decode(codes), expected)


@pytest.mark.parametrize("name", SOFTPOSIT)
def test_a_million_values_encode_as_in_softposit(name):
    f, convert = formats.get(name), SOFTPOSIT[name][0]
    x = posit_spread(f.max_exponent, MILLION, seed=77)
    expected = np.fromiter((convert(v).v for v in x.tolist()), np.int64, MILLION)
    np.testing.assert_array_equal(f.encode(x), expected)


@pytest.mark.parametrize("n", [4, 8, 12, 16, 20, 27, 32])
def test_es_2_of_any_width_encodes_as_in_softposit(n):
    f = Posit(width=n, es=2)
    x = posit_spread(f.max_exponent, 40_000, seed=n)
    # Its words are left-aligned in 32 bits.
    expected = [softposit.convertDoubleToPX2(v, n).v >> (32 - n) for v in x.tolist()]
    assert len(expected) == 40_000
    np.testing.assert_array_equal(f.encode(x), expected)
