"""Faults planted in every generator: verification must fail, and say what differs."""

import pytest
from amaranth.hdl import Const
from sampled import some
from verify_faults import Fault, assert_found, with_field

from hwdse.hdl import blocks, fixed_point, fused_add, group_sum
from hwdse.hdl.accumulate import integer_sum, kulisch
from hwdse.hdl.decode import binary_float as decode_binary_float
from hwdse.hdl.decode import dint as decode_dint
from hwdse.hdl.decode import fixed_point as decode_fixed_point
from hwdse.hdl.decode import hif8 as decode_hif8
from hwdse.hdl.decode import levels as decode_levels
from hwdse.hdl.decode import posit as decode_posit
from hwdse.hdl.encode import binary_float as encode_binary_float
from hwdse.hdl.encode import dint as encode_dint
from hwdse.hdl.encode import fixed_point as encode_fixed_point
from hwdse.hdl.encode import hif8 as encode_hif8
from hwdse.hdl.encode import levels as encode_levels
from hwdse.hdl.encode import posit as encode_posit
from hwdse.hdl.multiply import exact, lmul
from hwdse.hdl.units import mac

FAULTS = {
    "decoder: subnormal exponent": Fault(
        "a=e4m3fn,acc=fp:fp32",
        decode_binary_float,
        "drive",
        with_field("exponent", lambda v: v & ~1),
    ),
    "decoder: NaN never flagged": Fault(
        "a=e4m3fn,acc=kulisch", decode_binary_float, "drive", with_field("nan", lambda _: Const(0))
    ),
    "exact multiplier: sign": Fault(
        "a=e4m3fn,acc=kulisch", exact, "drive", with_field("sign", lambda _: Const(0))
    ),
    "exact multiplier: zero times infinity": Fault(
        "a=e5m2,acc=fp:fp32",
        exact,
        "drive",
        with_field("nan", lambda _: Const(0)),
    ),
    "lmul: flushed operand": Fault(
        "a=e4m3fn,mul=lmul,acc=kulisch",
        lmul,
        "drive",
        with_field("significand", lambda v: v | 1),
    ),
    "lmul: formula form not clamped": Fault(
        "a=e4m3fn,mul=lmul:formula,acc=kulisch",
        lmul,
        "above",
        lambda _: lambda value, limit: Const(0, 1),
    ),
    "fixed point: shift short of one row": Fault(
        "a=e4m3fn,acc=kulisch",
        fixed_point,
        "shift_left",
        lambda original: (
            lambda m, value, amount, width, name: original(m, value, amount[:-1], width, name)
        ),
    ),
    "kulisch: infinity forgotten": Fault(
        "a=e5m2,acc=kulisch", kulisch, "drive", with_field("inf", lambda _: Const(0))
    ),
    # An exact product of 8 bits has no ties: only a directed rounding sees what lies below it.
    "fused add: sticky bit lost": Fault(
        "a=e4m3fn,acc=fp:bf16,rounding=up",
        fused_add,
        "shift_right_sticky",
        lambda original: lambda *arguments: (original(*arguments)[0], Const(0, 1)),
    ),
    "fused add: sign of zero": Fault(
        "a=e4m3fn,acc=fp:fp16,rounding=down",
        fused_add,
        "drive",
        with_field("sign", lambda v: v & 0),
    ),
    "fused add: several lanes, one left out": Fault(
        "a=e4m3fn,acc=fp:fp32,unit=dot,lanes=3",
        group_sum,
        "to_fixed_point",
        lambda original: (
            lambda m, product, name: (
                original(m, product, name) if name != "lane2" else Const(0, 1).as_signed()
            )
        ),
    ),
    "encoder: ties": Fault(
        "a=e4m3fn,acc=fp:bf16",
        encode_binary_float,
        "round_increment",
        lambda original: lambda rounding, *bits: original("rna", *bits),
    ),
    "encoder: leading zeros of one bit": Fault(
        "a=e4m3fn,acc=kulisch",
        encode_binary_float,
        "leading_zero_count",
        lambda original: lambda m, value, name: (original(m, value, name)[0] & ~1, ~value.any()),
    ),
    "integer encoder: rounding": Fault(
        "a=e4m3fn,acc=fp:fp32,out=int8",
        encode_fixed_point,
        "round_increment",
        lambda original: lambda rounding, *bits: original("rtz", *bits),
    ),
    "blocks: leading zeros": Fault(
        "a=int8,acc=fp:bf16",
        blocks,
        "Mux",
        lambda original: lambda test, yes, no: original(test, no, yes),
    ),
    "integer sum: a new sum starts from the old one": Fault(
        "a=int8,acc=int:32", integer_sum, "Mux", lambda _: lambda test, yes, no: no
    ),
    "unit: second operand not connected": Fault(
        "a=int8,acc=int:32",
        mac,
        "connect",
        lambda original: (
            lambda m, sink, source: (
                sink.significand.name.startswith("b__") or original(m, sink, source)
            )
        ),
    ),
    "fixed-point encoder: step after cutting off": Fault(
        "a=q2_6,acc=kulisch,out=q2_6",
        encode_fixed_point,
        "floor_increment",
        lambda original: lambda rounding, *bits: original("rtz", *bits),
    ),
    "fixed-point decoder: zero of an unsigned number": Fault(
        "a=uint4,acc=fp:fp16",
        decode_fixed_point,
        "drive",
        with_field("zero", lambda v: ~v),
    ),
    "float decoder: flushed fraction": Fault(
        "a=e4m3fn_ftz,acc=kulisch",
        decode_binary_float,
        "drive",
        with_field("significand", lambda v: v | 1),
    ),
    "float decoder: P3109 infinity": Fault(
        "a=binary8p3se,acc=fp:fp32",
        decode_binary_float,
        "drive",
        with_field("inf", lambda _: Const(0)),
    ),
    "float encoder: step to the smallest normal": Fault(
        "a=e4m3fn_ftz,acc=kulisch,out=e4m3fn_ftz",
        encode_binary_float,
        "round_increment",
        lambda original: (
            lambda rounding, sign, lsb, *bits: (
                Const(0, 1) if isinstance(lsb, Const) else original(rounding, sign, lsb, *bits)
            )
        ),
    ),
    "posit decoder: NaR": Fault(
        "a=posit8_0,acc=fp:fp32", decode_posit, "drive", with_field("nan", lambda _: Const(0))
    ),
    "posit decoder: length of the run": Fault(
        "a=posit8_2,acc=kulisch",
        decode_posit,
        "leading_zero_count",
        lambda original: lambda m, value, name: (original(m, value, name)[0] & ~1, Const(0, 1)),
    ),
    "posit encoder: ties": Fault(
        "a=posit8_2,acc=kulisch,out=posit8_2",
        encode_posit,
        "floor_increment",
        lambda original: lambda rounding, *bits: original("rna", *bits),
    ),
    "posit encoder: ties of magnitudes": Fault(
        "a=posit8_0,acc=fp:fp32,out=posit8_0",
        encode_posit,
        "round_increment",
        lambda original: lambda rounding, *bits: original("rtz", *bits),
    ),
    "posit encoder: beyond the largest value": Fault(
        "a=posit8_0,acc=kulisch,out=posit8_0",
        encode_posit,
        "above",
        lambda _: lambda value, limit: Const(0, 1),
    ),
    "hif8 decoder: exponents one too high": Fault(
        "a=hif8,acc=fp:fp32", decode_hif8, "drive", with_field("exponent", lambda v: v + 1)
    ),
    "dint decoder: one half is zero": Fault(
        "a=dint4,b=int8,acc=kulisch",
        decode_dint,
        "drive",
        with_field("significand", lambda v: v & ~1),
    ),
    "table decoder: one sign": Fault(
        "a=nf4,b=int8,acc=fp:fp32",
        decode_levels,
        "_entries",
        lambda original: lambda f: [{**entry, "sign": 0} for entry in original(f)],
    ),
    "hif8 encoder: ties": Fault(
        "a=hif8,acc=kulisch,out=hif8",
        encode_hif8,
        "round_increment",
        lambda original: lambda rounding, *bits: original("rna", *bits),
    ),
    "dint encoder: rounding": Fault(
        "a=dint4,acc=kulisch,out=dint4",
        encode_dint,
        "round_increment",
        lambda original: lambda rounding, *bits: original("rtz", *bits),
    ),
    "level encoder: sign of small values": Fault(
        "a=int4,acc=int:16,out=bipolar2",
        encode_levels,
        "_reaches_zero",
        lambda original: lambda record, strictly: ~original(record, strictly=strictly),
    ),
    "integer sum: sign of a magnitude": Fault(
        "a=dint4,acc=int:16",
        group_sum,
        "to_fixed_point",
        lambda _: lambda m, product, name: product.significand,
    ),
}


@pytest.mark.parametrize("fault", some(FAULTS.values(), 8, FAULTS))
def test_a_planted_fault_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_found(fault, monkeypatch)
