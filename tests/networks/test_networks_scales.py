"""The search for a scale finds what a search over every scale finds."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import NetworkError
from hwdse.networks import scales

RNG = np.random.default_rng(0)
DATA = {
    "normal": RNG.normal(size=4000),
    "heavy": RNG.standard_t(3, size=4000),
    "activations": np.maximum(RNG.normal(size=4000), 0) * RNG.lognormal(sigma=1.0, size=4000),
}
NAMES = ("int4", "int8", "e4m3fn", "e5m2", "e8m1", "posit8_0", "posit8_2", "hif8", "nf4", "lns8_g8")


def chosen(policy, name, x, limit=None):
    number_format = formats.get(name) if name in formats.names() else formats.parse(name)
    x = x.astype(np.float32)[:, np.newaxis]

    def measure(scaling):
        return np.square(scaling.values(x) - x).sum(axis=0, keepdims=True)

    largest = np.abs(x).max(axis=0, keepdims=True)
    limit = float(number_format.max) if limit is None else limit
    scaling = scales.choose(policy, number_format, largest, limit, measure)
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
    _, error = chosen(scales.MSE, name, x)
    assert error <= brute(name, x.astype(np.float32).astype(float)) * 1.2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("unit", [2.0**-100, 1.0, 2.0**80])
def test_the_unit_of_the_data_does_not_matter(name, unit):
    _, error = chosen(scales.MSE, name, DATA["normal"])
    _, found = chosen(scales.MSE, name, DATA["normal"] * unit)
    assert found == pytest.approx(error, rel=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_pow2_gives_powers_of_two(name):
    scaling, _ = chosen(scales.POW2, name, DATA["heavy"])
    assert (np.frexp(scaling.scale)[0] == 0.5).all()


def test_absmax_maps_the_largest_to_the_largest():
    x = DATA["normal"]
    scaling, _ = chosen(scales.ABSMAX, "int8", x)
    assert scaling.scale.item() == pytest.approx(np.abs(x).max() / 127, rel=1e-6)


def test_tapered_formats_do_not_start_at_their_largest():
    """posit8_2 has no fraction bits near 2^24: mapping the largest there costs most bits."""
    _, worst = chosen(scales.ABSMAX, "posit8_2", DATA["normal"])
    _, best = chosen(scales.MSE, "posit8_2", DATA["normal"])
    assert worst > 50 * best


def test_codes_stay_within_the_limit():
    x = DATA["heavy"]
    scaling, _ = chosen(scales.MSE, "int8", x, limit=10.0)
    codes = scaling.codes(x.astype(np.float32)[:, np.newaxis])
    assert np.abs(formats.get("int8").decode(codes)).max() == 10


def test_zeros_take_any_scale():
    zeros = np.zeros((10, 1), np.float32)
    scaling = scales.choose(
        scales.MSE,
        formats.get("int8"),
        np.zeros((1, 1)),
        127.0,
        lambda scaling: np.square(scaling.values(zeros)).sum(axis=0, keepdims=True),
    )
    assert np.isfinite(scaling.scale).all()
    assert not scaling.codes(zeros).any()


def test_unknown_policy():
    with pytest.raises(NetworkError, match="unknown scales 'best': allowed are output, pow2, mse"):
        scales.get("best")
