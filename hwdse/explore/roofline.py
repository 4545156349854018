"""The roofline plot of a network on a machine: PNG for screens, SVG for papers."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from hwdse.cost.system import Roofline, SystemCost
from hwdse.explore.pictures import save
from hwdse.explore.record import four_digits, short_spec
from hwdse.figures import EDGE, INK
from hwdse.text import printable

_COLOURS = {"compute": "#5B8DB8", "sram": "#6FAE8E", "dram": "#C97B84"}
_LABELS = {"compute": "array", "sram": "on-chip memory", "dram": "off-chip memory"}
_LABELLED = 24
_NAME = 28
_MARGIN = 3.0


def plot_roofline(cost: SystemCost, network: str, stem: str | Path) -> tuple[Path, Path]:
    """Draw the limits of the machine and each layer into `stem`.png and `stem`.svg.

    The axes are multiply-accumulates per byte of off-chip traffic and 10^9 multiply-accumulates per
    second, both logarithmic. The colour of a layer says what limits it.

    Args:
        cost: the network on the machine.
        network: name of the network.
        stem: path of the files without suffix.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        OutputError: a file cannot be written.
    """
    return save(lambda: _draw(cost, network), Path(stem))


def _draw(cost: SystemCost, network: str) -> Figure:
    roofline, machine = cost.roofline, cost.machine
    figure = Figure(figsize=(9, 5))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.08, 0.12, 0.64, 0.72))
    xs = _span(roofline)
    axes.loglog(xs, [roofline.limit_gmacs_per_s(x) for x in xs], color=INK, lw=1.2, zorder=2)
    axes.axvline(roofline.ridge_macs_per_byte, color=EDGE, lw=0.8, ls=(0, (5, 3)), zorder=1)
    for bound, colour in _COLOURS.items():
        chosen = [point for point in roofline.points if point.bound == bound]
        if chosen:
            axes.scatter(
                [point.macs_per_byte for point in chosen],
                [point.gmacs_per_s for point in chosen],
                color=colour,
                edgecolors="white",
                linewidths=0.6,
                s=42,
                label=f"limited by the {_LABELS[bound]}",
                zorder=3,
            )
    for number, point in enumerate(roofline.points[:_LABELLED], start=1):
        axes.annotate(
            str(number),
            (point.macs_per_byte, point.gmacs_per_s),
            # Layers near each other get numbers above and below in turns.
            xytext=(0, 6 if number % 2 else -13),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=INK,
        )
    for axis in (axes.xaxis, axes.yaxis):
        # The usual labels of logarithmic axes are formulas, which the style does not read.
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="multiply-accumulates per off-chip byte", ylabel="10^9 MAC/s")
    axes.grid(True, color="#e6e8eb", lw=0.7, zorder=0)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    _key(figure, [point.site for point in roofline.points])
    figure.text(0.08, 0.93, f"{printable(network)} on {printable(machine.name)}", fontsize=12)
    figure.text(
        0.08,
        0.88,
        f"{short_spec(cost.design)} · {cost.array.rows} x {cost.array.columns} units, "
        f"{four_digits(cost.clock_ns)} ns · {machine.dram.memory.name}, "
        f"{four_digits(machine.dram.gb_per_s)} GB/s",
        fontsize=8.5,
        color="#5b616b",
    )
    return figure


def _key(figure: Figure, sites: list[str]) -> None:
    """The names of the numbered layers, right of the plot."""
    names = [f"{n:>2}  {_short(site)}" for n, site in enumerate(sites[:_LABELLED], start=1)]
    if len(sites) > _LABELLED:
        names.append(f"    and {len(sites) - _LABELLED} more")
    figure.text(
        0.75,
        0.84,
        "\n".join(names),
        fontsize=7.8,
        family="DejaVu Sans Mono",
        va="top",
        linespacing=1.5,
        color=INK,
    )


def _short(site: str) -> str:
    """The last characters of a name: those tell layers apart."""
    shown = printable(site)
    return shown if len(shown) <= _NAME else f"...{shown[3 - _NAME :]}"


def _span(roofline: Roofline) -> list[float]:
    """Places on the x axis from left of the first layer or the ridge to right of the last."""
    ridge = roofline.ridge_macs_per_byte
    places = [ridge, *(point.macs_per_byte for point in roofline.points)]
    ends = np.geomspace(min(places) / _MARGIN, max(places) * _MARGIN, 33)
    return sorted([*ends.tolist(), ridge])
