"""A frame of registers around a unit, so that one with any number of ports fits any FPGA package.

The inputs come from one pin and the outputs go to one pin, both through shift registers: every path
of the unit lies between two registers.
"""

from hwdse.spec import Interface

#: Name of the frame's module.
WRAPPER = "hwdse_wrapper"


def wrapper(interface: Interface, top: str) -> str:
    """A module that registers all ports of a unit and needs four pins.

    Args:
        interface: what the unit shows.
        top: its name.
    """
    clock = interface.clock if interface.clocked else ""
    found = {port.name: port for port in interface.ports() if port.name != clock}
    inputs = {name: port.width for name, port in found.items() if port.direction == "input"}
    outputs = {name: port.width for name, port in found.items() if port.direction == "output"}
    connected = [f"    .{clock}(clk)"] if clock else []
    for bus, widths in (("in", inputs), ("result", outputs)):
        low = 0
        for name, width in widths.items():
            connected.append(f"    .{name}({bus}[{low + width - 1}:{low}])")
            low += width
    n, m = sum(inputs.values()), sum(outputs.values())
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
