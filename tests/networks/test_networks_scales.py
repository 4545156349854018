"""Scale policies: the search for a scale finds what a search over every scale finds."""

import itertools

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import NetworkError
from hwdse.networks import scales
from hwdse.networks.scales.entropy import divergence

RNG = np.random.default_rng(0)
DATA = {
    "normal": RNG.normal(size=4000),
    "heavy": RNG.standard_t(3, size=4000),
    "activations": np.maximum(RNG.normal(size=4000), 0) * RNG.lognormal(sigma=1.0, size=4000),
}
NAMES = ("int4", "int8", "e4m3fn", "e5m2", "e8m1", "posit8_0", "posit8_2", "hif8", "nf4", "lns8_g8")


def task_of(number_format, x, measure, *, limit=None, weights=False):
    """An operand whose columns have a scale each if it is weights, else one scale."""
    axes = 0 if weights else None
    return scales.ScaleTask(
        number_format=number_format,
        operand=x,
        largest=np.abs(x).max(axis=axes, keepdims=True).astype(np.float64),
        limit=float(number_format.max) if limit is None else limit,
        weights=weights,
        of_outputs=measure,
        of_some_outputs=measure,
        of_values=measure,
    )


def chosen(policy, name, x, limit=None):
    number_format = formats.get(name) if name in formats.names() else formats.parse(name)
    x = x.astype(np.float32)[:, np.newaxis]

    def measure(scaling):
        return np.square(scaling.values(x) - x).sum(axis=0, keepdims=True)

    limit = float(number_format.max) if limit is None else limit
    scaling = scales.get(policy).choose(task_of(number_format, x, measure, limit=limit))
    return scaling, float(measure(scaling).sum() / np.square(x.astype(float)).sum())


def brute(name, x):
    """The least error over scales a sixteenth of an octave apart, far beyond what is useful."""
    number_format = formats.get(name) if name in formats.names() else formats.parse(name)
    with np.errstate(all="ignore"):
        return min(
            np.square(number_format.quantize(x / scale) * scale - x).sum() / np.square(x).sum()
            for scale in 2.0 ** np.arange(-30, 24, 1 / 16)
        )


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("name", NAMES)
def test_mse_is_near_the_least_there_is(name, data):
    x = DATA[data][:1000]
    _, error = chosen("mse", name, x)
    assert error <= brute(name, x.astype(np.float32).astype(float)) * 1.2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unit", [2.0**-100, 1.0, 2.0**80])
def test_the_unit_of_the_data_does_not_matter(name, unit):
    _, error = chosen("mse", name, DATA["normal"])
    _, found = chosen("mse", name, DATA["normal"] * unit)
    assert found == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_pow2_gives_powers_of_two(name):
    scaling, _ = chosen("pow2", name, DATA["heavy"])
    assert (np.frexp(scaling.scale)[0] == 0.5).all()


def test_absmax_maps_the_largest_to_the_largest():
    x = DATA["normal"]
    scaling, _ = chosen("absmax", "int8", x)
    assert scaling.scale.item() == pytest.approx(np.abs(x).max() / 127, rel=1e-6)


def test_tapered_formats_do_not_start_at_their_largest():
    """posit8_2 has no fraction bits near 2^24: mapping the largest there costs most bits."""
    _, worst = chosen("absmax", "posit8_2", DATA["normal"])
    _, best = chosen("mse", "posit8_2", DATA["normal"])
    assert worst > 50 * best


def test_codes_stay_within_the_limit():
    x = DATA["heavy"]
    scaling, _ = chosen("mse", "int8", x, limit=10.0)
    codes = scaling.codes(x.astype(np.float32)[:, np.newaxis])
    assert np.abs(formats.get("int8").decode(codes)).max() == 10


def test_zeros_take_any_scale():
    zeros = np.zeros((10, 1), np.float32)

    def measure(scaling):
        return np.square(scaling.values(zeros)).sum(axis=0, keepdims=True)

    for name, weights in itertools.product(scales.names(), (False, True)):
        task = task_of(formats.get("int8"), zeros, measure, weights=weights)
        scaling = scales.get(name).choose(task)
        assert np.isfinite(scaling.scale).all()
        assert not scaling.codes(zeros).any()


def test_unknown_policy():
    with pytest.raises(NetworkError, match=r"unknown scales 'best': known are .*entropy.*output"):
        scales.get("best")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("percentile:101", r"percentile\[:\{50 to 100\}\]"),
        ("percentile:x", "percentile"),
        ("percentile:99:9", "percentile"),
        ("output:3", "output"),
        ("ratio:2", "ratio"),
    ],
)
def test_options_that_no_policy_takes(text, form):
    with pytest.raises(NetworkError, match=f"scales '{text}': the form is {form}"):
        scales.get(text)


