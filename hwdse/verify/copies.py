"""Several copies of a unit in one compiled simulation, for sweeps over all results of the unit.

A wrapper module contains the copies as lanes. The main program of sims/native drives all copies in
parallel. So the cost of a simulator call is shared by all copies.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwdse.formats.unpacked import Array
from hwdse.resources import resource
from hwdse.spec import Design, Interface
from hwdse.tools import verilator

#: Number of copies of the unit in one executable. This is large enough to hide the overhead of the
#: simulator, and small enough for the code to fit in the processor's cache.
COPIES = 4

_TOP = "lanes"
_DELAYED_VALID = """\
    always_comb valid[0][k] = held_i_valid[k];
    for (genvar t = 0; t < {latency}; ++t) begin : later
      always @(posedge clk) valid[t + 1][k] <= valid[t][k];
    end
    assign o_valid[k] = valid[{latency}][k];"""


def build_driver(
    interface: Interface, verilog: str, top: str, folder: Path, copies: int = COPIES
) -> Path:
    """Build the driver of sims/native around copies of the module `top`.

    Raises:
        ToolError: the simulator or the compiler is missing, or the build failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unit, wrapper = folder / "unit.v", folder / f"{_TOP}.sv"
    unit.write_text(verilog, encoding="utf-8")
    wrapper.write_text(copies_wrapper(interface, top, copies), encoding="utf-8")
    main = resource("sims", "native", "drive.cpp")
    return verilator.build(verilog=[wrapper, unit], top=_TOP, main=main, folder=folder / "build")


def timing_arguments(interface: Interface) -> list[str]:
    """Return the driver arguments for the timing of the outputs."""
    return [f"latency={interface.outputs[0].latency}", f"interleave={interface.turns}"]


def load_records(design: Design, *columns: Array) -> npt.NDArray[np.uint32]:
    """Return rows of 32-bit words for the driver: first, a, b and the expected output.

    Args:
        design: the design.
        columns: arrays of `first`, a, b and the expected output, all of the same shape.
    """
    return _records(columns, (1, design.a.bits, design.b.bits, design.out.bits))


def _records(columns: Sequence[Array], widths: Sequence[int]) -> npt.NDArray[np.uint32]:
    words = []
    for codes, width in zip(columns, widths, strict=True):
        flat = np.asarray(codes).ravel().astype(np.uint64)
        words += [(flat >> np.uint64(at)).astype(np.uint32) for at in range(0, width, 32)]
    return np.stack(words, axis=-1)


def copies_wrapper(interface: Interface, top: str, copies: int = COPIES) -> str:
    """Return SystemVerilog of the module `lanes`: copies of `top` behind input registers.

    The ports of `lanes` are arrays with one element per copy. `lanes` always has all input ports
    and `o_valid`, even if the unit (such as a unit without a running sum) lacks some of them. The
    latency of `lanes` is one cycle longer than the latency of the unit.
    """
    latency = interface.outputs[0].latency
    unit = {port.name: port for port in interface.ports()}
    widths = {
        name: unit[name].width if name in unit else 1
        for name in ("i_valid", "i_first", "i_a", "i_b", "i_c")
    }
    array = f"[0:{copies - 1}]"
    declared = [
        "input clk",
        "input rst",
        *(f"input [{width - 1}:0] {name} {array}" for name, width in widths.items()),
        f"output o_valid {array}",
        f"output [{unit['o'].width - 1}:0] o {array}",
    ]
    registers = ["reg reset;", "always @(posedge clk) reset <= rst;"]
    for name, width in widths.items():
        held = f"held_{name}"
        registers.append(f"reg [{width - 1}:0] {held} {array};")
        registers.append(f"always @(posedge clk) {held} <= {name};")
    connected = {"clk": "clk", "rst": "reset", "o": "o[k]", "o_valid": "o_valid[k]"}
    connected |= {name: f"held_{name}[k]" for name in widths}
    instance = ", ".join(f".{name}({connected[name]})" for name in unit)
    delayed = ""
    if "o_valid" not in unit:
        # The unit has no `o_valid`: it accepts every input. The wrapper delays `i_valid` by the
        # latency instead.
        registers.append(f"reg valid [0:{latency}] {array};")
        delayed = _DELAYED_VALID.format(latency=latency)
    lines = [
        f"module {_TOP}(",
        ",\n".join(f"  {port}" for port in declared),
        ");",
        *(f"  {line}" for line in registers),
        f"  for (genvar k = 0; k < {copies}; ++k) begin : copy",
        f"    {top} unit({instance});",
        delayed,
        "  end",
        "endmodule",
        "",
    ]
    return "\n".join(lines)
