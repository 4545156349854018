"""LibreLane: a configuration file. Paths in it are relative to the generated folder."""

from hwdse.flows import flow
from hwdse.flows.package import Package


@flow("librelane")
def files(package: Package) -> dict[str, str]:
    """The configuration file.

    A combinational unit has no clock port to route (`CLOCK_PORT: null`). Timing analysis uses the
    virtual clock of the SDC file instead.
    """
    sources = "".join(f"  - dir::{name}\n" for name in package.verilog)
    return {
        "config.yaml": f"""# librelane config.yaml
DESIGN_NAME: "{package.top}"
VERILOG_FILES:
{sources}CLOCK_PORT: {package.clock or "null"}
CLOCK_PERIOD: {package.period_ns}
PNR_SDC_FILE: dir::{package.sdc}
SIGNOFF_SDC_FILE: dir::{package.sdc}
"""
    }