def test_policies_parse_to_what_wrote_them():
    for name in scales.names():
        assert str(scales.get(name)) == name
    assert str(scales.get("percentile:99.90")) == "percentile"
    assert str(scales.get("percentile:99.5")) == "percentile:99.5"


@pytest.mark.parametrize("percent", [50.0, 99.0, 99.9, 100.0])
def test_percentile_clips_what_is_above_it(percent):
    scaling, _ = chosen(f"percentile:{percent}", "int8", DATA["heavy"])
    magnitudes = np.abs(DATA["heavy"].astype(np.float32))
    bound = scaling.scale.item() * 127
    # The percentile, rounded up to eight bits, but never beyond the largest.
    assert np.percentile(magnitudes, percent) <= bound * (1 + 1e-9)
    assert bound <= min(np.percentile(magnitudes, percent) * (1 + 2**-7), magnitudes.max() * 1.0001)


def test_percentile_of_columns_of_weights():
    w = RNG.normal(size=(200, 3)).astype(np.float32) * [1, 8, 64]
    w[0] *= 100
    scaling = scales.get("percentile:99").choose(
        task_of(formats.get("int8"), w, None, weights=True)
    )
    bounds = np.percentile(np.abs(w), 99, axis=0)
    np.testing.assert_allclose(scaling.scale[0] * 127, bounds, rtol=2**-7)


def by_hand(counts, levels):
    """The divergence of Migacz's slides: `levels` equal groups of bins, none left over."""
    size = len(counts) // levels
    spread = []
    for start in range(0, len(counts), size):
        group = counts[start : start + size]
        filled = sum(c > 0 for c in group)
        spread += [sum(group) / filled if c else 0.0 for c in group]
    total = sum(counts)
    return sum(
        c / total * np.log((c / total) / (s / sum(spread)))
        for c, s in zip(counts, spread, strict=True)
        if c
    )


def test_the_divergence_is_that_of_the_slides():
    counts = np.array([5, 0, 3, 8, 0, 0, 1, 2, 9, 9, 4, 4])
    values = np.repeat(np.arange(4.0), 3)
    assert divergence(counts, values) == pytest.approx(by_hand(list(counts), 4))
    # What is clipped is in the last bin, and of the quantised distribution it is left out.
    assert divergence(np.array([4, 2, 2, 1]), np.array([0.0, 1.0])) == pytest.approx(
        4 / 9 * np.log(4 / 9 / (4 / 6)) + 5 / 9 * np.log(5 / 9 / (2 / 6))
    )
    assert divergence(np.array([4, 0, 1]), np.array([0.0, 1.0])) == np.inf


def test_entropy_clips_outliers_of_activations_and_no_weights():
    x = np.concatenate([np.abs(DATA["normal"]), [40.0]])
    scaling, _ = chosen("entropy", "int8", x)
    assert 2.5 / 127 < scaling.scale.item() < 8 / 127
    # 16 bits have a code for every bin: nothing is gained by clipping.
    wide, _ = chosen("entropy", "int16", x)
    assert wide.scale.item() * 32767 == pytest.approx(40)
    task = task_of(formats.get("int8"), x[:, np.newaxis], None, weights=True)
    assert scales.get("entropy").choose(task).scale.item() == pytest.approx(40 / 127)


@pytest.mark.parametrize("name", ["int4", "e2m1fn", "posit8_0"])
def test_ratio_gives_one_number_times_powers_of_two(name):
    w = (RNG.normal(size=(300, 12)) * RNG.lognormal(size=12, sigma=2)).astype(np.float32)

    def measure(scaling):
        return np.square(scaling.values(w) - w).sum(axis=0, keepdims=True)

    number_format = formats.get(name) if name in formats.names() else formats.parse(name)
    task = task_of(number_format, w, measure, weights=True)
    free, shifts, ratio = (scales.get(each).choose(task) for each in ("output", "pow2", "ratio"))
    shares = np.frexp(ratio.scale)[0]
    assert np.ptp(shares) < 1e-12
    assert ratio.octaves_only
    errors = [measure(each).sum() for each in (free, ratio, shifts)]
    # The search counts errors within 3 % as equal.
    assert errors[0] <= errors[1] * 1.03
    assert errors[1] <= errors[2]
