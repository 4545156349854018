import numpy as np
import pytest

from hwdse import formats
from hwdse.characterize import relative_error


def worst(name):
    found = relative_error(formats.parse(name))
    inside = np.isfinite(found.worst)
    return dict(zip(found.binades[inside].tolist(), found.worst[inside].tolist(), strict=True))


# Halfway between the two lowest values of a binade of p significant bits: 1 / (2^p + 1).
@pytest.mark.parametrize(
    ("name", "significant_bits"),
    [
        ("e4m3fn", {-9: 1, -8: 2, -7: 3, **dict.fromkeys(range(-6, 9), 4)}),
        ("int8", {k: k + 1 for k in range(7)}),
        ("posit8_0", {k: 6 - int(abs(k + 0.5) - 0.5) for k in range(-6, 6)}),
        ("hif8", {
            **dict.fromkeys(range(-22, -15), 1),
            **dict.fromkeys(range(-15, -7), 2),
            **dict.fromkeys(range(-7, -3), 3),
            **dict.fromkeys(range(-3, 4), 4),
            **dict.fromkeys(range(4, 8), 3),
            **dict.fromkeys(range(8, 15), 2),
        }),
    ],
)  # fmt: skip
def test_worst_error_of_each_binade(name, significant_bits):
    found = worst(name)
    expected = {k: 1 / (2**p + 1) for k, p in significant_bits.items()}
    assert found == {k: pytest.approx(error, rel=0.02) for k, error in expected.items()}
    # Samples may miss the worst number, never exceed it.
    assert all(found[k] <= error for k, error in expected.items())


@pytest.mark.parametrize(("name", "gamma"), [("lns8_g8", 8), ("lns8_g4", 4), ("lns8_g1", 1)])
def test_logarithmic_numbers_have_one_error(name, gamma):
    # Halfway in the logarithm the lower neighbour is nearer in value: 2^(1/(2 gamma)) - 1.
    found = worst(name)
    assert len(found) > 10
    np.testing.assert_allclose(list(found.values()), 2 ** (1 / (2 * gamma)) - 1, rtol=0.02)


def test_rms_error_and_positions():
    found = relative_error(formats.parse("e5m5"))
    normal = (found.binades >= -14) & (found.binades < 15)
    # Uniform over the step of 2^-5 at x in [1, 2), log-uniform: rms^2 = E[2^-10/12 / x^2].
    expected = np.sqrt(2.0**-10 / 12 * (1 - 0.25) / (2 * np.log(2)))
    np.testing.assert_allclose(found.rms[normal], expected, rtol=0.02)
    assert np.all(np.floor(found.log2_x) == found.binades[:, None])
    assert found.error.shape == found.log2_x.shape
    # One binade more at each end: too small, and saturated.
    assert np.isnan(found.worst[[0, -1]]).all()
    assert found.error[0].max() == pytest.approx(1, rel=0.01)
    assert found.error[-1].max() == pytest.approx(0.5, rel=0.02)


def test_extreme_ranges_and_single_magnitudes():
    wide = relative_error(formats.parse("binary16p1se"))
    assert (wide.binades[0], wide.binades[-1]) == (-1022, 1022)
    np.testing.assert_allclose(wide.worst, 1 / 3, rtol=0.05)
    fp32 = relative_error(formats.parse("fp32"))
    assert np.nanmin(fp32.worst) == pytest.approx(2.0**-24, rel=0.05)
    for name in ("binary", "ternary"):
        assert np.isfinite(relative_error(formats.parse(name)).worst).all()
