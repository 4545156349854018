"""The pictures of the page, as Plotly figures."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from hwdse.explore.axis import ChartAxis
from hwdse.explore.columns import Column
from hwdse.explore.page.selection import Selection
from hwdse.explore.style import BLOCK_COLOURS

Floats = npt.NDArray[np.float64]

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


def _around(places: Floats) -> tuple[float, float]:
    """Ends of an axis that shows these places."""
    low, high = float(places.min()), float(places.max())
    margin = (high - low) / 50 or 0.01
    return low - margin, high + margin


def _ticks(axis: ChartAxis, places: Floats) -> dict[str, Any]:
    """Marks of an axis around these places, for Plotly."""
    known = places[np.isfinite(places)]
    if not len(known):
        return {}
    marks, texts = axis.ticks(*_around(known))
    return {"tickvals": marks, "ticktext": texts}


def scatter(chosen: Selection) -> go.Figure:
    """All selected designs on two axes, and their front."""
    x, y = chosen.view.axes
    frame, numbers, front = chosen.now.frame, chosen.numbers, chosen.on_front
    across, up = (ChartAxis.of(c, frame) for c in (x, y))
    places = (
        across.place(frame[x.name].iloc[numbers]),
        up.place(frame[y.name].iloc[numbers]),
    )
    size = next(size for most, size in _SIZES if len(numbers) <= most)
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
            customdata=numbers[members],
            mode="markers",
            name=name,
            hoverinfo="none",
            marker={
                **{"size": size, "color": colour, "symbol": symbol},
                "opacity": 0.9 if size > 4 else 0.6,
            },
        )
    _name(figure, frame.iloc[numbers], places)
    # A front of other objectives is no line on these axes.
    is_line = set(chosen.view.objectives) == {x.name, y.name}
    figure.add_scattergl(
        x=across.place(frame[x.name].iloc[front]),
        y=up.place(frame[y.name].iloc[front]),
        customdata=front,
        name="Pareto front",
        hoverinfo="none",
        mode="lines+markers" if is_line else "markers",
        line={"color": _INK, "width": 1.5, "shape": "hv"},
        marker={"size": size + 5, "symbol": "circle-open", "color": _INK, "line": {"width": 1.5}},
    )
    for name, axis in (("xaxis", across), ("yaxis", up)):
        marks = _ticks(axis, axis.place(frame[axis.column.name][chosen.part]))
        figure.update_layout({name: {"title": axis.label, **marks}})
    return figure


def _name(figure: go.Figure, frame: pd.DataFrame, places: tuple[Floats, Floats]) -> None:
    """Write the names of assignments at their points."""
    named = frame["by_layer"].notna().to_numpy()
    if named.any():
        figure.add_scatter(
            x=places[0][named],
            y=places[1][named],
            # A marker that nobody sees keeps the text off the one that all see.
            mode="markers+text",
            marker={"size": 14, "opacity": 0},
            text=frame["design"][named].tolist(),
            textposition="bottom center",
            textfont={"size": 11, "color": _QUIET},
            hoverinfo="skip",
            showlegend=False,
        )


def _seen(x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
    """Mask of the points to draw: of many, one for each spot, because others would be behind it."""
    found = np.isfinite(x) & np.isfinite(y)
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
    numbers = np.flatnonzero(chosen.part)
    on_front = np.isin(numbers, chosen.on_front)
    step = max(1, -(-len(numbers) // MOST_LINES))
    kept = on_front | (np.arange(len(numbers)) % step == 0)
    frame, on_front = chosen.now.frame.iloc[numbers[kept]], on_front[kept]
    dimensions = []
    for c in parallel_columns(chosen):
        axis = ChartAxis.of(c, chosen.now.frame)
        places = axis.place(frame[c.name])
        known = places[np.isfinite(places)]
        if not len(known):
            continue
        ends = _around(known)
        dimension = {
            "label": c.label,
            "values": np.where(np.isfinite(places), places, ends[0]),
            "range": list(ends),
            **_ticks(axis, places),
        }
        limits = chosen.query.range(c.name)
        if any(limit is not None for limit in limits):
            dimension["constraintrange"] = [
                end if limit is None else float(axis.place(limit))
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
    wanted += ["energy_pj", "accuracy", "metric_loss"]
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
