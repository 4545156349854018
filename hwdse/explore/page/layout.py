"""The parts of the page, as Dash components. Their names are in `app.py`'s callbacks."""

from collections.abc import Sequence
from typing import Any

import dash_ag_grid
from dash import dcc, html

from hwdse.explore.columns import Column
from hwdse.explore.page.catalogue import MOST_TESTED, Snapshot
from hwdse.explore.page.figures import MOST_BARS, MOST_LINES, MOST_POINTS

_ROWS = 100


def page(now: Snapshot, live_ms: int) -> html.Div:
    """The whole page."""
    return html.Div(
        [
            dcc.Location(id="address", refresh=False),
            dcc.Store(id="view"),
            dcc.Store(id="version", data=now.number),
            dcc.Store(id="grid"),
            dcc.Interval(id="clock", interval=live_ms),
            dcc.Download(id="download"),
            html.Header([html.H1("Design-space explorer"), html.P(id="lead", className="lead")]),
            html.Main(
                [
                    _controls(now),
                    html.Section([_graph("scatter", 560, displaylogo=False)]),
                    dcc.Tooltip(id="hover"),
                    html.Section(
                        [
                            html.H2("Parallel coordinates"),
                            _graph("parallel", 340, displayModeBar=False),
                        ]
                    ),
                    _table(now),
                    html.Section(
                        [
                            html.H2(id="blocks-title"),
                            html.Div(
                                [
                                    dcc.Graph(id=f"blocks-{name}", config={"displayModeBar": False})
                                    for name in ("area", "energy")
                                ],
                                className="pair",
                            ),
                            html.Div(id="compared"),
                        ]
                    ),
                    _notes(),
                ]
            ),
            html.Footer(id="footer"),
        ]
    )


def _graph(name: str, height_px: int, **config: bool) -> dcc.Graph:
    return dcc.Graph(id=name, responsive=True, config=config, style={"height": height_px})


def _controls(now: Snapshot) -> html.Section:
    several = len(now.combinations) > 1
    return html.Section(
        [
            html.Div(
                [
                    _labelled("of", _choice("of", now.combinations), hidden=not several),
                    _labelled("across", _choice("x", now.columns)),
                    _labelled("up", _choice("y", now.columns)),
                    _labelled("front of", _choice("objectives", now.columns, multi=True)),
                ],
                className="bar",
            ),
            html.Div(
                [
                    dcc.Input(
                        id="only",
                        type="search",
                        debounce=0.03,
                        placeholder="e4m3fn lmul area_um2 <= 5000 accuracy >= 0.98",
                        autoComplete="off",
                    ),
                    dcc.Checklist(["front only"], [], id="front", inline=True),
                    html.Span(id="count"),
                    html.Button("CSV", id="csv", title="Download the selection as a table"),
                    html.Button("Space file", id="space", title="Download it as a space file"),
                ],
                className="bar",
            ),
            html.P(id="wrong", role="alert"),
        ],
        className="controls",
    )


def _labelled(text: str, part: Any, *, hidden: bool = False) -> html.Label:
    return html.Label([text, part], hidden=hidden)


def _choice(name: str, values: Sequence[Column | str], *, multi: bool = False) -> dcc.Dropdown:
    options = [
        {"label": value or "all", "value": value}
        if isinstance(value, str)
        else {"label": value.label, "value": value.name}
        for value in values
    ]
    return dcc.Dropdown(options, id=name, multi=multi, clearable=False)


def _table(now: Snapshot) -> html.Section:
    columns: list[dict[str, Any]] = [
        {
            **{"field": "design", "headerName": "Design", "pinned": "left", "minWidth": 330},
            "cellClass": "spec",
        },
        {"field": "standing", "headerName": "Standing"},
        {"field": "rank", "headerName": "Rank", "type": "numericColumn"},
        {"field": "chance", "headerName": "On front (%)", "type": "numericColumn"},
    ]
    columns += [
        {"field": c.name, "headerName": c.label, "type": "numericColumn"} for c in now.columns
    ]
    return html.Section(
        [
            html.H2("Designs"),
            dash_ag_grid.AgGrid(
                id="table",
                columnDefs=columns,
                rowModelType="infinite",
                defaultColDef={"sortable": True, "resizable": True, "wrapHeaderText": True},
                className="ag-theme-balham",
                getRowId="params.data.number",
                dashGridOptions={
                    "cacheBlockSize": _ROWS,
                    "maxBlocksInCache": 20,
                    "infiniteInitialRowCount": 1,
                    "rowHeight": 26,
                    "autoSizeStrategy": {"type": "fitCellContents"},
                },
            ),
        ]
    )


def _notes() -> html.Section:
    return html.Section(
        [
            html.H2("How to read this"),
            html.Ul(
                [
                    html.Li(
                        "Type words that specs must have, and limits. Ratios are ratios: 0.98, not "
                        "98. A box drawn in the plot and a brush on a parallel axis become limits."
                    ),
                    html.Li(
                        "The front is computed of the selected designs, by the objectives above. "
                        "Standing and probability are of the sweep's own objectives and all "
                        "designs, as hwdse pareto shows them."
                    ),
                    html.Li(
                        "Click two designs, in the plot or in the table, to compare them. Of an "
                        "assignment, a table says which layer has which design. The "
                        "address of the page is a permanent link to what it shows."
                    ),
                    html.Li(
                        f"Up to {MOST_TESTED} designs are compared pair by pair, on the samples. "
                        "Of more, the values alone count, and nothing says how sure the front is. "
                        f"Of more than {MOST_POINTS} designs, the plot has one for each spot, and "
                        f"parallel coordinates have {MOST_LINES} and the front; bars show at most "
                        f"{MOST_BARS} designs. Table, front and exports always have all."
                    ),
                ]
            ),
        ],
        className="notes",
    )
