"""Synthesis and timing: reading of recorded logs, and one run of the tools."""

from pathlib import Path

import pytest

from hwdse.cost import liberty, synthesis, timing
from hwdse.cost.activity import Simulator
from hwdse.cost.benchmarks import benchmark
from hwdse.errors import TechnologyError, ToolError
from hwdse.primitives.primitive import Primitive

TOY = Path(__file__).with_name("toy.lib")

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

# OpenSTA 2.0.17, `report_checks -digits 6`.
CHECKS = """
   0.049200    2.174600 ^ _10396_/ZN (XNOR2_X1)
   0.000000    2.174600 ^ o[46] (out)
               2.174600   data arrival time

 100.000000  100.000000   max_delay
-------------------------------------------------------------
             100.000000   data required time
              -2.174600   data arrival time
-------------------------------------------------------------
              97.825400   slack (MET)
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


def test_delay_from_recorded_log():
    assert timing.parse_delay(CHECKS) == pytest.approx(2.1746)


@pytest.mark.parametrize("log", ["No paths found.", "Error: cells.lib line 3, syntax error."])
def test_timing_without_a_path(log):
    with pytest.raises(ToolError, match="OpenSTA reports no path"):
        timing.parse_delay(log)


def test_driver_is_a_buffer():
    assert timing.input_driver(liberty.load(TOY)) == "BUF"
    empty = liberty.Library(name="none", voltage=1.0, temperature=25.0, cells={})
    with pytest.raises(ToolError, match="holds no buffer"):
        timing.input_driver(empty)


def test_primitive_without_a_circuit():
    class Novel(Primitive):
        def _empty(self):
            return False

        def _features(self):
            return {}

    with pytest.raises(TechnologyError, match="no calibration circuit for primitive Novel"):
        benchmark(Novel())


@pytest.mark.long
def test_tools_on_a_toggling_register():
    """Needs the `synthesis` extra and OpenSTA; the first run compiles WebAssembly."""
    text = """
    module divider(input clk, input en, output reg q);
      always @(posedge clk) q <= ~(q & en);
    endmodule
    """
    mapped = synthesis.synthesize(text, top="divider", library=TOY)
    assert mapped.cells == {"NAND2": 1, "DFF": 1}
    assert mapped.area_um2 == 10.0
    # Clock to output 0.1, the gate's middle delay about 0.02, set-up 0.05.
    delay = timing.critical_delay(mapped, top="divider", library=TOY, driver="BUF", clock="clk")
    assert delay == pytest.approx(0.17, abs=0.02)
    library = liberty.load(TOY)
    energy = Simulator(mapped.netlist, library).energy_per_cycle(
        cycles=8, lanes=4, seed=0, stimuli={"en": lambda _random, _cycle: 1}
    )
    # Clock 14 fJ, D and one input of the gate toggle every cycle: 2 fJ, and 2 or 4 fJ.
    assert energy in (pytest.approx(0.018), pytest.approx(0.020))
