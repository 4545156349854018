"""`hwdse serve`: the explorer page of a store."""

import click

from hwdse.cli.output import json_option, print_json
from hwdse.cli.places import PlaceType, sweep_option
from hwdse.explore.database import Place
from hwdse.explore.page import serve as serve_page


@click.command()
@click.argument("store", type=PlaceType())
@sweep_option
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to answer on. Others than this machine's own let others read the store.",
)
@click.option(
    "--port",
    default=8050,
    show_default=True,
    type=click.IntRange(0, 65_535),
    help="Port to answer on; 0 takes a free one.",
)
@json_option
def serve(*, store: Place, sweep: str | None, host: str, port: int, as_json: bool) -> None:
    """Show the designs of a store in a browser.

    The page has linked views: a scatter plot, parallel coordinates, a table, the blocks of designs,
    and two designs beside each other. While a sweep runs, finished designs appear. The address of
    the page is a permanent link to what it shows. Ctrl-C ends it.

    STORE is an output folder of `hwdse explore`, the file store.sqlite in this folder, or
    postgresql://[user@]host/database.
    """

    def ready(address: str) -> None:
        if as_json:
            print_json({"address": address})
        else:
            click.echo(f"{address}  (Ctrl-C ends it)")

    serve_page(store, sweep, host=host, port=port, ready=ready)
