"""LibreLane: its configuration, read from where the folder is."""

from hwdse.flows import flow
from hwdse.flows.package import Package


@flow("librelane")
def files(package: Package) -> dict[str, str]:
    """The configuration; a unit without clock has none to route, and a virtual one for timing."""
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
