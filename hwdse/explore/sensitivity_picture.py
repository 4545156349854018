"""The plot of `hwdse sensitivity`: the noise of each layer alone, in the order of the network."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hwdse.explore.pictures import save
from hwdse.explore.record import short_spec
from hwdse.networks.sensitivity import LayerLoss
from hwdse.text import printable

_ROW, _FRAME = 0.3, 1.5
_MARKS = (("o", "#0072B2"), ("s", "#D55E00"), ("^", "#009E73"), ("D", "#CC79A7"), ("v", "#E69F00"))


def plot_sensitivity(found: Sequence[LayerLoss], stem: Path) -> tuple[Path, Path]:
    """Draw one row per layer, with a mark per design. Bars show the layer's share of the MACs.

    Args:
        found: the losses, at least one.
        stem: path of the files without suffix.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        OutputError: a file cannot be written.
    """
    return save(lambda: _draw(found), stem)


def _draw(found: Sequence[LayerLoss]) -> Figure:
    sites = list(dict.fromkeys(each.site for each in found))
    designs = list(dict.fromkeys(each.design for each in found))
    height = _FRAME + 0.22 * len(designs) + _ROW * len(sites)
    figure = Figure(figsize=(9.6, height))
    FigureCanvasAgg(figure)
    left = min(0.45, 0.04 + 0.0079 * max(len(printable(site)) for site in sites))
    bottom, top = 0.55 / height, 1 - (0.85 + 0.22 * len(designs)) / height
    axes = figure.add_axes((left, bottom, 0.74 - left, top - bottom))
    for design, (marker, colour) in zip(designs, _MARKS * len(designs), strict=False):
        places = [
            (each.accuracy.sqnr_db, sites.index(each.site))
            for each in found
            if each.design == design and math.isfinite(each.accuracy.sqnr_db)
        ]
        axes.plot(
            [x for x, _ in places],
            [y for _, y in places],
            marker,
            color=colour,
            ms=5.5,
            mew=0,
            alpha=0.85,
            label=short_spec(design),
            zorder=3,
        )
    axes.set_yticks(range(len(sites)), labels=[printable(site) for site in sites])
    axes.set_ylim(len(sites) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(True, color="#e6e8eb", lw=0.7, zorder=0)
    axes.set_axisbelow(True)
    axes.set_xlabel("signal-to-noise ratio of the outputs, dB: left is worse")
    shares = {each.site: each.macs_share for each in found}
    beside = figure.add_axes((0.77, bottom, 0.2, top - bottom), sharey=axes)
    beside.barh(range(len(sites)), [100 * shares[s] for s in sites], 0.55, color="#b9c3cf")
    beside.tick_params(axis="y", length=0, labelleft=False)
    beside.set_xlabel("share of the MACs, %")
    accuracy = found[0].accuracy
    figure.text(0.02, 1 - 0.32 / height, "What each layer loses alone", fontsize=13)
    figure.text(
        0.02,
        1 - 0.6 / height,
        f"{printable(accuracy.network)}, {accuracy.samples} samples. One layer at a time in the "
        "design, all others in float32.",
        fontsize=9,
        color="#5b616b",
    )
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.012, 1 - 0.68 / height),
        frameon=False,
        fontsize=8.5,
        borderaxespad=0,
        handletextpad=0.3,
    )
    return figure
