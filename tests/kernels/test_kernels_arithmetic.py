"""The building blocks of the kernels against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from hwdse import Design, jit
from hwdse.errors import SpecError
from hwdse.kernels.accumulate import plan
from hwdse.kernels.arithmetic import integer_to_odd, to_odd, two_sum
from hwdse.kernels.limbs import LIMBS, WORD_BITS, add_value, take_odd
from hwdse.kernels.multiply import multiplication


@njit
def _pair_to_odd(x, y):  # type: ignore[no-untyped-def]
    total, error = two_sum(x, y)
    return to_odd(total, error)


@njit
def _integer_to_odd(number):  # type: ignore[no-untyped-def]
    return integer_to_odd(number)


@njit
def _word_sum(values, width):  # type: ignore[no-untyped-def]
    limbs = np.zeros(LIMBS, np.int64)
    for value in values:
        add_value(limbs, value)
    return take_odd(limbs, width)


def odd(exact: Fraction) -> float:
    """The exact value rounded to odd at 53 bits, by integers."""
    if exact == 0:
        return 0.0
    quantum = Fraction(2) ** -1074
    while abs(exact) >= quantum * 2**53:
        quantum *= 2
    units = abs(exact) / quantum
    significand = int(units) | (units.denominator != 1)
    return float(significand * quantum) * (1 if exact > 0 else -1)


floats = st.floats(min_value=-(2.0**80), max_value=2.0**80, allow_nan=False)


@given(floats, floats)
def test_pair_to_odd(x: float, y: float) -> None:
    assert _pair_to_odd(x, y) == odd(Fraction(x) + Fraction(y))


@pytest.mark.parametrize("special", [np.inf, -np.inf])
def test_special_sums_stay(special: float) -> None:
    assert _pair_to_odd(special, 1.0) == special
    assert np.isnan(_pair_to_odd(special, -special))
    assert np.isnan(_pair_to_odd(np.nan, 1.0))


@given(st.integers(-(2**63), 2**63 - 1))
def test_integer_to_odd(number: int) -> None:
    assert _integer_to_odd(np.int64(number)) == odd(Fraction(number))


def test_integers_around_the_ends() -> None:
    for number in (2**63 - 1, 2**63 - 512, -(2**63), -(2**63) + 1, 2**53 + 1, 0):
        assert _integer_to_odd(np.int64(number)) == odd(Fraction(number))


@given(st.lists(st.floats(-(2.0**900), 2.0**900, allow_nan=False), max_size=6))
def test_word_sum(values: list[float]) -> None:
    total = sum((Fraction(value) for value in values), Fraction(0))
    assert _word_sum(np.array(values, np.float64), WORD_BITS) == odd(total)


@given(st.lists(st.integers(-(2**52), 2**52), max_size=6), st.integers(2, 70))
def test_word_wraps_as_a_register(numbers: list[int], bits: int) -> None:
    half = 1 << (bits - 1)
    wrapped = (sum(numbers) + half) % (1 << bits) - half
    values = np.array(numbers, np.float64)
    assert _word_sum(values, 1074 + bits) == odd(Fraction(wrapped))


def test_parts_without_a_kernel_say_so() -> None:
    design = Design.parse("a=e4m3fn,acc=kulisch")
    with pytest.raises(SpecError, match="has no fast kernel"):
        multiplication.dispatch(object)(design.mul, design)
    with pytest.raises(SpecError, match="has no fast kernel"):
        plan.dispatch(object)(design.acc, None)


def test_compiles_where_nothing_can_be_written(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(jit, "_package", lambda _: blocked)
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(jit, "_source_digest", lambda _: "0")
    monkeypatch.setattr(jit.numba.config, "CACHE_DIR", "")
    assert jit.compiled(_identity)(3) == 3


def test_cache_folder_is_named_by_the_source(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit.numba.config, "CACHE_DIR", str(tmp_path))
    assert jit.compiled(_identity)(4) == 4
    digest = jit._source_digest(jit._package(_identity))
    assert [path.name for path in tmp_path.iterdir()] == [f"hwdse-{digest}"]
    assert str(tmp_path) == jit.numba.config.CACHE_DIR


def _identity(x):  # type: ignore[no-untyped-def]
    return x
