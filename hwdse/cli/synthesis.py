"""`hwdse cost --synthesize`: measures designs with a user's cell library."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hwdse.cli.output import print_json, print_table
from hwdse.cost.measure import Measurement, measure_specs
from hwdse.errors import HwdseError
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import four_digits, short_spec
from hwdse.spec import Design
from hwdse.workers import Failure


def measured(
    designs: Sequence[Design], files: Sequence[Path], jobs: int | None
) -> list[Measurement]:
    """Measure designs in parallel, with a progress bar; results keep the order of the designs.

    Raises:
        HwdseError: a design failed. All others are measured and in the cache by then.
    """
    found: dict[str, Measurement | Failure] = {}
    specs = list(dict.fromkeys(str(design) for design in designs))
    with ConsoleReporter() as reporter:
        reporter.start("synthesis", len(specs))
        for spec, result in measure_specs(specs, files, jobs=jobs):
            found[spec] = result
            reporter.advance(short_spec(Design.parse(spec)))
    results: list[Measurement] = []
    for design in designs:
        result = found[str(design)]
        if isinstance(result, Failure):
            raise HwdseError(f"{short_spec(design)}: {result.reason}")
        results.append(result)
    return results


def document(design: Design, result: Measurement, clock_ns: float | None) -> dict[str, Any]:
    """JSON document of a measured design."""
    clock = clock_ns or result.period_ns
    return {
        **result.to_json(),
        "spec": str(design),
        "method": "synthesis",
        "glitches": True,
        "clock_ns": clock,
        "meets_clock": result.period_ns <= clock,
        "delay_ns": result.period_ns,
        "energy_pj": result.energy_per_mac_pj(clock),
    }


def show_measured(
    designs: Sequence[Design],
    results: Sequence[Measurement],
    *,
    clock_ns: float | None,
    as_json: bool,
) -> None:
    """Print measured designs: as one JSON document, or as a table with notes."""
    documents = [document(d, r, clock_ns) for d, r in zip(designs, results, strict=True)]
    if as_json:
        print_json({"designs": documents})
        return
    head = ["design", "area um2", "delay ns", "energy pJ/MAC", "logic", "glitches", "registers"]
    rows = []
    for design, result, shown in zip(designs, results, documents, strict=True):
        energy, macs = result.energy, result.macs_per_cycle
        shares = (
            *(energy.logic_pj + energy.input_pj, energy.glitch_pj, energy.register_pj),
            *(energy.clock_pj, energy.leakage_pj(shown["clock_ns"])),
        )
        rows.append(
            [
                short_spec(design),
                four_digits(result.area_um2),
                four_digits(result.period_ns),
                four_digits(shown["energy_pj"]),
                *(four_digits(share / macs) for share in shares),
                str(sum(result.cells.values())),
                str(result.registers),
            ]
        )
    print_table([*head, "clock", "leakage", "cells", "flip-flops"], rows)
    first = results[0]
    at = f"at {clock_ns:g} ns" if clock_ns else "at the shortest clock period of each design"
    click.echo(
        f"\n{first.library}, {first.tool}, before layout; wires: {first.wires}. Energy {at}, "
        "glitches and leakage included, operands normally distributed."
    )
    for design, shown in zip(designs, documents, strict=True):
        if not shown["meets_clock"]:
            click.echo(
                f"{short_spec(design)} does not meet {clock_ns:g} ns: it needs "
                f"{four_digits(shown['delay_ns'])} ns."
            )
