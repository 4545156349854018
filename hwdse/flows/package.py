"""What a flow knows of a generated folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hwdse.errors import SpecError
from hwdse.flows.constraints import constraints
from hwdse.spec import Port


@dataclass(frozen=True, kw_only=True)
class Package:
    """A design's files and ports, as a flow needs them.

    Attributes:
        spec: the design, in text.
        top: name of the top module.
        version: version of the generator, of the form 1.2.3.
        ports: ports of the top module.
        verilog: texts of the Verilog files by their names, the top module's first.
        clock: name of the clock port; empty if there is none.
        reset: name of the reset port; empty if there is none.
        reset_active_low: whether the reset holds at 0.
        period_ns: clock period, or longest delay of a unit without clock.
        bench: what `run_bench.py` is called with: names of the bench, vectors and file list.

    Raises:
        SpecError: no Verilog, or a clock or reset that is no port.
    """

    spec: str
    top: str
    version: str
    ports: tuple[Port, ...]
    verilog: Mapping[str, str]
    clock: str
    reset: str
    reset_active_low: bool = False
    period_ns: float
    bench: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.verilog:
            raise SpecError(f"{self.top} has no Verilog: a flow needs at least one file")
        ports = [port.name for port in self.ports]
        for name in (self.clock, self.reset):
            if name and name not in ports:
                raise SpecError(f"{self.top} has no port {name}: there are {', '.join(ports)}")

    @property
    def sdc(self) -> str:
        """Name of the file with the timing constraints."""
        return f"{self.top}.sdc"

    @cached_property
    def constraints(self) -> str:
        """Its text."""
        return constraints(self.ports, self.clock, self.period_ns)

    @property
    def data_ports(self) -> tuple[Port, ...]:
        """All ports but clock and reset."""
        return tuple(port for port in self.ports if port.name not in (self.clock, self.reset))

    @property
    def buses(self) -> tuple[str, ...]:
        """Prefixes of the AXI4-Stream buses: `s_axis...` and `m_axis...` with data and valid."""
        found = {port.name for port in self.ports}
        prefixes = [name.removesuffix("_tvalid") for name in sorted(found)]
        return tuple(
            prefix
            for prefix in prefixes
            if prefix.startswith(("s_axis", "m_axis"))
            and {f"{prefix}_tvalid", f"{prefix}_tdata"} <= found
        )
