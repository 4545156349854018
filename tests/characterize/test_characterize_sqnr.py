"""SQNR against published tables, numeric integration and sampling."""

import tracemalloc

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from hwdse import formats
from hwdse.characterize import DISTRIBUTIONS, block_sqnr, distribution, sqnr
from hwdse.characterize import signal_to_noise as noise_of
from hwdse.characterize.values import decision_points, levels, quantized, quantizer_by_table
from hwdse.errors import FormatError
from hwdse.formats import BlockSize

DENSITIES = {
    "normal": stats.norm.pdf,
    "laplace": stats.laplace(scale=np.sqrt(0.5)).pdf,
    "student_t8": stats.t(df=8, scale=np.sqrt(6 / 8)).pdf,
    "student_t4": stats.t(df=4, scale=np.sqrt(2 / 4)).pdf,
}
NEAREST_DB = 0.1


def value(name, data="normal"):
    return sqnr(formats.parse(name), distribution(data))


# Best-clip SQNR of grids without reserved codes: format, normal dB, clip in sigma, Student-t(8) dB.
@pytest.mark.parametrize(
    ("name", "normal", "clip", "student"),
    [
        ("int8_sym", 40.5, 3.9, 34.4),
        ("e1m6finite", 40.5, 3.9, 34.4),
        ("e2m5finite", 42.7, 4.4, 38.4),
        ("e3m4finite", 37.6, None, 37.5),
        ("e4m3finite", 31.6, None, 31.5),
        ("e5m2finite", 25.6, None, 25.6),
        ("int6_sym", 29.7, 3.3, 25.5),
        ("e2m3fn", 30.8, 3.7, 28.5),
        ("e3m2fn", 25.6, None, 25.5),
        ("int4_sym", 18.9, 2.5, 16.4),
        ("e1m2fn", 18.9, 2.5, 16.4),
        ("e2m1fn", 19.0, 2.9, 17.8),
        ("e3m0fn", 14.2, None, 14.2),
    ],
)
def test_published_best_clip(name, normal, clip, student):
    found = value(name)
    assert found.method == "closed form"
    assert found.decibels == pytest.approx(normal, abs=NEAREST_DB)
    assert value(name, "student_t8").decibels == pytest.approx(student, abs=NEAREST_DB)
    if clip is not None:
        assert found.clip_sigma == pytest.approx(clip, abs=0.06)
        assert found.clip_sigma * found.sigma == pytest.approx(formats.parse(name).max)


def test_the_published_clip_of_e3m4_is_as_good_an_octave_lower():
    e3m4 = formats.parse("e3m4finite")
    power = noise_of.closed_form_noise(e3m4, distribution("normal"))(np.log2(e3m4.max / 5.1))
    assert -10 * np.log10(power) == pytest.approx(37.6, abs=NEAREST_DB)


@pytest.mark.parametrize(
    ("name", "decibels"),
    [
        ("posit4_1", 14.2),
        ("posit5_1", 19.7),
        ("posit6_1", 25.5),
        ("posit8_1", 37.5),
        ("posit8_2", 31.6),
        ("lns8_g1", 13.9),
        ("lns8_g2", 20.0),
        ("lns8_g4", 26.0),
        ("lns8_g8", 32.1),
        ("lns8_g16", 38.0),
        ("lns8_g32", 26.4),
        ("lns6_g2", 20.0),
        ("lns6_g4", 26.0),
        ("lns5_g2", 20.0),
        ("lns5_g4", 22.5),
        ("lns4_g2", 18.5),
    ],
)
def test_posits_and_logarithmic_numbers(name, decibels):
    assert value(name).decibels == pytest.approx(decibels, abs=NEAREST_DB)


def test_posit8_0_loses_what_never_becomes_zero(monkeypatch):
    """41.5 dB is the figure of rounding to the nearest value, zero included."""
    assert value("posit8_0").decibels == pytest.approx(41.35, abs=0.01)
    monkeypatch.setattr(noise_of, "decision_points", lambda _, v: (v[:-1] + v[1:]) / 2)
    assert value("posit8_0").decibels == pytest.approx(41.5, abs=NEAREST_DB)


