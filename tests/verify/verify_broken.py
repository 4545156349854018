"""Verilog of a design with a fault that shows for chosen inputs only."""

from hwdse import Design
from hwdse.hdl import emit
from hwdse.verify.ports import ports


def broken(design: Design, condition: str) -> str:
    """The design's module, with the last bit of `o` flipped while `condition` (one bit) holds."""
    inner = f"{design.slug}_inner"
    declared = [f"{port.direction} [{port.width - 1}:0] {port.name}" for port in ports(design)]
    connected = [
        f".{port.name}({'inner_o' if port.name == 'o' else port.name})" for port in ports(design)
    ]
    width = next(port.width for port in ports(design) if port.name == "o")
    return emit(design).replace(f"module {design.slug}(", f"module {inner}(") + (
        f"module {design.slug}({', '.join(declared)});\n"
        f"  wire [{width - 1}:0] inner_o;\n"
        f"  {inner} inner({', '.join(connected)});\n"
        f"  assign o = inner_o ^ {{{width - 1}'d0, {condition}}};\n"
        "endmodule\n"
    )
