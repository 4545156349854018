"""Engines in simulation, with streams that never stall, or often."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from amaranth.sim import Simulator

from hwdse import Design
from hwdse.hdl.units import unit
from hwdse.resources import resource
from hwdse.spec.port_words import joining_module
from hwdse.tools import verilator
from hwdse.verify import native
from hwdse.verify.bench import Report
from hwdse.verify.stream_driver import write_trace
from hwdse.verify.trace import Trace

Run = Callable[[Trace, int], Report]


def simulated(
    design: Design, given: Mapping[str, Sequence[Mapping[str, int]]], cycles: int
) -> dict[str, list[Any]]:
    """The cycles of all transfers, and the results, without stalls.

    Args:
        design: a design with streams `w`, `a` and `o`.
        given: for each input stream the words of each transfer, by port.
        cycles: cycles to simulate.
    """
    top = unit(design.unit, design)
    sim = Simulator(top)
    sim.add_clock(1e-6)
    seen: dict[str, list[Any]] = {"w": [], "a": [], "o": [], "results": []}

    async def drive(ctx: Any) -> None:
        ctx.set(top.o_ready, 1)
        for cycle in range(cycles):
            for name, transfers in given.items():
                at = len(seen[name])
                ctx.set(getattr(top, f"{name}_valid"), at < len(transfers))
                for port, word in transfers[at].items() if at < len(transfers) else ():
                    ctx.set(getattr(top, port), word)
            for name in ("w", "a", "o"):
                if all(ctx.get(getattr(top, f"{name}_{part}")) for part in ("valid", "ready")):
                    seen[name].append(cycle)
                    if name == "o":
                        seen["results"].append(ctx.get(top.o_data))
            await ctx.tick()

    sim.add_testbench(drive)
    sim.run()
    return seen


def stalling(design: Design, text: str, folder: Path) -> Run:
    """A compiled simulation in which each stream stalls in a quarter of all cycles."""
    source = resource("sims", "stream", "stream.cpp").read_text(encoding="utf-8")
    idle, found = re.subn(
        r"IDLE_ONE_IN = 16, WAIT_ONE_IN = 4", "IDLE_ONE_IN = 4, WAIT_ONE_IN = 4", source
    )
    assert found == 1
    wrapper, unit_file, main = folder / "streams.sv", folder / "unit.v", folder / "stream.cpp"
    wrapper.write_text(joining_module(design.interface, design.slug, "streams", more={}))
    unit_file.write_text(text)
    main.write_text(idle)
    files = [wrapper, unit_file]
    built = verilator.build(verilog=files, top="streams", main=main, folder=folder / "build")

    def run(trace: Trace, seed: int) -> Report:
        return native.run(built, [*write_trace(trace, folder), str(seed)])

    return run
