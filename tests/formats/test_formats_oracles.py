"""Independent implementations: gfloat from float64, ml_dtypes and NumPy from what they round once.

Known differences, none of them hidden by the comparisons:

* A NaN's sign: our NaN is canonical, theirs keeps the operand's sign. Codes of NaN are compared as
  "is NaN".
* NaN into a format without NaN: gfloat refuses it, ml_dtypes gives a zero of either sign, we give
  +0.
* Ties of one-digit significands (e8m0, e3m0): gfloat takes the even exponent as P3109 does;
  ml_dtypes and we round up, as IEEE 754-2019 section 4.3.1 has it. Only ties differ, one in two.
"""

from itertools import product

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np
import pytest
from gfloat import Domain, FormatInfo, RoundMode, Signedness
from reference import vectors
from reference.number_formats import ALL, Float, p3109_family

from hwdse import formats
from hwdse.formats import RandomBits

GFLOAT_ROUNDINGS = {
    "rne": RoundMode.TiesToEven,
    "rna": RoundMode.TiesToAway,
    "rtz": RoundMode.TowardZero,
    "up": RoundMode.TowardPositive,
    "down": RoundMode.TowardNegative,
}
GFLOAT_NAMED = {
    "fp32": gfloat.formats.format_info_binary32,
    "fp16": gfloat.formats.format_info_binary16,
    "bf16": gfloat.formats.format_info_bfloat16,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e4m3fn": gfloat.formats.format_info_ocp_e4m3,
    "e3m2fn": gfloat.formats.format_info_ocp_e3m2,
    "e2m3fn": gfloat.formats.format_info_ocp_e2m3,
    "e2m1fn": gfloat.formats.format_info_ocp_e2m1,
    "e8m0": gfloat.formats.format_info_ocp_e8m0,
}


def described(name: str, f: Float) -> FormatInfo:
    """One of our formats in gfloat's terms."""
    nans = {"ieee": 2**f.M - 1, "fn": 1}.get(f.variant, 0)
    return FormatInfo(
        name=name,
        k=f.bits,
        precision=f.M + 1,
        bias=f.bias,
        has_nz=f.signed and f.variant != "fnuz",
        domain=Domain.Extended if f.variant == "ieee" else Domain.Finite,
        num_high_nans=nans,
        has_subnormals=f.zero,
        is_signed=f.signed,
        is_twos_complement=False,
    )


# Signed ones: gfloat takes a negative value into an unsigned format as it is.
DESCRIBED = {
    name: described(name, f)
    for name, f in ALL.items()
    if isinstance(f, Float) and f.signed and name not in GFLOAT_NAMED and f.E + f.M > 1
    if not f.flush and not f.is_p3109
}
GFLOAT = GFLOAT_NAMED | DESCRIBED
P3109_SMALL = p3109_family(3, 8)


def same(got, expected):
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    np.testing.assert_array_equal(got, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[number]), np.signbit(expected[number]))


