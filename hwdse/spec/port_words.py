"""Concatenates all ports of a unit to one input word and one output word.

A driver can then simulate any unit without knowing the port names.
"""

from dataclasses import dataclass

from hwdse.spec.interface import Interface

_WORD_BITS = 32


@dataclass(frozen=True, kw_only=True)
class PortWord:
    """Ports concatenated to one word. The first port is in the low bits.

    Attributes:
        widths: width of each port in bits, by port name.
    """

    widths: dict[str, int]

    @property
    def width(self) -> int:
        """Width of the word in bits."""
        return sum(self.widths.values())

    @property
    def words(self) -> int:
        """Number of 32-bit words that hold this word; 1 or 2 up to 64 bits, as in Verilator."""
        return -(-self.width // _WORD_BITS)

    def join(self, values: dict[str, int]) -> int:
        """The word for the given port values. Ports without a value are 0."""
        word = 0
        for name, value in values.items():
            word |= value << self.place(name)
        return word

    def place(self, name: str) -> int:
        """Position of a port's lowest bit in the word."""
        at = 0
        for other, width in self.widths.items():
            if other == name:
                return at
            at += width
        raise KeyError(name)

    def slices(self, word: str) -> dict[str, str]:
        """Verilog expression for the slice of each port, by port name.

        Args:
            word: Verilog name of the word.
        """
        return {
            name: f"{word}[{self.place(name) + width - 1}:{self.place(name)}]"
            for name, width in self.widths.items()
        }


def port_words(interface: Interface) -> tuple[PortWord, PortWord]:
    """The input word and the output word of a unit. The clock is not part of the input word."""
    into, out = (
        PortWord(
            widths={
                port.name: port.width
                for port in interface.ports()
                if port.direction == direction and port.name != interface.clock
            }
        )
        for direction in ("input", "output")
    )
    return into, out


def joining_module(interface: Interface, unit: str, top: str, *, more: dict[str, str]) -> str:
    """Verilog of a wrapper module with ports `clk`, `in` and `out` around the module `unit`.

    Args:
        interface: interface of the unit.
        unit: module name of the unit.
        top: module name of the wrapper.
        more: additional inputs of unit and wrapper. The key is the port name in both modules. The
            value is the port declaration in the wrapper, such as `[31:0] mutsel`.
    """
    into, out = port_words(interface)
    connections = into.slices("in") | out.slices("out") | {name: name for name in more}
    if interface.clocked:
        connections[interface.clock] = "clk"
    joined = ",\n    ".join(f".{name}({wire})" for name, wire in connections.items())
    declared = "".join(f", input {declaration}" for declaration in more.values())
    return (
        f"module {top}(input clk{declared}, input [{into.width - 1}:0] in,\n"
        f"    output [{out.width - 1}:0] out);\n"
        f"  {unit} unit(\n    {joined});\nendmodule\n"
    )
