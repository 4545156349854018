"""OpenROAD-flow-scripts: a design in the folder layout of that project, for nangate45."""

from hwdse.flows import flow
from hwdse.flows.package import Package

_PLATFORM = "nangate45"


@flow("orfs")
def files(package: Package) -> dict[str, str]:
    """Configuration, constraints and sources.

    Copy the generated `flow/` folder over the `flow/` folder of an OpenROAD-flow-scripts checkout.
    """
    name = package.top
    # No line may end in a space: make would keep the space in the value, and the tools would look
    # for a module with a space in its name.
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
