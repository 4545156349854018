"""A folder with the files of flows, without the verification that `generate` begins with."""

from pathlib import Path

from hwdse import Design, flows
from hwdse.flows import Package
from hwdse.hdl import emit, split_modules
from hwdse.spec import Port

#: One unit with a clock and a reset, one without either.
CLOCKED = "a=int8,acc=int:32"
BARE = "a=e2m1fn,out=e4m3fn,unit=mul"


def package(spec: str) -> Package:
    design = Design.parse(spec)
    modules = split_modules(emit(design))
    return Package(
        spec=str(design),
        top=design.slug,
        version="0.1.0",
        ports=tuple(design.interface.ports()),
        verilog={f"{name}.v": text for name, text in modules.items()},
        clock="clk" if design.interface.clocked else "",
        reset="rst" if design.interface.reset_cycles else "",
        period_ns=10.0,
        bench=("tb_stream.py", "vectors.txt"),
    )


def streaming() -> Package:
    """A unit with AXI4-Stream ports, of which only the ports are real."""
    inputs = [("aclk", 1), ("aresetn", 1), ("s_axis_tvalid", 1), ("s_axis_tdata", 16)]
    outputs = [("s_axis_tready", 1), ("m_axis_tvalid", 1), ("m_axis_tdata", 32)]
    ports = [Port(name=n, direction="input", width=w, meaning="stream") for n, w in inputs]
    ports += [Port(name=n, direction="output", width=w, meaning="stream") for n, w in outputs]
    ports.append(Port(name="m_axis_tready", direction="input", width=1, meaning="stream"))
    return Package(
        spec="a=int8",
        top="streaming",
        version="0.1.0",
        ports=tuple(ports),
        verilog={"streaming.v": "module streaming; endmodule\n"},
        clock="aclk",
        reset="aresetn",
        reset_active_low=True,
        period_ns=10.0,
        bench=("tb_stream.py", "vectors.txt"),
    )


def write(given: Package, folder: Path, *names: str) -> None:
    texts = {
        **given.verilog,
        given.sdc: given.constraints,
        "filelist.f": "".join(f"{name}\n" for name in given.verilog),
        **flows.files(names, given),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
