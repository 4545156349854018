"""Measures a design with a cell library: synthesis, static timing and gate-level simulation.

The figures hold before layout: wires have the lengths of the library's wire-load model, the clock
is ideal. Results are kept in the user's cache by their content: the Verilog, the library, the
operands and the version of this recipe.
"""

from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from hwdse.cost.cache import Kept
from hwdse.cost.gates.circuit import MappedNetlist
from hwdse.cost.gates.energy import Energy, energy_of
from hwdse.cost.gates.events import Simulator
from hwdse.cost.gates.timing import StaticTiming
from hwdse.cost.liberty import Library, load
from hwdse.cost.stimuli import SEED, Operands, operands_of, stimulus
from hwdse.cost.synthesis import RECIPE, synthesize
from hwdse.hdl import emit, structure_of
from hwdse.spec import Design, Interface
from hwdse.tools.yosys import find_yosys
from hwdse.workers import Failure, run_tasks

BLOCKS, CYCLES, WARM_UP = 8, 256, 8
"""The simulation has this many blocks of this many counted cycles, each after a warm-up."""

_VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A design as synthesized with one cell library.

    Attributes:
        spec: the design.
        library: name of the cell library.
        area_um2: area of all cells.
        period_ns: shortest clock period between registers at all ports.
        energy: energy per clock cycle, by cause.
        energy_error: standard error of the dynamic energy relative to its mean, from the spread of
            the simulated blocks.
        settled_ns: longest time that a cycle of the simulation took to settle.
        macs_per_cycle: products per cycle.
        cells: number of cells by name.
        registers: number of flip-flops.
        path: cells on the slowest path, from the start to the end.
        wires: name of the wire-load model.
        activity: source of the operands: `normal`, or what the operands say of themselves.
        tool: name and version of the synthesizer.
    """

    spec: str
    library: str
    area_um2: float
    period_ns: float
    energy: Energy
    energy_error: float
    settled_ns: float
    macs_per_cycle: float
    cells: Mapping[str, int]
    registers: int
    path: tuple[str, ...]
    wires: str
    activity: str
    tool: str

    def energy_per_mac_pj(self, clock_ns: float | None = None) -> float:
        """Energy per MAC at a clock, glitches and leakage included.

        Args:
            clock_ns: clock period; by default the shortest.
        """
        return self.energy.total_pj(clock_ns or self.period_ns) / self.macs_per_cycle

    def to_json(self) -> dict[str, Any]:
        """Return plain data for `json.dumps`."""
        plain = asdict(self)
        plain["energy"] = self.energy.to_json()
        plain["cells"] = dict(self.cells)
        plain["path"] = list(self.path)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> "Measurement":
        """The measurement that `to_json` turned into plain data."""
        kept = {**plain, "energy": Energy(**plain["energy"]), "path": tuple(plain["path"])}
        return cls(**kept)


def measure(
    design: Design,
    library: Library,
    *,
    operands: Operands | None = None,
    timeout_s: float | None = None,
) -> Measurement:
    """Synthesize, time and simulate a design, or take the result from the cache.

    Args:
        design: the design.
        library: the cell library.
        operands: the operands; by default normally distributed ones.
        timeout_s: time limit of the synthesis in seconds. By default there is no limit.

    Raises:
        ToolTimeoutError: the synthesis took longer than `timeout_s`.
        ToolError: Yosys is missing or did not reach the end of its script.
        SpecError: no generator for a part of the design.
    """
    verilog = emit(design)
    if operands is None:
        operands = operands_of(design, BLOCKS * (WARM_UP + CYCLES))
    kept = Kept("measured", [recipe(), str(design), verilog, library.digest, _told(operands)])
    known = kept.read()
    if known is not None:
        try:
            return Measurement.from_json(known)
        except (TypeError, KeyError):
            pass  # of another version
    found = measure_verilog(
        verilog,
        top=design.slug,
        spec=str(design),
        interface=design.interface,
        macs_per_cycle=structure_of(design).macs_per_cycle,
        library=library,
        operands=operands,
        timeout_s=timeout_s,
    )
    kept.write(found.to_json())
    return found


def measure_verilog(
    verilog: str,
    *,
    top: str,
    spec: str,
    interface: Interface,
    macs_per_cycle: float,
    library: Library,
    operands: Operands | None = None,
    timeout_s: float | None = None,
) -> Measurement:
    """Synthesize, time and simulate Verilog text.

    Raises:
        ToolTimeoutError: the synthesis took longer than `timeout_s`.
        ToolError: Yosys is missing or did not reach the end of its script.
    """
    mapped = synthesize(verilog, top=top, library=library, timeout_s=timeout_s)
    circuit = MappedNetlist(mapped.netlist, library)
    timing = StaticTiming(circuit)
    simulator = Simulator(circuit, timing)
    blocks: list[Energy] = []
    settled = 0.0
    for block in range(BLOCKS):
        values = stimulus(
            interface,
            simulator.input_bits,
            WARM_UP + CYCLES,
            operands=operands and operands.part(block * (WARM_UP + CYCLES)),
            seed=SEED + block,
        )
        activity = simulator.run(values, warm_up=WARM_UP)
        settled = max(settled, activity.longest_ps / 1000)
        blocks.append(energy_of(circuit, timing, activity))
    totals = np.array([block.dynamic_pj for block in blocks])
    spread = (
        float(totals.std(ddof=1) / np.sqrt(len(totals)) / totals.mean()) if totals.all() else 0.0
    )
    return Measurement(
        spec=spec,
        library=library.name,
        area_um2=round(mapped.area_um2, 4),
        period_ns=round(timing.period_ps / 1000, 5),
        energy=_mean(blocks),
        energy_error=round(spread, 4),
        settled_ns=round(settled, 5),
        macs_per_cycle=macs_per_cycle,
        cells=dict(sorted(Counter(mapped.cells).items())),
        registers=len(circuit.flip_flops),
        path=tuple(circuit.cell_at(step.net) for step in timing.path),
        wires=circuit.wires.name,
        activity=operands.source if operands else "normal",
        tool=mapped.tool,
    )


def _told(operands: Operands | None) -> str:
    if operands is None:
        return ""
    return repr((operands.source, {n: codes.tolist() for n, codes in operands.codes.items()}))


def _mean(blocks: list[Energy]) -> Energy:
    plain = [block.to_json() for block in blocks]
    means = {name: float(np.mean([item[name] for item in plain])) for name in plain[0]}
    return Energy(**{name: float(f"{value:.6g}") for name, value in means.items()})


@cache
def recipe() -> str:
    """All that decides a measurement besides the Verilog, the library and the operands."""
    sources = sorted([*(Path(__file__).parent / "gates").glob("*.py"), Path(__file__)])
    texts = [source.read_text(encoding="utf-8") for source in sources]
    return "\0".join([_VERSION, RECIPE, find_yosys().name, *texts])


def measure_specs(
    specs: Sequence[str],
    files: Sequence[Path],
    *,
    jobs: int | None = None,
    operands: Mapping[str, Operands] | None = None,
    timeout_s: float | None = None,
) -> Generator[tuple[str, Measurement | Failure]]:
    """Measure designs in parallel. Yields pairs of spec and result as the designs finish.

    What has finished is in the cache, so an interrupted run goes on where it stopped. A design that
    fails does not stop the others.

    Args:
        specs: canonical specs.
        files: Liberty files of one library.
        jobs: number of processes; by default one per core.
        operands: operands by spec; by default normally distributed ones.
        timeout_s: time limit of each synthesis in seconds. By default there is no limit.

    Raises:
        HwdseError: a worker process cannot be started.
    """
    task = partial(
        _measure_spec, files=tuple(files), operands=dict(operands or {}), timeout_s=timeout_s
    )
    yield from run_tasks(task, specs, jobs)


@lru_cache(maxsize=2)
def _library(files: tuple[Path, ...]) -> Library:
    return load(files)


def _measure_spec(
    spec: str,
    *,
    files: tuple[Path, ...],
    operands: Mapping[str, Operands],
    timeout_s: float | None,
) -> Measurement:
    return measure(
        Design.parse(spec), _library(files), operands=operands.get(spec), timeout_s=timeout_s
    )
