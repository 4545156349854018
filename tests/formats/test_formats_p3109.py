"""The whole P3109 family, K = 3..16."""

from fractions import Fraction

import numpy as np
import pytest
from reference import vectors
from reference.number_formats import OVERFLOWS, ROUNDINGS, from_float, p3109_family

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats import P3109

FAMILY = p3109_family(3, 16)


@pytest.mark.parametrize(
    ("precision", "bias", "largest", "smallest"),
    [
        (1, 64, 2.0**62, 2.0**-63),
        (2, 32, 2.0**31, 2.0**-32),
        (3, 16, 49152, 2.0**-17),
        (4, 8, 224, 2.0**-10),
        (5, 4, 15, 2.0**-7),
        (6, 2, 3.875, 2.0**-6),
        (7, 1, 1.96875, 2.0**-6),
    ],
)
def test_the_table_of_eight_bit_formats(precision, bias, largest, smallest):
    f = formats.get(f"binary8p{precision}se")
    assert (f.bias, f.max, f.min_subnormal, f.encode(1.0)) == (bias, largest, smallest, 0x40)


def test_special_codes():
    f = formats.get("binary8p3se")
    np.testing.assert_array_equal(f.decode([0, 0x7F, 0x80, 0xFF]), [0, np.inf, np.nan, -np.inf])
    x = [-0.0, np.nan, np.inf, -np.inf, 1e9, -1e9]
    assert f.encode(x, overflow="ieee").tolist() == [0, 0x80, 0x7F, 0xFF, 0x7F, 0xFF]
    assert f.encode(x, overflow="propagate").tolist() == [0, 0x80, 0x7F, 0xFF, 0x7E, 0xFE]
    assert f.encode(x).tolist() == [0, 0x80, 0x7E, 0xFE, 0x7E, 0xFE]
    unsigned = formats.get("binary8p3ue")
    np.testing.assert_array_equal(
        unsigned.decode([0xFD, 0xFE, 0xFF]), [unsigned.max, np.inf, np.nan]
    )
    assert unsigned.encode([-1.0, -np.inf], overflow="ieee").tolist() == [0xFF, 0xFF]
    assert unsigned.encode([-1.0, -np.inf]).tolist() == [0, 0]
    # SatNone in a finite format gives the largest value, not NaN.
    finite = formats.get("binary8p3sf")
    assert finite.encode([1e9, -np.inf], overflow="ieee").tolist() == [0x7F, 0xFF]


def test_every_code_of_every_format_keeps_its_value_and_its_code():
    codes_compared = 0
    for name, reference in FAMILY.items():
        f = formats.get(name)
        assert (f.name, f.bits, f.has_inf, f.has_nan) == (
            name,
            reference.bits,
            reference.has_inf,
            True,
        )
        codes = np.arange(1 << f.bits)
        assert f.fits_float64 == (np.asarray(f.decode([0])).dtype == np.float64)
        if f.fits_float64:
            np.testing.assert_array_equal(f.encode(f.decode(codes), overflow="ieee"), codes)
        else:
            value = f.unpack(codes)
            np.testing.assert_array_equal(f.pack(value, overflow="ieee"), codes)
        codes_compared += codes.size
    assert len(FAMILY) == 504
    assert codes_compared == sum(1 << f.bits for f in FAMILY.values()) == 7_602_160


def test_values_beyond_float64_are_fractions():
    compared = 0
    for name in ("binary16p1se", "binary16p3uf", "binary15p2sf", "binary14p1ue"):
        f, reference = formats.get(name), FAMILY[name]
        assert not f.fits_float64
        codes = np.r_[0:9, (1 << f.bits) - 9 : (1 << f.bits), 0 : 1 << f.bits : 977]
        for code, value in zip(codes.tolist(), f.decode(codes), strict=True):
            expected = reference.decode(code)
            if expected.special:
                assert np.isnan(value) if expected.special == "nan" else np.isinf(value)
            else:
                assert isinstance(value, Fraction)
                assert value == expected.number
            compared += 1
        assert f.max == reference.max
        assert f.encode([1.0, 1.5, 1e308]).tolist() == [
            reference.encode(from_float(x)) for x in (1.0, 1.5, 1e308)
        ]
    assert compared > 200


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_every_small_format_rounds_right_at_every_boundary(rounding):
    compared = 0
    for name, reference in p3109_family(3, 8).items():
        f = formats.get(name)
        x = vectors.interesting(reference)
        for overflow in OVERFLOWS:
            expected = vectors.encode(reference, x, rounding, overflow)
            np.testing.assert_array_equal(f.encode(x, rounding, overflow), expected, err_msg=name)
            compared += x.size
    assert compared > 240_000


@pytest.mark.long
def test_the_look_up_is_right_for_small_ones():
    compared = 0
    for name, reference in p3109_family(3, 5).items():
        x = vectors.interesting(reference)
        for rounding in ROUNDINGS:
            for overflow in OVERFLOWS:
                one_by_one = [
                    reference.encode(from_float(v), rounding, overflow) for v in x.tolist()
                ]
                np.testing.assert_array_equal(
                    vectors.encode(reference, x, rounding, overflow), one_by_one, err_msg=name
                )
                compared += x.size
    assert compared > 100_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("binary2p1se", "3 to 16 bits"),
        ("binary17p3se", "3 to 16 bits"),
        ("binary8p0se", "precision of 1 to 7"),
        ("binary8p8sf", "precision of 1 to 7"),
        ("binary8p9uf", "precision of 1 to 8"),
    ],
)
def test_impossible_members_are_refused(text, message):
    with pytest.raises(FormatError, match=message):
        formats.get(text)
    assert P3109(width=8, precision_bits=8, signed=False, extended=False).name == "binary8p8uf"
