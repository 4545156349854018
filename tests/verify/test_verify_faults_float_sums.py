"""Faults planted in the floating-point accumulators: verification must say what differs."""

from dataclasses import replace

import pytest
from amaranth.hdl import Const
from sampled import some
from verify_faults import Fault, assert_found, with_field

from hwdse.hdl.accumulate import (
    approximate_float,
    float_group,
    fused_float,
    kahan_float,
    rounding_add,
    stochastic_float,
)


def constant(value: int):
    return lambda _: lambda *arguments, **named: Const(value, 1)


FAULTS = {
    "an: sign of zero": Fault(
        "a=e4m3fn,acc=fp:bf16:an2-2,rounding=down",
        approximate_float,
        "drive",
        with_field("sign", lambda v: v & 0),
    ),
    "an: overflow not noticed": Fault(
        "a=e5m2,acc=fp:e5m2:an1-1", approximate_float, "above", constant(0)
    ),
    "kahan: no compensation": Fault(
        "a=bf16,acc=fp:bf16:kahan",
        kahan_float,
        "Mux",
        lambda original: (
            lambda test, yes, no: original(test, yes, 0 if "16:32" in repr(no) else no)
        ),
    ),
    "rounding adder: sticky bit lost": Fault(
        "a=e5m2,acc=fp:bf16:tree,unit=dot,lanes=2,rounding=up",
        rounding_add,
        "shift_right_sticky",
        lambda original: lambda *arguments: (original(*arguments)[0], Const(0, 1)),
    ),
    "stochastic: shift register takes one step": Fault(
        "a=bf16,acc=fp:bf16:sr8",
        stochastic_float,
        "stepped",
        lambda original: lambda m, register, taps, steps: original(m, register, taps, 1),
    ),
}
LONG = {
    "an: the first group one bit short": Fault(
        "a=bf16,acc=fp:bf16:an2-2",
        approximate_float,
        "ApproximateAdd",
        lambda original: lambda acc, design: original(replace(acc, k=1, lam=3), design),
    ),
    "an: infinity forgotten": Fault(
        "a=e5m2,acc=fp:fp16:an2-2",
        approximate_float,
        "special_terms",
        lambda original: lambda terms: (original(terms)[0], Const(0, 1), Const(0, 1)),
    ),
    "an: saturates instead of becoming infinite": Fault(
        "a=e5m2,acc=fp:e5m2:an1-1", approximate_float, "overflow_goes_to_inf", constant(0)
    ),
    "kahan: special values of a group of several": Fault(
        "a=e4m3fn,acc=fp:bf16:kahan,unit=dot,lanes=2",
        kahan_float,
        "with_specials",
        lambda original: lambda m, f, products, code, name: code,
    ),
    "kahan: special values of a group forgotten": Fault(
        "a=e5m2,acc=fp:fp16:kahan,unit=dot,lanes=2",
        kahan_float,
        "with_specials",
        lambda _: lambda m, number_format, terms, code, name="": code,
    ),
    "rounding adder: sign of zero": Fault(
        "a=e4m3fn,acc=fp:bf16:tree,rounding=down",
        rounding_add,
        "drive",
        with_field("sign", lambda v: v & 0),
    ),
    "tree: special values forgotten": Fault(
        "a=e5m2,acc=fp:fp16:tree,unit=dot,lanes=2",
        rounding_add,
        "with_specials",
        lambda _: lambda m, number_format, terms, code, name="": code,
    ),
    "stochastic: overflow not noticed": Fault(
        "a=e5m2,acc=fp:e5m2:sr8", stochastic_float, "above", constant(0)
    ),
    "stochastic: random bits reversed": Fault(
        "a=bf16,acc=fp:bf16:sr8c",
        stochastic_float,
        "stepped",
        lambda original: lambda *arguments: original(*arguments)[::-1],
    ),
    "fused: sign of zero": Fault(
        "a=e5m2,acc=fp:e5m2,rounding=down", fused_float, "zero_sign", constant(0)
    ),
    "group: an infinity of the wrong sign": Fault(
        "a=e5m2,acc=fp:fp16",
        float_group,
        "special_terms",
        lambda original: lambda terms: (*original(terms)[:2], Const(0, 1)),
    ),
}


@pytest.mark.parametrize("name", some(FAULTS, 3))
def test_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_found(FAULTS[name], monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("name", LONG)
def test_other_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_found(LONG[name], monkeypatch)
