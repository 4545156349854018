"""The keys, the modes and the interface of the precision-scalable unit."""

import pytest

from hwdse import Design
from hwdse.errors import SpecError


@pytest.mark.parametrize(
    ("a", "modes"),
    [
        ("int4", [(1, 4, 4), (2, 4, 2), (4, 2, 2)]),
        ("int8", [(1, 8, 8), (2, 8, 4), (4, 4, 4), (4, 8, 2), (8, 4, 2), (16, 2, 2)]),
        (
            "int16",
            [
                *((1, 16, 16), (2, 16, 8), (4, 8, 8), (4, 16, 4), (8, 8, 4), (8, 16, 2)),
                *((16, 4, 4), (16, 8, 2), (32, 4, 2), (64, 2, 2)),
            ],
        ),
    ],
)
def test_its_modes(a, modes):
    design = Design.parse(f"a={a},acc=int:32,unit=scalable")
    unit = design.unit
    found = [(mode.products(unit.levels), mode.a_bits, mode.b_bits) for mode in unit.modes]
    assert found == modes
    # As many digits meet in every mode, and both words have room for all elements.
    digits = design.a.bits // 2
    for count, a_bits, b_bits in modes:
        assert count * (a_bits // 2) * (b_bits // 2) == digits**2
        assert count * max(a_bits, b_bits) <= unit.word_bits
    assert Design.parse(str(design)) == design
    assert (unit.group, unit.macs_per_cycle, unit.latency) == (1, 1, 1)
    assert f"0: 1 of {2 * digits} x {2 * digits} bits" in design.interface.behaviour


def test_floats_are_one_mode_more():
    design = Design.parse("a=int16,acc=fp:fp32,unit=scalable,floats=fp16")
    unit = design.unit
    assert unit.keys() == {"stages": 0, "floats": "fp16"}
    assert Design.parse(str(design)) == design
    assert [unit.is_float(number) for number in (0, 9, 10, 15)] == [False, False, True, True]
    assert ", 10: 1 of fp16; other" in design.interface.behaviour
    fitting = Design.parse("a=int4,acc=fp:fp32,unit=scalable,floats=e4m3fn").unit
    # Three modes of integers and one of floats have numbers of two bits.
    assert (len(fitting.modes), fitting.mode_bits) == (3, 2)
    assert Design.parse("a=int4,acc=fp:fp32,unit=scalable").unit.mode_bits == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=int6,acc=int:32", "a=int6, b=int6: one of int4, int8, int16 is needed for both"),
        ("a=int8,b=int4,acc=int:32", "a=int8, b=int4: one of int4, int8, int16"),
        ("a=uint8,acc=int:32", "a=uint8, b=uint8: one of"),
        ("a=int8_sym,acc=int:32", "a=int8_sym, b=int8_sym: one of"),
        ("a=e4m3fn,acc=kulisch", "a=e4m3fn, b=e4m3fn: one of"),
        ("a=int8,mul=radix4,acc=int:32", "mul=radix4: only exact is composed of digits"),
        (
            "a=int8,acc=kulisch,floats=fp16",
            "floats=fp16: significands of 11 bits, a multiplier of 8",
        ),
        ("a=int8,acc=kulisch,floats=int4", "floats=int4: a format with sign and significand"),
        ("a=int8,acc=kulisch,floats=lns8_g8", "floats=lns8_g8: a format with sign and significand"),
        ("a=int8,acc=kulisch,floats=fp17", "floats=fp17: "),
        ("a=int8,acc=int:32,floats=bf16", "floats=bf16, acc=int:32: kulisch or fp:{format} are"),
        ("a=int8,acc=int:32,levels=2", "unit scalable does not use levels"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(text, reason):
    with pytest.raises(SpecError, match=reason) as error:
        Design.parse(f"{text},unit=scalable")
    assert "\n" not in str(error.value)
