"""Timing constraints that leave no path unconstrained, in SDC, which is also XDC."""

from hwdse.spec import Interface

#: Part of the clock period that passes outside the unit, before its inputs and after its outputs.
OUTSIDE = 0.3

# Some flows look for the period after this name.
_PERIOD = "clk_period"


def constraints(interface: Interface, period_ns: float) -> str:
    """Constraints of a unit: of a clock and its ports, or of the longest combinational path.

    A unit without clock gets a virtual one, which tools that know only clocks need.

    Args:
        interface: what the unit shows.
        period_ns: clock period, or longest delay.
    """
    clock = interface.clock
    inputs, outputs = _patterns(interface, "input"), _patterns(interface, "output")
    if interface.clocked:
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


def _patterns(interface: Interface, direction: str) -> str:
    """Ports of a direction without the clock, all bits of each."""
    return " ".join(
        f"{port.name}[*]" if port.width > 1 else port.name
        for port in interface.ports()
        if port.direction == direction and not (interface.clocked and port.name == interface.clock)
    )
