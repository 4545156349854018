"""`hwdse cost --synthesize`: measures designs with a user's cell library."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from hwdse import networks
from hwdse.cli.output import print_json, print_table
from hwdse.cost.measure import BLOCKS, CYCLES, WARM_UP, Measurement, measure_specs
from hwdse.cost.stimuli import Operands
from hwdse.errors import HwdseError
from hwdse.explore.progress import ConsoleReporter
from hwdse.explore.record import four_digits, short_spec
from hwdse.spec import Design
from hwdse.workers import Failure


def measured(
    designs: Sequence[Design],
    files: Sequence[Path],
    jobs: int | None,
    network: str | None = None,
    layer: str | None = None,
) -> list[Measurement]:
    """Measure designs in parallel, with a progress bar; results keep the order of the designs.

    Args:
        designs: the designs.
        files: Liberty files of one library.
        jobs: number of processes; by default one per core.
        network: network whose operands the units get; by default normally distributed ones.
        layer: one layer of the network; by default all.

    Raises:
        HwdseError: a design failed. All others are measured and in the cache by then.
    """
    found: dict[str, Measurement | Failure] = {}
    specs = list(dict.fromkeys(str(design) for design in designs))
    operands = {spec: _operands(spec, network, layer) for spec in specs} if network else {}
    with ConsoleReporter() as reporter:
        reporter.start("synthesis", len(specs))
        for spec, result in measure_specs(specs, files, jobs=jobs, operands=operands):
            found[spec] = result
            reporter.advance(short_spec(Design.parse(spec)))
    results: list[Measurement] = []
    for design in designs:
        result = found[str(design)]
        if isinstance(result, Failure):
            raise HwdseError(f"{short_spec(design)}: {result.reason}")
        results.append(result)
    return results


def _operands(spec: str, network: str, layer: str | None) -> Operands:
    codes = networks.operand_codes(
        Design.parse(spec), network, layer=layer, cycles=BLOCKS * (WARM_UP + CYCLES)
    )
    return Operands(source=f"{network} {layer}" if layer else network, codes=codes)


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
    normal = first.activity == "normal"
    operands = "operands normally distributed" if normal else f"operands of {first.activity}"
    click.echo(
        f"\n{first.library}, {first.tool}, before layout; wires: {first.wires}. Energy {at}, "
        f"glitches and leakage included, {operands}."
    )
    for design, shown in zip(designs, documents, strict=True):
        if not shown["meets_clock"]:
            click.echo(
                f"{short_spec(design)} does not meet {clock_ns:g} ns: it needs "
                f"{four_digits(shown['delay_ns'])} ns."
            )
