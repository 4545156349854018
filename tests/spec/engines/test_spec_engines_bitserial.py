"""The keys and the interface of the bit-serial unit."""

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import Workload


@pytest.mark.parametrize(
    ("text", "lanes", "planes", "macs"),
    [
        ("a=int8,acc=int:32", 4, 8, 0.5),
        ("a=int8,b=int4,acc=int:32,lanes=8", 8, 4, 2),
        ("a=q3_4,b=uint5,acc=kulisch,out=fp32,lanes=1", 1, 5, 0.2),
    ],
)
def test_it_parses_and_names_itself(text: str, lanes: int, planes: int, macs: float) -> None:
    design = Design.parse(f"{text},unit=bitserial")
    assert design.unit.keys() == {"lanes": lanes}
    assert Design.parse(str(design)) == design
    assert (design.unit.group, design.unit.planes) == (lanes, planes)
    assert design.unit.macs_per_cycle == macs
    assert (design.unit.latency, design.unit.takes_turns) == (planes + 1, False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=int8,acc=int:32,lanes=0", "lanes=0: 1 to 1024 are allowed"),
        ("a=int8,acc=int:32,stages=1", "stages=1: unit bitserial allows 0"),
        ("a=int8,acc=int:32,planes=2", "unit bitserial does not use planes"),
        ("a=e4m3fn,b=int4,acc=fp:fp32", "unit bitserial, a=e4m3fn: integers and fixed-point"),
        ("a=int8,b=ternary,acc=int:32", "unit bitserial, b=ternary: integers and fixed-point"),
        ("a=int8,b=int8_sym,acc=int:32", "unit bitserial, b=int8_sym: integers"),
        ("a=int17,acc=kulisch,out=fp32", "2 to 16 bits are allowed"),
        ("a=int8,mul=lut,acc=int:32", "unit bitserial, mul=lut: exact is allowed"),
        ("a=int8,b=int4,acc=int:13", "sums of 4 products take 14 bits, at least int:14"),
        ("a=int8,acc=kulisch:2,out=fp32", "at least kulisch:4 is needed for 4 products"),
        ("a=int8,acc=fp:bf16:kahan", "int:{width}, kulisch or fp:{format} are allowed"),
        ("a=int8,acc=fp:fp32,rounding=down", "a slice keeps no sign of zero"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason) as error:
        Design.parse(f"{text},unit=bitserial")
    assert "\n" not in str(error.value)


def test_the_number_of_bits_is_a_field() -> None:
    design = Design.parse("a=int8,b=int5,acc=int:20,unit=bitserial,lanes=3")
    source, sink = design.interface.streams
    assert {field.name: field.width for field in source.fields} == {
        **{"last": 1, "bits": 3, "a": 24, "b": 15}
    }
    assert [field.width for field in sink.fields] == [20]
    assert (source.handshake, sink.handshake) == ("ready", "ready")
    assert [design.unit.taken(n) for n in range(8)] == [5, 1, 2, 3, 4, 5, 5, 5]
    assert "in two's complement" in design.interface.behaviour
    unsigned = Design.parse("a=int8,b=uint5,acc=int:20,unit=bitserial,lanes=3")
    assert "without sign" in unsigned.interface.behaviour


def test_a_product_takes_a_cycle_for_each_bit_of_its_weights() -> None:
    for b, planes in (("int2", 2), ("int8", 8)):
        design = Design.parse(f"a=int8,b={b},acc=int:32,unit=bitserial")
        schedule = design.unit.schedule(Workload(site="s", m=3, k=10, n=5))
        assert schedule.cycles == 15 * 3 * planes + 2
        assert schedule.macs == 150
        assert schedule.reads_a == schedule.reads_b == 15 * 3 * 4
