"""Stimulus at both ends of a matrix unit's running format: the last digit kept decides."""

from dataclasses import replace

import numpy as np
import pytest

from hwdse import Design, golden
from hwdse.verify.stimulus import stimulus
from hwdse.verify.stimulus.carries import carries

SUMS = 400


def outputs(design: Design, block) -> np.ndarray:
    a, b = (codes.reshape(len(codes), -1) for codes in (block.a, block.b))
    return golden.running_dot(design, a, b)


@pytest.mark.parametrize(
    ("spec", "unseen"),
    [
        ("a=bf16,acc=aligned:hopper,unit=dot,lanes=16", ()),
        ("a=tf32,acc=aligned:hopper-tf32,unit=dot,lanes=8", ()),
        ("a=bf16,acc=aligned:hopper:max:signed0,unit=dot,lanes=3", ("zeros -1", "zeros +1")),
        # Whole grids coarser than the last place: nothing is truncated to zero.
        ("a=bf16,acc=aligned:F8,unit=dot,lanes=2", ("signed_zero",)),
        ("a=e5m2,acc=aligned:F9:e5m2:rtz:zero12,unit=dot,lanes=6", ()),
    ],
)
def test_every_option_shows(spec, unseen):
    design = Design.parse(spec)
    acc = design.accumulator
    others = {
        "zeros -1": {"zero_exponent": acc.zero_exponent - 1},
        "zeros +1": {"zero_exponent": acc.zero_exponent + 1},
        "digits -1": {"fraction_bits": acc.fraction_bits - 1},
        "digits +1": {"fraction_bits": acc.fraction_bits + 1},
        "overflow": {"overflow": "max" if acc.overflow == "inf" else "inf"},
        "signed_zero": {"signed_zero": not acc.signed_zero},
    }
    (block,) = carries(acc, design, SUMS, np.random.default_rng(0))
    assert block.a.shape == block.b.shape == (SUMS, 2, design.unit.group)
    expected = outputs(design, block)
    for name, options in others.items():
        other = replace(design, acc=replace(acc, **options))
        differ = np.count_nonzero(np.any(outputs(other, block) != expected, axis=1))
        assert differ >= (0 if name in unseen else 10), (name, differ)


@pytest.mark.parametrize("lanes", [1, 4])
def test_ties_of_fp16_results_see_what_zeros_leave_of_small_products(lanes):
    design = Design.parse(f"a=fp16,acc=aligned:volta:fp16,unit=dot,lanes={lanes}")
    (block,) = carries(design.acc, design, 2000, np.random.default_rng(0))
    expected = outputs(design, block)
    other = replace(design, acc=replace(design.acc, zero_exponent=-19))
    differ = np.count_nonzero(outputs(other, block) != expected)
    assert differ >= (3 if lanes > 1 else 0)


def test_ends_out_of_reach_are_left_out():
    for spec in (
        "a=e4m3fn,acc=aligned:hopper-fp8,unit=dot,lanes=32",
        "a=fp16,acc=aligned:hopper,unit=dot,lanes=16",
        "a=bf16,acc=fp:fp32,unit=dot,lanes=4",
    ):
        design = Design.parse(spec)
        assert carries(design.acc, design, SUMS, np.random.default_rng(0)) == []


def test_they_are_part_of_every_level_and_the_same_for_the_same_seed():
    design = Design.parse("a=bf16,acc=aligned:hopper,unit=dot,lanes=4")
    first, second = (carries(design.acc, design, 60, np.random.default_rng(7))[0] for _ in "ab")
    assert np.array_equal(first.a, second.a)
    assert np.array_equal(first.b, second.b)
    last = stimulus(design.unit, design, "quick", 0).blocks[-1]
    assert last.a.shape == (128, 2, 4)
    values = design.out.decode(outputs(design, last))
    assert np.count_nonzero(np.isinf(values)) >= 10
    assert np.count_nonzero(np.abs(values) == design.out.max) >= 10
    assert np.count_nonzero(values == 0) >= 10
