"""Scales: per tensor and channel, clipping, and headroom for narrow accumulators."""

import numpy as np
import pytest
from networks_fakes import exact_matmul

from hwdse import Design
from hwdse.networks.arithmetic import Site
from hwdse.networks.headroom import SUM_MARGIN, worst_running_sum
from hwdse.networks.observe import Observer
from hwdse.networks.quantize import DesignArithmetic, plan

SITE = Site(name="y", constant=True)


def observe(x, w, site=SITE):
    observer = Observer()
    a, b = observer.first(site, x), observer.second(site, w)
    observer.product(site, 0, a, b[0])
    return observer.observations()[site.name]


def planned(design, observation):
    return plan(design, observation, exact_matmul)


def relative_error(spec, x, w):
    """Error of the results over the results, each squared and added up."""
    design = Design.parse(spec)
    arithmetic = DesignArithmetic(design, {"y": planned(design, observe(x, w))}, exact_matmul)
    found = arithmetic.product(SITE, 0, arithmetic.first(SITE, x), arithmetic.second(SITE, w)[0])
    expected = x.astype(float) @ w[0]
    return np.sqrt(np.square(found - expected).sum() / np.square(expected).sum())


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def running_sums(design, chosen, x, w):
    a = design.a.decode(chosen.first.codes(x[np.newaxis])[0])
    b = design.b.decode(chosen.weights[0])
    return np.abs(np.cumsum(a[:, :, np.newaxis] * b, axis=1)).max()


@pytest.mark.parametrize("name", ["fp32", "bf16", "fp16", "posit16_1", "posit16_2", "e8m23"])
def test_formats_that_need_no_scale_get_none(name):
    design = Design.parse(f"a={name},acc=fp:fp32")
    chosen = planned(design, observe(random(1, 300, 64), random(2, 1, 64, 4)))
    assert (chosen.first.scale == 1).all()
    assert (chosen.second.scale == 1).all()


def test_fp16_is_scaled_where_it_would_underflow():
    x, w = random(1, 300, 64) * np.float32(2.0**-30), random(2, 1, 64, 4)
    chosen = planned(Design.parse("a=fp16,acc=fp:fp32"), observe(x, w))
    assert chosen.first.scale.max() < 2.0**-10
    assert relative_error("a=fp16,acc=fp:fp32", x, w) < 1e-3


def test_int8_uses_the_whole_range_of_each_channel():
    w = random(2, 1, 64, 4) * np.float32([1, 10, 100, 0.001])
    design = Design.parse("a=int8,acc=int:32")
    chosen = planned(design, observe(random(1, 200, 64), w))
    assert chosen.reductions == (0, 0)
    assert chosen.second.scale.shape == (1, 1, 4)
    largest = np.abs(design.b.decode(chosen.weights[0])).max(axis=0)
    assert (largest >= 100).all()
    decoded = design.b.decode(chosen.weights) * chosen.second.scale
    unclipped = np.abs(w) <= 127 * chosen.second.scale
    assert (np.abs(decoded - w) <= 0.501 * chosen.second.scale)[unclipped].all()
    assert unclipped.mean() > 0.9


def test_narrow_format_clips_where_it_pays():
    x = random(3, 4000, 1)
    x[0] = 30.0  # an outlier
    chosen = planned(Design.parse("a=int4,b=fp32,acc=fp:fp32"), observe(x, np.ones((1, 1, 1), "f")))
    assert 7 * chosen.first.scale.max() < 10


def test_all_zero_weights():
    chosen = planned(
        Design.parse("a=int4,acc=int:16"), observe(random(1, 9, 8), np.zeros((1, 8, 3), "f"))
    )
    assert np.isfinite(chosen.second.scale).all()
    assert not chosen.weights.any()


@pytest.mark.parametrize(
    "spec",
    [
        "a=e4m3fn,acc=fp:fp16",
        "a=e5m2,acc=fp:fp16",
        "a=int8,acc=int:16",
        "a=int8,b=int4,acc=int:12:sat",
        "a=e4m3fn,acc=kulisch,out=e4m3fn",
        "a=bf16,acc=fp:e4m3fn",
    ],
)
def test_headroom_keeps_running_sums_in_range(spec):
    design = Design.parse(spec)
    x, w = 30 * np.abs(random(1, 100, 300)), random(2, 1, 300, 6)
    chosen = planned(design, observe(x, w))
    worst = running_sums(design, chosen, x, w)
    assert worst <= design.largest_sum
    if design.acc.keyword in ("int", "kulisch"):
        # Not more of the range is given up than the rule says (rounding aside).
        assert sum(chosen.reductions) > 0
        assert worst * 2 * SUM_MARGIN * 1.2 > design.largest_sum


