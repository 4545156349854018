"""The plot of `hwdse orders`: how far results move with the order of terms, beside their error."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hwdse.explore.pictures import save
from hwdse.explore.record import short_spec
from hwdse.figures import EDGE, INK
from hwdse.networks.summation_order import OrderSpread
from hwdse.text import printable

_SPREAD, _ERROR = "#0072B2", "#D55E00"
_ROW, _FRAME = 0.34, 1.55


def plot_orders(found: Sequence[OrderSpread], stem: Path, data: str) -> tuple[Path, Path]:
    """Draw one row per design, with a mark per site for its spread and its error.

    The axis is logarithmic. Sites whose results do not depend on the order are in a column of their
    own at the left, `0`; infinite values are in one at the right.

    Args:
        found: the spreads, at least one.
        stem: path of the files without suffix.
        data: what the operands are, for the title.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        OutputError: a file cannot be written.
    """
    return save(lambda: _draw(found, data), stem)


def _draw(found: Sequence[OrderSpread], data: str) -> Figure:
    designs = list(dict.fromkeys(each.design for each in found))
    height = _FRAME + _ROW * len(designs)
    figure = Figure(figsize=(9.6, height))
    FigureCanvasAgg(figure)
    names = [short_spec(design) for design in designs]
    left = min(0.6, 0.035 + 0.0079 * max(map(len, names)))
    axes = figure.add_axes((left, 0.55 / height, 0.97 - left, (height - _FRAME) / height))
    shown = [x for each in found for x in (each.spread, each.error) if 0 < x < math.inf] or [1e-3]
    low, high = math.floor(math.log10(min(shown))), math.ceil(math.log10(max(shown)))
    high = max(high, low + 1)
    zero, infinite = 10.0 ** (low - 0.5), 10.0 ** (high + 0.5)

    def place(x: float) -> float:
        return zero if x == 0 else infinite if math.isinf(x) else x

    for row, design in enumerate(designs):
        sites = [each for each in found if each.design == design]
        for offset, marker, fill, values in (
            (0.14, "o", "none", [each.error for each in sites]),
            (-0.14, "o", _SPREAD, [each.spread for each in sites]),
        ):
            axes.scatter(
                [place(x) for x in values],
                [row + offset] * len(values),
                marker=marker,
                s=26,
                facecolors=fill,
                edgecolors=_ERROR if fill == "none" else _SPREAD,
                linewidths=1.1,
                alpha=0.85,
                zorder=3,
            )
    _axes(axes, names, low, high)
    if any(math.isinf(x) for each in found for x in (each.spread, each.error)):
        axes.axvline(10.0 ** (high + 0.25), color=EDGE, lw=0.8, ls=(0, (5, 3)), zorder=1)
        ticks = [*axes.get_xticks(), infinite]
        texts = [*(label.get_text() for label in axes.get_xticklabels()), "infinite"]
        axes.set_xticks(ticks, labels=texts)
    figure.text(0.02, 1 - 0.32 / height, "Results in other orders of the terms", fontsize=13)
    figure.text(
        0.02,
        1 - 0.6 / height,
        f"{printable(data)}, {found[0].orders} orders. One mark per matrix product. "
        "Root mean squares, divided by that of the sums.",
        fontsize=9,
        color="#5b616b",
    )
    for x, fill, colour, text in (
        (0.028, _SPREAD, _SPREAD, "largest less smallest result over the orders"),
        (0.38, "none", _ERROR, "error in the network's order"),
    ):
        y = 1 - 0.84 / height
        axes.scatter(
            [x],
            [y],
            s=26,
            facecolors=fill,
            edgecolors=colour,
            linewidths=1.1,
            transform=figure.transFigure,
            clip_on=False,
        )
        figure.text(x + 0.012, y, text, fontsize=8.5, va="center", color=INK)
    return figure


def _axes(axes: Axes, names: Sequence[str], low: int, high: int) -> None:
    axes.set_xscale("log")
    axes.set_xlim(10.0 ** (low - 1), 10.0 ** (high + 1))
    step = max(1, (high - low) // 8)
    powers = range(low, high + 1, step)
    ticks = [10.0 ** (low - 0.5), *(10.0**n for n in powers)]
    labels = ["0", *(f"1e{n}" for n in powers)]
    axes.set_xticks(ticks, labels=labels)
    axes.minorticks_off()
    axes.axvline(10.0 ** (low - 0.25), color=EDGE, lw=0.8, ls=(0, (5, 3)), zorder=1)
    axes.set_yticks(range(len(names)), labels=list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, axis="x", color="#e6e8eb", lw=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel("relative to the root mean square of the sums")
