"""Tables of the format specification, sections 1.1 to 1.3, as printed there."""

import numpy as np
import pytest

from hwdse import formats

# name: bits, max, code of max, min normal, min subnormal, code of 1.0, finite codes, NaN, Inf codes
PARAMETERS = {
    "fp32": (32, 3.4028234663852886e38, 0x7F7FFFFF, 2**-126, 2**-149, 0x3F800000, None),
    "tf32": (19, 3.4011621342146535e38, 0x3FBFF, 2**-126, 2**-136, 127 << 10, None),
    "bf16": (16, 3.3895313892515355e38, 0x7F7F, 2**-126, 2**-133, 0x3F80, 65280),
    "fp16": (16, 65504, 0x7BFF, 2**-14, 2**-24, 0x3C00, 63488),
    "e5m2": (8, 57344, 0x7B, 2**-14, 2**-16, 0x3C, 248),
    "e4m3fn": (8, 448, 0x7E, 2**-6, 2**-9, 0x38, 254),
    "e4m3": (8, 240, 0x77, 2**-6, 2**-9, 0x38, 240),
    "e3m4": (8, 15.5, 0x6F, 2**-2, 2**-6, 0x30, 224),
    "e4m3fnuz": (8, 240, 0x7F, 2**-7, 2**-10, 0x40, 255),
    "e5m2fnuz": (8, 57344, 0x7F, 2**-15, 2**-17, 0x40, 255),
    "e4m3b11fnuz": (8, 30, 0x7F, 2**-10, 2**-13, 0x58, 255),
    "e2m3fn": (6, 7.5, 0x1F, 1, 0.125, 0x08, 64),
    "e3m2fn": (6, 28, 0x1F, 0.25, 0.0625, 0x0C, 64),
    "e2m1fn": (4, 6, 0x7, 1, 0.5, 0x2, 16),
    "e1m2fn": (4, 1.75, 0x7, 1, 0.25, 0x4, 16),
    "e3m0fn": (4, 16, 0x7, 0.25, 0.25, 0x3, 16),
    "e8m0": (8, 2.0**127, 0xFE, 2.0**-127, 2.0**-127, 0x7F, 255),
    "ue4m3": (7, 448, 0x7E, 2**-6, 2**-9, 0x38, 127),
    "ue5m3": (8, 61440, 0xF7, 2**-14, 2**-17, 0x78, 248),
    "ue5m3fn": (8, 114688, 0xFE, 2**-14, 2**-17, 0x78, 255),
}

