"""Standard cells: delays of primitives that were synthesized alone at 45 nm.

The figures belong to this target. They do not follow the tables of the cost model, so that a design
keeps its Verilog text when a table is calibrated again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from hwdse.hdl.targets.target import Target
from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    Multiplier,
    Mux,
    Primitive,
    Reduce,
    Shifter,
    Table,
)

_LAWS_NS: Mapping[type[Primitive], Mapping[str, float]] = {
    Adder: {"one": 0.0194538, "width": 0.0359255},
    Incrementer: {"width": 0.037193},
    Multiplier: {"log_rows": 0.126353, "carries": 0.0407918, "signed": 0.0628457},
    Shifter: {"levels": 0.0174363, "log": 0.0369976, "width": 0.00111049},
    Mux: {"levels": 0.05693, "log": 0.0143263},
    Reduce: {"one": 0.0126851, "log": 0.0310691},
    Gates: {"one": 0.054367},
    Table: {"depth": 0.0605798, "log": 0.0165044},
}
"""Delay in ns by primitive: the coefficient of each feature.

Fitted to grids of widths, synthesized by Yosys 0.64 with the NanGate 45 nm library (1.1 V) and
timed by OpenSTA without wires.
"""


@dataclass(frozen=True, kw_only=True)
class StandardCells(Target):
    """Standard cells."""

    keyword: ClassVar[str] = "cells"
    description: ClassVar[str] = "standard cells"

    def chain_ps(self, width: int, *, two: bool) -> tuple[int, int]:
        """An adder, or an incrementer if one operand is constant.

        The first delay is the delay for a width of one bit. All steps to the next bit are equal.
        """
        law = Adder if two else Incrementer
        whole, first = _delay_ps(law(width=width)), _delay_ps(law(width=1))
        return first, max(whole - first, 0) // (width - 1) if width > 1 else 0

    def gate_ps(self) -> int:
        """A gate."""
        return _delay_ps(Gates(width=1))

    def mux_ps(self, width: int, ways: int) -> int:
        """A multiplexer, including the buffers of the select lines for this width."""
        return _delay_ps(Mux(width=width, ways=ways))

    def equality_ps(self, width: int, *, two: bool) -> int:
        """One gate per bit if both words are variable, then a tree of gates."""
        return _delay_ps(Gates(width=width if two else 0)) + _delay_ps(Reduce(width=width))

    def reduction_ps(self, bits: int) -> int:
        """A tree of gates."""
        return _delay_ps(Reduce(width=bits))

    def product_ps(self, a_bits: int, b_bits: int, *, signed: bool) -> int:
        """A multiplier made of full adders."""
        return _delay_ps(Multiplier(a_bits=a_bits, b_bits=b_bits, signed=signed))

    def shift_ps(self, width: int, amount_bits: int, input_bits: int) -> int:
        """A barrel shifter."""
        most = (1 << amount_bits) - 1
        return _delay_ps(Shifter(width=width, max_shift=most, input_width=input_bits))

    def table_ps(self, address_bits: int, data_bits: int) -> int:
        """A table made of gates."""
        return _delay_ps(Table(address_bits=address_bits, data_bits=data_bits))


@cache
def _delay_ps(primitive: Primitive) -> int:
    """Whole picoseconds, so that comparisons are exact on every machine."""
    if primitive.empty:
        return 0
    features = primitive.features()
    law = _LAWS_NS[type(primitive)]
    return round(1000 * sum(value * features[feature] for feature, value in law.items()))
