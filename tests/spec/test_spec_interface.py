"""Interfaces: what a unit declares of its streams, and what is refused."""

from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from hwdse import Design
from hwdse.errors import SpecError
from hwdse.spec import Field, Interface, Stream
from hwdse.spec.unit import Bare

WORD = Field(name="", meaning="a word", bits=4, elements=3)


def stream(**changes: object) -> Stream:
    facts = {"name": "i", "direction": "input", "fields": (WORD,)} | changes
    return Stream(**facts)  # type: ignore[arg-type]


def answer(**changes: object) -> Stream:
    return stream(**({"name": "o", "direction": "output", "follows": "i"} | changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"direction": "inout"}, "direction 'inout', allowed are input, output"),
        ({"handshake": "credit"}, "handshake 'credit', allowed are none, valid, ready"),
        ({"fields": ()}, "has no fields"),
        ({"starts": "first"}, "starts with 'first', which is no field"),
        ({"follows": "x"}, "an output follows an input stream"),
        ({"direction": "output"}, "an output follows an input stream"),
    ],
)
def test_streams_that_mean_nothing(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        stream(**changes)


def test_interfaces_that_mean_nothing() -> None:
    with pytest.raises(SpecError, match="two ports are called i"):
        Interface(streams=(stream(), stream()))
    with pytest.raises(SpecError, match="follows 'x': inputs are i"):
        Interface(streams=(stream(), answer(follows="x")))
    with pytest.raises(SpecError, match="no stream can wait for ready"):
        Interface(streams=(stream(handshake="ready"), answer()), turns=2)
    with pytest.raises(SpecError, match="no stream is called 'x': there are i, o"):
        Interface(streams=(stream(), answer())).stream("x")


def test_ports_come_stream_by_stream_handshake_first() -> None:
    interface = Interface(streams=(stream(handshake="ready"), answer()), reset_cycles=2)
    ports = [(port.name, port.direction, port.width) for port in interface.ports()]
    assert ports == [
        ("clk", "input", 1),
        ("rst", "input", 1),
        ("i_valid", "input", 1),
        ("i_ready", "output", 1),
        ("i", "input", 12),
        ("o_valid", "output", 1),
        ("o", "output", 12),
    ]
    assert interface.ports()[1].meaning.endswith("held for 2 cycles")
    assert [
        port.name for port in Interface(streams=(), clocked=False, reset_cycles=0).ports()
    ] == []


def test_the_units_of_hwdse_declare_theirs() -> None:
    dot = Design.parse("a=e4m3fn,acc=fp:bf16,unit=dot,lanes=3,stages=2,interleave=2").interface
    assert (dot.turns, dot.reset_cycles, dot.clocked) == (2, 4, True)
    source, sink = dot.streams
    assert (source.starts, sink.follows, sink.latency) == ("first", "i", 4)
    assert [part.width for part in source.fields] == [1, 24, 24]
    bare = Design.parse("a=e4m3fn,unit=fma").interface
    assert (bare.clocked, bare.reset_cycles) == (False, 0)
    assert [port.name for port in bare.ports()] == ["i_a", "i_b", "i_c", "o"]


@dataclass(frozen=True, kw_only=True)
class Worded(Bare):
    """A unit with a key whose values are words."""

    keyword: ClassVar[str] = "worded"
    uses: ClassVar[frozenset[str]] = frozenset({"b", "mul"})

    dataflow: str = field(default="ws", metadata={"words": ("ws", "os")})


def test_keys_of_units_may_be_words() -> None:
    design = Design.parse("a=int8,unit=worded,dataflow=os")
    assert isinstance(design.unit, Worded)
    assert design.unit.dataflow == "os"
    assert Design.parse(str(design)) == design
    assert design.slug.endswith("worded_stages0_dataflowos")
    with pytest.raises(SpecError, match="dataflow=rs: allowed are ws, os"):
        Design.parse("a=int8,unit=worded,dataflow=rs")
