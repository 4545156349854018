"""Makes a technology table: measures primitives and whole designs, and fits the model to both.

The table holds what was measured and what was fitted, never parts of the cell library. Measurements
in a table can be fitted again without any tool.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from hwdse import hdl
from hwdse.cost.activity import activity_of
from hwdse.cost.analytic import Parts, stage_parts, structure_parts
from hwdse.cost.as_table import as_built
from hwdse.cost.calibration.adjustments import adjustment
from hwdse.cost.calibration.circuits import CALIBRATIONS, Calibration
from hwdse.cost.calibration.fit import FLOOR, Samples, fit_law
from hwdse.cost.calibration.primitives import measure_primitive
from hwdse.cost.calibration.sample import held_out, sample
from hwdse.cost.families import REGISTER_TRAITS, traits_of
from hwdse.cost.liberty import Library, load
from hwdse.cost.measure import Measurement, measure_specs
from hwdse.errors import HwdseError, TechnologyError
from hwdse.primitives.primitive import Primitive
from hwdse.primitives.structure import UnitStructure
from hwdse.primitives.technology import QUANTITIES, SCHEMA, Technology, parse_technology
from hwdse.spec import Design
from hwdse.tools.yosys import find_yosys
from hwdse.workers import Failure, run_tasks
from hwdse.writing import write_file

Progress = Callable[[str], None]
"""Receives the name of each primitive and design when it is measured."""

_FEWEST_CELLS = 100
"""Designs of fewer cells are left out: a handful of gates is no unit that one would build."""

_ROUNDS = 2
_TIMEOUT_S = 600.0


def design_point(found: Measurement) -> dict[str, Any]:
    """What a table keeps of a measured design: energies in pJ per cycle without leakage."""
    energy = found.energy.to_json()
    return {
        "spec": found.spec,
        "area_um2": found.area_um2,
        "delay_ns": found.period_ns,
        "energy_pj": float(f"{found.energy.dynamic_pj:.6g}"),
        **{name: value for name, value in energy.items() if name != "leakage_uw"},
        "leakage_uw": energy["leakage_uw"],
        "macs_per_cycle": found.macs_per_cycle,
        "held_out": held_out(found.spec),
    }


def measured_table(
    files: Sequence[Path],
    *,
    name: str,
    node_nm: float,
    designs: int,
    jobs: int | None = None,
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Measure all primitives and a sample of designs; returns a table without laws.

    What is measured is kept in the user's cache, so an interrupted run goes on where it stopped.
    Designs that cannot be built, that take longer than ten minutes, or that have fewer than a
    hundred cells are left out.

    Args:
        files: Liberty files of one library.
        name: name of the table.
        node_nm: feature size of the process in nm.
        designs: number of designs to draw.
        jobs: number of processes; by default one per core.
        progress: is called after each primitive and design.

    Raises:
        TechnologyError: the library cannot be read.
        HwdseError: a tool is missing, or a primitive could not be measured.
    """
    library = load(files)
    grid = [(kind, primitive) for kind, c in CALIBRATIONS.items() for primitive in c.grid]
    results: dict[Primitive, dict[str, float]] = {}
    task = partial(_measure_primitive, files=tuple(files))
    for primitive, result in run_tasks(task, [primitive for _, primitive in grid], jobs):
        if isinstance(result, Failure):
            raise HwdseError(f"{primitive}: {result.reason}")
        results[primitive] = result
        progress(str(primitive))
    specs = [str(design) for design in sample(designs)]
    points = []
    for spec, found in measure_specs(specs, files, jobs=jobs, timeout_s=_TIMEOUT_S):
        if isinstance(found, Measurement) and sum(found.cells.values()) >= _FEWEST_CELLS:
            points.append(design_point(found))
        progress(spec)
    primitives: dict[str, Any] = {}
    for kind, primitive in grid:
        entry = primitives.setdefault(kind.__name__, {"grid": []})
        entry["grid"].append({**asdict(primitive), **results[primitive]})
    return {
        "schema": SCHEMA,
        "name": name,
        "node_nm": node_nm,
        "voltage": library.voltage,
        "library": library.name,
        "corner": f"{library.voltage:g} V, {library.temperature:g} C",
        "method": methods(library),
        "designs": sorted(points, key=lambda point: str(point["spec"])),
        "primitives": primitives,
    }


def methods(library: Library) -> dict[str, str]:
    """How each quantity is measured, in words."""
    return {
        "area_um2": f"cell area after {find_yosys().name} and its ABC, before layout",
        "energy_pj": (
            "transitions of a gate-level simulation with the library's delays, glitches "
            "included, times its internal energies and capacitances; normally distributed "
            "operands; no clock tree"
        ),
        "delay_ns": "shortest clock period between registers at all ports",
        "wires": f"wire-load model of the library: {library.wires(1000.0).name}",
        "fit": "laws of primitives, factors and corrections of whole designs",
    }


