"""`hwdse generate`, `hwdse verify` and `hwdse rtl`: Verilog and its proof."""

from collections.abc import Callable
from pathlib import Path

import click

from hwdse import cost as costs
from hwdse import flows as known_flows
from hwdse import verify as proof
from hwdse.cli.counts import MAX_JOBS, Count
from hwdse.cli.output import json_option, print_json
from hwdse.errors import SpecError, VerificationError
from hwdse.explore.progress import ConsoleReporter
from hwdse.spec import Design
from hwdse.verify.supported import (
    Proof,
    check_supported,
    raise_failures,
    read_supported,
    verify_supported,
    write_supported,
)


@click.command()
@click.argument("spec")
@click.option(
    "-o",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Output folder; made if missing.",
)
@click.option(
    "--flow",
    "flows",
    multiple=True,
    metavar="NAME",
    help=f"Add what another tool needs: {', '.join(known_flows.names())}. May be repeated.",
)
@json_option
def generate(*, spec: str, folder: Path, flows: tuple[str, ...], as_json: bool) -> None:
    """Write verified, self-contained Verilog of a design.

    The folder gets the Verilog with its manifest, test vectors, bench and timing constraints, and
    the files of each --flow: a core for fusesoc, configurations for librelane and orfs, a script
    that packages an IP for vivado, a module for litex, Makefiles from synthesis to bitstream for
    ecp5 and ice40.
    """
    design = Design.parse(spec)
    certificate = proof.generate(design, folder, flows=flows)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    loop = costs.loop_limit(design)
    if as_json:
        print_json(
            {
                "spec": str(design),
                "folder": folder,
                "files": [path.relative_to(folder) for path in files],
                "certificate": certificate.to_json(),
                "loop": None if loop is None else loop.to_json(),
            }
        )
        return
    click.echo(f"{design}: verified, level {certificate.level}, {certificate.total} vectors")
    for path in files:
        click.echo(f"  {path}")
    if loop is not None:
        click.echo(f"{loop}.")


_JOBS = click.option(
    "--jobs",
    default=1,
    show_default=True,
    type=Count(1, MAX_JOBS),
    help="Designs verified at once.",
)
_FOLDER = click.option(
    "--folder",
    default="rtl",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder with supported.toml.",
)


@click.command()
@click.argument("spec", required=False)
@click.option("--supported", is_flag=True, help="Verify the checked-in Verilog of all designs.")
@click.option("--level", default="full", show_default=True, type=click.Choice(list(proof.LEVELS)))
@click.option("--seed", default=0, show_default=True, type=Count(0))
@_JOBS
@_FOLDER
@json_option
def verify(
    *,
    spec: str | None,
    supported: bool,
    level: str,
    seed: int,
    jobs: int,
    folder: Path,
    as_json: bool,
) -> None:
    """Prove that a design's hardware equals its golden model.

    The hardware is simulated with Verilator and compared bit for bit. Level `quick` takes seconds;
    `full` adds all operand pairs of formats of up to 8 bits and long random sums; `exhaustive` all
    that can be enumerated. Exit status 1 and the first mismatches tell of a difference.

    Instead of SPEC, --supported takes all designs of supported.toml and simulates the Verilog that
    is checked in beside it.
    """
    if (spec is not None) == supported:
        raise SpecError("give a SPEC or --supported, one of them")
    if spec is None:
        _verify_supported(folder, level, seed, jobs, as_json)
        return
    design = Design.parse(spec)
    certificate = proof.verify(design, level=level, seed=seed)
    if as_json:
        print_json(certificate.to_json())
        return
    click.echo(f"{design}: verified, level {level}, seed {seed}")
    for name, count in certificate.vectors.items():
        click.echo(f"  {count:>10} {name.replace('_', ' ')}")
    click.echo(f"  {certificate.total:>10} vectors in all, every output as expected")
    if certificate.unreached:
        click.echo(f"  outputs that none of them gave: {', '.join(certificate.unreached)}")


def _verify_supported(folder: Path, level: str, seed: int, jobs: int, as_json: bool) -> None:
    with ConsoleReporter() as reporter:
        reporter.start("verification", len(read_supported(folder)))
        proofs = verify_supported(
            folder, level=level, seed=seed, jobs=jobs, progress=_advance(reporter)
        )
    if as_json:
        raise_failures(proofs)
        certificates = [done.certificate.to_json() for done in proofs if done.certificate]
        print_json({"folder": folder, "level": level, "designs": certificates})
        return
    for done in proofs:
        if done.certificate is None:
            click.echo(f"FAILED {done.spec}")
        else:
            click.echo(
                f"passed {done.spec}: {done.certificate.total} vectors, {done.seconds:.0f} s"
            )
    raise_failures(proofs)


def _advance(reporter: ConsoleReporter) -> Callable[[Proof], None]:
    return lambda done: reporter.advance(f"{done.spec}{' FAILED' if done.failure else ''}")


@click.command()
@click.option("--check", is_flag=True, help="Compare only, write nothing.")
@_FOLDER
@_JOBS
@json_option
def rtl(*, check: bool, folder: Path, jobs: int, as_json: bool) -> None:
    """Regenerate the Verilog of the supported designs, or check it.

    The designs are those of supported.toml. With --check their Verilog is generated and compared
    with the files, exit status 1 telling of a difference; without it, it is verified at level full
    and written.
    """
    designs = read_supported(folder)
    if check:
        differences = [f"{found.path}: {found.reason}" for found in check_supported(folder)]
        if differences:
            raise VerificationError("\n".join([f"{folder} is not up to date", *differences]))
        written = []
    else:
        with ConsoleReporter() as reporter:
            reporter.start("verified Verilog", len(designs))
            written = write_supported(folder, jobs=jobs, progress=_advance(reporter))
    if as_json:
        print_json({"folder": folder, "designs": [str(d) for d in designs], "written": written})
        return
    click.echo(f"{folder}: {len(designs)} designs {'are up to date' if check else 'written'}")
