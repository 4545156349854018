"""The plot of `hwdse bit-errors`: the accuracy that errors in each bit cost, design by design."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hwdse.explore.pictures import save
from hwdse.explore.record import short_spec
from hwdse.figures import INK
from hwdse.networks import metrics
from hwdse.networks.bit_errors import SCALE, BitErrors
from hwdse.networks.metrics import Metric
from hwdse.text import printable

_ELEMENT_COLOUR, _SCALE_COLOUR = "#0072B2", "#E69F00"
_PANEL, _FRAME, _COLUMNS = 1.75, 1.0, 2


def plot_bit_errors(
    found: Sequence[BitErrors], stem: Path, network: str, metric: Metric
) -> tuple[Path, Path]:
    """Draw one panel per design, with a bar per bit from the most significant one down.

    Bars say how much worse the errors make the metric, in percentage points where it is a fraction,
    with the interval over draws.
    All panels have one axis. Scale bits of block formats have another colour.

    Args:
        found: the results, at least one, all of one place and rate.
        stem: path of the files without suffix.
        network: name of the network.
        metric: the metric of the results.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        OutputError: a file cannot be written.
    """
    return save(lambda: _draw(found, network, metric), stem)


def _draw(found: Sequence[BitErrors], network: str, metric: Metric) -> Figure:
    scale = 100 if metric.is_percentage else 1
    designs = list(dict.fromkeys(each.design for each in found))
    columns = min(_COLUMNS, len(designs))
    rows = -(-len(designs) // columns)
    height = _FRAME + _PANEL * rows
    figure = Figure(figsize=(9.6, height))
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    figure.subplots_adjust(
        left=0.075,
        right=0.985,
        bottom=0.42 / height,
        top=1 - 1.0 / height,
        hspace=0.5,
        wspace=0.08,
    )
    for panel in panels.flat[len(designs) :]:
        panel.set_visible(False)
    for panel, design in zip(panels.flat, designs, strict=False):
        bits = [each for each in found if each.design == design]
        places = range(len(bits))
        losses = [scale * each.loss for each in bits]
        ends = [
            [scale * (each.value - each.low) for each in bits],
            [scale * (each.high - each.value) for each in bits],
        ]
        panel.bar(
            places,
            losses,
            yerr=ends[::-1] if metric.higher_is_better else ends,
            color=[_SCALE_COLOUR if each.field == SCALE else _ELEMENT_COLOUR for each in bits],
            error_kw={"ecolor": INK, "elinewidth": 0.8, "capsize": 2},
            zorder=3,
        )
        step = max(1, len(bits) // 18)
        panel.set_xticks(list(places)[::step], labels=[_label(each) for each in bits[::step]])
        panel.tick_params(axis="x", length=0, labelsize=8)
        panel.set_title(
            f"{short_spec(design)}, {_value(bits[0].clean, metric)} without errors",
            fontsize=9,
            loc="left",
            color=INK,
        )
        panel.axhline(0, color=INK, lw=0.7, zorder=4)
        panel.grid(True, axis="y", color="#e6e8eb", lw=0.7, zorder=0)
    for row in panels:
        row[0].set_ylabel("points lost" if metric.is_percentage else "lost")
    first = found[0]
    name = "Accuracy" if metric.name == metrics.DEFAULT else printable(metric.title)
    figure.text(
        0.02,
        1 - 0.32 / height,
        f"{name} lost by errors in one bit of the {first.place}",
        fontsize=13,
        color=INK,
    )
    orange = " Orange: bits of scales." if any(each.field == SCALE for each in found) else ""
    figure.text(
        0.02,
        1 - 0.58 / height,
        f"{printable(network)}, {first.samples} samples, {first.draws} draws. The bit of a code is "
        f"flipped with probability {first.rate:g}. Bits from the most significant one down."
        f"{orange}",
        fontsize=9,
        color="#5b616b",
    )
    return figure


def _value(value: float, metric: Metric) -> str:
    return f"{100 * value:.2f} %" if metric.is_percentage else f"{value:.4g}"


def _label(one: BitErrors) -> str:
    return f"s{one.bit}" if one.field == SCALE else str(one.bit)
