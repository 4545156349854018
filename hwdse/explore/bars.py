"""Stacked bars of the blocks of designs: PNG for screens, SVG for papers."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hwdse.cost.explain import TOTAL, BlockShares
from hwdse.explore.pictures import save
from hwdse.explore.style import PALETTE
from hwdse.figures import INK
from hwdse.text import printable

_NAME = 44
_ROW_INCHES, _FRAME_INCHES = 0.42, 1.5


def plot_bars(
    rows: Sequence[BlockShares],
    names: Sequence[str],
    errors: Sequence[tuple[float | None, float | None]],
    stem: str | Path,
) -> tuple[Path, Path]:
    """Draw area and energy of designs as bars of blocks into `stem`.png and `stem`.svg.

    Args:
        rows: the blocks, as `explain` returns them.
        names: name of each design.
        errors: relative half widths of the intervals of area and energy of each design.
        stem: path of the files without suffix.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        OutputError: a file cannot be written.
    """
    return save(lambda: _draw(rows, names, errors), Path(stem))


def _draw(
    rows: Sequence[BlockShares],
    names: Sequence[str],
    errors: Sequence[tuple[float | None, float | None]],
) -> Figure:
    figure = Figure(figsize=(11, _FRAME_INCHES + _ROW_INCHES * len(names)), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, [(row.name, row.area_um2) for row in rows], [error[0] for error in errors])
    _panel(right, [(row.name, row.energy_pj) for row in rows], [error[1] for error in errors])
    left.set_yticks(range(len(names)), [printable(name)[:_NAME] for name in names])
    left.invert_yaxis()
    left.set_xlabel("area in um2 per product and cycle")
    right.set_xlabel("energy in pJ per MAC")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside upper center", ncols=len(labels), frameon=False, fontsize=8.5
    )
    return figure


def _panel(
    axes: Axes, shares: Sequence[tuple[str, tuple[float, ...]]], errors: Sequence[float | None]
) -> None:
    blocks = [(name, values) for name, values in shares if name != TOTAL]
    totals = dict(shares)[TOTAL]
    start = [0.0] * len(totals)
    for (name, values), colour in zip(blocks, cycle(PALETTE), strict=False):
        axes.barh(range(len(totals)), values, left=start, color=colour, height=0.62, label=name)
        start = [a + b for a, b in zip(start, values, strict=True)]
    for place, (total, error) in enumerate(zip(totals, errors, strict=True)):
        if error is not None:
            # The interval is symmetric in the logarithm.
            bounds = [[total - total / (1 + error)], [total * error]]
            axes.errorbar(total, place, xerr=bounds, color=INK, lw=1, capsize=3)
    axes.set_xlim(left=0)
