"""What a `MULT18X18D` of a Lattice ECP5 does, and netlists of modules that hold some.

After Lattice's "ECP5 and ECP5-5G sysDSP Usage Guide" (FPGA-TN-02205): each register is there or
not, has its clock enable and reset; the operands' sign is a pin of each.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hwdse.tools.yosys import run_yosys


def _bus(name: str, width: int) -> str:
    return ", ".join(f"{name}{k}" for k in reversed(range(width)))


def _register(name: str, width: int, source: str, parameter: str) -> str:
    return f"""
  reg [{width - 1}:0] {name}_held;
  always @(posedge CLK0) if (RST0) {name}_held <= 0; else if (CE0) {name}_held <= {source};
  wire [{width - 1}:0] {name};
  generate if ({parameter} == "NONE") assign {name} = {source}; else assign {name} = {name}_held;
  endgenerate"""


PARAMETERS = [
    f"REG_{place}_{what}"
    for place in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT")
    for what in ("CLK", "CE", "RST")
]
MODEL = f"""
module MULT18X18D({_bus("A", 18)}, {_bus("B", 18)}, {_bus("C", 18)}, {_bus("P", 36)},
  SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CE0, RST0);
  {" ".join(f'parameter {name} = "NONE";' for name in PARAMETERS)}
  parameter RESETMODE = "SYNC";
  parameter GSR = "ENABLED";
  input {_bus("A", 18)}, {_bus("B", 18)}, {_bus("C", 18)};
  input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CE0, RST0;
  output {_bus("P", 36)};
  wire [17:0] a_in = {{{_bus("A", 18)}}};
  wire [17:0] b_in = {{{_bus("B", 18)}}};
  {_register("a", 18, "a_in", "REG_INPUTA_CLK")}
  {_register("b", 18, "b_in", "REG_INPUTB_CLK")}
  wire signed [18:0] x = {{SIGNEDA & a[17], a}};
  wire signed [18:0] y = {{SIGNEDB & b[17], b}};
  wire [35:0] now = x * y;
  {_register("middle", 36, "now", "REG_PIPELINE_CLK")}
  {_register("product", 36, "middle", "REG_OUTPUT_CLK")}
  assign {{{_bus("P", 36)}}} = product;
endmodule
"""


def flat_netlists(files: Mapping[str, str], tops: Sequence[str]) -> list[dict[str, Any]]:
    """Each of some modules with all that it holds, as one netlist.

    Args:
        files: RTLIL (`.il`) and Verilog (`.v`) by name.
        tops: the modules.
    """
    script = "".join(f"read_{'rtlil' if n.endswith('.il') else 'verilog'} {n}\n" for n in files)
    for top in tops:
        # Dead ends go, and so do enables and resets that are constant.
        script += (
            f"design -push-copy\nhierarchy -top {top}\nproc\nflatten\nopt_expr\n"
            f"opt_dff -nodffe -nosdff\nopt_clean -purge\nwrite_json {top}.json\ndesign -pop\n"
        )
    _, texts = run_yosys(files, script, kept=[f"{top}.json" for top in tops])
    return [json.loads(texts[f"{top}.json"])["modules"][top] for top in tops]
