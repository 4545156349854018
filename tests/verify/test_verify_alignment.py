"""Sums of products placed apart reach every distance of the accumulator's window."""

import numpy as np
import pytest

from hwdse.spec import Design
from hwdse.verify.stimulus.alignment import aligned


@pytest.mark.parametrize("spec", ["a=bf16,acc=fp:fp32", "a=e4m3fn,acc=fp:fp16"])
def test_products_have_every_distance_and_are_taken_back(spec):
    design = Design.parse(spec)
    (block,) = aligned(design, 600, np.random.default_rng(0))
    products = design.a.decode(block.a) * design.b.decode(block.b)
    first, second, third = products[..., 0].astype(np.float64).T
    there = (first != 0) & (second != 0)
    distance = np.frexp(second[there])[1] - np.frexp(first[there])[1]
    reach = min(design.state.magnitude_bits + 3, 20)
    assert set(range(-reach, reach + 1)) <= set(distance.tolist())
    assert np.count_nonzero(third == -first) >= 150
    assert np.count_nonzero((third != -first) & (third * first < 0)) >= 150


def test_same_seed_gives_same_sums():
    design = Design.parse("a=bf16,acc=fp:fp32,unit=dot,lanes=4")
    blocks = [aligned(design, 64, np.random.default_rng(3))[0] for _ in range(2)]
    assert np.array_equal(blocks[0].a, blocks[1].a)
    assert np.array_equal(blocks[0].b, blocks[1].b)


def test_operands_that_cannot_be_placed_have_no_such_sums():
    assert aligned(Design.parse("a=int8,acc=int:32"), 64, np.random.default_rng(0)) == []
