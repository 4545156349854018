"""`hwdse generate`, `hwdse verify` and `hwdse rtl`: write Verilog and verify it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from hwdse import cost as costs
from hwdse import flows as known_flows
from hwdse import verify as proof
from hwdse.cli.chosen import chosen
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
    help="What the top module shows: the unit's own ports (plain), AXI4-Stream (axis), or a "
    "co-processor's AXI4-Lite registers and AXI4 to memory (axi, axi:64).",
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

    SPEC is a design, or a file *.toml that gives each layer a design. From a file, each design is
    written to its own folder inside the output folder.

    The folder gets the Verilog (one module per file), a manifest, test vectors, a bench and timing
    constraints. The Verilog is simulated at --level before it is written. The header of the first
    file records the result.

    Each --flow adds files for another tool: a core for fusesoc, configurations for librelane and
    orfs, a script that packages an IP for vivado, a module for litex, a Makefile from synthesis to
    bitstream for ecp5 and ice40. --target names the technology of the Verilog. The delays of the
    target decide where pipeline registers lie, and sums are written in the form that suits the
    target.
    """
    made_for, given, bus = Target.parse(target), chosen(spec), Bus.parse(interface)
    if isinstance(given, Design):
        folders = {given: folder}
    else:
        folders = {design: folder / design.slug for design in given.designs}
        if not folders:
            raise SpecError(f"{given.name}: no layer has a design: nothing can be generated")
        if top and len(folders) > 1:
            raise SpecError(f"--top names one module, and {given.name} has {len(folders)} designs")
    made = []
    for design, place in folders.items():
        certificate = proof.generate(
            design, place, level=level, bus=bus, top=top, flat=flat, flows=flows, target=made_for
        )
        # The message about accumulator loops holds for standard cells only.
        loop = costs.loop_limit(design) if made_for == CELLS else None
        made.append(_Made(design=design, folder=place, certificate=certificate, loop=loop))
        if not as_json:
            made[-1].show()
    if as_json:
        documents = [each.document() for each in made]
        print_json(documents[0] if isinstance(given, Design) else {"designs": documents})


@dataclass(frozen=True, kw_only=True)
class _Made:
    """What `generate` has written for a design."""

    design: Design
    folder: Path
    certificate: proof.Certificate
    loop: costs.LoopCost | None

    @property
    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def document(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "spec": str(self.design),
            "folder": self.folder,
            "files": [path.relative_to(self.folder) for path in self.files],
            "certificate": self.certificate.to_json(),
            "loop": None if self.loop is None else self.loop.to_json(),
        }

    def show(self) -> None:
        """Print what was written."""
        proven = self.certificate
        click.echo(f"{self.design}: verified, level {proven.level}, {proven.total} vectors")
        for path in self.files:
            click.echo(f"  {path}")
        if self.loop is not None:
            click.echo(f"{self.loop}.")


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

    Verilator simulates the hardware, and every output is compared bit for bit. Level `quick` takes
    seconds. Level `full` adds long random sums and, for formats of up to 8 bits, all operand pairs.
    Level `exhaustive` adds all inputs that can be enumerated. If an output differs, the command
    prints the first mismatches.

    With --supported instead of SPEC, the command verifies the checked-in Verilog of all designs in
    supported.toml. With --verilog, the command verifies your own Verilog against the golden model
    of SPEC.

    Exit status 0: verified. 1: an output differs. 2: the verification cannot run.
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
    """Parse --target. For existing Verilog (`given`), only the default target is allowed.

    Raises:
        SpecError: the target is unknown, or not the default although Verilog is given.
    """
    made_for = Target.parse(target)
    if given and made_for != CELLS:
        raise SpecError(f"--target {target} belongs to Verilog that is generated from a SPEC")
    return made_for


def _port_names(given: tuple[str, ...]) -> dict[str, str]:
    """Parse the values of --port: `i_a=x` maps port `i_a` to the name `x`."""
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
    return lambda done: reporter.advance(
        f"{done.spec}{' FAILED' if done.failure else ''}", failed=bool(done.failure)
    )


@click.command()
@click.option("--check", is_flag=True, help="Compare only, write nothing.")
@_FOLDER
@_JOBS
@json_option
def rtl(*, check: bool, folder: Path, jobs: int, as_json: bool) -> None:
    """Regenerate the Verilog of the supported designs, or check it.

    The file supported.toml lists the designs. With --check, the command generates the Verilog and
    compares it with the files. Exit status 1 means that a file differs. Without --check, the
    command verifies the Verilog at level full and writes the files.
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
