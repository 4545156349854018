"""OpenROAD-flow-scripts: a design folder as its tree has them, on the platform nangate45."""

from hwdse.flows import flow
from hwdse.flows.package import Package

_PLATFORM = "nangate45"


@flow("orfs")
def files(package: Package) -> dict[str, str]:
    """Configuration, constraints and sources; `flow/` goes over the `flow/` of a checkout."""
    name = package.top
    # Make keeps blanks at the end of a line, and the tools would look for a module with them.
    config = f"""# make DESIGN_CONFIG=./designs/{_PLATFORM}/{name}/config.mk
export DESIGN_NAME = {name}
export DESIGN_NICKNAME = {name}
export PLATFORM = {_PLATFORM}
export VERILOG_FILES = $(sort $(wildcard $(DESIGN_HOME)/src/$(DESIGN_NICKNAME)/*.v))
export SDC_FILE = $(DESIGN_HOME)/$(PLATFORM)/$(DESIGN_NICKNAME)/constraint.sdc
export CORE_UTILIZATION = 40
"""
    return {
        f"flow/designs/{_PLATFORM}/{name}/config.mk": config,
        f"flow/designs/{_PLATFORM}/{name}/constraint.sdc": package.constraints,
        **{f"flow/designs/src/{name}/{file}": text for file, text in package.verilog.items()},
    }
