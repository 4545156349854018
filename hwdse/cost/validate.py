r"""Compares the analytic cost of whole designs with synthesis, and records the measurements.

    python -m hwdse.cost.validate --liberty nangate45_typ.lib.gz a=int8,acc=int:32 a=e4m3fn

The Verilog of `hwdse generate` is synthesized, timed and simulated at gate level, with the same
methods as in the calibration of the primitives. The measurements are compared with the estimates
from the declared structures. Without SPECS, a reference set of designs is measured.

`--record TABLE` adds the measurements to a technology table. It also renews the activity factors
and error bars of the table from all designs in the table. With `--record` alone, nothing is
measured and no external tool is needed. Run `--record` alone after changes of declared structures.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import click
import numpy as np

from hwdse.cost import liberty, synthesis, timing
from hwdse.cost.activity import Draw, Simulator
from hwdse.cost.analytic import estimate
from hwdse.cost.calibrate import read_table, write_table
from hwdse.cost.designs import (
    FITTED,
    HELD_OUT,
    energy_by_kind,
    fit_activity,
    root_mean_square,
)
from hwdse.errors import HwdseError, TechnologyError
from hwdse.formats import Format
from hwdse.hdl import emit, structure_of
from hwdse.primitives.technology import QUANTITIES, Technology, load_technology, parse_technology
from hwdse.spec import Design, Interface

CYCLES = 64
LANES = 32
SEED = 20140209
TERMS = 32
"""Number of cycles per sum in the simulation."""

_POOL = 4096


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Estimated and measured quantities of one design. Energies are per MAC."""

    spec: str
    estimated: dict[str, float]
    measured: dict[str, float]

    def error(self, quantity: str) -> float:
        """Return the relative error of the estimate: estimate / measurement - 1."""
        return self.estimated[quantity] / self.measured[quantity] - 1


def operands(fmt: Format, lanes: int) -> Draw:
    """Return a function that draws words of `lanes` codes of normally distributed values.

    The standard deviation is 1 for most formats. For formats with small dynamic range (integers and
    floats of a few bits), the standard deviation is a quarter of the largest value, so that the
    data use the whole range.
    """
    narrow = fmt.max <= fmt.min_subnormal * 2.0**fmt.bits
    deviation = fmt.max / 4 if narrow else 1.0
    values = np.random.default_rng(SEED).normal(0.0, deviation, _POOL)
    pool = [int(code) for code in fmt.encode(values)]

    def draw(random: Random, _cycle: int) -> int:
        return sum(random.choice(pool) << (lane * fmt.bits) for lane in range(lanes))

    return draw


def measure(
    design: Design, *, technology: Technology, library: liberty.Library, path: Path
) -> dict[str, float]:
    """Synthesize and measure one design with a cell library.

    Args:
        design: the design to measure.
        technology: technology table, for the register overhead.
        library: the cell library.
        path: the Liberty file of the cell library.

    Returns:
        area_um2, energy_pj per MAC on normally distributed operands, and delay_ns.

    Raises:
        ToolError: a tool is missing or fails.
    """
    top = design.slug
    mapped = synthesis.synthesize(emit(design), top=top, library=path)
    delay = timing.critical_delay(
        mapped,
        top=top,
        library=path,
        driver=timing.input_driver(library),
        clock="clk",
        # The ports connect to outside registers, which are like the registers of the unit.
        io_delay_ns=technology.register_overhead_ns / 2,
    )
    lanes = structure_of(design).macs_per_cycle
    cycle_pj = Simulator(mapped.netlist, library).energy_per_cycle(
        cycles=CYCLES,
        lanes=LANES,
        seed=SEED,
        stimuli=stimuli_of(design.interface),
        warm_up=8,
    )
    return {
        "area_um2": round(mapped.area_um2, 3),
        "energy_pj": round(cycle_pj / lanes, 6),
        "delay_ns": round(delay, 4),
    }


def stimuli_of(interface: Interface) -> dict[str, Draw]:
    """Return functions that draw the values of the input ports of an interface.

    The unit gets operands in every cycle and starts a new sum every `TERMS` cycles. The reader of
    the output is always ready.
    """
    found: dict[str, Draw] = {}
    if interface.reset_cycles:
        found[interface.reset] = _constant(int(interface.reset_low))
    for stream in interface.streams:
        if stream.direction == "output":
            found |= {stream.ready: _constant(1)} if stream.ready else {}
            continue
        found |= {stream.valid: _constant(1)} if stream.valid else {}
        for part in stream.fields:
            if part.format is not None:
                found[stream.port_of(part)] = operands(part.format, part.elements)
            elif part.name == stream.starts:
                found[stream.port_of(part)] = lambda _random, cycle: int(cycle % TERMS == 0)
    return found


def _constant(value: int) -> Draw:
    return lambda _random, _cycle: value


