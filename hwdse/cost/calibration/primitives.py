"""Measures primitives with a cell library, alone and on random operands."""

import numpy as np

from hwdse.cost.cache import Kept
from hwdse.cost.calibration.circuits import TOP, benchmark
from hwdse.cost.gates import MappedNetlist, Simulator, StaticTiming, energy_of
from hwdse.cost.liberty import Library
from hwdse.cost.measure import recipe
from hwdse.cost.stimuli import SEED, filled
from hwdse.cost.synthesis import synthesize
from hwdse.primitives.primitive import Primitive

CYCLES = 1024
WARM_UP = 8


def measure_primitive(primitive: Primitive, library: Library) -> dict[str, float]:
    """Synthesize, time and simulate one primitive.

    Args:
        primitive: the primitive.
        library: the cell library.

    Returns:
        `area_um2`; `energy_pj` per operation on random operands, glitches and the charging of the
        inputs included; `delay_ns` from an input to an output, or for registers the clock period of
        a shift register.

    Raises:
        ToolError: Yosys is missing or failed.
        TechnologyError: no circuit is registered for the class of the primitive.
    """
    described = benchmark(primitive)
    kept = Kept("primitives", [recipe(), repr(primitive), described.verilog, library.digest])
    known = kept.read()
    if known is not None:
        return {name: float(known[name]) for name in ("area_um2", "energy_pj", "delay_ns")}
    mapped = synthesize(described.verilog, top=TOP, library=library)
    circuit = MappedNetlist(mapped.netlist, library)
    timing = StaticTiming(circuit)
    simulator = Simulator(circuit, timing)
    rng = np.random.default_rng(SEED)
    cycles = WARM_UP + CYCLES
    words = {name: draw(rng, cycles) for name, draw in described.stimuli.items()}
    values = filled(words, simulator.input_bits, cycles, rng)
    energy = energy_of(circuit, timing, simulator.run(values, warm_up=WARM_UP))
    first, last = timing.path[0], timing.path[-1]
    delay = last.arrival_ps - first.arrival_ps
    if described.clock:
        delay = timing.register_ps
    found = {
        "area_um2": round(mapped.area_um2, 4),
        "energy_pj": float(f"{energy.dynamic_pj:.6g}"),
        "delay_ns": round(delay / 1000, 6),
    }
    kept.write(found)
    return found
