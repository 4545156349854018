"""Faults planted in the generators of logarithmic numbers: verification must find them."""

import pytest
from amaranth.hdl import Const
from sampled import some
from verify_faults import Fault, assert_found, with_field

from hwdse.hdl import antilog, weighted_sum
from hwdse.hdl.accumulate import bins, lns
from hwdse.hdl.decode import logarithmic as decode
from hwdse.hdl.encode import logarithmic as encode
from hwdse.hdl.multiply import log


def changed_word(position: int):
    """A table with one bit of one word flipped."""

    def broken(original):
        def lookup(m, address, words, *rest):
            words = list(words)
            words[position] ^= 2
            return original(m, address, words, *rest)

        return lookup

    return broken


FAULTS = {
    "decoder: zero": Fault(
        "a=lns8_g8z,mul=log,acc=kulisch:64", decode, "drive", with_field("zero", lambda v: v & 0)
    ),
    "decoder: sign of the logarithm": Fault(
        "a=lns4_3,mul=log,acc=fp:fp16", decode, "drive", with_field("log", lambda v: v ^ 64)
    ),
    "multiplier: a negative zero": Fault(
        "a=lns4_3,b=lns8_g8,mul=log,acc=fp:fp32",
        antilog,
        "drive",
        with_field("sign", lambda v: Const(0)),
    ),
    "multiplier: table": Fault(
        "a=lns8_g8,mul=log,acc=kulisch:64", antilog, "lookup", changed_word(5)
    ),
    "multiplier: logarithms aligned": Fault(
        "a=lns4_3,b=lns3_4,mul=log,acc=fp:fp32",
        log,
        "Const",
        lambda original: lambda value, width: original((1 << width) - 1, width),
    ),
    "bins: a digit of a constant": Fault(
        "a=lns8_g8,mul=log,acc=bins:64",
        weighted_sum,
        "signed_digits",
        lambda original: lambda constant: original(constant)[-2:],
    ),
    "bins: another register read": Fault(
        "a=lns8_g8,mul=log:h1,acc=bins:64",
        bins,
        "_selected",
        lambda _: lambda words, index: words[0],
    ),
    "bins: lanes that share a register": Fault(
        "a=lns6_g1z,mul=log,acc=bins:64,unit=dot,lanes=2",
        bins,
        "to_fixed_point",
        lambda original: (
            lambda m, product, name: (
                original(m, product, name) if name == "lane0" else Const(0, 1).as_signed()
            )
        ),
    ),
    "logarithmic sum: like signs": Fault(
        "a=lns4_3,mul=log,acc=lns:lns5_3",
        lns,
        "sum_table",
        lambda original: lambda f: (original(f)[0] - 1, *original(f)[1:]),
    ),
    "logarithmic sum: unlike signs": Fault(
        "a=lns4_3,mul=log,acc=lns:lns5_3",
        lns,
        "difference_table",
        lambda original: lambda f: original(f)[:-1],
    ),
    "logarithmic sum: a lane left out": Fault(
        "a=lns4_3,mul=log,acc=lns:lns5_3,unit=dot,lanes=3",
        lns.LogStep,
        "records",
        lambda original: property(lambda self: original.fget(self)[:2]),
    ),
    "encoder: middles": Fault(
        "a=lns4_3,mul=log,acc=kulisch:64,out=lns4_3",
        encode,
        "_middles",
        lambda original: lambda f, width: [*original(f, width)[:-1], (1 << width) - 1],
    ),
    "encoder: away from zero": Fault(
        "a=lns4_3,mul=log,acc=kulisch:64,out=lns4_3,rounding=up",
        encode,
        "_away",
        lambda _: lambda rounding, sign: Const(0, 1),
    ),
    "encoder of logarithms: range": Fault(
        "a=lns4_3,mul=log,acc=lns:lns5_3,out=lns3_4",
        encode,
        "_code",
        lambda original: (
            lambda m, f, record, rounded: original(m, f, record, rounded) & ~(1 << f.fraction_bits)
        ),
    ),
}


@pytest.mark.parametrize("fault", some(FAULTS.values(), 8, FAULTS))
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_found(fault, monkeypatch)