@pytest.mark.parametrize("data", DENSITIES)
def test_partial_moments_equal_numeric_integration(data):
    density, chosen = DENSITIES[data], distribution(data)
    edges = np.array([0.0, 1e-3, 0.3, 1.0, 2.5, 6.0, 20.0])
    tails = chosen.tails(edges)
    for power, tail in enumerate(tails):
        expected = [
            integrate.quad(lambda x, k=power: x**k * density(x), a, np.inf, epsabs=0)[0]
            for a in edges
        ]
        # The last edge is where the normal distribution has 1e-89 left.
        np.testing.assert_allclose(tail, expected, rtol=2e-7)
    assert 2 * tails[2][0] == pytest.approx(1.0)
    far = chosen.tails(np.array([1e30, 1e60]))
    assert np.all(np.isfinite(far))
    assert np.all(np.array(far[0]) < 1e-100)


@pytest.mark.parametrize("chosen", DISTRIBUTIONS, ids=lambda d: d.name)
def test_samples_have_unit_variance_and_are_symmetric(chosen):
    x = chosen.sample(np.random.default_rng(1), 1 << 18)
    assert np.mean(np.abs(x)) == pytest.approx(2 * chosen.tails(np.zeros(1))[1][0], rel=0.01)
    assert np.mean(x) == pytest.approx(0, abs=0.01)
    assert np.mean(x < -1) == pytest.approx(chosen.tails(np.ones(1))[0][0], rel=0.02)


def points_of(name):
    f = formats.parse(name)
    found = levels(f, 0.0, np.inf)
    return found, decision_points(f, found)


def test_decision_points_are_those_of_the_format():
    _, points = points_of("e2m1fn")
    positive = points[points > 0]
    # Ties at 0.25, 1.25, 2.5 and 5 go down to the even code, the others up.
    thresholds = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0]
    goes_up = [False, True, False, True, False, True, False]
    expected = [t if up else np.nextafter(t, 9) for t, up in zip(thresholds, goes_up, strict=True)]
    assert positive.tolist() == expected

    values, points = points_of("posit8_2")
    tie = points[np.searchsorted(values, 2.0**20)]
    assert tie == np.nextafter(2.0**22, np.inf)  # the geometric mean of 2^20 and 2^24, to even
    zero = int(np.searchsorted(values, 0.0))
    assert points[zero] == 5e-324  # nothing but zero becomes zero

    values, points = points_of("lns8_g8")
    upper = values[:-1] > 0
    means = np.sqrt(values[:-1][upper] * values[1:][upper])
    np.testing.assert_allclose(points[upper], means, rtol=1e-15)

    values, points = points_of("hif8")
    assert points[np.searchsorted(values, 0.0)] == 2.0**-23
    assert values.size == 253
    assert points.size == 252


def test_every_decision_point_is_where_rounding_turns():
    compared = 0
    for name in ["e4m3fn", "int8_sym", "posit8_1", "lns8_g4", "hif8", "nf4", "nupes4", "pot8_k2",
                 "dint4", "bipolar4", "binary", "ternary", "binary8p3se"]:  # fmt: skip
        f = formats.parse(name)
        values, points = points_of(name)
        below = f.quantize(np.nextafter(points, -np.inf))
        np.testing.assert_array_equal(below, values[:-1])
        np.testing.assert_array_equal(f.quantize(points), values[1:])
        compared += points.size
    assert compared > 1500


