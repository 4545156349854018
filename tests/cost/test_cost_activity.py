"""How often the numbers inside a unit change."""

import numpy as np
import pytest

from hwdse import Design
from hwdse.cost.activity import activity_of, switching
from hwdse.golden import running_dot


def activity(spec):
    return activity_of(Design.parse(spec))


def test_operands_change_as_their_codes_do():
    design = Design.parse("a=int8,b=e4m3fn,acc=kulisch")
    expected = np.sqrt(switching(design.a)[0] * switching(design.b)[0])
    assert activity_of(design).operands == pytest.approx(expected)


def test_upper_bits_of_a_wide_sum_rarely_change():
    narrow, wide = activity("a=int8,acc=int:32"), activity("a=bf16,acc=kulisch")
    assert wide.words < 0.5 * narrow.words
    assert wide.of_blocks()["accumulate"] < narrow.of_blocks()["accumulate"]


def test_words_of_integers_are_their_running_sums():
    """The same sums, by the outputs of the unit: an integer sum is its own word."""
    design = Design.parse("a=int8,acc=int:32,out=int32")
    rng = np.random.default_rng(3)
    a, b = (design.a.encode(rng.normal(0, 127 / 4, (200, 16))) for _ in range(2))
    words = np.asarray(design.out.decode(running_dot(design, a, b))).astype(np.int64)
    width = int(np.abs(words).max()).bit_length() + 1
    flips = (words[:, 1:] ^ words[:, :-1]) & ((1 << width) - 1)
    changes = np.mean([int(flip).bit_count() for flip in flips.ravel()]) / (width / 2)
    assert activity_of(design).words == pytest.approx(changes, rel=0.15)


def test_a_unit_without_sums_has_its_products_as_sums():
    found = activity("a=e4m3fn,unit=mul")
    assert (found.sums, found.words) == (found.products, found.terms)


def test_registers_and_output_have_no_influence():
    plain = activity("a=e4m3fn,acc=kulisch,out=bf16,unit=dot,lanes=4")
    staged = activity("a=e4m3fn,acc=kulisch,out=bf16,unit=dot,lanes=4,stages=2,interleave=2")
    assert staged == plain


@pytest.mark.parametrize(
    "spec",
    [
        "a=lns8_g8,mul=log,acc=bins,out=bf16",
        "a=binary,acc=fp:bf16",
        "a=posit8_2,acc=kulisch",
        "a=e4m3fn,acc=aligned:hopper-fp8,unit=dot,lanes=32",
        "a=e2m1fn,acc=kulisch,unit=dot,lanes=1024",
        "a=e4m3fn,c=fp32,unit=fma,out=fp32",
        "a=e4m3fn,acc=fp:fp16:kahan",
    ],
)
def test_every_activity_is_a_share_of_random_bits(spec):
    found = activity(spec)
    for name, value in {**vars(found), **found.of_blocks()}.items():
        assert 0 < value < 1.6, name
