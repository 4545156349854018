"""`hwdse generate`, `hwdse verify` and `hwdse rtl`: Verilog and its proof."""

import time
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
from hwdse.hdl import CELLS, Target, targets
from hwdse.spec import Bus, Design
from hwdse.verify.junit import Result, write_junit
from hwdse.verify.supported import (
    Outcome,
    check_supported,
    raise_failures,
    read_supported,
    verify_supported,
    write_supported,
)

_TARGET = click.option(
    "--target",
    "target",
    default=CELLS.keyword,
    show_default=True,
    help=f"What the Verilog is made for: {', '.join(targets.names())}.",
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
    "--interface",
    default="plain",
    show_default=True,
    help="What the top module shows: the unit's own ports (plain) or AXI4-Stream (axis).",
)
@click.option("--top", default="", help="Name of the top module; by default made of the spec.")
@click.option("--flat", is_flag=True, help="One module for everything.")
@click.option("--level", default="quick", show_default=True, type=click.Choice(list(proof.LEVELS)))
@click.option(
    "--flow",
    "flows",
    multiple=True,
    metavar="NAME",
    help=f"Add what another tool needs: {', '.join(known_flows.names())}. May be repeated.",
)
@_TARGET
@json_option
def generate(
    *,
    spec: str,
    folder: Path,
    interface: str,
    top: str,
    flat: bool,
    level: str,
    flows: tuple[str, ...],
    target: str,
    as_json: bool,
) -> None:
    """Write verified, self-contained Verilog of a design.

    The folder gets the Verilog, one module in a file, with its manifest, test vectors, bench and
    timing constraints. What is written has been simulated at --level, and its header says so.

    Each --flow adds its files: a core for fusesoc, configurations for librelane and orfs, a script
    that packages an IP for vivado, a module for litex, a Makefile from synthesis to bitstream for
    ecp5 and ice40. --target says what the Verilog is made for: by its delays registers are placed,
    and sums are written as suits it.
    """
    made_for = Target.parse(target)
    design = Design.parse(spec)
    bus = Bus.parse(interface)
    certificate = proof.generate(
        design, folder, level=level, bus=bus, top=top, flat=flat, flows=flows, target=made_for
    )
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    # What is said of loops is said of standard cells.
    loop = costs.loop_limit(design) if made_for == CELLS else None
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
@click.option(
    "--verilog",
    "verilog",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Verify this Verilog instead of the generated; repeat it for several files.",
)
@click.option("--top", default="", help="Module of --verilog; by default its only top module.")
@click.option("--latency", type=Count(0), help="Latency of --verilog in cycles, if another.")
@click.option(
    "--port", "ports", multiple=True, metavar="PORT=NAME", help="A port that --verilog calls NAME."
)
@click.option(
    "--junit", type=click.Path(path_type=Path), help="Write the results as JUnit XML to this file."
)
@click.option(
    "--coverage",
    type=click.Path(path_type=Path),
    help="Write coverage of lines and toggles (lcov) and of functions (JSON) to this folder.",
)
@_TARGET
@json_option
def verify(
    *,
    spec: str | None,
    supported: bool,
    level: str,
    seed: int,
    jobs: int,
    folder: Path,
    verilog: tuple[Path, ...],
    top: str,
    latency: int | None,
    ports: tuple[str, ...],
    junit: Path | None,
    coverage: Path | None,
    target: str,
    as_json: bool,
) -> None:
    """Prove that a design's hardware equals its golden model.

    The hardware is simulated with Verilator and compared bit for bit. Level `quick` takes seconds;
    `full` adds all operand pairs of formats of up to 8 bits and long random sums; `exhaustive` all
    that can be enumerated. Exit status 1 and the first mismatches tell of a difference.

    Instead of SPEC, --supported takes all designs of supported.toml and simulates the Verilog that
    is checked in beside it. With --verilog your own Verilog is verified against the golden model of
    SPEC. Exit status 0: verified; 1: a difference; 2: something that cannot be verified.
    """
    if (spec is not None) == supported:
        raise SpecError("give a SPEC or --supported, one of them")
    if not verilog and (top or latency is not None or ports):
        raise SpecError("--top, --latency and --port belong to --verilog: give the files")
    made_for = _target_of_generated(target, given=supported or bool(verilog))
    if spec is None:
        if verilog or coverage:
            raise SpecError("--verilog and --coverage take one SPEC, not --supported")
        _verify_supported(folder, level, seed, jobs, junit=junit, as_json=as_json)
        return
    design = Design.parse(spec)
    start = time.monotonic()
    try:
        if verilog:
            certificate = proof.check(
                design,
                verilog,
                top=top,
                latency=latency,
                ports=_port_names(ports),
                level=level,
                seed=seed,
                coverage=coverage,
            )
        else:
            kept = {} if coverage is None else {"coverage": coverage}
            certificate = proof.verify(design, level=level, seed=seed, target=made_for, **kept)
    except VerificationError as error:
        if junit is not None:
            seconds = time.monotonic() - start
            failed = Result(spec=str(design), vectors=0, seconds=seconds, failure=str(error))
            write_junit(junit, [failed], level)
        raise
    if junit is not None:
        seconds = time.monotonic() - start
        passed = Result(spec=str(design), vectors=certificate.total, seconds=seconds)
        write_junit(junit, [passed], level)
    if as_json:
        print_json(certificate.to_json())
        return
    click.echo(f"{design}: verified, level {level}, seed {seed}")
    for name, count in certificate.vectors.items():
        click.echo(f"  {count:>10} {name.replace('_', ' ')}")
    click.echo(f"  {certificate.total:>10} vectors in all, every output as expected")
    if certificate.unreached:
        click.echo(f"  outputs that none of them gave: {', '.join(certificate.unreached)}")


def _target_of_generated(target: str, *, given: bool) -> Target:
    """The target; Verilog that is given is for what it is for."""
    made_for = Target.parse(target)
    if given and made_for != CELLS:
        raise SpecError(f"--target {target} belongs to Verilog that is generated from a SPEC")
    return made_for


def _port_names(given: tuple[str, ...]) -> dict[str, str]:
    """`i_a=x` as port and name."""
    names = {}
    for text in given:
        port, equals, name = text.partition("=")
        if not (port and equals and name):
            raise SpecError(f"--port {text}: the form is PORT=NAME, such as i_a=x")
        names[port] = name
    return names


def _verify_supported(
    folder: Path, level: str, seed: int, jobs: int, *, junit: Path | None, as_json: bool
) -> None:
    with ConsoleReporter() as reporter:
        reporter.start("verification", len(read_supported(folder)))
        outcomes = verify_supported(
            folder, level=level, seed=seed, jobs=jobs, progress=_advance(reporter)
        )
    if junit is not None:
        results = [
            Result(
                spec=done.spec,
                vectors=done.certificate.total if done.certificate else 0,
                seconds=done.seconds,
                failure=done.failure,
            )
            for done in outcomes
        ]
        write_junit(junit, results, level)
    if as_json:
        raise_failures(outcomes)
        certificates = [done.certificate.to_json() for done in outcomes if done.certificate]
        print_json({"folder": folder, "level": level, "designs": certificates})
        return
    for done in outcomes:
        if done.certificate is None:
            click.echo(f"FAILED {done.spec}")
        else:
            click.echo(
                f"passed {done.spec}: {done.certificate.total} vectors, {done.seconds:.0f} s"
            )
    raise_failures(outcomes)


def _advance(reporter: ConsoleReporter) -> Callable[[Outcome], None]:
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