def test_headroom_is_shared():
    x, w = 30 * np.abs(random(1, 100, 300)), random(2, 1, 300, 6)
    first, second = planned(Design.parse("a=int8,acc=int:16"), observe(x, w)).reductions
    assert abs(first - second) <= 1
    first, second = planned(Design.parse("a=int8,b=int4,acc=int:12"), observe(x, w)).reductions
    assert first > second


def test_lmul_products_stay_in_the_operand_format():
    design = Design.parse("a=e4m3fn,mul=lmul,acc=fp:fp32")
    x, w = random(1, 100, 30), random(2, 1, 30, 6)
    chosen = planned(design, observe(x, w))
    product = 1.0
    for scaling, values in ((chosen.first, x), (chosen.second, w)):
        product *= float(np.minimum(np.abs(values) / scaling.scale, scaling.limit).max())
    assert 2 < product <= 256


def test_hopeless_range_ends():
    design = Design.parse("a=int8,acc=int:32,out=int2")
    chosen = planned(design, observe(random(1, 20, 30), random(2, 1, 30, 6)))
    assert max(chosen.reductions) <= 7


def test_running_sum_sees_the_way():
    rows = np.array([[1, 1, 1]], np.float32)
    matrix = np.array([[5], [-7], [3]], np.float32)
    assert worst_running_sum(rows, matrix) == 5.0


@pytest.mark.parametrize(
    ("spec", "tolerance"),
    [
        ("a=int8,acc=int:32", 0.02),
        ("a=int16,acc=int:48,out=int32", 0.0005),
        ("a=e4m3fn,acc=fp:fp32", 0.05),
        ("a=e2m1fn,acc=kulisch", 0.2),
        ("a=posit8_0,acc=kulisch", 0.02),
        ("a=posit8_2,acc=kulisch", 0.05),
        ("a=posit16_2,acc=kulisch", 0.0003),
        ("a=hif8,acc=fp:fp32", 0.06),
        ("a=e8m5,acc=fp:fp32", 0.015),
        ("a=e7m4,acc=fp:fp32", 0.03),
        ("a=nf4,acc=kulisch", 0.2),
    ],
)
@pytest.mark.parametrize("unit", [1.0, 2.0**-40, 2.0**-110, 2.0**60])
def test_results_are_near_float_whatever_the_unit(spec, tolerance, unit):
    x = random(1, 100, 64) * np.float32(unit)
    w = random(2, 1, 64, 6) * np.float32([1, 2, 4, 8, 16, 0.01])
    assert 0 < relative_error(spec, x, w) < tolerance


def test_two_activations_share_one_scale_each():
    site = Site(name="y", constant=False)
    x, w = random(1, 10, 8), random(2, 1, 8, 3)
    design = Design.parse("a=int8,acc=int:32")
    chosen = planned(design, observe(x, w, site))
    assert chosen.weights is None
    assert chosen.second.scale.shape == (1, 1, 1)
    arithmetic = DesignArithmetic(design, {"y": chosen}, exact_matmul)
    found = arithmetic.product(site, 0, arithmetic.first(site, x), arithmetic.second(site, w)[0])
    np.testing.assert_allclose(found, x @ w[0], atol=0.1)


def test_requantized_activations_are_values_of_the_output_format():
    """Handed on in posit8_2, so finer operands gain nothing."""
    design = Design.parse("a=fp32,acc=fp:fp32,out=posit8_2")
    x, w = random(1, 100, 64) * np.float32(1000), random(2, 1, 64, 6)
    chosen = plan(design, observe(x, w), exact_matmul, requantize=True)
    assert chosen.handed[1] is None
    arithmetic = DesignArithmetic(design, {"y": chosen}, exact_matmul)
    codes = arithmetic.first(SITE, x)
    found = design.a.decode(codes) * chosen.first.scale.item()
    handed = chosen.handed[0]
    expected = design.out.quantize(x / handed.scale.item()) * handed.scale.item()
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    error = np.abs(found / x - 1)
    assert 0.001 < error.mean() < 0.03


def test_requantized_fp32_changes_nothing():
    design = Design.parse("a=int8,acc=int:32,out=fp32")
    x, w = random(1, 100, 64), random(2, 1, 64, 6)
    plain = plan(design, observe(x, w), exact_matmul)
    handed = plan(design, observe(x, w), exact_matmul, requantize=True)
    first, second = (
        DesignArithmetic(design, {"y": each}, exact_matmul).first(SITE, x)
        for each in (plain, handed)
    )
    np.testing.assert_array_equal(first, second)
