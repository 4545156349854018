"""Static timing against OpenSTA."""

import re
import shutil
import subprocess
from random import Random

import pytest
from toy_cells import TOY, netlist, toy

from hwdse.cost.gates.circuit import MappedNetlist
from hwdse.cost.gates.timing import StaticTiming
from hwdse.cost.liberty import FALL, RISE

pytestmark = pytest.mark.long
INPUTS, PERIOD_NS = 5, 1000.0


@pytest.mark.parametrize("seed", range(6))
def test_same_arrivals_as_opensta(seed, tmp_path):
    """The latest arrival at every output of a random netlist, with the same inputs."""
    assert shutil.which("sta"), "needs OpenSTA (Debian and Ubuntu: apt install opensta)"
    rng = Random(seed)
    nets = list(range(2, 2 + INPUTS))
    cells = []
    for _ in range(80):
        kind = rng.choice(("INV", "BUF", "NAND2", "NAND2"))
        pins = {pin: rng.choice(nets[-10:]) for pin in ("A", "B")[: 2 if kind == "NAND2" else 1]}
        nets.append(len(nets) + 2)
        cells.append((kind, {**pins, "Y": nets[-1]}))
    ends = nets[-10:]
    description = netlist({f"i{net}": [net] for net in nets[:INPUTS]}, cells)
    circuit = MappedNetlist(description, toy())
    timing = StaticTiming(circuit)
    assert circuit.wires.capacitance_ff == 0.0

    instances = [
        f"  {kind} u{number}({', '.join(f'.{pin}(n{net})' for pin, net in pins.items())});"
        for number, (kind, pins) in enumerate(cells)
    ]
    ports = ", ".join([*(f"n{net}" for net in nets[:INPUTS]), *(f"n{net}" for net in ends)])
    directions = "".join(f"  input n{net};\n" for net in nets[:INPUTS])
    directions += "".join(f"  output n{net};\n" for net in ends)
    wires = "".join(f"  wire n{net};\n" for net in nets)
    (tmp_path / "n.v").write_text(
        f"module top({ports});\n{directions}{wires}" + "\n".join(instances) + "\nendmodule\n"
    )
    inputs = []
    for net in nets[:INPUTS]:
        number = circuit.net(net)
        for edge, option in ((RISE, "-rise"), (FALL, "-fall")):
            arrival, slew = timing.arrival_ps[number, edge], timing.slew_ps[number, edge]
            inputs.append(
                f"set_input_delay {option} {arrival / 1000:.9f} -clock c [get_ports n{net}]"
            )
            inputs.append(f"set_input_transition {option} {slew / 1000:.9f} [get_ports n{net}]")
    reports = [
        f'puts "END n{net} {option}"\nreport_checks {option}_to [get_ports n{net}] -digits 8'
        for net in ends
        for option in ("-rise", "-fall")
    ]
    script = "\n".join(
        [
            *(f"read_liberty {TOY}", "read_verilog n.v", "link_design top"),
            f"create_clock -name c -period {PERIOD_NS}",
            *inputs,
            "set_output_delay 0 -clock c [all_outputs]",
            *reports,
            "exit",
        ]
    )
    (tmp_path / "run.tcl").write_text(script + "\n")
    done = subprocess.run(
        ["sta", "-no_splash", "-exit", "run.tcl"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    compared = 0
    for block in done.stdout.split("END ")[1:]:
        net, option = block.split()[:2]
        found = re.search(r"([\d.]+)\s+data arrival time", block)
        if found is None:
            continue
        edge = RISE if option == "-rise" else FALL
        own = timing.arrival_ps[circuit.net(int(net[1:])), edge] / 1000
        assert own == pytest.approx(float(found[1]), rel=1e-4), block
        compared += 1
    assert compared >= 10