def compare(design: Design, measured: Mapping[str, float], technology: Technology) -> Comparison:
    """Estimate the cost of a design and put estimate and measurement side by side."""
    cost = estimate(design, technology)
    return Comparison(
        spec=str(design),
        estimated={quantity: getattr(cost, quantity) for quantity in QUANTITIES},
        measured={quantity: float(measured[quantity]) for quantity in QUANTITIES},
    )


def renew(table: Mapping[str, Any]) -> dict[str, Any]:
    """Renew the activity factors and error bars of a table from the designs measured in the table.

    Activity factors are fitted to the designs of `FITTED`. The error bars are root mean square
    errors of all other designs. Each design gets a flag `held_out`, which is true for designs that
    took no part in the fit.

    Raises:
        TechnologyError: the table is damaged, has no design of `FITTED`, or has no other design.
    """
    fitted_specs = {str(Design.parse(spec)) for spec in FITTED}
    points = [
        {**point, "held_out": point["spec"] not in fitted_specs}
        for point in table.get("designs", [])
    ]
    fitted = [point for point in points if not point["held_out"]]
    held_out = [point for point in points if point["held_out"]]
    if not fitted or not held_out:
        raise TechnologyError(
            f"{len(fitted)} measured designs to fit and {len(held_out)} to find the error bars: "
            "at least one of each is needed"
        )
    renewed = {**table, "designs": points}
    technology = parse_technology(renewed)
    energies = [
        energy_by_kind(structure_of(Design.parse(point["spec"])), technology) for point in fitted
    ]
    renewed["activity"] = fit_activity(energies, [float(point["energy_pj"]) for point in fitted])
    technology = parse_technology(renewed)
    comparisons = [compare(Design.parse(point["spec"]), point, technology) for point in held_out]
    renewed["errors"] = {
        quantity: root_mean_square([item.error(quantity) for item in comparisons])
        for quantity in QUANTITIES
    }
    return renewed


def report(comparisons: Sequence[Comparison]) -> str:
    """Return a text table: estimate, measurement and relative error per design, and mean errors."""
    lines = [
        "".join(f"{quantity + ': est':>16}{'synth':>9}{'error':>7}" for quantity in QUANTITIES)
        + "  spec"
    ]
    for item in comparisons:
        cells = "".join(
            f"{item.estimated[q]:>16.4g}{item.measured[q]:>9.4g}{item.error(q):>+7.0%}"
            for q in QUANTITIES
        )
        lines.append(f"{cells}  {item.spec}")
    means = "".join(
        f"{'mean |error|':>25}{np.mean([abs(item.error(q)) for item in comparisons]):>7.0%}"
        for q in QUANTITIES
    )
    return "\n".join([*lines, means])


def _record(path: Path, results: Mapping[str, Mapping[str, float]]) -> Technology:
    """Add measured designs to the table in `path`, renew the table, and return its technology."""
    table = read_table(path)
    points = {point["spec"]: point for point in table.get("designs", [])}
    points.update({spec: {"spec": spec, **measured} for spec, measured in results.items()})
    renewed = renew({**table, "designs": [points[spec] for spec in sorted(points)]})
    write_table(renewed, path)
    return parse_technology(renewed)


def _measure_all(
    specs: Sequence[str], technology: Technology, path: Path | None
) -> dict[str, dict[str, float]]:
    """Measure designs and return the measurements by canonical spec."""
    if path is not None and not specs:
        specs = FITTED + HELD_OUT
    designs = [Design.parse(spec) for spec in specs]
    if not designs:
        return {}
    if path is None:
        raise TechnologyError("designs to measure, but no cell library: give --liberty FILE")
    library = liberty.load(path)
    results = {}
    for design in designs:
        results[str(design)] = measure(design, technology=technology, library=library, path=path)
        sys.stderr.write(f"{design}: {results[str(design)]}\n")
    return results


@click.command(help=__doc__, no_args_is_help=True)
@click.option("--liberty", "path", type=click.Path(path_type=Path), help="cell library")
@click.option("--technology", default="nangate45", show_default=True, help="name or table")
@click.option("--record", type=click.Path(path_type=Path), help="table that keeps the measurements")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.argument("specs", nargs=-1)
def main(
    path: Path | None, technology: str, record: Path | None, as_json: bool, specs: tuple[str, ...]
) -> None:
    """Entry point of `python -m hwdse.cost.validate`."""
    try:
        table = parse_technology(read_table(record)) if record else load_technology(technology)
        results = _measure_all(specs, table, path)
        if record is not None:
            table = _record(record, results)
            results = {point["spec"]: point for point in read_table(record)["designs"]}
        comparisons = [
            compare(Design.parse(spec), measured, table) for spec, measured in results.items()
        ]
    except HwdseError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    if as_json:
        click.echo(json.dumps([asdict(item) for item in comparisons], indent=1))
    elif comparisons:
        click.echo(report(comparisons))


if __name__ == "__main__":
    main()