@lru_cache(maxsize=2)
def _library(files: tuple[Path, ...]) -> Library:
    return load(files)


def _measure_primitive(primitive: Primitive, *, files: tuple[Path, ...]) -> dict[str, float]:
    return measure_primitive(primitive, _library(files))


def fitted_laws(
    primitives: Mapping[str, Any],
    features_of: Callable[[Calibration, str], tuple[str, ...]],
    floors: Mapping[str, float],
) -> dict[str, Any]:
    """Fit the laws of all primitives to their measured grids.

    Args:
        primitives: the grid of each class, by the key `grid`.
        features_of: gives the features in which a quantity of a class is linear.
        floors: as `fit.FLOOR`, for each quantity to fit.

    Raises:
        TechnologyError: a measured grid is not that of `CALIBRATIONS`.
    """
    fitted: dict[str, Any] = {}
    for kind, calibration in CALIBRATIONS.items():
        points = primitives.get(kind.__name__, {}).get("grid", [])
        known = [{key: p[key] for key in p if key not in floors} for p in points]
        if known != [asdict(primitive) for primitive in calibration.grid]:
            raise TechnologyError(
                f"the measured grid of {kind.__name__} is not the calibration grid: measure again"
            )
        features = [primitive.features() for primitive in calibration.grid]
        entry: dict[str, Any] = {}
        for quantity, floor in floors.items():
            values = [float(point[quantity]) for point in points]
            entry[quantity] = fit_law(features, values, features_of(calibration, quantity), floor)
        fitted[kind.__name__] = {**entry, "grid": points}
    return fitted


def fitted_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Fit the laws, factors, corrections and intervals of a table to its measurements.

    Raises:
        TechnologyError: the measured grid is not that of `CALIBRATIONS`, or too few designs are in
            the table.
    """
    fitted = {**table, "adjustments": {}, "leakage_uw_per_um2": 0.0, "primitives": {}}
    fitted["primitives"] = fitted_laws(table["primitives"], getattr, FLOOR)
    points = [point for point in table.get("designs", []) if not point["held_out"]]
    if points:
        ratios = [point["leakage_uw"] / point["area_um2"] for point in points]
        fitted["leakage_uw_per_um2"] = float(f"{np.median(ratios):.6g}")
        # The adjustments say which units are tables, and these shift the adjustments.
        for _ in range(_ROUNDS):
            technology = parse_technology(fitted)
            designs = [described(point, technology) for point in points]
            for quantity in QUANTITIES:
                samples = Samples.of(
                    [parts[quantity] for parts, _ in designs],
                    [_traits_for(quantity, traits) for _, traits in designs],
                    [float(point[quantity]) for point in points],
                )
                fitted["adjustments"][quantity] = adjustment(samples)
    parse_technology(fitted)
    return fitted


@lru_cache(maxsize=4096)
def _structure(spec: str) -> UnitStructure:
    return hdl.structure_of(Design.parse(spec))


def _traits_for(quantity: str, traits: Mapping[str, float]) -> dict[str, float]:
    """The traits that correct a quantity.

    What registers do to areas and delays is in the structure; only their glitches are not.
    """
    energy = quantity == "energy_pj"
    return {name: value for name, value in traits.items() if energy or name not in REGISTER_TRAITS}


def described(
    point: Mapping[str, Any], technology: Technology
) -> tuple[dict[str, Parts], dict[str, float]]:
    """Costs by the laws alone, by quantity, and the traits of a measured design."""
    design = Design.parse(point["spec"])
    unit = as_built(design, _structure(str(design)), technology)
    slowest = max(stage_parts(unit, technology), key=lambda stage: sum(stage.values()))
    parts = {
        "area_um2": structure_parts(unit, technology, "area_um2"),
        "energy_pj": structure_parts(
            unit, technology, "energy_pj", activity_of(design).of_blocks()
        ),
        "delay_ns": slowest,
    }
    return parts, traits_of(design)


def write_table(table: Mapping[str, Any], path: Path) -> None:
    """Write a technology table. If writing fails, the old file stays unchanged.

    Raises:
        OutputError: the file cannot be written.
    """
    # Each innermost object (a measured point or a set of coefficients) is on one line.
    text = re.sub(
        r"\{[^{}]*\}",
        lambda match: re.sub(r"\n\s*", " ", match.group()),
        json.dumps(table, indent=1),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, text + "\n")
