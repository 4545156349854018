"""Verilog of a design with a fault that shows for chosen inputs only."""

from hwdse import Design
from hwdse.hdl import emit


def broken(design: Design, condition: str) -> str:
    """The design's module, with the last bit of `o` flipped while `condition` (one bit) holds."""
    ports = design.interface.ports()
    inner = f"{design.slug}_inner"
    declared = [f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports]
    connected = [f".{port.name}({'inner_o' if port.name == 'o' else port.name})" for port in ports]
    width = next(port.width for port in ports if port.name == "o")
    return emit(design).replace(f"module {design.slug} (", f"module {inner} (") + (
        f"module {design.slug}({', '.join(declared)});\n"
        f"  wire [{width - 1}:0] inner_o;\n"
        f"  {inner} inner({', '.join(connected)});\n"
        f"  assign o = inner_o ^ {{{width - 1}'d0, {condition}}};\n"
        "endmodule\n"
    )
