"""A wrapper module with registers, so that a unit with many ports fits any FPGA package.

One pin feeds all inputs of the unit through a shift register. Another shift register drives one pin
with all outputs of the unit. Every path of the unit therefore lies between two registers.
"""

from hwdse.spec import Interface
from hwdse.spec.port_words import PortWord, port_words

#: Name of the wrapper module.
WRAPPER = "hwdse_wrapper"


def wrapper(interface: Interface, top: str) -> str:
    """Verilog of a wrapper module that registers all ports of a unit and needs four pins.

    Args:
        interface: interface of the unit.
        top: module name of the unit.
    """
    clock = interface.clock if interface.clocked else ""
    return wrapper_of_ports(top, *port_words(interface), clock)


def wrapper_of_ports(top: str, into: PortWord, out: PortWord, clock: str = "") -> str:
    """The same for a module of which only the ports are known.

    Args:
        top: name of the module.
        into: input ports without the clock.
        out: output ports.
        clock: name of the clock port; empty for a combinational module.
    """
    slices = into.slices("in") | out.slices("result")
    connected = [f"    .{clock}(clk)"] if clock else []
    connected += [f"    .{name}({slice_})" for name, slice_ in slices.items()]
    n, m = into.width, out.width
    return f"""module {WRAPPER}(input clk, input si, input load, output so);
  reg [{n - 1}:0] in;
  wire [{m - 1}:0] result;
  reg [{m - 1}:0] held, out;
  reg loading;
  assign so = out[0];
  always @(posedge clk) begin
    in <= {{in, si}};
    held <= result;
    loading <= load;
    out <= loading ? held : out >> 1;
  end
  {top} unit (
{f",{chr(10)}".join(connected)}
  );
endmodule
"""
