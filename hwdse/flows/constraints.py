"""Timing constraints in SDC syntax, which is valid as XDC too. They constrain every path."""

from hwdse.spec import Interface

#: Fraction of the clock period used by logic outside the unit, once before the unit's inputs and
#: once after the unit's outputs.
OUTSIDE = 0.3

# Some flows find the period in the file by looking for this name.
_PERIOD = "clk_period"


def constraints(interface: Interface, period_ns: float) -> str:
    """Timing constraints of a unit.

    A clocked unit gets a clock and delays for its input and output ports. A combinational unit
    gets a maximum delay, and a virtual clock for tools that cannot time paths without a clock.

    Args:
        interface: interface of the unit.
        period_ns: clock period in ns; for a combinational unit, the longest allowed delay.
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
    """Tcl patterns that match all bits of all ports of one direction, without the clock."""
    return " ".join(
        f"{port.name}[*]" if port.width > 1 else port.name
        for port in interface.ports()
        if port.direction == direction and not (interface.clocked and port.name == interface.clock)
    )
