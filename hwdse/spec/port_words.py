"""All ports of a unit joined to two words, for drivers that know no port by name."""

from dataclasses import dataclass

from hwdse.spec.interface import Interface

_WORD_BITS = 32


@dataclass(frozen=True, kw_only=True)
class PortWord:
    """Ports joined to one word, the first in the low bits.

    Attributes:
        widths: of the ports, by name.
    """

    widths: dict[str, int]

    @property
    def width(self) -> int:
        """Bits of the word."""
        return sum(self.widths.values())

    @property
    def words(self) -> int:
        """32-bit words of it; like Verilator, one or two up to 64 bits."""
        return -(-self.width // _WORD_BITS)

    def join(self, values: dict[str, int]) -> int:
        """The word; ports not named are 0."""
        word = 0
        for name, value in values.items():
            word |= value << self.place(name)
        return word

    def place(self, name: str) -> int:
        """The lowest bit of a port."""
        at = 0
        for other, width in self.widths.items():
            if other == name:
                return at
            at += width
        raise KeyError(name)

    def slices(self, word: str) -> dict[str, str]:
        """Verilog of the slice of each port of the word called `word`."""
        return {
            name: f"{word}[{self.place(name) + width - 1}:{self.place(name)}]"
            for name, width in self.widths.items()
        }


def port_words(interface: Interface) -> tuple[PortWord, PortWord]:
    """All inputs but the clock, and all outputs."""
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
    """Verilog of a module `top` with ports `clk`, `in` and `out` around the module `unit`.

    Args:
        interface: of the unit.
        unit: its module name.
        top: name of the wrapper.
        more: further inputs of both, by the unit's port: declaration and name in the wrapper.
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
