"""`hwdse learn-codebook`: a table of levels for the weights of a network."""

import json
import math
from pathlib import Path

import click

from hwdse.cli.counts import Count
from hwdse.cli.network_options import GivenNetworks, network_options
from hwdse.cli.output import json_option, print_json
from hwdse.networks import learned_codebook
from hwdse.networks.calibration import observed
from hwdse.networks.learned_codebook import (
    MAX_BITS,
    MAX_LEVEL_BITS,
    MIN_BITS,
    MIN_LEVEL_BITS,
)
from hwdse.writing import write_file


@click.command(name="learn-codebook")
@network_options(metric=False)
@click.option(
    "--bits", type=Count(MIN_BITS, MAX_BITS), default=4, show_default=True, help="Bits of a code."
)
@click.option(
    "--level-bits",
    type=Count(MIN_LEVEL_BITS, MAX_LEVEL_BITS),
    default=8,
    show_default=True,
    help="Bits of a level, a signed integer; more than those of a code.",
)
@click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="PATTERN",
    help="Layers to learn from, such as 'conv*'. May be repeated. Default: all.",
)
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path),
    required=True,
    help="File of the codebook, JSON.",
)
@json_option
def learn_codebook(
    *,
    given: GivenNetworks,
    bits: int,
    level_bits: int,
    layers: tuple[str, ...],
    output: Path,
    as_json: bool,
) -> None:
    """Learn the levels that suit the weights of a network best.

    Designs take the file as a format: b=codebook:FILE.
    """
    opened = given.open()
    found = learned_codebook.learn_codebook(
        opened.network,
        opened.data,
        observed(opened.network, opened.data),
        bits=bits,
        level_bits=level_bits,
        layers=layers,
    )
    book = found.codebook
    text = json.dumps({"name": book.name, "levels": list(book.levels)}, indent=1)
    path = write_file(output, text + "\n")
    if as_json:
        print_json(
            {
                "file": str(path),
                "name": book.name,
                "levels": list(book.levels),
                "layers": list(found.layers),
                "noise": found.noise,
                "uniform_noise": found.uniform_noise,
            }
        )
        return
    click.echo(f"{path}: {len(book.levels)} levels: {' '.join(f'{x:g}' for x in book.levels)}")
    click.echo(
        f"noise of the results of {len(found.layers)} layers by these weights: "
        f"{_db(found.noise)}; by the same in int{bits}: {_db(found.uniform_noise)}"
    )


def _db(noise: float) -> str:
    return f"{10 * math.log10(noise):.1f} dB" if noise > 0 else "none"
