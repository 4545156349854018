"""Synthesis: reading of recorded logs, and runs of the tool."""

import numpy as np
import pytest
from toy_cells import toy

from hwdse.cost import synthesis
from hwdse.cost.gates import MappedNetlist, Simulator, StaticTiming, energy_of
from hwdse.errors import ToolError
from hwdse.tools.tool import ToolTimeoutError

# Yosys 0.64, `stat -liberty`.
STAT = r"""
5. Printing statistics.

=== top ===

        +----------Local Count, excluding submodules.
        |        +-Local Area, excluding submodules.
        |        |
     6935        - wires
     3476  3823.75 cells
      425    678.3   XOR2_X1

   Chip area for module '\top': 3823.750000
     of which used for sequential elements: 0.000000 (0.00%)

End of script. Logfile hash: 09f811dd8c
"""

# Yosys 0.40.
OLD_STAT = r"""
=== mac ===

   Number of cells:                116
     XOR2_X1                        25

   Chip area for module '\mac': 142.310000
"""


def test_area_from_recorded_logs():
    assert synthesis.parse_area(STAT, "top") == 3823.75
    assert synthesis.parse_area(OLD_STAT, "mac") == 142.31


def test_log_without_the_module():
    with pytest.raises(ToolError, match="no chip area for module mac"):
        synthesis.parse_area(STAT, "mac")


def test_log_with_unmapped_cells():
    log = STAT + r"   Area for cell type \$_DFF_P_ is unknown!"
    with pytest.raises(ToolError, match="does not have"):
        synthesis.parse_area(log, "top")


@pytest.mark.long
def test_tools_on_a_toggling_register():
    """Needs the `synthesis` extra; the first run compiles WebAssembly."""
    text = """
    module divider(input clk, input en, output reg q);
      always @(posedge clk) q <= ~(q & en);
    endmodule
    """
    library = toy()
    mapped = synthesis.synthesize(text, top="divider", library=library)
    assert mapped.cells == {"NAND2": 1, "DFF": 1}
    assert mapped.area_um2 == 10.0
    circuit = MappedNetlist(mapped.netlist, library)
    timing = StaticTiming(circuit)
    # Clock to output 100 ps, the gate about 20 ps, set-up 50 ps; or the buffer in front of `en`.
    assert 150 < timing.period_ps < 220
    simulator = Simulator(circuit, timing)
    assert simulator.input_bits == [("en", 0)]
    energy = energy_of(circuit, timing, simulator.run(np.ones((9, 1), np.uint8)))
    assert energy.glitch_pj == 0.0
    assert energy.clock_pj > 0.01
    # Q toggles every cycle and charges one input of the gate: 2 or 4 fJ.
    assert energy.register_pj in (pytest.approx(0.002), pytest.approx(0.004))


@pytest.mark.long
def test_interrupted_synthesis_is_a_failure():
    """A run that ended early is a failure, whatever its exit code."""
    with pytest.raises(ToolTimeoutError, match="did not end within"):
        synthesis.synthesize(
            "module top(input a, output o); assign o = ~a; endmodule",
            top="top",
            library=toy(),
            timeout_s=0.05,
        )
