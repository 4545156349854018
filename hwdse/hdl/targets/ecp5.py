"""Lattice ECP5: look-up tables of four inputs, carry chains, multipliers with registers.

The delays of cells are the delays of Project Trellis for speed grade 6, which nextpnr uses
(prjtrellis-db, `ECP5/timing/speed_6/cells.json`, slowest corner):

* LUT4: 236 ps (SLOGICB, A0 to F0).
* Carry chain: 447 ps into the chain (SCCU2C, A0 to FCO), 71 ps per two bits (FCI to FCO), 474 ps
  out of the chain (FCI to F1).
* MULT18X18D: 3927 ps from operands to product (REGS=NONE). 3486 ps from operands to the first
  register after the operands (REGS=OUTPUT, setup). The delay to a register in the middle is
  shorter, 2625 ps (REGS=PIPELINE), but nextpnr treats this register like a register at the product.

The table does not contain wires. The delays of wires come from critical paths of nextpnr
(`report.json`) for an int8 MAC and for interleaved BF16, FP16 and E4M3 MACs:

* From LUT to LUT: 0.4 to 1.2 ns, mean 0.75 ns.
* Into a carry chain: 1.1 to 1.4 ns.
* Out of a carry chain: 1.0 to 1.4 ns. The delay of the next cell already includes 0.75 ns.
* To a multiplier: 1.1 to 1.3 ns.
"""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from hwdse.hdl.targets.luts import LutTarget
from hwdse.hdl.targets.multiplier import HardMultiplier, RegisteredMultiplier

_CHAIN_WIRES_PS = 1300
_INTO_CHAIN_PS, _OUT_OF_CHAIN_PS, _TWO_BITS_PS = 447, 474, 71
_MULTIPLIER_WIRE_PS, _ARRAY_PS, _MULTIPLIER_PS = 1100, 3486, 3927


class Mult18x18d(HardMultiplier):
    """The cell `MULT18X18D`."""

    max_bits = 18

    def operands_ps(self) -> int:
        """Delay of the wires to the multiplier."""
        return _MULTIPLIER_WIRE_PS

    def array_ps(self) -> int:
        """Delay to the first register after the operands, including the setup time."""
        return _ARRAY_PS

    def finish_ps(self) -> int:
        """The rest of the multiplication: full delay minus `array_ps`."""
        return _MULTIPLIER_PS - _ARRAY_PS

    def mapped(self, multipliers: Mapping[str, RegisteredMultiplier]) -> str:
        """A module with one `MULT18X18D` per multiplier, with the registers of the multiplier."""
        head = (
            "// Multipliers of the design as cells of a Lattice ECP5, with registers in them:\n"
            "// techmap -map THIS_FILE ahead of synth_ecp5.\n"
        )
        return head + "\n".join(_mult18x18d(name, kind) for name, kind in multipliers.items())


MULTIPLIER = Mult18x18d()


@dataclass(frozen=True, kw_only=True)
class Ecp5(LutTarget):
    """Lattice ECP5, speed grade 6, with Yosys and nextpnr."""

    keyword: ClassVar[str] = "ecp5"
    description: ClassVar[str] = "Lattice ECP5"
    multiplier: ClassVar[HardMultiplier | None] = MULTIPLIER

    lut_ps: ClassVar[int] = 236
    wire_ps: ClassVar[int] = 750
    chain_ends_ps: ClassVar[int] = _CHAIN_WIRES_PS + _INTO_CHAIN_PS + _OUT_OF_CHAIN_PS
    chain_step_ps: ClassVar[int] = -(-_TWO_BITS_PS // 2)

    def product_ps(self, a_bits: int, b_bits: int, *, signed: bool) -> int:
        """One hard multiplier, or several multipliers and a tree of adders for their products."""
        bits = MULTIPLIER.max_bits
        pieces = -(-a_bits // bits) * -(-b_bits // bits)
        del signed
        levels = (pieces - 1).bit_length()
        return _MULTIPLIER_WIRE_PS + _MULTIPLIER_PS + levels * self.adder_ps(a_bits + b_bits)


def _mult18x18d(name: str, kind: RegisteredMultiplier) -> str:
    """A module with one `MULT18X18D`: operands extended to 18 bits, registers always enabled.

    All registers use CLK0, because nextpnr assumes CLK0 in the timing of operands and product.
    """
    held = {
        "REG_INPUTA": kind.operands,
        "REG_INPUTB": kind.operands,
        "REG_PIPELINE": kind.middle,
        "REG_OUTPUT": kind.product,
    }
    parameters = [
        f'.{register}_{what}("{value}")'
        for register, there in held.items()
        for what, value in (("CLK", "CLK0" if there else "NONE"), ("CE", "CE0"), ("RST", "RST0"))
    ]
    parameters += ['.RESETMODE("SYNC")', '.GSR("DISABLED")']
    pins = [f".{port}{k}({port.lower()}18[{k}])" for port in "AB" for k in range(18)]
    pins += [f".C{k}(1'b0)" for k in range(18)]
    pins += [f".P{k}(p[{k}])" for k in range(36)]
    sign = int(kind.signed)
    pins += [f".SIGNEDA(1'b{sign}), .SIGNEDB(1'b{sign}), .SOURCEA(1'b0), .SOURCEB(1'b0)"]
    pins += [".CLK0(clk), .CE0(1'b1), .RST0(1'b0)"]
    widths = (("a", kind.a_bits), ("b", kind.b_bits))
    words = "".join(
        f"  input [{width - 1}:0] {port};\n"
        f"  wire [17:0] {port}18 = {{{{{18 - width}{{{fill}}}}}, {port}}};\n"
        if width < 18
        else f"  input [17:0] {port};\n  wire [17:0] {port}18 = {port};\n"
        for port, width in widths
        for fill in (f"{port}[{width - 1}]" if kind.signed else "1'b0",)
    )
    text = textwrap.fill(", ".join(parameters), 96, initial_indent="    ", subsequent_indent="    ")
    wired = textwrap.fill(", ".join(pins), 96, initial_indent="    ", subsequent_indent="    ")
    return (
        f"module {name}(clk, a, b, y);\n  input clk;\n{words}"
        f"  output [{kind.product_bits - 1}:0] y;\n  wire [35:0] p;\n"
        f"  assign y = p[{kind.product_bits - 1}:0];\n"
        f"  MULT18X18D #(\n{text}\n  ) cell_ (\n{wired}\n  );\nendmodule\n"
    )
