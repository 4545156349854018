"""The ports of each kind of unit."""

from dataclasses import dataclass
from functools import singledispatch

from hwdse.errors import SpecError
from hwdse.spec import Design, Unit
from hwdse.spec.unit import Bare, Summing


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of the emitted module.

    Attributes:
        name: its name.
        direction: `input` or `output`.
        width: its width in bits.
        meaning: what it carries, in a phrase.
    """

    name: str
    direction: str
    width: int
    meaning: str


def ports(design: Design) -> list[Port]:
    """All ports of a design's module: clock and reset where it has them, then the unit's own."""
    return _ports(design.unit, design)


def has_clock(design: Design) -> bool:
    """Whether the module has a clock."""
    return any(port.name == "clk" for port in ports(design))


def reset_cycles(unit: Summing) -> int:
    """Cycles that a reset must last: sums that take turns pass it one after another."""
    return unit.latency if unit.interleave > 1 else 1


def interleaved(design: Design) -> int:
    """Sums that take turns; one for a unit without sums."""
    return design.unit.interleave if isinstance(design.unit, Summing) else 1


@singledispatch
def _ports(unit: Unit, design: Design) -> list[Port]:
    raise SpecError(f"unit {unit} has no bench")


@_ports.register
def _(unit: Summing, design: Design) -> list[Port]:
    lane_0 = " codes, lane 0 in the low bits"
    return [
        _CLOCK,
        _input("rst", 1, f"synchronous reset, active high, held for {reset_cycles(unit)} cycles"),
        _input("i_valid", 1, "the inputs are accepted in this cycle"),
        _input("i_first", 1, "the inputs start a new sum"),
        _input("i_a", unit.lanes * design.a.bits, f"{design.a}{lane_0}"),
        _input("i_b", unit.lanes * design.b.bits, f"{design.b}{lane_0}"),
        _output("o_valid", 1, "o is the sum after one more accepted input"),
        _output("o", design.out.bits, f"{design.out} code of the running sum"),
    ]


@_ports.register
def _(unit: Bare, design: Design) -> list[Port]:
    addend = [] if design.c is None else [_input("i_c", design.c.bits, f"{design.c} code")]
    return [
        *([_CLOCK] if unit.stages else []),
        _input("i_a", design.a.bits, f"{design.a} code"),
        _input("i_b", design.b.bits, f"{design.b} code"),
        *addend,
        _output("o", design.out.bits, f"{design.out} code of the result"),
    ]


def _input(name: str, width: int, meaning: str) -> Port:
    return Port(name=name, direction="input", width=width, meaning=meaning)


def _output(name: str, width: int, meaning: str) -> Port:
    return Port(name=name, direction="output", width=width, meaning=meaning)


_CLOCK = _input("clk", 1, "clock, rising edge")
