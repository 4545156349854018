"""Timing constraints that leave no path unconstrained, in SDC, which is also XDC."""

from collections.abc import Iterable

from hwdse.spec import Port

#: Part of the clock period that passes outside the unit, before its inputs and after its outputs.
OUTSIDE = 0.3

# Some flows look for the period after this name.
_PERIOD = "clk_period"


def constraints(ports: Iterable[Port], clock: str, period_ns: float) -> str:
    """Constraints of a unit: of a clock and its ports, or of the longest combinational path.

    A unit without clock gets a virtual one, which tools that know only clocks need.

    Args:
        ports: all ports.
        clock: name of the clock port; empty if there is none.
        period_ns: clock period, or longest delay.
    """
    found = list(ports)
    inputs = _patterns(found, "input", clock)
    outputs = _patterns(found, "output", clock)
    if clock:
        return (
            "# Set the period your project needs, and the parts of it that pass before the inputs\n"
            "# and after the outputs.\n"
            f"set {_PERIOD} {period_ns}\n"
            f"create_clock -name {clock} -period ${_PERIOD} [get_ports {clock}]\n"
            f"set_input_delay [expr {{{OUTSIDE} * ${_PERIOD}}}] -clock {clock} "
            f"[get_ports {{{inputs}}}]\n"
            f"set_output_delay [expr {{{OUTSIDE} * ${_PERIOD}}}] -clock {clock} "
            f"[get_ports {{{outputs}}}]\n"
        )
    return (
        "# Combinational: set the longest delay your project needs. The clock is virtual, with no\n"
        "# port; it is for tools that time nothing without one.\n"
        f"set {_PERIOD} {period_ns}\n"
        f"create_clock -name virtual -period ${_PERIOD}\n"
        f"set_input_delay 0 -clock virtual [get_ports {{{inputs}}}]\n"
        f"set_output_delay 0 -clock virtual [get_ports {{{outputs}}}]\n"
        f"set_max_delay ${_PERIOD} -from [all_inputs] -to [all_outputs]\n"
    )


def _patterns(ports: list[Port], direction: str, clock: str) -> str:
    return " ".join(
        f"{port.name}[*]" if port.width > 1 else port.name
        for port in ports
        if port.direction == direction and port.name != clock
    )
