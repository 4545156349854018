"""A folder with the files of flows, without the verification that `generate` begins with."""

from pathlib import Path

from hwdse import Design, flows
from hwdse.flows import Package
from hwdse.hdl import CELLS, Target, emit, multipliers, split_modules
from hwdse.spec import Bus

#: One unit with clock and reset, one without either.
CLOCKED = "a=int8,acc=int:32"
BARE = "a=e2m1fn,out=e4m3fn,unit=mul"
#: One whose multiplier has registers of its own on an ECP5.
PIPELINED = "a=int8,acc=int:32,stages=3"


def package(spec: str, bus: str = "plain", target: Target = CELLS) -> Package:
    design, shown = Design.parse(spec), Bus.parse(bus)
    modules = split_modules(emit(design, bus=shown, target=target))
    own = multipliers(design, bus=shown, target=target)
    return Package(
        spec=str(design),
        top=design.slug,
        version="0.1.0",
        interface=shown.interface(design),
        verilog={f"{name}.v": text for name, text in modules.items()},
        period_ns=10.0,
        bench=("tb_stream.py", "vectors.txt"),
        target=target.keyword,
        mapping=target.mapped(own),
    )


def streaming() -> Package:
    """A unit behind AXI4-Stream ports."""
    return package(CLOCKED, "axis")


def coprocessor() -> Package:
    """A unit behind AXI4-Lite registers and AXI4 to memory."""
    return package("a=int8,acc=int:32,unit=systolic,rows=2,cols=2,dataflow=os", "axi:32:2")


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
