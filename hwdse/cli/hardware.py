"""`hwdse generate`, `hwdse verify` and `hwdse rtl`: Verilog and its proof."""

from pathlib import Path

import click

from hwdse import verify as proof
from hwdse.cli.output import json_option, print_json
from hwdse.errors import VerificationError
from hwdse.explore.progress import ConsoleReporter
from hwdse.spec import Design
from hwdse.verify.supported import check_supported, read_supported, write_supported


@click.command()
@click.argument("spec")
@click.option(
    "-o",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="Output folder; made if missing.",
)
@json_option
def generate(*, spec: str, folder: Path, as_json: bool) -> None:
    """Write verified, self-contained Verilog of a design.

    The folder gets the Verilog with its manifest, test vectors, bench and timing constraints.
    """
    design = Design.parse(spec)
    certificate = proof.generate(design, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if as_json:
        print_json(
            {
                "spec": str(design),
                "folder": folder,
                "files": [path.relative_to(folder) for path in files],
                "certificate": certificate.to_json(),
            }
        )
        return
    click.echo(f"{design}: verified, level {certificate.level}, {certificate.total} vectors")
    for path in files:
        click.echo(f"  {path}")


@click.command()
@click.argument("spec")
@click.option("--level", default="full", show_default=True, type=click.Choice(list(proof.LEVELS)))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@json_option
def verify(*, spec: str, level: str, seed: int, as_json: bool) -> None:
    """Prove that a design's hardware equals its golden model.

    The hardware is simulated with Verilator and compared bit for bit. Level `quick` takes seconds;
    `full` adds all operand pairs of formats of up to 8 bits and long random sums; `exhaustive` all
    that can be enumerated. Exit status 1 and the first mismatches tell of a difference.
    """
    design = Design.parse(spec)
    certificate = proof.verify(design, level=level, seed=seed)
    if as_json:
        print_json(certificate.to_json())
        return
    click.echo(f"{design}: verified, level {level}, seed {seed}")
    for name, count in certificate.vectors.items():
        click.echo(f"  {count:>10} {name.replace('_', ' ')}")
    click.echo(f"  {certificate.total:>10} vectors in all, every output as expected")


@click.command()
@click.option("--check", is_flag=True, help="Compare only, write nothing.")
@click.option(
    "--folder",
    default="rtl",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder with supported.toml.",
)
@json_option
def rtl(*, check: bool, folder: Path, as_json: bool) -> None:
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
            written = write_supported(folder, lambda design: reporter.advance(str(design)))
    if as_json:
        print_json({"folder": folder, "designs": [str(d) for d in designs], "written": written})
        return
    click.echo(f"{folder}: {len(designs)} designs {'are up to date' if check else 'written'}")
