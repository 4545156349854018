"""Sums of products placed apart reach every distance of the accumulator's window."""

import numpy as np
import pytest

from hwdse.spec import Design
from hwdse.verify.stimulus.alignment import aligned, least, ties


def values(design, block):
    """Products, shape (sums, groups), of a unit with one lane."""
    return (design.a.decode(block.a) * design.b.decode(block.b))[..., 0].astype(np.float64)


def exponents(x):
    return np.frexp(x)[1] - 1


@pytest.mark.parametrize("spec", ["a=bf16,acc=fp:fp32", "a=e4m3fn,b=int4,acc=fp:fp16"])
def test_products_have_every_distance_and_are_taken_back(spec):
    design = Design.parse(spec)
    (block,) = aligned(design, 600, np.random.default_rng(0))
    first, second, third, fourth = values(design, block).T
    there = (first != 0) & (second != 0)
    distance = exponents(second[there]) - exponents(first[there])
    reach = min(design.state.magnitude_bits + 3, 16)
    assert set(range(-reach, reach + 1)) <= set(distance.tolist())
    for one, other in ((third, fourth), (fourth, third)):
        both_back = (one == -first) & (other == -second)
        assert np.count_nonzero(both_back) >= 20
        assert np.count_nonzero((one != -first) & (one * first < 0)) >= 50


@pytest.mark.parametrize("spec", ["a=bf16,acc=fp:fp32", "a=e4m3fn,acc=fp:e5m2"])
def test_ties_are_decided_by_what_is_far_below(spec):
    design = Design.parse(spec)
    (block,) = ties(design, 600, np.random.default_rng(0))
    small, half, large = np.sort(np.abs(values(design, block)), axis=1).T
    tie = exponents(large) - exponents(half) == design.state.magnitude_bits
    power = half == np.ldexp(1.0, exponents(half))
    assert np.count_nonzero(tie & power & (small > 0) & (small < half / 4)) >= 100
    assert np.count_nonzero(tie & power & (small == 0)) >= 50


def test_least_sums_start_anywhere_about_the_last_place():
    design = Design.parse("a=bf16,acc=fp:fp32")
    (block,) = least(design, 400, np.random.default_rng(0))
    products = values(design, block)
    places = exponents(products[products != 0]) - design.state.exponent_min
    assert set(range(23)) <= set(places.tolist())
    assert np.count_nonzero(products == 0) >= 200
    # Products of these operands are all larger.
    assert least(Design.parse("a=e4m3fn,acc=fp:fp32"), 64, np.random.default_rng(0)) == []


@pytest.mark.parametrize("source", [aligned, ties, least])
def test_same_seed_gives_same_sums(source):
    design = Design.parse("a=bf16,acc=fp:fp32,unit=dot,lanes=4")
    blocks = [source(design, 64, np.random.default_rng(3))[0] for _ in range(2)]
    assert np.array_equal(blocks[0].a, blocks[1].a)
    assert np.array_equal(blocks[0].b, blocks[1].b)


def test_idle_lanes_have_a_zero_of_either_operand():
    design = Design.parse("a=e4m3fn,acc=fp:fp32,unit=dot,lanes=4")
    (block,) = aligned(design, 200, np.random.default_rng(0))
    a, b = design.a.decode(block.a[:100]), design.b.decode(block.b[:100])
    assert np.all(np.count_nonzero((a == 0) | (b == 0), axis=2) >= 3)
    assert np.count_nonzero((a == 0) & (np.abs(b) > 1)) >= 100
    assert np.count_nonzero((b == 0) & (np.abs(a) > 1)) >= 100