def samples(name: str) -> np.ndarray:
    """Every hard place of the format, and random float64 values over its range."""
    f, random = formats.get(name), np.random.default_rng(11)
    low, high = np.log2(f.min_subnormal) - 2, np.log2(f.max) + 1
    spread = 2.0 ** random.uniform(low, high, 4000) * random.choice([-1.0, 1.0], 4000)
    if f.bits > 19:
        return spread
    x = np.concatenate([spread, vectors.interesting(ALL[name], stride=1 + (1 << f.bits) // 4096)])
    if name == "e8m0":  # its negatives, zeros and underflow: test_formats_known_answers.py
        x = x[x >= f.min]
    if f.min_subnormal == f.min_normal:  # one-digit significands: ties differ, see above
        fraction, _ = np.frexp(x)
        x = x[(fraction != 0.75) & (fraction != -0.75)]
    # gfloat computes in float64: far beyond the format it overflows.
    x = x[~(np.isfinite(x) & (np.abs(x) > f.max * 4096))]
    return x if f.has_nan else x[~np.isnan(x)]


def test_gfloat_covers_the_formats():
    assert len(GFLOAT_NAMED) == 9
    assert len(GFLOAT) >= 25


@pytest.mark.parametrize("name", GFLOAT)
def test_decode_equals_gfloat(name):
    info, f = GFLOAT[name], formats.get(name)
    codes = (
        np.arange(1 << f.bits) if f.bits <= 16 else np.arange(0, 1 << f.bits, (1 << f.bits) // 997)
    )
    assert codes.size >= min(1 << f.bits, 997)
    same(f.decode(codes), gfloat.decode_ndarray(info, codes))


def in_gfloat(name: str, f: Float) -> FormatInfo:
    k, p = f.bits, f.M + 1
    signed = Signedness.Signed if f.signed else Signedness.Unsigned
    domain = Domain.Extended if f.has_inf else Domain.Finite
    return gfloat.formats.format_info_p3109(k, p, signed, domain)


def test_p3109_decodes_as_gfloat_does():
    compared = 0
    for name, reference in P3109_SMALL.items():
        f = formats.get(name)
        codes = np.arange(1 << f.bits)
        expected = gfloat.decode_ndarray(in_gfloat(name, reference), codes)
        same(f.decode(codes), expected)
        compared += codes.size
    assert (len(P3109_SMALL), compared) == (120, 13296)  # those of the published value tables


@pytest.mark.parametrize("rounding", GFLOAT_ROUNDINGS)
def test_p3109_encodes_as_gfloat_does(rounding):
    """Ties of one-digit significands included: both look at the exponent field."""
    compared = 0
    for name, reference in P3109_SMALL.items():
        f, info = formats.get(name), in_gfloat(name, reference)
        x = vectors.interesting(reference)
        x = x[np.isnan(x) | (np.abs(x) < 2.0 ** min(np.log2(f.max) + 12, 900))]
        if not f.signed:  # gfloat takes a negative value into an unsigned format as it is
            x = x[~(x < 0)]
        expected = gfloat.round_ndarray(info, x, GFLOAT_ROUNDINGS[rounding], True)
        same(f.decode(f.encode(x, rounding)), expected)
        compared += x.size
    assert compared > 75_000


@pytest.mark.parametrize("name", GFLOAT)
def test_encode_equals_gfloat(name):
    info, f, x = GFLOAT[name], formats.get(name), samples(name)
    if not f.has_nan:
        x = x[np.isfinite(x)]
    assert x.size >= 1000
    for overflow, rounding in product(["saturate", "ieee"], GFLOAT_ROUNDINGS):
        saturate = overflow == "saturate" or not f.has_nan  # gfloat refuses to clamp by itself
        expected = gfloat.round_ndarray(info, x, GFLOAT_ROUNDINGS[rounding], saturate)
        got = f.encode(x, rounding, overflow)
        same(f.decode(got), expected)
        number = ~np.isnan(expected)
        np.testing.assert_array_equal(got[number], gfloat.encode_ndarray(info, expected)[number])


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "e3m2fn", "bf16", "fp16", "e4m3fnuz"])
@pytest.mark.parametrize("bits", [1, 4, 10])
def test_stochastic_rounding_equals_gfloat(name, bits):
    """gfloat's StochasticFastest is P3109's StochasticA."""
    info, f = GFLOAT[name], formats.get(name)
    random = np.random.default_rng(bits)
    low = random.integers(0, ALL[name].max_code, 4000)
    values = vectors.grid(ALL[name]).values
    # 4096 places between neighbours: few enough for gfloat's float64 additions to be exact.
    fraction = random.integers(0, 4096, 4000) / 4096
    x = (values[low] + (values[low + 1] - values[low]) * fraction) * random.choice([-1, 1], 4000)
    draws = random.integers(0, 1 << bits, 4000)
    expected = gfloat.round_ndarray(info, x, RoundMode.StochasticFastest, True, draws, bits)
    got = f.decode(f.encode(x, "stochastic_a", random=RandomBits(values=draws, bits=bits)))
    same(got, expected)
    assert 500 < (np.abs(got) > np.abs(x)).sum() < 3500


ML_DTYPES = {
    "bf16": ml_dtypes.bfloat16,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e4m3": ml_dtypes.float8_e4m3,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e2m3fn": ml_dtypes.float6_e2m3fn,
    "e3m2fn": ml_dtypes.float6_e3m2fn,
    "e2m1fn": ml_dtypes.float4_e2m1fn,
    "e8m0": ml_dtypes.float8_e8m0fnu,
}


def as_codes(array: np.ndarray, name: str) -> np.ndarray:
    codes = array.view(np.uint16 if array.dtype.itemsize == 2 else np.uint8)
    return codes & ((1 << formats.get(name).bits) - 1)


@pytest.mark.parametrize("name", ML_DTYPES)
def test_decode_equals_ml_dtypes(name):
    f = formats.get(name)
    codes = np.arange(1 << f.bits, dtype=f.code_dtype)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        same(f.decode(codes), codes.view(ML_DTYPES[name]).astype(np.float64))


@pytest.mark.parametrize("name", ML_DTYPES)
def test_encode_equals_ml_dtypes_from_float32(name):
    f = formats.get(name)
    random = np.random.default_rng(3)
    hard = vectors.interesting(ALL[name], stride=1 + (1 << f.bits) // 8192)
    with np.errstate(all="ignore"):
        hard = hard.astype(np.float32)
    steps = np.concatenate([hard, np.nextafter(hard, np.inf), np.nextafter(hard, -np.inf)])
    any_bits = random.integers(0, 1 << 32, 20000, np.uint32).view(np.float32)
    x = np.concatenate([steps, any_bits, random.normal(0, 1, 20000).astype(np.float32)])
    if name == "e8m0":
        # ml_dtypes treats a float32 subnormal by itself; E8M0 ends one binade below the normals.
        x = x[(np.abs(x) >= np.finfo(np.float32).tiny) | (x <= 0)]
    assert x.size > 30000
    with np.errstate(all="ignore"):
        theirs = as_codes(x.astype(ML_DTYPES[name]), name)
    ours = f.encode(x, overflow="ieee")
    nan = np.isnan(x) if not f.has_nan else np.isnan(f.decode(theirs))
    np.testing.assert_array_equal(ours[~nan], theirs[~nan])
    if f.has_nan:
        assert np.isnan(f.decode(ours[nan])).all()
    else:
        assert (ours[nan] == 0).all()
        assert (f.decode(theirs[nan]) == 0).all()
    assert nan.any()


@pytest.mark.parametrize(("name", "native"), [("fp16", np.float16), ("fp32", np.float32)])
def test_encode_equals_numpy_casts_from_float64(name, native):
    f = formats.get(name)
    random = np.random.default_rng(5)
    codes = random.integers(0, 1 << f.bits, 30000).astype(f.code_dtype)
    with np.errstate(all="ignore"):
        low = codes.view(native).astype(np.float64)
        high = (codes + np.array(1, f.code_dtype)).view(native).astype(np.float64)
        x = np.concatenate([low, (low + high) / 2, random.normal(0, 1e-6, 30000)])
        x = np.concatenate([x, np.nextafter(x, 0), np.nextafter(x, np.inf), [1e300, -1e300]])
        x = x[~np.isnan(x)]
        theirs = x.astype(native).view(f.code_dtype)
    assert x.size > 150_000
    np.testing.assert_array_equal(f.encode(x, overflow="ieee"), theirs)
