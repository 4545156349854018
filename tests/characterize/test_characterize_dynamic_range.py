import math
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.characterize import dynamic_range as measured
from hwdse.characterize.dynamic_range import _precision as closed_form_precision
from hwdse.characterize.values import binade, log2, number_text
from hwdse.formats import Format


def named(most_bits=32):
    known = map(formats.get, formats.names())
    return [f for f in known if isinstance(f, Format) and f.bits <= most_bits]


# Finite codes as the standards count them; those with two zeros have one value less.
@pytest.mark.parametrize(
    ("name", "finite_codes", "zeros"),
    [
        ("bf16", 65280, 2),
        ("fp16", 63488, 2),
        ("e5m2", 248, 2),
        ("e4m3fn", 254, 2),
        ("e4m3", 240, 2),
        ("e3m4", 224, 2),
        ("e4m3fnuz", 255, 1),
        ("e5m2fnuz", 255, 1),
        ("e4m3b11fnuz", 255, 1),
        ("e2m3fn", 64, 2),
        ("e3m2fn", 64, 2),
        ("e2m1fn", 16, 2),
        ("e8m0", 255, 0),
        ("ue4m3", 127, 1),
        ("ue5m3", 248, 1),
        ("ue5m3fn", 255, 1),
        ("fp32", 2 * 255 * 2**23, 2),
        ("int8", 256, 1),
        ("uint8", 256, 1),
        ("posit8_0", 255, 1),
        ("posit32_2", 2**32 - 1, 1),
        ("binary16p1se", 2**16 - 3, 1),
    ],
)
def test_count_of_finite_values(name, finite_codes, zeros):
    assert measured(formats.parse(name)).finite_values == finite_codes - max(zeros - 1, 0)


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("e4m3fn", 448 * 2**9),
        ("e2m1fn", 12),
        ("posit8_0", 2**12),
        ("posit32_2", 2**240),
        ("int8", 127),
        ("uint8", 255),
        ("hif8", 2**37),
        ("e8m0", 2**254),
    ],
)
def test_range_in_binades_and_decibels(name, ratio):
    extent = measured(formats.parse(name))
    assert extent.binades == pytest.approx(math.log2(ratio), abs=1e-12)
    assert extent.decibels == pytest.approx(20 * math.log10(ratio), abs=1e-9)


def test_range_beyond_float64():
    extent = measured(formats.parse("binary16p1se"))
    assert extent.max == Fraction(2) ** 16382
    assert extent.min_subnormal == Fraction(1, 2**16383)
    assert extent.binades == 32765
    assert extent.decibels == pytest.approx(32765 * 20 * math.log10(2))
    assert set(extent.precision.values()) == {1.0}
    assert (min(extent.precision), max(extent.precision)) == (-16383, 16382)
    assert number_text(extent.max) == "2^16382"
    assert number_text(extent.min) == "-2^16382"
    assert number_text(Fraction(3, 2**2001)) == "1.5*2^-2000"
    assert number_text(Fraction(0)) == "0"


@pytest.mark.parametrize(
    ("name", "specials"),
    [
        ("fp16", {
            "nan": ((0x7C01, 0x7FFF), (0xFC01, 0xFFFF)),
            "inf": ((0x7C00, 0x7C00),),
            "-inf": ((0xFC00, 0xFC00),),
            "-0": ((0x8000, 0x8000),),
        }),
        ("e4m3fn", {"nan": ((0x7F, 0x7F), (0xFF, 0xFF)), "-0": ((0x80, 0x80),)}),
        ("e5m2fnuz", {"nan": ((0x80, 0x80),)}),
        ("e2m1fn", {"-0": ((8, 8),)}),
        ("int8", {}),
        ("int8_sym", {"non-canonical": ((0x80, 0x80),)}),
        ("posit16_1", {"nan": ((0x8000, 0x8000),)}),
        ("hif8", {"nan": ((0x80, 0x80),), "inf": ((0x6F, 0x6F),), "-inf": ((0xEF, 0xEF),)}),
        ("ternary", {"non-canonical": ((2, 2),)}),
        ("e8m0", {"nan": ((0xFF, 0xFF),)}),
        ("fp32", {
            "nan": ((0x7FC00000, 0x7FC00000),),
            "inf": ((0x7F800000, 0x7F800000),),
            "-inf": ((0xFF800000, 0xFF800000),),
            "-0": ((0x80000000, 0x80000000),),
        }),
    ],
)  # fmt: skip
def test_codes_of_special_values(name, specials):
    assert measured(formats.parse(name)).specials == specials


@pytest.mark.parametrize(
    ("name", "precision"),
    [
        ("e4m3fn", {**{k: min(k + 10, 4) for k in range(-9, 8)}, 8: 1 + math.log2(7)}),
        ("int8", {k: k + 1 for k in range(7)}),
        ("posit8_0", {k: 6 - (abs(k + 0.5) - 0.5) for k in range(-6, 6)} | {6: 1}),
        ("posit4_1", {-4: 1, -3: 0, -2: 1, -1: 1, 0: 1, 1: 1, 2: 1, 3: 0, 4: 1}),
        ("lns8_g8", dict.fromkeys(range(16), 4)),
        ("binary", {0: 1}),
    ],
)
def test_significant_bits_by_binade(name, precision):
    found = measured(formats.parse(name)).precision
    assert found == {k: pytest.approx(bits) for k, bits in precision.items()}


def test_significant_bits_of_a_wide_format():
    found = measured(formats.parse("fp32")).precision
    assert found == {k: min(k + 150, 24) for k in range(-149, 128)}
    flushed = measured(formats.parse("fp32_ftz")).precision
    assert flushed == dict.fromkeys(range(-126, 128), 24)


def test_code_by_code_and_closed_form_agree():
    """What is found at the ends of binades and from ordinals equals what the value table says."""
    compared = 0
    for f in [*named(16), *map(formats.parse, ["e4m3fn_ftz", "binary6p2uf", "uint5", "posit9_3"])]:
        values = f.decode(np.arange(1 << f.bits))
        # Values that decode but are never given: -8 of int4_sym, 5 of pot4_k1.
        exact = np.unique(f.quantize(values[np.isfinite(values)]))
        positive = exact[exact > 0]
        counts = {
            k: int(np.sum((positive >= 2.0**k) & (positive < 2.0 ** (k + 1))))
            for k in range(math.frexp(positive[0])[1] - 1, math.frexp(positive[-1])[1])
        }
        expected = {k: pytest.approx(1 + math.log2(n)) if n else 0 for k, n in counts.items()}
        extent = measured(f)
        assert extent.precision == expected, f.name
        assert extent.finite_values == exact.size, f.name
        assert extent.max == exact[-1]
        assert extent.min_subnormal == positive[0]
        if f.family != "sums of powers of two":  # whose ordinals count integers it never gives
            assert closed_form_precision(f) == expected, f.name
        compared += 1
    assert compared > 45


def test_logarithms_of_any_size():
    assert log2(Fraction(2) ** 20000) == 20000
    assert log2(Fraction(1, 2**20000)) == -20000
    assert [binade(v) for v in (1, 1.999, 2, 0.75, Fraction(3, 2**3000))] == [0, 0, 1, -1, -2999]