@pytest.mark.parametrize("data", DENSITIES)
@pytest.mark.parametrize(
    "name", ["e4m3fn", "int8", "posit8_0", "lns8_g16", "hif8", "nf4", "e2m1fn", "dint4", "nupes8"]
)
def test_sampling_agrees_with_the_closed_form(name, data):
    f, chosen = formats.parse(name), distribution(data)
    x = chosen.sample(np.random.default_rng(7), 1 << 15)
    closed_form = noise_of.closed_form_noise(f, chosen)
    for sigma in (f.max / 3, f.max / 8, f.min_subnormal * 2.3):
        exact = closed_form(np.log2(sigma))
        sampled, error = noise_of.sampled_noise(f, chosen, x, sigma)
        assert abs(sampled - exact) < 4.5 * error + 1e-9 * exact


@pytest.mark.parametrize("name", ["e2m1fn", "int8", "posit6_1", "nf4", "ternary", "binary"])
def test_closed_form_equals_the_integral(name):
    """The definition itself: E[(Q(sigma x)/sigma - x)^2], integrated between decision points."""
    f, sigma = formats.parse(name), 1.3
    values, points = points_of(name)
    edges = np.clip(np.concatenate([[-np.inf], points, [np.inf]]) / sigma, -12, 12)
    expected = sum(
        integrate.quad(lambda x, v=v: (x - v / sigma) ** 2 * stats.norm.pdf(x), a, b)[0]
        for v, a, b in zip(values, edges, edges[1:], strict=False)
    )
    found = noise_of.closed_form_noise(f, distribution("normal"))(np.log2(sigma))
    assert found == pytest.approx(expected, rel=1e-7)


def test_the_scale_is_the_best_one():
    compared = 0
    for name in ["int8", "e2m1fn", "posit8_0", "nf4", "hif8", "binary", "ternary", "bipolar4"]:
        f, found = formats.parse(name), value(name)
        power_at = noise_of.closed_form_noise(f, distribution("normal"))
        for octaves in np.linspace(-8, 8, 321):
            power = power_at(np.log2(found.sigma) + octaves)
            assert -10 * np.log10(power) <= found.decibels + 0.0025
            compared += 1
    assert compared == 8 * 321
    # Known optima: one level a side has sigma = sqrt(pi/2) and 4.396 dB, three levels 7.20 dB.
    assert value("binary").sigma == pytest.approx(np.sqrt(np.pi / 2), abs=0.002)
    assert value("binary").decibels == pytest.approx(-10 * np.log10(1 - 2 / np.pi), abs=1e-4)
    assert value("ternary").decibels == pytest.approx(7.2, abs=0.05)


def test_wide_formats_are_sampled():
    fp32, tf32 = value("fp32"), value("tf32")
    assert fp32.method == "Monte Carlo"
    assert fp32.samples == 1 << 20
    assert 0 < fp32.standard_error_db < 0.02
    # 13 bits of significand are 13 times 6.02 dB.
    assert fp32.decibels - tf32.decibels == pytest.approx(13 * 20 * np.log10(2), abs=0.05)


@pytest.mark.parametrize(("name", "data"), [("int16", "normal"), ("int32", "laplace")])
def test_wide_integers_clip_where_theory_says(name, data):
    """Step^2/12 inside and the tails beyond: the optimum needs more range than samples show."""
    f, chosen = formats.parse(name), distribution(data)

    def power(clip):
        tails = [t[0] for t in chosen.tails(np.array([clip]))]
        return (clip / f.max) ** 2 / 12 + 2 * (tails[2] - 2 * clip * tails[1] + clip**2 * tails[0])

    best = optimize.minimize_scalar(power, bounds=(3, 60), method="bounded")
    found = sqnr(f, chosen)
    assert found.decibels == pytest.approx(-10 * np.log10(best.fun), abs=0.03)
    assert found.clip_sigma == pytest.approx(best.x, rel=0.05)


def test_range_beyond_float64_has_its_sqnr():
    found = value("binary16p1se")
    assert found.decibels == pytest.approx(value("binary8p1se").decibels, abs=0.05)
    assert found.clip_sigma is None


