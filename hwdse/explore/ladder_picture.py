"""The plot of `hwdse ladder`: each cheap rung against the last one, network by network."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hwdse.explore.pictures import save
from hwdse.figures import EDGE, INK
from hwdse.networks.ladder import Climb, rank_correlations
from hwdse.networks.rung_names import NETWORK, RUNGS
from hwdse.text import printable

_PANEL, _FRAME = 2.5, 1.25


def plot_ladder(found: Mapping[str, Sequence[Climb]], stem: Path) -> tuple[Path, Path]:
    """Draw one row of panels per network: a panel per cheap rung, with one mark per design.

    Args:
        found: designs by name of the network, at least three each.
        stem: path of the files without suffix.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        OutputError: a file cannot be written.
    """
    return save(lambda: _draw(found), stem)


def _draw(found: Mapping[str, Sequence[Climb]]) -> Figure:
    lower = RUNGS[:-1]
    height = _FRAME + _PANEL * len(found)
    figure = Figure(figsize=(9.6, height))
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(found), len(lower), sharey="row", squeeze=False)
    figure.subplots_adjust(
        left=0.075,
        right=0.985,
        bottom=0.55 / height,
        top=1 - 0.95 / height,
        hspace=0.32,
        wspace=0.08,
    )
    for row, (network, climbs) in zip(panels, found.items(), strict=True):
        correlations = rank_correlations(climbs)
        for panel, rung in zip(row, lower, strict=True):
            xs = [each.decibels[rung] for each in climbs]
            ys = [each.decibels[NETWORK] for each in climbs]
            panel.scatter(xs, ys, s=18, color="#0072B2", alpha=0.75, linewidths=0, zorder=3)
            ends = min(*xs, *ys), max(*xs, *ys)
            panel.plot(ends, ends, color=EDGE, lw=0.8, ls=(0, (5, 3)), zorder=1)
            panel.text(
                0.04,
                0.92,
                f"rank correlation {correlations[rung, NETWORK]:.3f}",
                transform=panel.transAxes,
                fontsize=8.5,
                color=INK,
            )
            panel.grid(True, color="#e6e8eb", lw=0.7, zorder=0)
        row[0].set_ylabel(f"{printable(network)}, dB")
    for panel, rung in zip(panels[-1], lower, strict=True):
        panel.set_xlabel(f"{rung}, dB")
    figure.text(
        0.02, 1 - 0.32 / height, "How well cheap measurements foretell dear ones", fontsize=13
    )
    figure.text(
        0.02,
        1 - 0.6 / height,
        "Signal-to-noise ratio of a cheap rung, and of all samples. One mark per design; "
        "dashed: equal.",
        fontsize=9,
        color="#5b616b",
    )
    return figure
