"""What a reader sees of clicked designs: designs of their layers, and methods that were tried."""

from collections.abc import Iterable, Sequence

from dash import html

from hwdse.explore import tried_methods
from hwdse.explore.layer_designs import HEAD, LayerDesigns, cells
from hwdse.explore.page.selection import Selection
from hwdse.explore.tried_methods import TriedMethods


def layer_tables(chosen: Selection, numbers: Sequence[int]) -> list[html.Div]:
    """A table for each assignment among the designs with these numbers."""
    found = []
    for number in numbers:
        record = chosen.now.frame.iloc[number]
        layers = LayerDesigns.of_text(record["by_layer"])
        if layers is not None:
            title = f"{record['design']}: a design for each layer"
            found.append(_table(title, HEAD, map(cells, layers.lines)))
    return found


def methods_tables(chosen: Selection, numbers: Sequence[int]) -> list[html.Div]:
    """A table for each design with these numbers that took the best of several methods."""
    found = []
    for number in numbers:
        record = chosen.now.frame.iloc[number]
        tried = TriedMethods.read(record["methods_tried"], record["methods"])
        if tried is not None:
            title = f"{record['design']}: the best methods"
            found.append(_table(title, tried_methods.HEAD, tried.cells))
    return found


def _table(title: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> html.Div:
    body = [html.Tr([html.Td(text) for text in line]) for line in lines]
    return html.Div(
        [
            html.H3(title),
            html.Table([html.Thead(html.Tr([html.Th(text) for text in head])), html.Tbody(body)]),
        ],
        className="layers",
    )
