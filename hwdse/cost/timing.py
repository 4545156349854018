"""Static timing of a mapped netlist by OpenSTA."""

import re
from pathlib import Path

from hwdse.cost import liberty
from hwdse.cost.synthesis import Synthesis
from hwdse.errors import ToolError
from hwdse.tools.opensta import run_opensta

# The clock period in ns is so long that every path meets it. The delay is the period minus the
# slack.
_PERIOD = 100.0

_SCRIPT = """read_liberty cells.lib
read_verilog netlist.v
link_design {top}
{constraints}
set_driving_cell -lib_cell {driver} [all_inputs]
report_checks -path_delay max -digits 6
exit
"""


def parse_delay(log: str) -> float:
    """Read the delay in ns of the slowest path from the log of `report_checks`.

    Raises:
        ToolError: the log reports an error or no path.
    """
    slack = re.findall(r"(-?[\d.]+)\s+slack \(\w+\)", log)
    if not slack:
        errors = [line for line in log.splitlines() if "rror" in line]
        raise ToolError(
            f"OpenSTA reports no path: {errors[0] if errors else 'no constrained path'}"
        )
    return _PERIOD - float(slack[0])


def input_driver(library: liberty.Library) -> str:
    """Return the name of the buffer of median size, which drives all inputs during measurements.

    Synthesis does not buffer inputs, even inputs that drive many gates. With the weakest buffer,
    every wide shifter would look slow. The strongest buffer would hide the fan-out of the inputs.

    Raises:
        ToolError: the library has no buffer.
    """
    buffers = []
    for cell in library.cells.values():
        inputs = [name for name, pin in cell.pins.items() if pin.direction == "input"]
        functions = [pin.function.strip("() ") for pin in cell.pins.values() if pin.function]
        if len(inputs) == 1 and functions == inputs and cell.area_um2 > 0:
            buffers.append((cell.area_um2, cell.name))
    if not buffers:
        raise ToolError(f"library {library.name} holds no buffer")
    return sorted(buffers)[len(buffers) // 2][1]


def critical_delay(
    synthesis: Synthesis,
    *,
    top: str,
    library: Path,
    driver: str,
    clock: str = "",
    io_delay_ns: float | None = None,
) -> float:
    """Return the delay in ns of the slowest path, before layout (no wires).

    Args:
        synthesis: the mapped netlist.
        top: name of the top module.
        library: Liberty file of the cells in the netlist.
        driver: cell that drives every input.
        clock: name of the clock port. With a clock port, the result is the shortest clock period,
            which includes clock-to-output delay and set-up time. Without a clock port, the result
            is the delay of the slowest path from an input to an output.
        io_delay_ns: only with a clock port: delay of the registers outside the unit. The delay is
            added to paths from inputs (clock-to-output delay) and to paths to outputs (set-up
            time). None ignores all paths from inputs and to outputs.

    Raises:
        ToolError: OpenSTA is missing or fails.
    """
    if clock:
        constraints = f"create_clock -name clock -period {_PERIOD} [get_ports {clock}]"
        if io_delay_ns is not None:
            constraints += (
                f"\nset_input_delay {io_delay_ns} -clock clock [all_inputs]"
                f"\nset_output_delay {io_delay_ns} -clock clock [all_outputs]"
            )
    else:
        constraints = f"set_max_delay {_PERIOD} -to [all_outputs]"
    files = {"cells.lib": liberty.read_text(library), "netlist.v": synthesis.verilog}
    script = _SCRIPT.format(top=top, constraints=constraints, driver=driver)
    return parse_delay(run_opensta(files, script))
