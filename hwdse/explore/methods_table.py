"""The section of the report that says which methods each design took, and what the others gave."""

from collections.abc import Iterable, Sequence
from html import escape

from hwdse.explore.record import Row
from hwdse.explore.tried_methods import TAKEN, TriedMethods, method_name

_SECTION = """<section aria-labelledby="methods-title">
<h2 id="methods-title">The best methods for each design</h2>
<p class="quiet">Signal-to-noise ratio of the outputs in dB, on the calibration samples, which are
not scored. The largest was taken.</p>
<div class="assignments">
<table>
<thead><tr>{}</tr></thead>
<tbody>
{}
</tbody>
</table>
</div>
</section>"""


def methods_table(rows: Sequence[Row]) -> str:
    """The section, as HTML; empty if no design had a choice."""
    tried = [(row, one) for row in rows if (one := TriedMethods.of(row.accuracy or {}))]
    if not tried:
        return ""
    names = list(dict.fromkeys(each for _, one in tried for each in one.decibels))
    head = ["Design", *map(method_name, names), "Taken"]
    return _SECTION.format(
        "".join(f"<th>{escape(title)}</th>" for title in head), "\n".join(_lines(tried, names))
    )


def _lines(tried: Iterable[tuple[Row, TriedMethods]], names: Sequence[str]) -> Iterable[str]:
    for row, one in tried:
        title = ", ".join(filter(None, (str(row.facts["design"]), row.combination)))
        shown = {name: text for name, text, _ in one.cells}
        cells = [shown.get(method_name(each), "-") for each in names]
        numbers = "".join(f'<td class="number">{escape(text)}</td>' for text in cells)
        taken = f'<td class="{TAKEN}">{escape(method_name(one.taken))}</td>'
        yield f"<tr><td>{escape(title)}</td>{numbers}{taken}</tr>"
