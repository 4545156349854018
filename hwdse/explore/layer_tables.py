"""The section of the report that says which layer has which design."""

from collections.abc import Iterable, Sequence
from html import escape

from hwdse.explore.layer_designs import HEAD, LayerDesigns, cells
from hwdse.explore.record import Row

_NUMBERS = (False, True, False, True)
"""Which columns hold numbers."""

_SECTION = """<section aria-labelledby="layers-title">
<h2 id="layers-title">A design for each layer</h2>
<p class="quiet">Units of all designs stand side by side, and one works at a time: areas add up, and
the energy per MAC is the mean over the layers, weighted by their MACs.</p>
<div class="assignments">
{}
</div>
</section>"""

_TABLE = """<div class="assignment" id="{}">
<h3>{}</h3>
<table>
<thead><tr>{}</tr></thead>
<tbody>
{}
</tbody>
</table>
</div>"""


def anchor(number: int) -> str:
    """Where the report has the table of the row with a number."""
    return f"layers-{number}"


def words(row: Row) -> str:
    """What a reader may look for in a row besides its name: its designs."""
    return " ".join(member.design for member in row.layers.members) if row.layers else ""


def layer_tables(rows: Sequence[Row]) -> str:
    """The section with a table for each assignment, as HTML; empty without any."""
    tables = "\n".join(_tables(rows))
    return _SECTION.format(tables) if tables else ""


def _tables(rows: Sequence[Row]) -> Iterable[str]:
    for number, row in enumerate(rows):
        if row.layers is not None:
            title = ", ".join(filter(None, (str(row.facts["design"]), row.combination)))
            head = "".join(map(_cell, ("th",) * len(HEAD), HEAD, _NUMBERS))
            yield _TABLE.format(anchor(number), escape(title), head, "\n".join(_lines(row.layers)))


def _lines(layers: LayerDesigns) -> Iterable[str]:
    for line in layers.lines:
        yield f"<tr>{''.join(map(_cell, ('td',) * len(HEAD), cells(line), _NUMBERS))}</tr>"


def _cell(tag: str, text: str, is_number: bool) -> str:
    kind = ' class="number"' if is_number else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"
