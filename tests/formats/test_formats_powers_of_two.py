"""Sums of few powers of two: members, digits, ties."""

import numpy as np
import pytest
from reference import levels

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import signed_digits


def test_two_powers_miss_these_of_0_to_31():
    members = formats.get("pot8_k2").quantize(np.arange(32))
    missing = np.flatnonzero(members != np.arange(32))
    assert missing.tolist() == [11, 13, 19, 21, 22, 23, 25, 26, 27, 29]


def test_average_number_of_digits():
    counts = [len(signed_digits(n)) for n in range(256)]
    assert round(float(np.mean(counts)), 2) == 3.11


def test_digits_are_canonical_and_as_few_as_can_be():
    needed = levels.fewest_powers(12)
    for number in range(-2048, 2048):
        digits = signed_digits(number)
        shifts = [shift for _, shift in digits]
        assert sum(sign * 2**shift for sign, shift in digits) == number
        assert len(digits) == needed[number]
        assert all(sign in (1, -1) for sign, _ in digits)
        assert (np.diff(shifts) >= 2).all()


def test_digits_of_codes():
    f = formats.get("pot8_k2")
    assert f.digits(0) == ()
    assert f.digits(7) == ((-1, 0), (1, 3))
    assert f.digits(0x80) == ((-1, 7),)
    assert f.digits(0x7F) == ((-1, 0), (1, 7))
    with pytest.raises(
        FormatError, match="pot8_k2 code 11 is 11, a sum of 3 powers of two: at mos"
    ):
        f.digits(11)
    with pytest.raises(FormatError, match="code 256 is out of range"):
        f.digits(256)


def test_ties_go_to_fewer_digits_then_to_the_smaller_magnitude():
    f = formats.get("pot8_k2")
    x = [11, -11, 21, 22, 23, 26, 100, 0.5, 1.5, 2.5, 3.5, 6.5]
    # 10 and 12: two digits each; 20 and 24; nearest; 24 and 28; 96 to 112; 0 has none.
    np.testing.assert_array_equal(f.quantize(x), [10, -10, 20, 20, 24, 24, 96, 0, 1, 2, 4, 6])
    np.testing.assert_array_equal(
        formats.get("pot4_k1").quantize([3, -3, 6, 5, 7, -7, -6]), [2, -2, 4, 4, 4, -8, -4]
    )


def test_nearest_member_by_search():
    for name, terms in (("pot8_k2", 2), ("pot8_k3", 3), ("pot6_k2", 2)):
        f = formats.get(name)
        half = 2 ** (f.bits - 1)
        needed = levels.fewest_powers(f.bits)
        members = [n for n in range(-half, half) if needed[n] <= terms]
        x = np.arange(-4 * half - 3, 4 * half + 4) / 4
        best = [min(members, key=lambda n: (abs(n - v), needed[n], abs(n))) for v in x.tolist()]
        np.testing.assert_array_equal(f.quantize(x), best)


def test_other_codes_decode_and_are_never_produced():
    f = formats.get("pot8_k2")
    codes = np.arange(256)
    np.testing.assert_array_equal(f.decode(codes), codes.astype(np.int8))
    assert 11 not in f.encode(np.linspace(-130, 130, 5201))


@pytest.mark.parametrize("width", range(2, 12))
def test_enough_powers_give_all_integers(width):
    f = formats.get(f"pot{width}_k{(width + 1) // 2}")
    codes = np.arange(1 << width)
    np.testing.assert_array_equal(f.encode(f.decode(codes)), codes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pot1_k1", "pot1_k1: 2 to 16 bits"),
        ("pot17_k2", "pot17_k2: 2 to 16 bits"),
        ("pot8_k0", "pot8_k0: 1 to 4 powers of two"),
        ("pot8_k5", "pot8_k5: 1 to 4 powers of two"),
    ],
)
def test_impossible_parameters_are_refused(text, message):
    with pytest.raises(FormatError, match=f"^{message} are allowed$"):
        formats.get(text)


@pytest.mark.long
@pytest.mark.parametrize("width", range(12, 17))
def test_all_codes_of_wide_formats(width):
    needed = levels.fewest_powers(width)
    codes = np.arange(1 << width)
    integers = np.where(codes >> (width - 1), codes - (1 << width), codes)
    count = np.array([needed[n] for n in integers.tolist()])
    for terms in range(1, (width + 1) // 2 + 1):
        f = formats.parse(f"pot{width}_k{terms}")
        np.testing.assert_array_equal(f.decode(codes), integers)
        members = codes[count <= terms]
        np.testing.assert_array_equal(f.encode(f.decode(members)), members)
        assert np.isin(f.encode(integers), members).all()
