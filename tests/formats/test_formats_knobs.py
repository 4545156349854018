"""Special values off, subnormals off, overflow policies and rounding directions, each by itself."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError

# --- special values ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "codes", "specials"),
    [("e4m3", 240, 16), ("e4m3fn", 254, 2), ("e4m3finite", 256, 0), ("e5m2finite", 256, 0)],
)
def test_giving_up_special_values_gains_codes(name, codes, specials):
    values = formats.get(name).decode(np.arange(256))
    assert (np.isfinite(values).sum(), (~np.isfinite(values)).sum()) == (codes, specials)


def test_special_values_off_by_suffix():
    assert formats.get("fp16_finite") == formats.get("e5m10finite")
    assert formats.get("e4m3_fn") is formats.get("e4m3fn")
    assert formats.get("e4m3fn_finite") is formats.get("e4m3finite")
    f = formats.get("e5m2_finite")
    assert f.max == 114688
    np.testing.assert_array_equal(
        f.quantize([np.inf, -np.inf, np.nan, 1e9], overflow="ieee"), [f.max, -f.max, 0, f.max]
    )


@pytest.mark.parametrize(
    "text",
    ["e4m3fnuz_finite", "int8_ftz", "e3m0fn_ftz", "e4m3_sym", "e4m3__fn", "_ftz", "e8m0_ftz",
     "uint8_sym", "e4m3fn_ftz_ftz", "binary8p1se_ftz"],
)  # fmt: skip
def test_suffixes_without_meaning_are_refused(text):
    with pytest.raises(FormatError):
        formats.get(text)


# --- subnormals ----------------------------------------------------------------------------------


def test_flush_to_zero():
    f, gradual = formats.get("e4m3fn_ftz"), formats.get("e4m3fn")
    codes = np.arange(256)
    expected = gradual.decode(codes)
    expected = np.where(np.abs(expected) < gradual.min_normal, np.copysign(0.0, expected), expected)
    np.testing.assert_array_equal(f.decode(codes), expected)
    np.testing.assert_array_equal(np.signbit(f.decode(codes[:-1])), np.signbit(expected[:-1]))
    assert f.min_subnormal == f.min_normal == gradual.min_normal
    least = f.min_normal
    x = np.array([least, least * (1 - 2**-4), least * (1 - 2**-4) * (1 - 2**-50), 1e-9, -1e-9])
    # Tininess is detected after rounding: half a quantum below the least normal still reaches it.
    assert f.encode(x).tolist() == [0x08, 0x08, 0x00, 0x00, 0x80]
    assert f.encode(1e-9, "up") == 0


def test_flushing_changes_no_normal_result():
    random = np.random.default_rng(4)
    x = random.normal(0, 1, 100_000) * 2.0 ** random.integers(-9, 9, 100_000)
    compared = 0
    for name in ("e4m3fn", "e5m2", "fp16", "binary8p3se", "e4m3fnuz"):
        f, flushing = formats.get(name), formats.get(f"{name}_ftz")
        codes = f.encode(x)
        normal = np.abs(f.decode(codes)) >= f.min_normal
        np.testing.assert_array_equal(flushing.encode(x)[normal], codes[normal])
        assert np.all(flushing.quantize(x[~normal]) == 0)
        compared += int(normal.sum())
    assert 300_000 < compared < 500_000


# --- overflow ------------------------------------------------------------------------------------


def test_propagate_clamps_finite_values_and_keeps_infinite_ones():
    x = [np.inf, -np.inf, 1e30, -1e30, np.nan]
    e5m2, e4m3fn = formats.get("e5m2"), formats.get("e4m3fn")
    np.testing.assert_array_equal(
        e5m2.quantize(x, overflow="propagate"), [np.inf, -np.inf, 57344, -57344, np.nan]
    )
    # Without infinity an infinite value is NaN, as under overflow ieee.
    np.testing.assert_array_equal(
        e4m3fn.quantize(x, overflow="propagate"), [np.nan, np.nan, 448, -448, np.nan]
    )
    np.testing.assert_array_equal(
        formats.get("int8").quantize(x, overflow="propagate"), [127, -128, 127, -128, 0]
    )


def test_wrap_drops_what_does_not_fit():
    f = formats.get("q4_4")
    x = np.array([7.96875, 8.0, -8.0, -8.5, 100.0625, -1e300, 2.0**70 + 2.0**30])
    expected = [-8, -8, -8, 7.5, 4.0625, 0, 0]
    np.testing.assert_array_equal(f.quantize(x, "rne", "wrap"), expected)
    assert formats.get("q4_4").quantize(7.96875, "down", "wrap") == 7.9375
    np.testing.assert_array_equal(
        f.quantize([np.inf, -np.inf, np.nan], overflow="wrap"), [f.max, f.min, 0]
    )
    # Through Python integers of any size.
    assert formats.get("uint8").encode(2**63 + 77, overflow="wrap") == 77


@pytest.mark.parametrize("name", ["e4m3fn", "int8_sym", "binary8p3se", "fp16_ftz"])
def test_wrap_is_for_twos_complement(name):
    with pytest.raises(FormatError, match=f"overflow wrap of {name}: it is for integers"):
        formats.get(name).encode(1.0, overflow="wrap")


# --- rounding ------------------------------------------------------------------------------------


def test_the_quantisation_modes_of_hls():
    """ap_fixed<8, 4>: TRN is floor, RND rounds half up; UG1399's examples on a quarter grid."""
    f = formats.get("q6_2")
    x = [1.25, 1.375, -1.25, -1.375, 1.3, -1.3]
    np.testing.assert_array_equal(f.quantize(x, "down"), [1.25, 1.25, -1.25, -1.5, 1.25, -1.5])
    np.testing.assert_array_equal(f.quantize(x, "rhu"), [1.25, 1.5, -1.25, -1.25, 1.25, -1.25])


def test_rounding_to_odd_makes_a_second_rounding_harmless():
    """Boldo and Melquiond 2008: to odd with two more bits, then to nearest, loses nothing."""
    random = np.random.default_rng(12)
    x = random.normal(0, 1, 200_000) * 2.0 ** random.integers(-12, 8, 200_000)
    ties = formats.get("e4m3fn").quantize(x) + formats.get("e4m3fn").min_subnormal / 2
    x = np.concatenate([x, ties, np.nextafter(ties, np.inf), np.nextafter(ties, -np.inf)])
    target, wide = formats.get("e4m3fn"), formats.get("e8m5")
    twice = target.encode(wide.quantize(x, "odd"))
    np.testing.assert_array_equal(twice, target.encode(x))
    naive = target.encode(wide.quantize(x, "rne"))
    assert (naive != target.encode(x)).sum() > 1000


def test_mean_errors_of_the_stochastic_roundings():
    """Over all fractions and draws, A is biased by -2^-(N+1) of a quantum, B and C are not."""
    f, bits = formats.get("int8"), 3
    fractions = (np.arange(1 << 10) + 0.5) / (1 << 10)
    draws = np.arange(1 << bits)
    x = 5 + np.repeat(fractions, draws.size)
    random = formats.RandomBits(values=np.tile(draws, fractions.size), bits=bits)
    bias = {mode: (f.quantize(x, f"stochastic_{mode}", random=random) - x).mean() for mode in "abc"}
    assert bias["a"] == pytest.approx(-(2.0 ** -(bits + 1)), abs=1e-9)
    assert bias["b"] == pytest.approx(0, abs=1e-9)
    assert bias["c"] == pytest.approx(0, abs=1e-9)
