"""The page as a Dash application: what follows when the reader does something."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import dash
import numpy as np
import pandas as pd
from dash import Input, Output, State, ctx, dcc, html, no_update

import hwdse
from hwdse.explore.axis import ChartAxis
from hwdse.explore.columns import column
from hwdse.explore.page import exports, figures
from hwdse.explore.page.catalogue import Catalogue, Snapshot
from hwdse.explore.page.layers import layer_tables, methods_tables
from hwdse.explore.page.layout import page
from hwdse.explore.page.selection import Selection
from hwdse.explore.page.view import PageView
from hwdse.explore.record import chance, four_digits
from hwdse.explore.store import Store

_ASSETS = Path(__file__).with_name("assets")

LIVE_MS = 2000
"""How often the page asks whether the store has changed."""

_CONTROLS = ("of", "x", "y", "objectives", "only", "front")


class Explorer:
    """The page of one sweep.

    Attributes:
        catalogue: the designs.
        app: the Dash application.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._computing = threading.Lock()
        self._selection = lru_cache(maxsize=8)(lambda now, view: Selection(now=now, view=view))
        self.app = dash.Dash(
            "hwdse", title="hwdse explorer", update_title="", assets_folder=str(_ASSETS)
        )
        self.app.layout = lambda: page(self.catalogue.now, LIVE_MS)
        self._connect()

    def selection(self, view: Mapping[str, Any]) -> Selection:
        """The designs of a view."""
        known: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in view.items()
        }
        with self._computing:
            found: Selection = self._selection(self.catalogue.now, PageView(**known))
            # Computed here, so that callbacks at the same time do not all compute it.
            found.on_front  # noqa: B018
        return found

    def _connect(self) -> None:
        app = self.app
        controls = [Input(name, "value") for name in _CONTROLS]
        app.callback(
            [
                *(Output("address", "search"), Output("view", "data")),
                *(Output(name, "value") for name in _CONTROLS),
            ],
            [
                *(Input("address", "search"), *controls),
                *(Input("scatter", "selectedData"), Input("parallel", "restyleData")),
                *(Input("scatter", "clickData"), Input("table", "cellClicked")),
            ],
            State("view", "data"),
        )(self._react)
        seen = [Input("view", "data"), Input("version", "data")]
        # How many designs there are comes first, then the plot, and what follows afterwards.
        counted = [Output("count", "children"), Output("wrong", "children")]
        app.callback(counted, seen)(self._count)
        app.callback([Output("scatter", "figure"), Output("grid", "data")], seen)(self._draw)
        after = [State("view", "data"), Input("grid", "data")]
        app.callback(Output("parallel", "figure"), after, prevent_initial_call=True)(self._parallel)
        app.callback(
            [
                *(Output("blocks-title", "children"), Output("compared", "children")),
                *(Output("blocks-area", "figure"), Output("blocks-energy", "figure")),
            ],
            after,
            prevent_initial_call=True,
        )(self._blocks)
        app.callback(
            Output("table", "getRowsResponse"),
            Input("table", "getRowsRequest"),
            State("view", "data"),
            prevent_initial_call=True,
        )(self._rows)
        # The table asks for its rows again once the designs are others.
        app.clientside_callback(
            """async (drawn) => {
                const rows = JSON.stringify(drawn.rows);
                if (rows !== window.hwdseRows) {
                    window.hwdseRows = rows;
                    (await dash_ag_grid.getApiAsync("table")).refreshInfiniteCache();
                }
                return window.dash_clientside.no_update;
            }""",
            Output("grid", "modified_timestamp"),
            Input("grid", "data"),
            prevent_initial_call=True,
        )
        app.callback(
            [Output("hover", "show"), Output("hover", "bbox"), Output("hover", "children")],
            Input("scatter", "hoverData"),
            prevent_initial_call=True,
        )(self._hover)
        app.callback(
            [Output("version", "data"), Output("lead", "children"), Output("footer", "children")],
            Input("clock", "n_intervals"),
            State("version", "data"),
        )(self._live)
        app.callback(
            Output("download", "data"),
            [Input("csv", "n_clicks"), Input("space", "n_clicks")],
            State("view", "data"),
            prevent_initial_call=True,
        )(self._download)

    def _react(self, search: str | None, *given: Any) -> list[Any]:
        """The next view: of the address, or of what the reader did."""
        *values, box, brush, click, cell, known = given
        now = self.catalogue.now
        source = ctx.triggered_id
        if known is None or source in (None, "address"):
            view = PageView.parse(search or "", now)
            if known is not None and self.selection(known).view == view:
                # The page itself has set this address.
                return [no_update] * (2 + len(_CONTROLS))
            return [no_update, vars(view), *_values(view)]
        view = self.selection(known).view
        if source in _CONTROLS:
            view = _controlled(view, dict(zip(_CONTROLS, values, strict=True)))
        elif source == "scatter" and "scatter.selectedData" in ctx.triggered_prop_ids:
            view = self._boxed(view, box)
        elif source == "scatter":
            view = _compared(view, now, int(click["points"][0]["customdata"]))
        elif source == "parallel":
            view = self._brushed(view, brush)
        elif source == "table" and cell and cell["rowId"] is not None:
            view = _compared(view, now, int(cell["rowId"]))
        if view == self.selection(known).view:
            return [no_update] * (2 + len(_CONTROLS))
        return [view.link(now), vars(view), *_values(view)]

    def _boxed(self, view: PageView, box: Mapping[str, Any] | None) -> PageView:
        """A box in the plot becomes limits of the two axes."""
        if not box or "range" not in box or view.wrong:
            return view
        query = view.query
        for c, ends in zip(view.axes, (box["range"]["x"], box["range"]["y"]), strict=True):
            axis = ChartAxis.of(c, self.catalogue.now.frame)
            low, high = (axis.value(end) for end in sorted(ends))
            query = query.within(c.name, low, high)
        return replace(view, only=str(query))

    def _brushed(self, view: PageView, brush: Sequence[Any] | None) -> PageView:
        """A brush on a parallel axis becomes limits; taken away, there are none."""
        if not brush or view.wrong:
            return view
        query = view.query
        axes = figures.parallel_columns(Selection(now=self.catalogue.now, view=view))
        for name, ends in brush[0].items():
            if not name.endswith("constraintrange") and "constraintrange[" not in name:
                continue
            c = axes[int(name.split("[")[1].split("]")[0])]
            axis = ChartAxis.of(c, self.catalogue.now.frame)
            span = [] if ends is None else np.ravel(ends).tolist()
            values = sorted(axis.value(end) for end in span)
            low, high = (values[0], values[-1]) if values else (None, None)
            query = query.within(c.name, low, high)
        return replace(view, only=str(query))

    def _count(self, view: Mapping[str, Any], _version: int) -> tuple[str, str]:
        chosen = self.selection(view)
        count = f"{len(chosen.numbers)} of {len(chosen.now.frame)} designs, "
        return f"{count}{len(chosen.on_front)} on the front", chosen.view.wrong

    def _draw(self, view: Mapping[str, Any], _version: int) -> tuple[Any, ...]:
        chosen = self.selection(view)
        rows = {name: value for name, value in view.items() if name not in ("x", "y", "compare")}
        drawn = {"view": view, "rows": [chosen.now.number, rows]}
        return figures.scatter(chosen), drawn

    def _parallel(self, view: Mapping[str, Any], _drawn: Any) -> Any:
        return figures.parallel(self.selection(view))

    def _blocks(self, view: Mapping[str, Any], _drawn: Any) -> tuple[Any, ...]:
        chosen = self.selection(view)
        compared = chosen.compared
        numbers = compared or chosen.on_front[: figures.MOST_BARS].tolist()
        frame = chosen.now.frame.iloc[numbers]
        title = "Where the front spends area and energy"
        if compared:
            title = "Two designs" if len(compared) > 1 else "One design: click another to compare"
        pictures = [figures.blocks(frame, column(name)) for name in ("area_um2", "energy_pj")]
        told = [
            _comparison(chosen, compared),
            *layer_tables(chosen, compared),
            *methods_tables(chosen, compared),
        ]
        return title, told, *pictures

    def _rows(self, request: Mapping[str, Any], view: Mapping[str, Any]) -> dict[str, Any]:
        """A share of the table, in the order that the reader chose."""
        if view is None:
            return {"rowData": [], "rowCount": 0}
        chosen = self.selection(view)
        numbers = chosen.ordered(
            [
                (
                    "front_probability" if order["colId"] == "chance" else order["colId"],
                    order["sort"] == "asc",
                )
                for order in request["sortModel"]
            ]
        )
        some = numbers[request["startRow"] : request["endRow"]].tolist()
        names = [c.name for c in chosen.now.columns]
        return {
            "rowData": [
                {
                    **{name: _shown(record[name], column(name).unit) for name in names},
                    **{"number": str(number), "design": record["design"]},
                    **{"standing": record["standing"], "rank": _shown(record["rank"])},
                    "chance": chance(record["front_probability"]).removesuffix(" %"),
                }
                for number, record in zip(
                    some, chosen.now.frame.iloc[some].to_dict("records"), strict=True
                )
            ],
            "rowCount": len(numbers),
        }

    def _hover(self, hovered: Mapping[str, Any] | None) -> tuple[Any, ...]:
        if not hovered:
            return False, no_update, no_update
        point = hovered["points"][0]
        now = self.catalogue.now
        number = int(point["customdata"])
        if number >= len(now.frame):
            return False, no_update, no_update
        record = now.frame.iloc[number]
        lines = [
            f"{c.label}: {_shown(record[c.name], c.unit)}"
            for c in now.columns
            if not pd.isna(record[c.name])
        ]
        if record["standing"]:
            lines.insert(0, f"{chance(record['front_probability'])}, {record['standing']}")
        return True, point["bbox"], [html.B(record["design"]), *(html.Div(line) for line in lines)]

    def _live(self, _ticks: int | None, version: int) -> tuple[Any, ...]:
        """Whether the designs are others by now."""
        now = self.catalogue.now
        lead = f"Sweep {now.sweep}: {now.progress}."
        if self.catalogue.wrong:
            lead += f" The store cannot be read now: {self.catalogue.wrong}"
        return (
            no_update if now.number == version else now.number,
            lead,
            f"hwdse {hwdse.__version__} · {now.store}",
        )

    def _download(self, _csv: int | None, _space: int | None, view: Mapping[str, Any]) -> Any:
        chosen = self.selection(view)
        shown = chosen.frame(chosen.shown)
        if ctx.triggered_id == "csv":
            return dcc.send_string(exports.table_csv(shown), "selection.csv")
        if shown.empty:
            return no_update
        with Store.open(self.catalogue.place, chosen.now.sweep) as store:
            space = store.asked().space
        return dcc.send_string(exports.space_file(shown, space), "selection.toml")


