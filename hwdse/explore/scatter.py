"""Estimates beside measurements of a cost table: PNG for screens, SVG for papers."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from hwdse.cost.calibration.validation import Comparison, agreement
from hwdse.explore.pictures import save
from hwdse.explore.style import PALETTE
from hwdse.figures import EDGE, INK

_TITLES = {
    "area_um2": "area, um2",
    "energy_pj": "energy per MAC, pJ",
    "luts": "LUTs",
    "flip_flops": "flip-flops",
    "multipliers": "multipliers",
    "delay_ns": "delay, ns",
}


def plot_comparisons(
    comparisons: Sequence[Comparison], title: str, stem: str | Path
) -> tuple[Path, Path]:
    """Draw the estimate of each design over its measurement into `stem`.png and `stem`.svg.

    Designs that took no part in the fit are filled and have their 90 % interval; the others are
    rings. The colour names the unit.

    Args:
        comparisons: the designs, as `compare_all` returns them, at least one.
        title: title of the figure.
        stem: path of the files without suffix.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        OutputError: a file cannot be written.
    """
    return save(lambda: _draw(comparisons, title), Path(stem))


def _draw(comparisons: Sequence[Comparison], title: str) -> Figure:
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    measured = {quantity for item in comparisons for quantity in item.measured}
    quantities = [q for q in comparisons[0].table.quantities if q in measured]
    panels = figure.subplots(1, len(quantities))
    for axes, quantity in zip(panels, quantities, strict=True):
        known = [item for item in comparisons if quantity in item.measured]
        _panel(axes, known, quantity)
        held_out = [item for item in known if item.held_out]
        found = agreement(held_out or known, quantity)
        errors = f"mean error {found.mape:.1%}, {found.ordered:.1%} of pairs in order"
        axes.set_title(f"{_TITLES[quantity]}\n{errors}", fontsize=9.5)
        axes.set_xlabel("measured")
    panels[0].set_ylabel("estimated")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    figure.suptitle(title, fontsize=11)
    return figure


def _panel(axes: Axes, comparisons: Sequence[Comparison], quantity: str) -> None:
    units = sorted({item.terms["unit"] for item in comparisons})
    colours = dict(zip(units, cycle(PALETTE), strict=False))
    for unit, colour in colours.items():
        for held_out in (False, True):
            some = [
                item
                for item in comparisons
                if item.terms["unit"] == unit and item.held_out == held_out
            ]
            x = [item.measured[quantity] for item in some]
            y = [item.estimated[quantity] for item in some]
            if held_out:
                axes.scatter(x, y, s=16, color=colour, zorder=3, label=f"{unit}, not in the fit")
                for item, low, high in zip(some, x, y, strict=True):
                    width = item.half_width[quantity]
                    if np.isfinite(width):
                        ends = [high / (1 + width), high * (1 + width)]
                        axes.plot([low, low], ends, color=colour, lw=0.6, alpha=0.5, zorder=2)
            else:
                axes.scatter(x, y, s=12, facecolors="none", edgecolors=colour, lw=0.7, zorder=2)
    axes.set_xscale("log")
    axes.set_yscale("log")
    ends = [*axes.get_xlim(), *axes.get_ylim()]
    axes.plot([min(ends), max(ends)], [min(ends), max(ends)], color=INK, lw=0.8, zorder=1)
    for axis in (axes.xaxis, axes.yaxis):
        # The usual labels of logarithmic axes are formulas, which the style does not read.
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.grid(True, color=EDGE, alpha=0.25, lw=0.6, zorder=0)