INF_CODES = {"e5m2": {0x7C, 0xFC}, "e4m3": {0x78, 0xF8}, "e3m4": {0x70, 0xF0}, "ue5m3": {0xF8}}
NAN_CODES = {
    "e5m2": {0x7D, 0x7E, 0x7F, 0xFD, 0xFE, 0xFF},
    "e4m3fn": {0x7F, 0xFF},
    "e4m3": set(range(0x79, 0x80)) | set(range(0xF9, 0x100)),
    "e3m4": set(range(0x71, 0x80)) | set(range(0xF1, 0x100)),
    "e4m3fnuz": {0x80},
    "e5m2fnuz": {0x80},
    "e4m3b11fnuz": {0x80},
    "e8m0": {0xFF},
    "ue4m3": {0x7F},
    "ue5m3": set(range(0xF9, 0x100)),
    "ue5m3fn": {0xFF},
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_and_extreme_values(name):
    bits, largest, code_of_max, min_normal, min_subnormal, code_of_one, finite = PARAMETERS[name]
    f = formats.get(name)
    assert f.name == name
    assert (f.bits, f.max) == (bits, largest)
    assert (f.min_normal, f.min_subnormal) == (min_normal, min_subnormal)
    assert f.encode(largest) == code_of_max
    assert f.decode(code_of_max) == largest
    assert f.encode(1.0) == code_of_one
    if finite is not None:
        assert np.isfinite(f.decode(np.arange(1 << bits))).sum() == finite


@pytest.mark.parametrize("name", [n for n, row in PARAMETERS.items() if row[0] <= 8])
def test_codes_of_the_specials(name):
    f = formats.get(name)
    values = f.decode(np.arange(1 << f.bits))
    assert set(np.flatnonzero(np.isinf(values))) == INF_CODES.get(name, set())
    assert set(np.flatnonzero(np.isnan(values))) == NAN_CODES.get(name, set())


@pytest.mark.parametrize("bits", [2, 4, 8, 16, 32])
def test_integers_use_every_code(bits):
    f = formats.get(f"int{bits}")
    half = 2 ** (bits - 1)
    assert (f.bits, f.min, f.max, f.has_inf, f.has_nan) == (bits, -half, half - 1, False, False)
    np.testing.assert_array_equal(
        f.encode([-half, -1, 0, half - 1]), [half, 2**bits - 1, 0, half - 1]
    )


@pytest.mark.parametrize(
    ("name", "positive"),
    [
        ("e2m1fn", [0, 0.5, 1, 1.5, 2, 3, 4, 6]),
        ("e3m0fn", [0, 0.25, 0.5, 1, 2, 4, 8, 16]),
        ("e1m2fn", [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]),
        (
            "e2m3fn",
            [i / 8 for i in range(16)]
            + [2 + i / 4 for i in range(8)]
            + [4 + i / 2 for i in range(8)],
        ),
        (
            "e3m2fn",
            [i / 16 for i in range(8)]
            + [m * 2.0**e for e in range(-1, 5) for m in (1, 1.25, 1.5, 1.75)],
        ),
    ],
)
def test_complete_positive_tables(name, positive):
    f = formats.get(name)
    half = 1 << (f.bits - 1)
    assert len(positive) == half
    np.testing.assert_array_equal(f.decode(np.arange(half)), positive)
    np.testing.assert_array_equal(f.decode(half + np.arange(half)), -np.array(positive))


# name: first magnitude that does not round to the largest value, whether it is itself that far
@pytest.mark.parametrize(
    ("name", "boundary", "tie_overflows", "beyond"),
    [
        ("e5m2", 61440, True, np.inf),
        ("e4m3fn", 464, False, np.nan),
        ("e4m3", 248, True, np.inf),
        ("e3m4", 15.75, True, np.inf),
        ("e4m3fnuz", 248, True, np.nan),
    ],
)
def test_overflow_boundary_under_rne(name, boundary, tie_overflows, beyond):
    f = formats.get(name)
    x = np.array([np.nextafter(boundary, 0), boundary, np.nextafter(boundary, np.inf)])
    expected = [f.max, beyond if tie_overflows else f.max, beyond]
    np.testing.assert_array_equal(f.quantize(x, overflow="ieee"), expected)
    np.testing.assert_array_equal(f.quantize(-x, overflow="ieee"), np.negative(expected))
    np.testing.assert_array_equal(f.quantize(x), [f.max] * 3)


@pytest.mark.parametrize("name", ["e2m1fn", "e2m3fn", "e3m2fn"])
@pytest.mark.parametrize("overflow", ["saturate", "ieee"])
def test_formats_without_specials_always_clamp(name, overflow):
    f = formats.get(name)
    x = [f.max * 4, np.inf, -np.inf, -1e300]
    np.testing.assert_array_equal(f.quantize(x, overflow=overflow), [f.max, f.max, f.min, f.min])


def test_e8m0_has_no_zero_and_no_sign():
    f = formats.get("e8m0")
    x = [1.5, 3.0, 1.4999, 2.0**-130, 2.0**127 * 1.4, 0.0, -0.0, -1.0, np.nan]
    expected = [0x80, 0x81, 0x7F, 0x00, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF]
    np.testing.assert_array_equal(f.encode(x), expected)
    np.testing.assert_array_equal(f.encode([np.inf, 2.0**128], overflow="ieee"), [0xFF, 0xFF])
    np.testing.assert_array_equal(f.encode([np.inf, 2.0**128]), [0xFE, 0xFE])


def test_e2m1_decision_thresholds():
    # threshold: value on it
    thresholds = {0.25: 0, 0.75: 1, 1.25: 1, 1.75: 2, 2.5: 2, 3.5: 4, 5.0: 4}
    f = formats.get("e2m1fn")
    values = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    for i, (threshold, on) in enumerate(thresholds.items()):
        x = [np.nextafter(threshold, 0), threshold, np.nextafter(threshold, 9)]
        np.testing.assert_array_equal(f.quantize(x), [values[i], on, values[i + 1]])
    assert i == 6


VALUES = (0.1, 1 / 3, np.pi, 5, 17, 100, 1000, -0.001)
KNOWN_ANSWERS = {
    "e2m1fn": (0x0, 0x1, 0x5, 0x6, 0x7, 0x7, 0x7, 0x8),
    "e2m3fn": (0x01, 0x03, 0x15, 0x1A, 0x1F, 0x1F, 0x1F, 0x20),
    "e3m2fn": (0x02, 0x05, 0x12, 0x15, 0x1C, 0x1F, 0x1F, 0x20),
    "e3m4": (0x06, 0x15, 0x49, 0x54, 0x6F, 0x6F, 0x6F, 0x80),
    "e4m3": (0x1D, 0x2B, 0x45, 0x4A, 0x58, 0x6C, 0x77, 0x81),
    "e4m3fn": (0x1D, 0x2B, 0x45, 0x4A, 0x58, 0x6C, 0x7E, 0x81),
    "e4m3fnuz": (0x25, 0x33, 0x4D, 0x52, 0x60, 0x74, 0x7F, 0x81),
    "e5m2": (0x2E, 0x35, 0x42, 0x45, 0x4C, 0x56, 0x64, 0x94),
    "e5m2fnuz": (0x32, 0x39, 0x46, 0x49, 0x50, 0x5A, 0x68, 0x98),
    "fp16": (0x2E66, 0x3555, 0x4248, 0x4500, 0x4C40, 0x5640, 0x63D0, 0x9419),
    "bf16": (0x3DCD, 0x3EAB, 0x4049, 0x40A0, 0x4188, 0x42C8, 0x447A, 0xBA83),
    "ue4m3": (0x1D, 0x2B, 0x45, 0x4A, 0x58, 0x6C, 0x7E),
    "ue5m3": (0x5D, 0x6B, 0x85, 0x8A, 0x98, 0xAC, 0xC8),
}
KNOWN_VALUES = {
    "e2m3fn": (0.125, 0.375, 3.25, 5, 7.5, 7.5, 7.5, -0.0),
    "e3m4": (0.09375, 0.328125, 3.125, 5, 15.5, 15.5, 15.5, -0.0),
    "e4m3fn": (0.1015625, 0.34375, 3.25, 5, 16, 96, 448, -(2**-9)),
    "e4m3fnuz": (0.1015625, 0.34375, 3.25, 5, 16, 96, 240, -(2**-10)),
    "e5m2": (0.09375, 0.3125, 3, 5, 16, 96, 1024, -(2**-10)),
}


@pytest.mark.parametrize("name", KNOWN_ANSWERS)
def test_known_answers(name):
    expected = KNOWN_ANSWERS[name]
    got = formats.get(name).encode(VALUES[: len(expected)])
    assert [hex(code) for code in got] == [hex(code) for code in expected]


@pytest.mark.parametrize("name", KNOWN_VALUES)
def test_known_values(name):
    got = formats.get(name).quantize(VALUES)
    np.testing.assert_array_equal(got, KNOWN_VALUES[name])
    np.testing.assert_array_equal(np.signbit(got), np.signbit(KNOWN_VALUES[name]))
