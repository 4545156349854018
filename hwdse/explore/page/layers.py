"""Which layer has which design, of the assignments that a reader has clicked."""

from collections.abc import Sequence

from dash import html

from hwdse.explore.layer_designs import HEAD, LayerDesigns, cells
from hwdse.explore.page.selection import Selection


def layer_tables(chosen: Selection, numbers: Sequence[int]) -> list[html.Div]:
    """A table for each assignment among the designs with these numbers."""
    found = []
    for number in numbers:
        record = chosen.now.frame.iloc[number]
        layers = LayerDesigns.of_text(record["by_layer"])
        if layers is not None:
            found.append(_table(str(record["design"]), layers))
    return found


def _table(name: str, layers: LayerDesigns) -> html.Div:
    lines = [html.Tr([html.Td(text) for text in cells(line)]) for line in layers.lines]
    head = html.Tr([html.Th(title) for title in HEAD])
    return html.Div(
        [
            html.H3(f"{name}: a design for each layer"),
            html.Table([html.Thead(head), html.Tbody(lines)]),
        ],
        className="layers",
    )
