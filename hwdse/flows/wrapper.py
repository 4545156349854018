"""A frame of registers around a unit, so that one with any number of ports fits any FPGA package.

The inputs come from one pin and the outputs go to one pin, both through shift registers: every path
of the unit lies between two registers.
"""

from collections.abc import Iterable

from hwdse.spec import Port

#: Name of the frame's module.
WRAPPER = "hwdse_wrapper"


def wrapper(ports: Iterable[Port], top: str, clock: str) -> str:
    """A module that registers all ports of a unit and needs four pins.

    Args:
        ports: those of the unit.
        top: its name.
        clock: name of its clock port; empty if there is none.
    """
    found = {port.name: port for port in ports if port.name != clock}
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
