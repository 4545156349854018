"""The event simulator against Icarus Verilog, which gets the same delays as SDF."""

import shutil
import subprocess
from pathlib import Path
from random import Random

import numpy as np
import pytest
from toy_cells import netlist, toy

from hwdse.cost.gates.circuit import MappedNetlist
from hwdse.cost.gates.events import Simulator
from hwdse.cost.gates.timing import StaticTiming

pytestmark = pytest.mark.long

CELLS = """`timescale 1ps/1ps
module INV(input A, output Y); not(Y, A); specify (A => Y) = 1; endspecify endmodule
module BUF(input A, output Y); buf(Y, A); specify (A => Y) = 1; endspecify endmodule
module NAND2(input A, B, output Y); nand(Y, A, B);
  specify (A => Y) = 1; (B => Y) = 1; endspecify endmodule
"""
#: Delays are so many different numbers that two events hardly ever fall on the same time: Verilog
#: does not say which of them comes first.
INPUTS, CYCLES, PERIOD, DELAYS = 6, 40, 400_000_000, (40_000, 300_000, 2_000_000)


def drawn(rng: Random, gates: int) -> tuple[dict[str, object], list[tuple[str, dict[str, int]]]]:
    """A random netlist: every gate reads inputs and earlier gates, the last ones more often."""
    nets = list(range(2, 2 + INPUTS))
    cells = []
    for _ in range(gates):
        kind = rng.choice(("INV", "BUF", "NAND2", "NAND2", "NAND2"))
        pins = {pin: rng.choice(nets[-12:]) for pin in ("A", "B")[: 2 if kind == "NAND2" else 1]}
        nets.append(len(nets) + 2)
        cells.append((kind, {**pins, "Y": nets[-1]}))
    return netlist({"a": list(range(2, 2 + INPUTS))}, cells), cells


def with_icarus(cells, simulator, rows, folder: Path) -> dict[int, list[int]]:
    """Rising and falling edges of every net, counted in the VCD file of Icarus."""
    instances, timing = [], []
    for number, (kind, pins) in enumerate(cells):
        ports = ", ".join(f".{pin}(n[{net}])" for pin, net in pins.items())
        instances.append(f"  {kind} u{number}({ports});")
        paths = "".join(
            "(IOPATH {} Y ({}) ({}))".format(pin, *simulator.delay[number, place])
            for place, pin in enumerate(p for p in pins if p != "Y")
        )
        timing.append(f'(CELL (CELLTYPE "{kind}") (INSTANCE u{number}) (DELAY (ABSOLUTE {paths})))')
    (folder / "d.sdf").write_text(
        '(DELAYFILE (SDFVERSION "3.0") (TIMESCALE 1ps)\n' + "\n".join(timing) + ")\n"
    )
    highest = max(pins["Y"] for _, pins in cells)
    drives = []
    for cycle, row in enumerate(rows):
        for bit, value in enumerate(row):
            if cycle == 0 or value != rows[cycle - 1][bit]:
                delay = simulator.source_delay[bit, 1 - int(value)]
                drives.append(f"    #0 a[{bit + 2}] <= #({cycle * PERIOD} + {delay}) {value};")
    text = f"""{CELLS}
module dut(input [{INPUTS + 1}:2] a, output [{highest}:2] n);
  assign n[{INPUTS + 1}:2] = a;
{chr(10).join(instances)}
endmodule
module tb;
  reg [{INPUTS + 1}:2] a = 0;
  wire [{highest}:2] n;
  dut d(a, n);
  initial begin
    $sdf_annotate("d.sdf", d);
    $dumpfile("o.vcd"); $dumpvars(0, n);
{chr(10).join(drives)}
    #{len(rows) * PERIOD} $finish;
  end
endmodule
"""
    (folder / "t.v").write_text(text)
    for command in (
        ["iverilog", "-g2012", "-gspecify", "-o", "t.vvp", "t.v"],
        ["vvp", "t.vvp"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "rror" not in done.stdout + done.stderr, done.stdout + done.stderr
    return counted((folder / "o.vcd").read_text(), highest)


def counted(vcd: str, highest: int) -> dict[int, list[int]]:
    """Edges of each bit of the vector in a VCD file, after the first cycle has settled."""
    edges = {net: [0, 0] for net in range(2, highest + 1)}
    before, time = "", 0
    for line in vcd.split("$enddefinitions $end")[1].splitlines():
        if line.startswith("#"):
            time = int(line[1:])
        elif line.startswith("b"):
            word = line[1:].split()[0]
            word = word.rjust(highest - 1, "0" if word[0] in "01" else word[0])
            if time >= PERIOD:
                for place, (old, new) in enumerate(zip(before, word, strict=True)):
                    if old != new:
                        edges[highest - place][0 if new == "1" else 1] += 1
            before = word
    return edges


@pytest.mark.parametrize("seed", range(12))
def test_same_edges_as_icarus(seed, tmp_path):
    """Every net of a random netlist with random delays rises and falls as often."""
    assert shutil.which("iverilog"), (
        "needs Icarus Verilog (Debian and Ubuntu: apt install iverilog)"
    )
    rng = Random(seed)
    description, cells = drawn(rng, rng.choice((20, 60, 200)))
    circuit = MappedNetlist(description, toy())
    simulator = Simulator(circuit, StaticTiming(circuit))
    draws = np.random.default_rng(seed)
    simulator.delay[:] = draws.integers(1, rng.choice(DELAYS), simulator.delay.shape)
    simulator.source_delay[:] = draws.integers(1, 500_000, simulator.source_delay.shape)
    rows = draws.integers(0, 2, (CYCLES, INPUTS)).astype(np.uint8)
    activity = simulator.run(rows, warm_up=1)
    expected = with_icarus(cells, simulator, rows.tolist(), tmp_path)
    found = {net: activity.edges[circuit.net(net)].tolist() for net in expected}
    assert found == expected
    assert sum(map(sum, expected.values())) > 10 * len(expected)
    # Some of these transitions are glitches.
    assert sum(map(sum, expected.values())) > activity.settled.sum()
