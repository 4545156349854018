"""The keys and the interface of the systolic array."""

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import Axis, Workload
from hwdse.spec.engines.systolic import Systolic


def test_it_parses_and_names_itself() -> None:
    for text, keys in [
        ("rows=3,cols=5", {"rows": 3, "cols": 5, "dataflow": "ws", "sums": 12}),
        ("rows=1,cols=64,sums=0", {"rows": 1, "cols": 64, "dataflow": "ws", "sums": 0}),
        ("dataflow=os", {"rows": 8, "cols": 8, "dataflow": "os"}),
    ]:
        design = Design.parse(f"a=int8,acc=int:32,unit=systolic,{text}")
        assert design.unit.keys() == keys
        assert Design.parse(str(design)) == design
        assert (design.unit.group, design.unit.takes_turns) == (1, False)
        assert design.unit.macs_per_cycle == design.unit.rows * design.unit.cols


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("rows=0", "rows=0: 1 to 64 are allowed"),
        ("cols=65", "cols=65: 1 to 64 are allowed"),
        ("dataflow=is", "dataflow=is: allowed are ws, os"),
        ("sums=4097", "sums=4097: 0 to 4096 are allowed"),
        ("dataflow=os,sums=4", "sums=4: dataflow=os keeps no sums outside the PEs"),
        ("stages=1", "stages=1: unit systolic allows 0"),
        ("lanes=2", "unit systolic does not use lanes"),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason) as error:
        Design.parse(f"a=int8,acc=int:32,unit=systolic,{text}")
    assert "\n" not in str(error.value)


def test_streams_depend_on_dataflow_and_kept_sums() -> None:
    fields = {}
    for text in ("sums=0", "sums=2", "dataflow=os"):
        design = Design.parse(f"a=int8,b=int4,acc=int:20,unit=systolic,rows=2,cols=3,{text}")
        streams = {stream.name: stream for stream in design.interface.streams}
        assert all(stream.handshake == "ready" for stream in streams.values())
        widths = [streams[name].fields[-1].width for name in ("w", "a", "o")]
        assert widths == [12, 16, 60]
        fields[text] = [field.name for field in streams["a"].fields]
    assert fields == {
        "sums=0": ["swap", "data"],
        "sums=2": ["swap", "first", "last", "data"],
        "dataflow=os": ["last", "data"],
    }
    with pytest.raises(SpecError, match="interface axis: unit systolic has other streams"):
        Axis().interface(design)


def test_long_sums_need_places_to_be_kept() -> None:
    with pytest.raises(SpecError, match="s: sums of 9 terms, unit systolic with sums=0"):
        Systolic(sums=0).schedule(Workload(site="s", m=4, k=9, n=4))
    assert Systolic(sums=0).schedule(Workload(site="s", m=4, k=8, n=4)).writes == 16
