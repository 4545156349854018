"""FPGA families of the open flow: tools, options, and cells to count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hwdse.errors import ToolError
from hwdse.hdl import Target


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of FPGAs: the names and options of the tools, and the cells to count.

    Attributes:
        device: the usual name of the part.
        target: target of the Verilog for this family.
        synthesis: Yosys pass that maps a design to this family.
        nodsp: option of the pass that leaves hard multipliers out; empty without any.
        nextpnr: name of the place-and-route program; empty if there is no open one.
        options: options of the place-and-route program that choose the part.
        luts: for each cell type that contains LUTs, the number of LUTs in the cell.
        flip_flops: beginnings of the names of flip-flops.
        multipliers: cell types that count as multipliers.
    """

    device: str
    target: Target
    synthesis: str
    luts: Mapping[str, int]
    flip_flops: tuple[str, ...]
    multipliers: tuple[str, ...] = ()
    nodsp: str = ""
    nextpnr: str = ""
    options: tuple[str, ...] = ()

    def luts_of(self, cells: Iterable[str]) -> int:
        """Number of LUTs in cells of the given types."""
        return sum(self.luts.get(cell, 0) for cell in cells)

    def flip_flops_of(self, cells: Iterable[str]) -> int:
        """Number of flip-flops among cells of the given types."""
        return sum(cell.startswith(self.flip_flops) for cell in cells)

    def multipliers_of(self, cells: Iterable[str]) -> int:
        """Number of hard multipliers among cells of the given types."""
        return sum(cell in self.multipliers for cell in cells)

    @property
    def synthesis_without_dsp(self) -> str:
        """Yosys pass that maps a design to this family without hard multipliers."""
        return f"{self.synthesis} {self.nodsp}".strip()


_ICE40 = Target.parse("ice40")

FAMILIES = {
    "ecp5": Family(
        device="Lattice ECP5 LFE5U-85F-6",
        target=Target.parse("ecp5"),
        synthesis="synth_ecp5",
        nodsp="-nodsp",
        # A carry cell takes two LUTs. Wide multiplexers (PFUMX, L6MUX21) take no LUT.
        luts={"LUT4": 1, "CCU2C": 2},
        flip_flops=("TRELLIS_FF",),
        multipliers=("MULT18X18D",),
        nextpnr="nextpnr-ecp5",
        options=("--85k", "--package", "CABGA756", "--speed", "6", "--lpf-allow-unconstrained"),
    ),
    "ice40": Family(
        device="Lattice iCE40 HX8K",
        target=_ICE40,
        synthesis="synth_ice40",
        # The carry of a logic cell is beside its LUT.
        luts={"SB_LUT4": 1},
        flip_flops=("SB_DFF",),
        nextpnr="nextpnr-ice40",
        options=("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
    ),
    # Sums stay `+` and products `*` in Verilog for iCE40, which is what these passes expect too.
    "xilinx": Family(
        device="Xilinx 7 series",
        target=_ICE40,
        synthesis="synth_xilinx -family xc7 -flatten",
        nodsp="-nodsp",
        luts={**{f"LUT{inputs}": 1 for inputs in range(1, 7)}, "SRL16E": 1, "SRLC32E": 1},
        flip_flops=("FD",),
        multipliers=("DSP48E1",),
    ),
    "gowin": Family(
        device="Gowin GW1N",
        target=_ICE40,
        synthesis="synth_gowin",
        nodsp="-nodsp",
        # An ALU is a LUT with a carry.
        luts={**{f"LUT{inputs}": 1 for inputs in range(1, 5)}, "ALU": 1},
        flip_flops=("DFF",),
        multipliers=("MULT9X9", "MULT18X18", "MULT36X36"),
    ),
}


def routed() -> list[str]:
    """Names of the families that open tools place and route."""
    return [name for name, family in FAMILIES.items() if family.nextpnr]


def check_family(family: str) -> None:
    """Check that `family` is a key of `FAMILIES`.

    Raises:
        ToolError: the family is unknown.
    """
    if family not in FAMILIES:
        raise ToolError(f"unknown FPGA family {family!r}: known are {', '.join(FAMILIES)}")
