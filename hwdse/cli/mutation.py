"""`hwdse mutate`: counts the injected faults that the verification of a design detects."""

from pathlib import Path

import click

from hwdse.cli.counts import Count
from hwdse.cli.output import json_option, print_json
from hwdse.errors import SpecError
from hwdse.explore.progress import ConsoleReporter
from hwdse.spec import Design
from hwdse.verify.mutation import MutationReport, mutation_score
from hwdse.verify.stimulus import LEVELS
from hwdse.verify.supported import read_supported

_HEADINGS = "  score  mutants  killed  quick  equivalent  survivors  seconds"
_ROW = "{:6.2f}%  {:7}  {:6}  {:5}  {:10}  {:9}  {:7.1f}  {}"


@click.command()
@click.argument("specs", nargs=-1)
@click.option("--supported", is_flag=True, help="All designs of the folder's supported.toml.")
@click.option(
    "--folder",
    default="rtl",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder with supported.toml.",
)
@click.option("--mutants", default=200, show_default=True, type=Count(1, 1_000_000))
@click.option("--level", default="full", show_default=True, type=click.Choice(list(LEVELS[:2])))
@click.option("--seed", default=0, show_default=True, type=Count(0))
@json_option
def mutate(
    *,
    specs: tuple[str, ...],
    supported: bool,
    folder: Path,
    mutants: int,
    level: str,
    seed: int,
    as_json: bool,
) -> None:
    """Count injected faults that the verification notices.

    Faults are spread evenly over the netlist of a design. Each faulty netlist (mutant) runs the
    stimulus of a level until its first wrong output, which kills the mutant. A proof then tries to
    show that the remaining mutants are equivalent to the design. Mutants without such a proof are
    survivors and are listed. The score is killed mutants / (all mutants - equivalent mutants).
    """
    designs = [Design.parse(spec) for spec in specs]
    if supported:
        designs += read_supported(folder)
    if not designs:
        raise SpecError("no design to mutate: give a SPEC or --supported")
    reports = []
    with ConsoleReporter() as reporter:
        reporter.start("mutants run", len(designs))
        for design in designs:
            reports.append(mutation_score(design, mutants=mutants, seed=seed, level=level))
            reporter.advance(str(design))
    if as_json:
        print_json({"level": level, "seed": seed, "designs": [r.to_json() for r in reports]})
        return
    click.echo(_HEADINGS)
    for report in reports:
        _show(report)


def _show(report: MutationReport) -> None:
    counts = (report.mutants, report.killed, report.killed_quick, len(report.equivalent))
    left = len(report.survivors)
    click.echo(_ROW.format(100 * report.score, *counts, left, report.seconds, report.spec))
    for mutant in report.survivors:
        click.echo(f"         {mutant}")
