"""The spec of a converter: a unit that uses neither a second operand nor a multiplier."""

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import Fma, Mac, Mul, Workload

TEXT = "a=posit8_0,out=fp32,rounding=rne,unit=convert,stages=0,lanes=1"


def test_its_text_has_only_what_it_uses() -> None:
    design = Design.parse("a=posit8_0,out=fp32,unit=convert")
    assert str(design) == TEXT
    assert Design.parse(TEXT) == design
    assert (design.b, design.mul, design.acc, design.c) == (None, None, None, None)
    assert design.slug == "posit8_0_fp32_convert_stages0_lanes1"
    assert design.product == design.state == design.a.unpacked


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=int4,b=int8,out=bf16", "unit convert does not use b"),
        ("a=int4,b=int4,out=bf16", "unit convert does not use b"),
        ("a=int4,mul=exact,out=bf16", "unit convert does not use mul"),
        ("a=int4,acc=kulisch,out=bf16", "unit convert does not use acc"),
        ("a=int4,c=int4,out=bf16", "unit convert does not use c"),
        ("a=int4", "unit convert needs out=: the format of the results"),
        ("a=int4,out=bf16,lanes=0", "lanes=0: 1 to 1024 are allowed"),
        ("a=int4,out=bf16,lanes=1025", "lanes=1025: 1 to 1024 are allowed"),
        ("a=int4,out=bf16,interleave=2", "unit convert does not use interleave"),
        ("a=int4,out=bf16,stages=6", "stages=6: 0 to 5 are allowed"),
        ("a=int4,out=bf16,rounding=odd", "rounding=odd: allowed are"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason) as caught:
        Design.parse(f"{text},unit=convert")
    assert "\n" not in str(caught.value)


def test_other_units_keep_their_defaults() -> None:
    for unit in ("mul", "fma", "mac,acc=kulisch"):
        design = Design.parse(f"a=int4,unit={unit}")
        assert (str(design.b), str(design.mul)) == ("int4", "exact")
        assert {"b", "mul"} <= design.keys().keys()
    assert all({"b", "mul"} <= kind.uses for kind in (Mul, Fma, Mac))


def test_unsigned_results_are_for_converters_only() -> None:
    assert Design.parse("a=int8,out=uint8,unit=convert").out.bits == 8
    with pytest.raises(SpecError, match="a signed format is needed"):
        Design.parse("a=int8,out=uint8,unit=mul")


def test_slugs_of_different_converters_differ() -> None:
    texts = [
        "a=e4m3fn,out=bf16",
        "a=bf16,out=e4m3fn",
        "a=e4m3fn,out=bf16,rounding=up",
        "a=e4m3fn,out=bf16,lanes=2",
        "a=e4m3fn,out=bf16,stages=1",
    ]
    assert len({Design.parse(f"{text},unit=convert").slug for text in texts}) == len(texts)


def test_ports_of_several_lanes() -> None:
    design = Design.parse("a=e4m3fn,out=posit8_1,unit=convert,lanes=4,stages=2")
    ports = {port.name: port.width for port in design.interface.ports()}
    assert ports == {"clk": 1, "i_a": 32, "o": 32}
    assert design.interface.outputs[0].latency == 2
    assert "lane 0 in the low bits" in design.interface.ports()[1].meaning
    plain = Design.parse("a=e4m3fn,out=posit8_1,unit=convert")
    assert [port.name for port in plain.interface.ports()] == ["i_a", "o"]


def test_it_has_no_schedule_for_matrix_products() -> None:
    unit = Design.parse("a=int4,out=bf16,unit=convert").unit
    with pytest.raises(SpecError, match="unit convert has no schedule for matrix products"):
        unit.schedule(Workload(site="fc", m=1, k=2, n=3))
