"""Faults planted in the multipliers and in the sums of what they give."""

import pytest
from amaranth.hdl import Const
from verify_faults import Fault, assert_found, with_field

from hwdse.hdl import compress, group_sum
from hwdse.hdl.multiply import add_skip, lut, mitchell, radix4, shift_add, xnor


def last_changed(entries):
    """The entries of a table with another significand in the last one."""
    *kept, last = entries
    return [*kept, {**last, "significand": last["significand"] ^ 1}]


FAULTS = {
    "mitchell: zero operand": Fault(
        "a=e4m3fn,mul=mitchell,acc=kulisch",
        mitchell,
        "drive",
        with_field("significand", lambda v: v | 1),
    ),
    "mitchell: leading one of a subnormal": Fault(
        "a=e4m3fn,mul=mitchell,acc=fp:fp32",
        mitchell,
        "leading_zero_count",
        lambda original: lambda m, value, name: (original(m, value, name)[0] & ~1, Const(0, 1)),
    ),
    "mitchell: integers shifted back short of one row": Fault(
        "a=int8,mul=mitchell,acc=int:24",
        mitchell,
        "shift_left",
        lambda original: (
            lambda m, value, amount, width, name: original(
                m, value, amount[:-1] if name == "back" else amount, width, name
            )
        ),
    ),
    "lut: one product": Fault(
        "a=e2m1fn,mul=lut,acc=kulisch,out=fp16",
        lut,
        "lookup_fields",
        lambda original: (
            lambda m, address, entries, widths, name: original(
                m, address, last_changed(entries), widths, name
            )
        ),
    ),
    "lut: sign": Fault(
        "a=dint4,mul=lut,acc=int:16,out=fp16", lut, "drive", with_field("sign", lambda v: ~v)
    ),
    "add-skip: nothing skipped": Fault(
        "a=int8,b=ternary,mul=add-skip,acc=int:16",
        add_skip,
        "Mux",
        lambda _: lambda test, yes, no: yes,
    ),
    "add-skip: carries of several lanes lost": Fault(
        "a=int8,b=ternary,mul=add-skip,acc=int:16,unit=dot,lanes=4",
        group_sum,
        "balanced_sum",
        lambda original: lambda m, terms, carries, name: original(m, terms, (), name),
    ),
    "add-skip: zero times infinity": Fault(
        "a=e5m2,b=ternary,mul=add-skip,acc=fp:bf16",
        add_skip,
        "drive",
        with_field("nan", lambda _: Const(0)),
    ),
    "shift-add: one digit too few": Fault(
        "a=int8,b=pot8_k2,mul=shift-add,acc=int:24",
        shift_add,
        "balanced_sum",
        lambda original: (
            lambda m, terms, carries, name: original(
                m, [terms[0], terms[0] & 0], [carries[0], carries[0] & 0], name
            )
        ),
    ),
    "xnor: constant of the count": Fault(
        "a=bipolar3,b=bipolar2,mul=xnor,acc=int:12",
        xnor,
        "constant_columns",
        lambda original: lambda number, width: original(number + 1, width),
    ),
    "radix4: correction of the signed digits": Fault(
        "a=int8,mul=radix4,acc=int:24",
        radix4,
        "constant_columns",
        lambda original: lambda number, width: original(number + 8, width),
    ),
    "full adder: carry": Fault(
        "a=binary,mul=xnor,acc=int:8,unit=dot,lanes=4",
        compress,
        "Mux",
        lambda original: lambda test, yes, no: original(test, no, yes),
    ),
}


@pytest.mark.parametrize("name", [n for n in FAULTS if n.startswith(("mitchell: z", "xnor"))])
def test_planted_fault_is_found(name, monkeypatch):
    assert_found(FAULTS[name], monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("name", [n for n in FAULTS if not n.startswith(("mitchell: z", "xnor"))])
def test_more_planted_faults_are_found(name, monkeypatch):
    assert_found(FAULTS[name], monkeypatch)