def test_refusals():
    with pytest.raises(FormatError, match="ue4m3 is unsigned"):
        value("ue4m3")
    with pytest.raises(FormatError, match="unknown distribution 'cauchy'"):
        distribution("cauchy")
    with pytest.raises(FormatError, match="at least 3 degrees"):
        distribution("student_t2")
    assert [distribution(d.name) for d in DISTRIBUTIONS] == list(DISTRIBUTIONS)


# QSNR of block formats (dB) on normal, Laplace and Student-t(4) data.
@pytest.mark.parametrize(
    ("name", "normal", "laplace", "student"),
    [
        ("mxfp8_e4m3", 30.65, 30.00, 29.87),
        ("mxfp8_e4m3:ceil", 31.54, 31.51, 31.63),
        ("mxfp8_e5m2", 25.35, 25.25, 25.30),
        ("mxint8:ceil", 41.6, 39.9, 38.9),
        ("mxfp6_e2m3", 30.95, 30.27, 29.96),
        ("mxfp6_e3m2", 25.35, 25.25, 25.29),
        ("mxfp4", 18.79, 17.95, 17.71),
        ("mxint4:ceil", 16.84, 14.90, 14.35),
        ("nvfp4", 20.43, 20.64, 20.88),
        ("nvint4", 21.28, 19.78, 19.48),
    ],
)
def test_block_formats(name, normal, laplace, student):
    quantizer = formats.get(name)
    found = {
        data: block_sqnr(quantizer, distribution(data))
        for data in ("normal", "laplace", "student_t4")
    }
    assert found["normal"].decibels == pytest.approx(normal, abs=NEAREST_DB)
    assert found["laplace"].decibels == pytest.approx(laplace, abs=NEAREST_DB)
    # Without a fourth moment, another sample's power is another one.
    assert found["student_t4"].decibels == pytest.approx(student, abs=0.4)
    for entry in found.values():
        assert entry.method == "Monte Carlo"
        assert entry.samples == 1 << 18
        assert 0 < entry.standard_error_db < 0.1
        assert entry.sigma is None


def test_the_standard_error_of_block_formats_is_that_of_other_seeds(monkeypatch):
    quantizer, data = formats.get("mxfp4"), distribution("laplace")
    stated = block_sqnr(quantizer, data).standard_error_db
    seeds = []
    for seed in range(12):
        monkeypatch.setattr(noise_of, "SEED", seed)
        seeds.append(block_sqnr(quantizer, data).decibels)
    assert 0.5 < np.std(seeds) / stated < 2


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ("32", (512, 512)),
        ("tensor", (512, 512)),
        ("16x16", (512, 512)),
        ("1000", (262, 1000)),
        ("65536", (4, 65536)),
        ("65536x1", (65536, 4)),
        ("4096x16", (4096, 64)),
    ],
)
def test_the_matrix_holds_whole_blocks_and_no_more(size, shape):
    assert noise_of._matrix(BlockSize.parse(size)) == shape


@pytest.mark.long
def test_the_longest_block_takes_no_more_memory_than_a_short_one():
    peaks = []
    for name in ("block:int8:32:fp32", "block:int8:65536:fp32", "block:int8:65536x1:fp32"):
        tracemalloc.start()
        block_sqnr(formats.get(name), distribution("normal"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 1.3 * peaks[0] < 100 << 20


@pytest.mark.parametrize(
    "name", ["bf16", "fp16", "posit16_1", "lns5_9", "bipolar16", "int13", "posit13_2", "e6m9fn"]
)
def test_table_of_levels_rounds_like_the_format(name):
    f = formats.parse(name)
    generator = np.random.default_rng(7)
    values = levels(f, 0.0, np.inf)
    points = decision_points(f, values)
    within = np.clip(np.exp2(generator.uniform(-40, 40, 20_000)), None, float(f.max))
    x = np.concatenate([values, points, np.nextafter(points, -np.inf), within, -within])
    x = x[(x >= values[0]) & (x <= values[-1])]
    np.testing.assert_array_equal(quantizer_by_table(f)(x), quantized(f, x))
