"""Power exponent: squares, products, exact decisions."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError


def test_squares():
    f = formats.get("nupes4")
    np.testing.assert_array_equal(f.decode(range(8)), [q * q / 49 for q in range(8)])
    np.testing.assert_array_equal(f.decode(range(9, 16)), [-q * q / 49 for q in range(7, 0, -1)])
    assert f.decode(8) == -64 / 49
    assert 8 not in f.encode(np.linspace(-2, 2, 999))


def test_rounding_is_of_the_power():
    """q changes at ((q + 1/2) / Q)^2, not half-way between the values."""
    f = formats.get("nupes4")
    for q in range(7):
        cut = ((q + 0.5) / 7) ** 2
        assert f.encode(cut * (1 - 1e-12)) == q
        assert f.encode(cut * (1 + 1e-12)) == q + 1
    # The power of 1/4 is 3.5, a tie.
    np.testing.assert_array_equal(f.quantize([0.25, -0.25]), [16 / 49, -16 / 49])
    np.testing.assert_array_equal(f.quantize([0.25, -0.25], "rhu"), [16 / 49, -9 / 49])


@pytest.mark.parametrize("name", ["nupes8", "nupes6_a30", "nupes8_a77"])
def test_formula(name):
    """round(Q |x|^a) in 60 digits; no value here is a tie."""
    f = formats.get(name)
    x = np.random.default_rng(5).uniform(-1, 1, 3000)
    with localcontext(prec=60):
        a = Decimal(f.percent) / 100
        steps = Decimal(f.steps)
        q = [int((steps * abs(Decimal(v)) ** a + Decimal("0.5")) // 1) for v in x.tolist()]
    expected = np.where(x < 0, np.negative(q), q)
    np.testing.assert_array_equal(f.ordinal(f.encode(x).astype(np.int64)), expected)


def test_products_of_values_are_powers_of_products_of_codes():
    f = formats.get("nupes8")
    a, b = np.random.default_rng(6).integers(0, 128, (2, 1000))
    np.testing.assert_allclose(f.decode(a) * f.decode(b), (a * b / 127**2) ** 2.0, rtol=1e-15)


@pytest.mark.parametrize("percent", [1, 7, 33, 50, 66, 99, 100])
@pytest.mark.parametrize("bits", range(2, 9))
def test_every_code_is_kept_by_every_rounding(bits, percent):
    f = formats.get(f"nupes{bits}_a{percent}")
    codes = np.delete(np.arange(1 << bits), 1 << (bits - 1))
    for rounding in ("rne", "rna", "rtz", "up", "down", "odd"):
        np.testing.assert_array_equal(f.encode(f.decode(codes), rounding), codes)


def test_values_out_of_range_saturate():
    f = formats.get("nupes4")
    x = [1.0, np.nextafter(1, 2), 1e300, np.inf, np.nan, -1e300]
    for overflow in ("saturate", "ieee", "propagate"):
        np.testing.assert_array_equal(f.encode(x, overflow=overflow), [7, 7, 7, 7, 0, 9])


def test_the_default_power_has_one_name():
    assert formats.parse("nupes8_a50") is formats.get("nupes8")
    assert formats.parse("nupes8_a25").name == "nupes8_a25"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nupes1", "nupes1: 2 to 8 bits"),
        ("nupes9_a25", "nupes9_a25: 2 to 8 bits"),
        ("nupes4_a0", "nupes4_a0: a power of 1 to 100 percent is"),
        ("nupes4_a101", "nupes4_a101: a power of 1 to 100 percent is"),
    ],
)
def test_impossible_parameters_are_refused(text, message):
    with pytest.raises(FormatError, match=f"^{message}( are)? allowed$"):
        formats.get(text)
