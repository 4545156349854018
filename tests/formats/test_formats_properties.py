"""Laws that every encode of every family obeys, over random floats (Hypothesis)."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from reference.number_formats import OVERFLOWS, PARAMETRIC, ROUNDINGS

from hwdse import formats
from hwdse.formats import BinaryFloat, FixedPoint

NAMES = [*formats.names(), *PARAMETRIC]


def is_symmetric(f):
    if not f.signed or f.min != -f.max:
        return False
    values = f.quantize(f.decode(np.arange(1 << min(f.bits, 12))))
    values = np.unique(values[np.isfinite(values)])
    return f.bits > 12 or np.array_equal(values, -np.flip(values))


SYMMETRIC = [name for name in NAMES if is_symmetric(formats.get(name))]
MIRRORED = {"rne": "rne", "rna": "rna", "rtz": "rtz", "odd": "odd", "up": "down", "down": "up"}

any_format = st.sampled_from(NAMES)
any_rounding = st.sampled_from(ROUNDINGS)
any_overflow = st.sampled_from(OVERFLOWS)
numbers = (
    st.floats(allow_nan=False) | st.floats(-1e3, 1e3) | st.integers(-64, 64).map(lambda i: i / 8)
)


def has_zero(f):
    return f.decode(f.encode(0.0)) == 0


@given(any_format, any_rounding, st.lists(numbers, min_size=2, max_size=20))
def test_quantize_is_monotonic(name, rounding, values):
    f = formats.get(name)
    x = np.sort(np.array(values))
    if name == "e8m0":
        x = np.abs(x[x != 0])
        x.sort()
    if name.startswith("posit"):  # an infinity is NaR
        x = x[np.isfinite(x)]
    assume(x.size > 1)
    assert np.all(np.diff(f.quantize(x, rounding)) >= 0)


@given(any_format, any_rounding, any_overflow, numbers)
def test_quantize_is_idempotent(name, rounding, overflow, x):
    f = formats.get(name)
    once = f.quantize(x, rounding, overflow)
    np.testing.assert_array_equal(f.quantize(once, rounding, overflow), once)


@given(st.sampled_from(SYMMETRIC), st.sampled_from(list(MIRRORED)), any_overflow, numbers)
def test_encode_is_odd_but_for_directed_rounding_which_mirrors(name, rounding, overflow, x):
    f = formats.get(name)
    assume(x != 0 or has_zero(f))
    # A code and that of the negative number are even together, but where negation inverts bits.
    assume(rounding not in ("rne", "odd") or not name.startswith(("bipolar", "binary")))
    plus = f.quantize(x, rounding, overflow)
    minus = f.quantize(-x, MIRRORED[rounding], overflow)
    np.testing.assert_array_equal(minus, -plus)


@given(any_format, any_rounding, numbers)
def test_result_is_a_neighbour_on_the_allowed_side(name, rounding, x):
    """Nearest is meant arithmetically: not for formats that round on a scale of their own."""
    f = formats.get(name)
    assume(f.min <= x <= f.max and "ftz" not in name and not name.startswith("posit"))
    assume(has_zero(f) and not name.startswith(("lns", "nupes")))
    y = f.quantize(x, rounding)
    below, above = f.quantize(x, "down"), f.quantize(x, "up")
    assert below <= x <= above
    assert y in (below, above)
    if rounding in ("rne", "rna", "rhu"):
        assert abs(y - x) <= min(x - below, above - x) * (1 + 2**-50)
    if rounding == "rtz":
        assert abs(y) <= abs(x)
    # Elsewhere "odd" is not the code's last bit: one-digit significands, lists of values.
    plain = isinstance(f, FixedPoint) or (isinstance(f, BinaryFloat) and f.fraction_bits)
    if rounding == "odd" and below != above and plain:
        assert f.encode(y) & 1


@given(any_format, any_overflow, st.lists(numbers, max_size=8))
def test_an_array_is_its_elements(name, overflow, values):
    f = formats.get(name)
    one_by_one = [int(f.encode(value, overflow=overflow)) for value in values]
    np.testing.assert_array_equal(f.encode(np.array(values), overflow=overflow), one_by_one)


@given(st.sampled_from(["fp32", "e4m3fn", "e3m0fn", "int32", "e11m52"]), st.data())
def test_integers_encode_like_the_same_floats(name, data):
    f = formats.get(name)
    number = data.draw(st.integers(-(2**53), 2**53))
    assert f.encode(number) == f.encode(float(number))
