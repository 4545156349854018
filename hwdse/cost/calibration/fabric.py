"""Makes a fabric table: maps, places and routes primitives and whole designs, and fits laws.

Where the table says so, everything is measured without hard multipliers. Then the LUTs of different
number formats compare.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache, partial
from typing import Any

from hwdse import hdl
from hwdse.cost.analytic import stage_parts, structure_parts
from hwdse.cost.as_table import as_built
from hwdse.cost.cache import Kept
from hwdse.cost.calibration.adjustments import adjustment
from hwdse.cost.calibration.circuits import CALIBRATIONS, TOP, Calibration, benchmark
from hwdse.cost.calibration.fit import Samples
from hwdse.cost.calibration.sample import held_out, sample
from hwdse.cost.calibration.table import Progress, fitted_laws
from hwdse.cost.families import REGISTER_TRAITS, traits_of
from hwdse.cost.fpga.families import FAMILIES, check_family, routed
from hwdse.cost.fpga.place import SEED, FpgaResult, Module, place, place_and_route
from hwdse.errors import HwdseError, ToolError
from hwdse.primitives.fabric import QUANTITIES, SCHEMA, Fabric, parse_fabric
from hwdse.primitives.primitive import Primitive, Register
from hwdse.primitives.structure import UnitStructure
from hwdse.spec import Design
from hwdse.spec.port_words import PortWord
from hwdse.tools.nextpnr import find_nextpnr
from hwdse.tools.yosys import find_yosys
from hwdse.workers import Failure, run_tasks

_TIMEOUT_S = 300.0
_FEWEST_LUTS = 20
"""Designs of fewer LUTs are left out: a handful of LUTs is no unit that one would build."""
_FLOOR = {"luts": 0.1, "flip_flops": 0.1, "multipliers": 0.1, "delay_ns": 0.5}
"""As `fit.FLOOR`."""
_SHORTEST_NS = 0.01
_ROUNDS = 2
_PORT = re.compile(r"\b(input|output)\s+(?:reg\s+|signed\s+)*(?:\[(\d+):0\]\s*)?(\w+)")


def measured_fabric(
    family: str,
    *,
    name: str,
    designs: int,
    dsp: bool = False,
    jobs: int | None = None,
    progress: Progress = lambda _: None,
) -> dict[str, Any]:
    """Place all primitives and a sample of designs; returns a table without laws.

    What is measured is kept in the user's cache, so an interrupted run goes on where it stopped.
    Designs that cannot be built, that do not fit the part, or for which a tool takes longer than
    five minutes are left out.

    Args:
        family: a family that open tools place and route.
        name: name of the table.
        designs: number of designs to draw.
        dsp: use hard multipliers.
        jobs: number of processes; by default one per core.
        progress: is called after each primitive and design.

    Raises:
        ToolError: the family is unknown, it cannot be placed and routed with open tools, or it has
            no hard multipliers.
        HwdseError: a tool is missing, or a primitive could not be measured.
    """
    check_family(family)
    chosen = FAMILIES[family]
    if not chosen.nextpnr:
        able = ", ".join(routed())
        raise ToolError(f"{family} cannot be placed and routed with open tools: {able} can")
    if dsp and not chosen.multipliers:
        able = ", ".join(name for name in routed() if FAMILIES[name].multipliers)
        raise ToolError(f"{chosen.device} has no hard multipliers: {able} has")
    primitives: dict[str, Any] = {kind.__name__: {"grid": []} for kind in CALIBRATIONS}
    grid = [primitive for calibration in CALIBRATIONS.values() for primitive in calibration.grid]
    found: dict[Primitive, dict[str, float]] = {}
    for primitive, result in run_tasks(partial(_measure, family=family, dsp=dsp), grid, jobs):
        if isinstance(result, Failure):
            raise HwdseError(f"{primitive}: {result.reason}")
        found[primitive] = result
        progress(str(primitive))
    for primitive in grid:
        entry = {**asdict(primitive), **found[primitive]}
        primitives[type(primitive).__name__]["grid"].append(entry)
    points = []
    specs = [str(design) for design in sample(designs)]
    for spec, point in run_tasks(partial(_measure_design, family=family, dsp=dsp), specs, jobs):
        if not isinstance(point, Failure) and point["luts"] >= _FEWEST_LUTS:
            points.append(point)
        progress(spec)
    used = "with" if dsp else "without"
    return {
        "schema": SCHEMA,
        "name": name,
        "family": family,
        "device": chosen.device,
        "dsp": dsp,
        "method": {
            "luts": f"cells after {find_yosys().name}, {used} hard multipliers",
            "delay_ns": f"period after {_router(family)}, registers at all ports, seed {SEED}",
            "fit": "laws of primitives, factors and corrections of whole designs",
        },
        "designs": sorted(points, key=lambda point: str(point["spec"])),
        "primitives": primitives,
    }


def fitted_fabric(table: Mapping[str, Any]) -> dict[str, Any]:
    """Fit the laws, factors, corrections and intervals of a fabric to its measurements.

    Raises:
        TechnologyError: the measured grid is not that of `CALIBRATIONS`.
    """
    fitted = {**table, "adjustments": {}, "primitives": {}}
    features = partial(_features, dsp=bool(table["dsp"]))
    fitted["primitives"] = fitted_laws(table["primitives"], features, _FLOOR)
    points = [point for point in table.get("designs", []) if not point["held_out"]]
    for _ in range(_ROUNDS if points else 0):
        fabric = parse_fabric(fitted)
        units = [_unit(point["spec"], fabric) for point in points]
        for quantity in QUANTITIES:
            # A unit without flip-flops says nothing about how many others have.
            some = [(p, u) for p, u in zip(points, units, strict=True) if p[quantity]]
            if not some:
                continue
            samples = Samples.of(
                [_parts(unit, fabric, quantity) for _, unit in some],
                [_traits(point["spec"]) for point, _ in some],
                [float(point[quantity]) for point, _ in some],
            )
            # The structure has every flip-flop and every product.
            corrected = quantity not in ("flip_flops", "multipliers")
            fitted["adjustments"][quantity] = adjustment(samples, effects=corrected)
    parse_fabric(fitted)
    return fitted


def _features(calibration: Calibration, quantity: str, *, dsp: bool) -> tuple[str, ...]:
    """Features in which a cost is linear: LUTs and flip-flops grow as the area does."""
    if quantity == "multipliers":
        return calibration.hard
    soft = calibration.delay_ns if quantity == "delay_ns" else calibration.area_um2
    return (*soft, *calibration.hard) if dsp else soft


def _unit(spec: str, fabric: Fabric) -> UnitStructure:
    return as_built(Design.parse(spec), _structure(spec, fabric.family), fabric)


@lru_cache(maxsize=4096)
def _structure(spec: str, family: str) -> UnitStructure:
    return hdl.structure_of(Design.parse(spec), FAMILIES[family].target)


@lru_cache(maxsize=4096)
def _traits(spec: str) -> dict[str, float]:
    """Traits of a design. What registers do is in its structure."""
    found = traits_of(Design.parse(spec))
    return {name: value for name, value in found.items() if name not in REGISTER_TRAITS}


def _parts(unit: UnitStructure, fabric: Fabric, quantity: str) -> Mapping[tuple[str, str], float]:
    if quantity == "delay_ns":
        return max(stage_parts(unit, fabric), key=lambda stage: sum(stage.values()))
    return structure_parts(unit, fabric, quantity)


def _measure(primitive: Primitive, *, family: str, dsp: bool) -> dict[str, float]:
    """LUTs, flip-flops, hard multipliers and delay of one primitive."""
    described = benchmark(primitive)
    # What multiplies nothing is the same with hard multipliers.
    dsp = dsp and bool(CALIBRATIONS[type(primitive)].hard)
    kept = Kept("fabric primitives", [*_recipe(family, dsp=dsp), described.verilog])
    known = kept.read()
    if known is not None:
        return dict(known)
    ports = {
        direction: {
            name: int(high or 0) + 1
            for found, high, name in _PORT.findall(described.verilog)
            if found == direction and name != described.clock
        }
        for direction in ("input", "output")
    }
    module = Module(
        verilog=described.verilog,
        top=TOP,
        into=PortWord(widths=ports["input"]),
        out=PortWord(widths=ports["output"]),
        clock=described.clock,
    )
    chosen = FAMILIES[family]
    placed = place(module, chosen, dsp=dsp)
    assert placed.period_ns is not None  # the family is placed and routed
    # A register takes its clock-to-output and set-up time. Any other primitive lies between two
    # registers of the wrapper and takes the rest of the period.
    between = (
        placed.register_ns
        if isinstance(primitive, Register)
        else (placed.period_ns - placed.register_ns)
    )
    point = {
        "luts": float(chosen.luts_of(placed.cells)),
        "flip_flops": float(chosen.flip_flops_of(placed.cells)),
        "multipliers": float(chosen.multipliers_of(placed.cells)),
        "delay_ns": round(max(between, _SHORTEST_NS), 4),
    }
    kept.write(point)
    return point


def _measure_design(spec: str, *, family: str, dsp: bool) -> dict[str, Any]:
    """What a table keeps of a placed design."""
    design = Design.parse(spec)
    verilog = hdl.emit(design, target=FAMILIES[family].target)
    kept = Kept("fabric", [*_recipe(family, dsp=dsp), verilog])
    known = kept.read()
    if known is None:
        result = place_and_route(design, family, dsp=dsp, timeout_s=_TIMEOUT_S)
        known = result.to_json()
        kept.write(known)
    placed = FpgaResult(**known)
    assert placed.fmax_mhz is not None  # the family is placed and routed
    return {
        "spec": spec,
        "luts": placed.luts,
        "flip_flops": placed.flip_flops,
        "multipliers": placed.multipliers,
        "delay_ns": round(1000 / placed.fmax_mhz, 4),
        "held_out": held_out(spec),
    }


def _router(family: str) -> str:
    return find_nextpnr(FAMILIES[family].nextpnr).name


def _recipe(family: str, *, dsp: bool) -> list[str]:
    """All that decides a measurement besides the design."""
    chosen = FAMILIES[family]
    return [
        find_yosys().name,
        _router(family),
        chosen.synthesis if dsp else chosen.synthesis_without_dsp,
        *chosen.options,
        str(SEED),
    ]
