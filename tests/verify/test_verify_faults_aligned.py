"""Faults planted in the tensor-core style accumulators: verification must find them."""

import pytest
from amaranth.hdl import Const
from sampled import some
from verify_faults import Fault, assert_found, with_field

from hwdse.hdl.accumulate import aligned, aligned_sum
from hwdse.hdl.accumulate.aligned_sum import FlooredSum
from hwdse.hdl.accumulate.aligned_sum import _GroupSum as GroupSum


class _NeverZero:
    """A product whose zero flag is not looked at."""

    def __init__(self, record):
        self.exponent, self.zero = record.exponent, Const(0, 1)


FAULTS = {
    "zeros count in the search": Fault(
        "a=e4m3fn,acc=aligned:F13:e8m13,unit=dot,lanes=2",
        GroupSum,
        "_greatest_field",
        lambda original: (
            lambda self, m, products, name: original(
                self, m, [_NeverZero(p) for p in products], name
            )
        ),
    ),
    "a row of the aligning shift": Fault(
        "a=e4m3fn,acc=aligned:F13:e8m13,unit=dot,lanes=2",
        aligned_sum,
        "shift_right",
        lambda original: lambda m, value, amount, name: original(m, value, amount & ~1, name),
    ),
    "far terms come round again": Fault(
        "a=e4m3fn,acc=aligned:F13:e8m13,unit=dot,lanes=2",
        aligned_sum,
        "shift_right",
        lambda original: lambda m, value, amount, name: original(m, value, amount[:4], name),
    ),
    "sign of one lane": Fault(
        "a=e4m3fn,acc=aligned:F9,unit=dot,lanes=3",
        aligned_sum,
        "signed_sum",
        lambda original: lambda terms: original([terms[0], (terms[1][0], Const(0, 1)), *terms[2:]]),
    ),
    "zeros at exponent -133": Fault(
        "a=bf16,acc=aligned:F8,unit=dot,lanes=2",
        GroupSum,
        "_clamped",
        lambda _: lambda self, field: field,
    ),
    "a zero running value counts by its field": Fault(
        "a=bf16,acc=aligned:hopper,unit=dot,lanes=4",
        GroupSum,
        "__init__",
        lambda original: (
            lambda self, *arguments: (
                original(self, *arguments),
                setattr(self, "_addend_above", False),
            )[0]
        ),
    ),
    "a running value below zeros counts": Fault(
        "a=e3m3b72finite,acc=aligned:F4:e4m3b140,unit=dot,lanes=2",
        GroupSum,
        "__init__",
        lambda original: (
            lambda self, *arguments: (
                original(self, *arguments),
                setattr(self, "_addend_below", False),
                setattr(self, "_clamp", False),
            )[0]
        ),
    ),
    "overflow to the largest value": Fault(
        "a=bf16,acc=aligned:hopper,unit=dot,lanes=2",
        aligned,
        "goes_to_infinity",
        lambda _: lambda acc, design: False,
    ),
    "overflow to infinity": Fault(
        "a=bf16,acc=aligned:hopper:max,unit=dot,lanes=2",
        aligned,
        "goes_to_infinity",
        lambda _: lambda acc, design: True,
    ),
    "sign of a sum truncated to zero": Fault(
        "a=bf16,acc=aligned:hopper,unit=dot,lanes=2",
        aligned,
        "BinaryFloatEncoder",
        lambda original: (
            lambda *arguments, signed_zero, **options: original(
                *arguments, signed_zero=True, **options
            )
        ),
    ),
    "infinity of a product": Fault(
        "a=e5m2,acc=aligned:F9", aligned_sum, "drive", with_field("inf", lambda _: Const(0))
    ),
    "sign of zero": Fault(
        "a=e5m2,acc=aligned:F9", aligned_sum, "drive", with_field("sign", lambda v: v | 1)
    ),
    "padding of the output": Fault(
        "a=e4m3fn,acc=aligned:F13:e8m13",
        aligned,
        "drive",
        with_field("significand", lambda v: v | 1),
    ),
    "group sums: truncated instead of floored": Fault(
        "a=e5m2,acc=aligned:F5:floor4-4:e4m3,unit=dot,lanes=2",
        FlooredSum,
        "_on_grid",
        lambda original: (
            lambda self, m, number, distance, **bits: original(
                self, m, number & ~1, distance, **bits
            )
        ),
    ),
    "group sums: both parts in one": Fault(
        "a=e4m3fn,acc=aligned:F5:floor9-9:split2,unit=dot,lanes=4",
        FlooredSum,
        "__init__",
        lambda original: (
            lambda self, acc, design, lanes: (
                original(self, acc, design, lanes),
                setattr(self, "_parts", [range(lanes)]),
            )[0]
        ),
    ),
}


@pytest.mark.parametrize("fault", some(FAULTS.values(), 9, FAULTS))
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_found(fault, monkeypatch)
