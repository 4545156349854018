r"""Fits a technology table: synthesizes all primitives on a grid of widths and fits cost laws.

    python -m hwdse.cost.calibrate --liberty nangate45_typ.lib.gz --node-nm 45 \
        -o models/technology/nangate45.json

Needs Yosys (the `synthesis` extra is enough) and OpenSTA. The table contains measured costs and
fitted coefficients. The table never contains parts of the cell library. `--refit` fits the
measurements in an existing table again, without external tools.
"""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.optimize import nnls

from hwdse.cost import liberty, synthesis, timing
from hwdse.cost.activity import Simulator
from hwdse.cost.benchmarks import CALIBRATIONS, TOP, Calibration, benchmark
from hwdse.errors import HwdseError, OutputError, TechnologyError
from hwdse.primitives.primitive import Primitive
from hwdse.primitives.technology import QUANTITIES, SCHEMA, parse_technology
from hwdse.reading import read_json
from hwdse.tools.opensta import find_opensta
from hwdse.tools.yosys import find_yosys

CYCLES = 16
LANES = 128
SEED = 20140209

DUST = 1e-12

FLOOR = {"area_um2": 0.1, "energy_pj": 0.1, "delay_ns": 0.5}
"""A share of the median cost of the grid, for each cost.

The weight of a measured point in the fit is 1 / (cost + share * median cost). For delays the share
is large, because delays add up along a path and so the absolute error matters. For areas and
energies the share is small, because many small primitives add up and so the relative error of small
primitives matters.
"""


def measure(primitive: Primitive, library: liberty.Library, path: Path) -> dict[str, float]:
    """Synthesize one primitive and return area_um2, energy_pj per operation, and delay_ns.

    Args:
        primitive: the primitive to measure.
        library: the cell library.
        path: the Liberty file of the cell library.

    Raises:
        ToolError: a tool is missing or fails.
    """
    circuit = benchmark(primitive)
    mapped = synthesis.synthesize(circuit.verilog, top=TOP, library=path)
    energy = Simulator(mapped.netlist, library).energy_per_cycle(
        cycles=CYCLES, lanes=LANES, seed=SEED, stimuli=circuit.stimuli
    )
    delay = timing.critical_delay(
        mapped,
        top=TOP,
        library=path,
        driver=timing.input_driver(library),
        clock=circuit.clock,
    )
    return {"area_um2": mapped.area_um2, "energy_pj": energy, "delay_ns": delay}


def fit(
    features: Sequence[Mapping[str, float]],
    values: Sequence[float],
    names: Sequence[str],
    floor: float = 0.0,
) -> dict[str, Any]:
    """Fit a linear law with non-negative coefficients by least squares of the relative error.

    Args:
        features: features of each measured primitive.
        values: measured cost of each primitive, > 0.
        names: names of the features that the law may use.
        floor: share of the median cost. Costs far below this share of the median are weighted by
            their absolute error instead of their relative error.

    Returns:
        `coefficients` by feature (without zeros), and the relative errors `max_error` and
        `rms_error`.
    """
    target = np.asarray(values, dtype=np.float64)
    rows = np.array([[item[name] for name in names] for item in features])
    weights = 1.0 / (target + floor * np.median(target))
    solution, _ = nnls(rows * weights[:, None], target * weights)
    errors = rows @ solution / target - 1.0
    return {
        "coefficients": {
            name: float(f"{value:.6g}")
            for name, value in zip(names, solution, strict=True)
            # The solver may return tiny values instead of 0.
            if value > DUST
        },
        "max_error": round(float(np.max(np.abs(errors))), 4),
        "rms_error": round(float(np.sqrt(np.mean(errors**2))), 4),
    }


