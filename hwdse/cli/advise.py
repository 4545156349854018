"""`hwdse advise`: what the results of a sweep say about a design."""

import click

from hwdse.cli.output import json_option, print_json
from hwdse.cli.places import PlaceType, sweep_option
from hwdse.explore.advice import advise as advice_of
from hwdse.explore.database import Place
from hwdse.explore.store import Store


@click.command()
@click.argument("store", type=PlaceType())
@sweep_option
@click.option(
    "--baseline",
    metavar="SPEC",
    help="Design to start from, or name of an assignment's file. Default: the cheapest that is not "
    "surely worse than float.",
)
@json_option
def advise(*, store: Place, sweep: str | None, baseline: str | None, as_json: bool) -> None:
    """Say what to change in a design, and what would change the front.

    From a baseline: the single change that buys most of each objective, and its price; the block
    that takes most; the clock down to which the front holds; and designs that another network,
    technology, machine or clock of the sweep puts off the front. With --json, each piece of advice
    names the rows that it comes from.

    STORE is an output folder of `hwdse explore`, the file store.sqlite in this folder, or
    postgresql://[user@]host/database.
    """
    with Store.open(store, sweep) as opened:
        found = advice_of(opened.rows(), opened.aims(), baseline)
    if as_json:
        print_json({"advice": [item.to_json() for item in found]})
        return
    combination = ""
    for item in found:
        if item.combination != combination:
            combination = item.combination
            click.echo(f"\n{combination}\n{'-' * len(combination)}")
        click.echo(f"* {item.text}")
