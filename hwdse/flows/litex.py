"""LiteX and Migen: a Python module that instantiates the unit."""

from hwdse.flows import flow
from hwdse.flows.package import Package


@flow("litex")
def files(package: Package) -> dict[str, str]:
    """The Python module. It has a signal per port and adds the Verilog files to the platform."""
    sources = "".join(f'    "{name}",\n' for name in package.verilog)
    signals = "".join(
        f"        #: {port.direction}: {port.meaning}\n"
        f"        self.{port.name} = Signal({port.width})\n"
        for port in package.data_ports
    )
    wires = [(port.direction[0], port.name, f"self.{port.name}") for port in package.data_ports]
    if package.reset:
        active = "~" if package.interface.reset_low else ""
        wires.insert(0, ("i", package.reset, f"{active}ResetSignal()"))
    if package.clock:
        wires.insert(0, ("i", package.clock, "ClockSignal()"))
    connected = "".join(f"            {kind}_{name}={signal},\n" for kind, name, signal in wires)
    used = ["Instance", "Module", "Signal"]
    used += ["ClockSignal"] * bool(package.clock) + ["ResetSignal"] * bool(package.reset)
    timing = "in the clock domain sys" if package.clock else "combinational"
    text = f'''"""{package.spec}

For LiteX and for Migen alone: `self.submodules.unit = Unit(platform)`. The unit is {timing}.
"""

from pathlib import Path

from migen import {", ".join(sorted(used))}

FILES = (
{sources})


class Unit(Module):
    """An instance of {package.top}.

    Ports that are not connected are 0. `platform` is told of the Verilog beside this file.
    """

    def __init__(self, platform):
{signals}
        self.specials += Instance(
            "{package.top}",
{connected}        )
        for name in FILES:
            platform.add_source(str(Path(__file__).resolve().parent / name))
'''
    return {f"{package.top}_litex.py": text}
