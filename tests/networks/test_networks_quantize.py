"""Scales: per tensor and channel, clipping, and headroom for narrow accumulators."""

import numpy as np
import pytest
from networks_fakes import exact_matmul

from hwdse import Design, formats
from hwdse.networks.arithmetic import Site
from hwdse.networks.observe import Observer
from hwdse.networks.quantize import (
    SUM_MARGIN,
    DesignArithmetic,
    choose_scaling,
    is_wide,
    plan,
    worst_running_sum,
)

SITE = Site(name="y", constant=True)


def observe(x, w, site=SITE):
    observer = Observer()
    a, b = observer.first(site, x), observer.second(site, w)
    observer.product(site, 0, a, b[0])
    return observer.observations()[site.name]


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def running_sums(design, chosen, x, w):
    a = design.a.decode(chosen.first.codes(design.a, x))
    b = design.b.decode(chosen.weights[0])
    return np.abs(np.cumsum(a[:, :, np.newaxis] * b, axis=1)).max()


@pytest.mark.parametrize(
    ("name", "wide"),
    [("fp32", True), ("bf16", True), ("fp16", True), ("e5m2", False), ("int16", False)],
)
def test_wide_formats(name, wide):
    assert is_wide(formats.get(name)) is wide


def test_wide_operands_are_not_scaled():
    chosen = plan(Design.parse("a=bf16,acc=fp:fp32"), observe(random(1, 50, 8), random(2, 1, 8, 4)))
    assert chosen.first.scale.tolist() == [1.0]
    assert np.isinf(chosen.first.clip).all()
    assert (chosen.second.scale == 1.0).all()


def test_int8_uses_the_whole_range_of_each_channel():
    w = random(2, 1, 64, 4) * np.float32([1, 10, 100, 0.001])
    design = Design.parse("a=int8,acc=int:32")
    chosen = plan(design, observe(random(1, 200, 64), w))
    assert chosen.reductions == (0, 0)
    assert chosen.second.scale.shape == (1, 1, 4)
    largest = np.abs(design.b.decode(chosen.weights[0])).max(axis=0)
    assert largest.tolist() == [127] * 4
    decoded = design.b.decode(chosen.weights) * chosen.second.scale
    unclipped = np.abs(w) <= chosen.second.clip
    assert (np.abs(decoded - w) <= 0.501 * chosen.second.scale)[unclipped].all()
    assert unclipped.mean() > 0.9


def test_narrow_format_clips_where_it_pays():
    values = random(3, 4000, 1)
    values[0] = 30.0  # an outlier
    int4 = formats.get("int4")
    chosen = choose_scaling(int4, values, np.abs(values).max(axis=0))
    assert chosen.clip[0] < 10

    def error(clip):
        scale = clip / 7
        codes = int4.encode(np.clip(values, -clip, clip) / scale)
        return np.square(int4.decode(codes) * scale - values).sum()

    assert error(float(chosen.clip[0])) < 0.5 * error(30.0)


def test_all_zero_weights():
    chosen = plan(
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
    chosen = plan(design, observe(x, w))
    assert sum(chosen.reductions) > 0
    worst = running_sums(design, chosen, x, w)
    assert worst <= design.largest_sum
    # And not more of the range is given up than the rule says (rounding aside).
    assert worst * 2 * SUM_MARGIN * 1.2 > design.largest_sum


def test_headroom_is_shared():
    x, w = 30 * np.abs(random(1, 100, 300)), random(2, 1, 300, 6)
    first, second = plan(Design.parse("a=int8,acc=int:16"), observe(x, w)).reductions
    assert abs(first - second) <= 1
    first, second = plan(Design.parse("a=int8,b=int4,acc=int:12"), observe(x, w)).reductions
    assert first > second


def test_lmul_products_stay_in_the_operand_format():
    design = Design.parse("a=e4m3fn,mul=lmul,acc=fp:fp32")
    chosen = plan(design, observe(random(1, 100, 30), random(2, 1, 30, 6)))
    largest = [design.a.max / 2.0**reduction for reduction in chosen.reductions]
    assert largest[0] * largest[1] <= 256
    assert largest[0] * largest[1] > 64


def test_hopeless_range_ends():
    design = Design.parse("a=int8,acc=int:32,out=int2")
    chosen = plan(design, observe(random(1, 20, 30), random(2, 1, 30, 6)))
    assert max(chosen.reductions) <= 7


def test_running_sum_sees_the_way():
    rows = np.array([[1, 1, 1]], np.float32)
    matrix = np.array([[5], [-7], [3]], np.float32)
    assert worst_running_sum(rows, matrix) == 5.0


def test_results_are_scaled_back():
    x, w = random(1, 100, 64), random(2, 1, 64, 6) * np.float32([1, 2, 4, 8, 16, 0.01])
    expected = x @ w[0]
    for spec, tolerance in (
        ("a=int8,acc=int:32", 0.02),
        ("a=int16,acc=int:48,out=int32", 0.0005),
        ("a=e4m3fn,acc=fp:fp32", 0.08),
        ("a=e2m1fn,acc=kulisch", 0.3),
    ):
        design = Design.parse(spec)
        arithmetic = DesignArithmetic(design, {"y": plan(design, observe(x, w))}, exact_matmul)
        found = arithmetic.product(
            SITE, 0, arithmetic.first(SITE, x), arithmetic.second(SITE, w)[0]
        )
        error = np.abs(found - expected).mean(axis=0) / np.abs(expected).mean(axis=0)
        assert error.max() < tolerance
        assert error.min() > 0


def test_two_activations_share_one_scale_each():
    site = Site(name="y", constant=False)
    x, w = random(1, 10, 8), random(2, 1, 8, 3)
    design = Design.parse("a=int8,acc=int:32")
    chosen = plan(design, observe(x, w, site))
    assert chosen.weights is None
    assert chosen.second.scale.shape == (1, 1, 1)
    arithmetic = DesignArithmetic(design, {"y": chosen}, exact_matmul)
    found = arithmetic.product(site, 0, arithmetic.first(site, x), arithmetic.second(site, w)[0])
    np.testing.assert_allclose(found, x @ w[0], atol=0.1)
