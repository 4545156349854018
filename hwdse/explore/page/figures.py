"""The pictures of the page, as Plotly figures."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from hwdse.explore.columns import Column
from hwdse.explore.page.selection import Selection

Floats = npt.NDArray[np.float64]

BLOCK_COLOURS = ("#5B8DB8", "#E0A458", "#6FAE8E", "#C97B84", "#9A8FBF", "#A8A29A")
MOST_BARS = 12
"""Most designs whose blocks are shown."""
MOST_POINTS = 10_000
"""Most points that are all drawn."""
_SPOTS = (320, 160)
"""Spots across and up: about as wide as the points of so many designs."""
MOST_LINES = 500
"""Most lines of parallel coordinates: of more designs, a share is shown, and the front."""

_INK, _QUIET, _LINE = "#1b1d21", "#5f6672", "#e1e4e8"
_SIZES = ((500, 9), (5000, 6), (10**9, 4))
_LEAST_ERROR = 1e-4


class Scale:
    """Places values of a quantity on an axis: logarithms of costs, and of errors of ratios."""

    def __init__(self, c: Column) -> None:
        self.column = c

    def place(self, values: npt.ArrayLike) -> Floats:
        """Values as numbers on the axis; NaN where there is no place."""
        numbers = np.asarray(values, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.column.scale == "error":
                found = -np.log10(np.maximum(1 - numbers, _LEAST_ERROR))
            else:
                found = np.log10(numbers) if self.column.scale == "log" else numbers
        return np.where(np.isfinite(found), found, np.nan)

    def value(self, place: float) -> float:
        """The value at a place."""
        if self.column.scale == "error":
            return float(1 - 10**-place)
        return float(10**place if self.column.scale == "log" else place)

    def ticks(self, places: Floats) -> dict[str, Any]:
        """Marks of an axis around these places, for Plotly."""
        known = places[~np.isnan(places)]
        if self.column.scale == "linear" or not len(known):
            return {}
        low, high = _around(known)
        marks = _round_numbers(low, high, falling=self.column.scale == "error")
        texts = [f"{value:.4g}" for value in marks.values()]
        if self.column.scale == "error":
            texts = [f"{100 - 100 * value:.6g}" for value in marks.values()]
        return {"tickvals": list(marks), "ticktext": texts}


def _around(places: Floats) -> tuple[float, float]:
    """Ends of an axis that shows these places."""
    low, high = float(places.min()), float(places.max())
    margin = (high - low) / 50 or 0.01
    return low - margin, high + margin


def _round_numbers(low: float, high: float, *, falling: bool) -> dict[float, float]:
    """Round numbers between two logarithms, by place; at least four if there are so many."""
    sign = -1 if falling else 1
    decades = range(int(np.floor(min(sign * low, sign * high))) - 1, int(np.ceil(abs(high))) + 9)
    found: dict[float, float] = {}
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8), np.arange(1, 10, 0.2)):
        values = [step * 10.0**decade for decade in decades for step in steps]
        found = {sign * float(np.log10(value)): value for value in values}
        found = {place: value for place, value in found.items() if low <= place <= high}
        if len(found) >= 4:
            break
    return found


def scatter(chosen: Selection) -> go.Figure:
    """All selected designs on two axes, and their front."""
    x, y = chosen.view.axes
    frame = chosen.frame
    across, up = Scale(x), Scale(y)
    places = across.place(frame[x.name]), up.place(frame[y.name])
    size = next(size for most, size in _SIZES if len(frame) <= most)
    figure = go.Figure(layout=_layout(hovermode="closest", dragmode="select", uirevision="same"))
    seen = _seen(*places)
    codes = chosen.now.looks.codes[chosen.mask]
    for code, (name, colour, symbol) in enumerate(chosen.now.looks.groups):
        (members,) = np.nonzero(seen & (codes == code))
        if not len(members):
            continue
        figure.add_scattergl(
            x=places[0][members],
            y=places[1][members],
            customdata=frame.index.to_numpy()[members],
            mode="markers",
            name=name,
            hoverinfo="none",
            marker={
                **{"size": size, "color": colour, "symbol": symbol},
                "opacity": 0.9 if size > 4 else 0.6,
            },
        )
    front = chosen.front
    # A front of other objectives is no line on these axes.
    is_line = set(chosen.view.objectives) == {x.name, y.name}
    figure.add_scattergl(
        x=across.place(front[x.name]),
        y=up.place(front[y.name]),
        customdata=front.index.to_numpy(),
        name="Pareto front",
        hoverinfo="none",
        mode="lines+markers" if is_line else "markers",
        line={"color": _INK, "width": 1.5, "shape": "hv"},
        marker={"size": size + 5, "symbol": "circle-open", "color": _INK, "line": {"width": 1.5}},
    )
    own = chosen.now.frame[chosen.part]
    for axis, scale, c in (("xaxis", across, x), ("yaxis", up, y)):
        figure.update_layout({axis: {"title": c.label, **scale.ticks(scale.place(own[c.name]))}})
    return figure


def _seen(x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    """Mask of the points to draw: of many, one for each spot, because others would be behind it."""
    found = ~(np.isnan(x) | np.isnan(y))
    if found.sum() <= MOST_POINTS:
        return found
    (drawn,) = np.nonzero(found)
    cells = np.zeros(len(drawn), np.int64)
    for values, spots in ((x[drawn], _SPOTS[0]), (y[drawn], _SPOTS[1])):
        low, high = values.min(), values.max()
        cells = cells * spots + ((values - low) / ((high - low) or 1) * (spots - 1)).astype(
            np.int64
        )
    _, firsts = np.unique(cells, return_index=True)
    found[:] = False
    found[drawn[firsts]] = True
    return found


def parallel(chosen: Selection) -> go.Figure:
    """Parallel coordinates of the designs with all words; limits are brushes on the axes."""
    frame = chosen.now.frame[chosen.part]
    on_front = frame.index.isin(chosen.front.index)
    step = max(1, -(-len(frame) // MOST_LINES))
    kept = on_front | (np.arange(len(frame)) % step == 0)
    frame, on_front = frame[kept], on_front[kept]
    dimensions = []
    for c in parallel_columns(chosen):
        scale = Scale(c)
        places = scale.place(frame[c.name])
        known = places[~np.isnan(places)]
        if not len(known):
            continue
        ends = _around(known)
        dimension = {
            "label": c.label,
            "values": np.nan_to_num(places, nan=ends[0]),
            "range": list(ends),
            **scale.ticks(places),
        }
        limits = chosen.query.range(c.name)
        if any(limit is not None for limit in limits):
            dimension["constraintrange"] = [
                end if limit is None else float(scale.place(limit))
                for limit, end in zip(limits, ends, strict=True)
            ]
        dimensions.append(dimension)
    figure = go.Figure(layout=_layout(margin={"l": 70, "r": 40, "t": 56, "b": 24}))
    # Without lines, dimensions would stay empty axes.
    if len(frame):
        figure.add_parcoords(
            dimensions=dimensions,
            line={
                "color": on_front.astype(np.int64),
                "colorscale": [[0, "#8fb4d3"], [1, "#b3361b"]],
                "cmin": 0,
                "cmax": 1,
            },
            unselected={"line": {"color": "#d8dbe0", "opacity": 0.25}},
        )
    return figure


def parallel_columns(chosen: Selection) -> list[Column]:
    """The axes of the parallel coordinates: objectives first."""
    wanted = [*chosen.view.objectives, chosen.view.x, chosen.view.y, "area_um2", "delay_ns"]
    wanted += ["energy_pj", "accuracy"]
    known = {c.name: c for c in chosen.now.columns}
    return [known[name] for name in dict.fromkeys(wanted) if name in known]


def blocks(frame: pd.DataFrame, quantity: Column) -> go.Figure:
    """What the blocks of designs take of a cost, as stacked bars."""
    costs = pd.DataFrame(
        [
            pd.DataFrame(blocks).groupby("name", sort=False)[quantity.name].sum()
            for blocks in frame["breakdown"]
        ],
        index=frame["design"],
    ).fillna(0.0)
    height = 110 + 30 * len(frame)
    figure = go.Figure(layout=_layout(barmode="stack", bargap=0.3, height=height))
    for number, name in enumerate(costs):
        figure.add_bar(
            orientation="h",
            name=name,
            y=costs.index.tolist(),
            x=costs[name].tolist(),
            marker={"color": BLOCK_COLOURS[number % len(BLOCK_COLOURS)]},
            hovertemplate=f"{name}: %{{x:.4g}} {quantity.unit}<br>%{{y}}<extra></extra>",
        )
    figure.update_layout(
        xaxis={"title": quantity.label, "rangemode": "tozero"},
        yaxis={"autorange": "reversed", "type": "category", "tickfont": {"size": 11}},
        legend={
            **{"orientation": "h", "traceorder": "normal"},
            **{"x": 0, "xref": "container", "y": 1, "yref": "container", "yanchor": "top"},
        },
    )
    return figure


def _layout(**extra: Any) -> dict[str, Any]:
    axis = {"gridcolor": _LINE, "linecolor": _LINE, "zeroline": False, "automargin": True}
    return {
        **{"template": None, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)"},
        "font": {"color": _INK, "family": "system-ui, DejaVu Sans, sans-serif", "size": 13},
        "margin": {"l": 60, "r": 10, "t": 20, "b": 50},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": _QUIET},
        **{"xaxis": axis, "yaxis": axis, "legend": {"itemsizing": "constant"}},
        **extra,
    }
