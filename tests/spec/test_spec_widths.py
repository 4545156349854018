"""Exact accumulator widths: section 11 of the format specification, as printed there."""

import pytest

from hwdse import Design

# a, b: log2 of the LSB, top, magnitude bits, register for K = 1024, register for K = 2^30
WIDTHS = {
    ("e2m1fn", "e2m1fn"): (-2, 6, 8, 19, 39),
    ("e2m3fn", "e2m3fn"): (-6, 6, 12, 23, 43),
    ("e3m2fn", "e3m2fn"): (-8, 10, 18, 29, 49),
    ("e3m4", "e3m4"): (-12, 8, 20, 31, 51),
    ("e4m3", "e4m3"): (-18, 16, 34, 45, 65),
    ("e4m3fn", "e4m3fn"): (-18, 18, 36, 47, 67),
    ("e4m3fnuz", "e4m3fnuz"): (-20, 16, 36, 47, 67),
    ("e5m2", "e5m2"): (-32, 32, 64, 75, 95),
    ("e5m2fnuz", "e5m2fnuz"): (-34, 32, 66, 77, 97),
    ("e4m3fn", "e5m2"): (-25, 25, 50, 61, 81),
    ("e4m3fn", "e2m1fn"): (-10, 12, 22, 33, 53),
    ("fp16", "e2m1fn"): (-25, 19, 44, 55, 75),
    ("bf16", "e2m1fn"): (-134, 131, 265, 276, 296),
    ("fp16", "fp16"): (-48, 32, 80, 91, 111),
    ("bf16", "bf16"): (-266, 256, 522, 533, 553),
    ("tf32", "tf32"): (-272, 256, 528, 539, 559),
    ("fp32", "fp32"): (-298, 256, 554, 565, 585),
    # All 256 codes are used: the full-range count of section 5.1, one more than the restricted.
    ("int8", "int8"): (0, 15, 15, 26, 46),
}


@pytest.mark.parametrize(("a", "b"), WIDTHS)
def test_kulisch_register(a, b):
    lsb, top, magnitude, register_1024, register_2_30 = WIDTHS[a, b]
    product = Design.parse(f"a={a},b={b},acc=kulisch").product
    assert (product.exponent_min, product.top, product.fixed_point_bits) == (lsb, top, magnitude)
    for terms, register in ((1024, register_1024), (1 << 30, register_2_30)):
        state = Design.parse(f"a={a},b={b},acc=kulisch:{terms}").state
        assert (state.significand_bits, state.exponent_min) == (register, lsb)
        assert state.exponent_max == lsb
        assert state.twos_complement


@pytest.mark.parametrize(("terms", "bits"), [(256, 24), (1024, 26), (4096, 28), (16384, 30)])
def test_full_range_int8(terms, bits):
    """Section 5.1: INT8 with all codes."""
    assert Design.parse(f"a=int8,acc=kulisch:{terms}").state.significand_bits == bits


@pytest.mark.parametrize(("ea", "ma", "eb", "mb"), [(2, 1, 2, 1), (2, 3, 3, 2), (3, 2, 4, 3)])
def test_formula_for_formats_without_specials(ea, ma, eb, mb):
    """2^ea + ma + 2^eb + mb - 2 magnitude bits (section 11)."""
    design = Design.parse(f"a=e{ea}m{ma}finite,b=e{eb}m{mb}finite,acc=kulisch")
    assert design.product.fixed_point_bits == 2**ea + ma + 2**eb + mb - 2


@pytest.mark.parametrize(
    ("text", "largest"),
    [
        ("a=e4m3fn,acc=fp:bf16", 3.3895313892515355e38),
        ("a=e4m3fn,acc=fp:fp32,out=fp16", 65504),
        ("a=int8,acc=int:24", 2**23 - 1),
        ("a=int8,acc=int:24,out=int8", 127),
        ("a=e4m3fn,acc=kulisch:1024", 2.0**28),
    ],
)
def test_largest_sum(text, largest):
    assert Design.parse(text).largest_sum == largest


@pytest.mark.parametrize(
    ("text", "has_inf", "has_nan"),
    [
        ("a=e4m3fn,acc=kulisch", False, True),
        ("a=e5m2,acc=kulisch", True, True),
        ("a=e2m1fn,acc=kulisch", False, False),
        ("a=e2m1fn,b=e5m2,acc=kulisch", True, True),
        ("a=int8,acc=int:32", False, False),
        ("a=e5m2,mul=lmul,acc=kulisch", True, True),
        ("a=e2m1fn,acc=fp:fp32", True, True),
    ],
)
def test_flags_of_the_running_sum(text, has_inf, has_nan):
    state = Design.parse(text).state
    assert (state.has_inf, state.has_nan) == (has_inf, has_nan)