def fit_class(calibration: Calibration, points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the table entry of a primitive class: one law per quantity, and the measured grid."""
    features = [primitive.features() for primitive in calibration.grid]
    entry: dict[str, Any] = {
        quantity: fit(
            features,
            [float(point[quantity]) for point in points],
            getattr(calibration, quantity),
            FLOOR[quantity],
        )
        for quantity in QUANTITIES
    }
    entry["grid"] = list(points)
    return entry


def measure_all(path: Path, *, name: str, node_nm: float) -> dict[str, Any]:
    """Measure every primitive with one cell library and return a table without laws.

    Raises:
        TechnologyError: the library cannot be read.
        ToolError: a tool is missing or fails.
    """
    library = liberty.load(path)
    yosys = find_yosys().name
    sta, driver = find_opensta().name, timing.input_driver(library)
    table: dict[str, Any] = {
        "schema": SCHEMA,
        "name": name,
        "node_nm": node_nm,
        "voltage": library.voltage,
        "library": library.name,
        "corner": f"{library.voltage:g} V, {library.temperature:g} C",
        "method": {
            "area_um2": f"cell area after {yosys} and its ABC, area-oriented, before layout",
            "energy_pj": (
                f"toggles of the mapped netlist without gate delays ({CYCLES * LANES} operations "
                f"on random operands, seed {SEED}) times library internal energy and pin "
                "capacitance; no glitches, wires, leakage or clock tree"
            ),
            "delay_ns": f"slowest path by {sta}, inputs driven by {driver}, no wires",
            "fit": "non-negative least squares of the relative error",
        },
        # `hwdse.cost.validate` fills in the next three entries from measured whole designs.
        "activity": {},
        "errors": dict.fromkeys(QUANTITIES),
        "designs": [],
        "primitives": {},
    }
    for kind, calibration in CALIBRATIONS.items():
        points = []
        for primitive in calibration.grid:
            points.append({**asdict(primitive), **measure(primitive, library, path)})
            sys.stderr.write(f"{primitive}: {points[-1]['area_um2']:g} um2\n")
        table["primitives"][kind.__name__] = {"grid": points}
    return table


def fit_all(table: Mapping[str, Any]) -> dict[str, Any]:
    """Fit the laws of a table to the measurements in the table and return the complete table.

    Raises:
        TechnologyError: the measured grid differs from the grid of `CALIBRATIONS`.
    """
    fitted = dict(table)
    fitted["primitives"] = {}
    for kind, calibration in CALIBRATIONS.items():
        points = table["primitives"].get(kind.__name__, {}).get("grid", [])
        measured = [{key: p[key] for key in p if key not in QUANTITIES} for p in points]
        if measured != [asdict(primitive) for primitive in calibration.grid]:
            raise TechnologyError(
                f"the measured grid of {kind.__name__} is not the calibration grid: measure again"
            )
        fitted["primitives"][kind.__name__] = fit_class(calibration, points)
    parse_technology(fitted)
    return fitted


def read_table(path: Path) -> dict[str, Any]:
    """Read a table whose measurements will be fitted again.

    Raises:
        TechnologyError: the file cannot be read or is not a technology table.
    """
    table = read_json(path, "technology table", TechnologyError)
    if not isinstance(table, dict) or not isinstance(table.get("primitives"), dict):
        raise TechnologyError(f"{path} holds no measurements of primitives")
    return table


def write_table(table: Mapping[str, Any], path: Path) -> None:
    """Write a technology table. If writing fails, the old file stays unchanged.

    Raises:
        OutputError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Write each innermost object (a measured point or a set of coefficients) on one line.
        text = re.sub(
            r"\{[^{}]*\}",
            lambda match: re.sub(r"\n\s*", " ", match.group()),
            json.dumps(table, indent=1),
        )
        temporary.write_text(text + "\n", encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


def summary(table: Mapping[str, Any]) -> str:
    """Return a text table of the fit errors of every law, one line per primitive."""
    lines = [
        f"{'primitive':<20} {'points':>6}" + "".join(f"{q + ' rms/max':>22}" for q in QUANTITIES)
    ]
    for kind, entry in table["primitives"].items():
        errors = "".join(
            f"{entry[q]['rms_error']:>14.1%} {entry[q]['max_error']:>7.1%}" for q in QUANTITIES
        )
        lines.append(f"{kind:<20} {len(entry['grid']):>6}{errors}")
    return "\n".join(lines)


@click.command(help=__doc__, no_args_is_help=True)
@click.option("--liberty", "path", type=click.Path(path_type=Path), help="cell library")
@click.option("--refit", type=click.Path(path_type=Path), help="table whose measurements to reuse")
@click.option("--node-nm", type=float, default=45.0, show_default=True, help="feature size")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="table")
def main(path: Path | None, refit: Path | None, node_nm: float, output: Path) -> None:
    """Entry point of `python -m hwdse.cost.calibrate`."""
    try:
        if (path is None) == (refit is None):
            raise TechnologyError("give either --liberty FILE or --refit TABLE")
        if refit is not None:
            table = read_table(refit)
        else:
            assert path is not None
            table = measure_all(path, name=output.stem, node_nm=node_nm)
        fitted = fit_all(table)
        write_table(fitted, output)
    except HwdseError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    click.echo(summary(fitted))


if __name__ == "__main__":
    main()