def _values(view: PageView) -> list[Any]:
    """The values of the controls."""
    return [
        *(view.of, view.x, view.y, list(view.objectives), view.only),
        ["front only"] if view.front else [],
    ]


def _controlled(view: PageView, values: Mapping[str, Any]) -> PageView:
    """The view that the controls say. A front keeps two objectives at least."""
    objectives = tuple(values["objectives"] or ())
    return replace(
        view,
        of=values["of"] if values["of"] is not None else view.of,
        x=values["x"] or view.x,
        y=values["y"] or view.y,
        objectives=objectives if len(objectives) > 1 else view.objectives,
        only=values["only"] or "",
        front=bool(values["front"]),
    )


def _compared(view: PageView, now: Snapshot, number: int) -> PageView:
    """The view with one more design to compare; a design that is compared is left out again."""
    if number >= len(now.frame):
        return view
    spec = str(now.frame["spec"].iloc[number])
    if spec in view.compare:
        return replace(view, compare=tuple(one for one in view.compare if one != spec))
    return replace(view, compare=(*view.compare, spec)[-2:])


def _comparison(chosen: Selection, numbers: Sequence[int]) -> Any:
    """A table of two designs: each quantity, and by how much they differ."""
    if not numbers:
        return None
    records = [chosen.now.frame.iloc[number] for number in numbers]
    lines = []
    for c in chosen.now.columns:
        values = [float(record[c.name]) for record in records]
        shown = [_shown(value, c.unit) for value in values]
        if len(values) > 1 and c.is_cost and values[0]:
            shown.append(f"{100 * (values[1] / values[0] - 1):+.1f} %")
        elif len(values) > 1:
            factor = 100 if c.unit == "%" else 1
            shown.append(f"{factor * (values[1] - values[0]):+.4g}")
        lines.append([c.label, *shown])
    head = ["", *(record["design"] for record in records)]
    head += ["difference"] * (len(records) > 1)
    return html.Table(
        [
            html.Thead(html.Tr([html.Th(text) for text in head])),
            html.Tbody([html.Tr([html.Td(text) for text in line]) for line in lines]),
        ]
    )


def _shown(value: Any, unit: str = "") -> str:
    """A value as the table shows it."""
    number = float("nan") if pd.isna(value) else float(value)
    if not np.isfinite(number):
        return "–" if np.isnan(number) else str(number)
    return f"{100 * number:.2f}" if unit == "%" else four_digits(number)
