"""Standard cells: the delays of the cost model's primitives at 45 nm."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from hwdse.hdl.targets.target import Target
from hwdse.primitives import Technology, load_technology
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

_TECHNOLOGY = "nangate45"
"""Technology whose delays place the registers. It is fixed: a design has only one Verilog text."""


@dataclass(frozen=True, kw_only=True)
class StandardCells(Target):
    """Standard cells, with the delays of the cost model."""

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
    """Delay of a primitive in whole ps, so that comparisons are exact on every machine."""
    return round(1000 * _technology().cost(primitive, "delay_ns"))


@cache
def _technology() -> Technology:
    return load_technology(_TECHNOLOGY)
