"""`hwdse generate` and `hwdse verify`: Verilog and its proof."""

from pathlib import Path

import click

from hwdse import verify as proof
from hwdse.cli.output import json_option, print_json
from hwdse.explore.files import writable_folder
from hwdse.spec import Design

_LEVELS = ("quick", "full", "exhaustive")


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
    # Before minutes of building, not after.
    writable_folder(folder.parent)
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
    click.echo(f"{design}: verified, {certificate.vectors} vectors")
    for path in files:
        click.echo(f"  {path}")


@click.command()
@click.argument("spec")
@click.option("--level", default="full", show_default=True, type=click.Choice(_LEVELS))
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
    click.echo(f"{design}: verified")
    for key, value in certificate.to_json().items():
        if key != "spec":
            click.echo(f"  {key.replace('_', ' '):16}{value}")
