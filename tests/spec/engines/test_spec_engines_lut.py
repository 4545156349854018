"""The keys and the interface of the table-lookup engine."""

from dataclasses import replace

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import Axis, Workload


def test_it_parses_and_names_itself() -> None:
    for text, keys, macs in [
        ("b=int2", {"group": 4, "rows": 2, "cols": 16}, 64),
        ("b=binary,group=1,rows=1,cols=1", {"group": 1, "rows": 1, "cols": 1}, 1),
        ("b=uint3,group=5,rows=2,cols=2", {"group": 5, "rows": 2, "cols": 2}, 20 / 3),
        ("b=int4,group=1,rows=1,cols=1", {"group": 1, "rows": 1, "cols": 1}, 0.25),
    ]:
        design = Design.parse(f"a=int8,acc=int:32,unit=lut,{text}")
        assert design.unit.keys() == keys
        assert Design.parse(str(design)) == design
        assert design.unit.macs_per_cycle == macs
        assert (design.unit.group, design.unit.takes_turns) == (keys["group"], False)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=int8,b=int2,acc=int:32,group=0", "group=0: 1 to 8 are allowed"),
        ("a=int8,b=int2,acc=int:32,rows=65", "rows=65: 1 to 64 are allowed"),
        ("a=int8,b=int2,acc=int:32,cols=257", "cols=257: 1 to 256 are allowed"),
        ("a=int8,b=int2,acc=int:32,stages=1", "stages=1: unit lut allows 0"),
        ("a=int8,b=int2,acc=int:32,planes=2", "unit lut does not use planes"),
        ("a=int8,acc=int:32", "unit lut, b=int8 has 8 bits: weights of 1 to 4 bits"),
        ("a=int8,b=int2,acc=int:11", "unit lut, acc=int:11: .* at least int:12 is needed"),
        ("a=int8,b=int2,acc=int:8", "accumulator int:8 cannot hold one product"),
        ("a=int8,b=int2,mul=shift-add,acc=int:32", "unit lut, mul=shift-add: exact is allowed"),
        ("a=e4m3fn,b=int2,acc=kulisch:2", "unit lut, acc=kulisch:2: at least kulisch:4"),
        ("a=e4m3fn,b=int2,acc=fp:bf16:kahan", "allowed"),
        ("a=e4m3fn,b=uint2,acc=fp:fp32", "a slice keeps no sign of zero"),
        ("a=e4m3fn,b=int2,acc=fp:fp32,rounding=down", "and rounding not down"),
        ("a=e11m52,b=int2,acc=kulisch", "bits in fixed point, at most 320 are allowed"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason) as error:
        Design.parse(f"{text},unit=lut")
    assert "\n" not in str(error.value)


def test_streams_have_plain_codes() -> None:
    design = Design.parse("a=int8,b=ternary,acc=int:20,unit=lut,group=3,rows=2,cols=5")
    streams = {stream.name: stream for stream in design.interface.streams}
    assert all(stream.handshake == "ready" for stream in streams.values())
    assert [streams[name].fields[-1].width for name in ("w", "a", "o")] == [30, 48, 100]
    assert [field.name for field in streams["a"].fields] == ["last", "data"]
    with pytest.raises(SpecError, match="interface axis: unit lut"):
        Axis().interface(design)


def test_the_accumulator_of_slices_is_that_of_products() -> None:
    """The sum of a slice is one term, and the state has the bits that it has in a `dot`."""
    for text in ("a=int8,b=int4,acc=int:32", "a=e5m2,b=int2,acc=kulisch:5", "a=int4,acc=kulisch"):
        for group in (1, 3, 4):
            design = Design.parse(f"{text},unit=lut,group={group}")
            inner = design.unit.summing(design)
            assert inner.state == design.state
            assert inner.unit.group == 1


def test_large_products_use_every_cycle() -> None:
    for weights in ("binary", "int2", "int4"):
        unit = Design.parse(f"a=int8,b={weights},acc=int:32,unit=lut").unit
        assert unit.schedule(Workload(site="s", m=8, k=256, n=64)).utilization > 0.97
        many = replace(unit, rows=1)
        assert many.schedule(Workload(site="s", m=4, k=16, n=64)).utilization > 0.96
