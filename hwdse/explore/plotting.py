"""The Pareto plot: PNG for screens, SVG for papers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from hwdse.explore.aims import DEFAULT_AIMS, Aims, Mask, misses_clock
from hwdse.explore.axis import ChartAxis
from hwdse.explore.columns import Column
from hwdse.explore.front import pareto
from hwdse.explore.paired import Paired
from hwdse.explore.pictures import save
from hwdse.explore.record import chance, spread_text
from hwdse.explore.standing import with_standing
from hwdse.explore.style import Style, operands
from hwdse.explore.tables import finished
from hwdse.figures import EDGE, INK
from hwdse.text import printable

_Array = npt.NDArray[np.float64]

_KEYED = 24


def plot(
    frame: pd.DataFrame,
    stem: str | Path,
    aims: Aims = DEFAULT_AIMS,
    paired: Paired | None = None,
) -> tuple[Path, Path]:
    """Draw the finished designs of `frame` and the front into `stem`.png and `stem`.svg.

    The axes are two of the objectives (`Aims.axes`). Designs on the front have numbers, and a key
    beside the plot lists the designs by number, with the probability of being on the front.
    Accuracy has error bars with the confidence interval. If no design is finished, the picture
    contains only a message.

    Args:
        frame: the designs.
        stem: path of the files without suffix.
        aims: objectives and limits of the front.
        paired: results of each sample, for probabilities; see `standing`.

    Returns:
        Paths of the PNG file and the SVG file.

    Raises:
        HwdseError: a column is unknown, or a file cannot be written.
    """
    return save(lambda: _draw(frame, aims, paired), Path(stem))


def _draw(frame: pd.DataFrame, aims: Aims, paired: Paired | None = None) -> Figure:
    x, y = aims.axes
    figure = Figure(figsize=(11, 6.2))
    FigureCanvasAgg(figure)
    frame, failed = _drawable(with_standing(frame, aims, paired), x, y)
    if frame.empty:
        said = f"No design is finished, {failed} failed: see results.csv"
        figure.text(0.07, 0.9, said, color=INK)
        return figure
    axes = figure.add_axes((0.07, 0.1, 0.54, 0.77))
    front = pareto(frame, aims)
    broken = aims.broken(frame)
    more: list[str] = []
    chart = _Chart(axes=axes, x=ChartAxis.of(x, frame), y=ChartAxis.of(y, frame))
    chart.points(frame, broken)
    if len(aims.objectives) == 2:
        chart.front(front)
    else:
        more.append(f"front of {aims.in_text}")
    chart.ticks()
    chart.number(figure, front)
    chart.names(frame, front)
    if y.order and len(aims.objectives) == 2:
        more.append("front by rank, which ties what tests do not separate")
    unsure = front["standing"] == "undecided"
    if unsure.any():
        more.append(f"dotted: {unsure.sum()} of {len(front)} that are undecided")
    late = misses_clock(frame)
    if broken.any():
        limits = [str(limit) for limit in aims.where]
        if late.any():
            limits.insert(0, f"{frame['clock_ns'].iloc[np.flatnonzero(late)[0]]:g} ns")
        more.append(f"hollow: {broken.sum()} designs that miss {', '.join(limits)}")
    if failed:
        more.append(f"{failed} designs failed")
    facts = (subtitle(frame) + _margin(frame, x), " · ".join(more))
    name = str(frame["combination"].iloc[0]) if "combination" in frame else ""
    title = f"{y.title} against {x.in_text}{f': {name}' if name else ''}"
    _title(figure, axes, title, facts)
    _legends(figure, axes, frame, front)
    return figure


def _drawable(frame: pd.DataFrame, x: Column, y: Column) -> tuple[pd.DataFrame, int]:
    """The designs with finite positions on both axes, and the number of designs not evaluated."""
    done = finished(frame)
    if done.empty:
        return done, len(frame)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = [ChartAxis.of(c, done).place(done[c.name]) for c in (x, y)]
    return done.iloc[np.flatnonzero(np.isfinite(places).all(axis=0))], len(frame) - len(done)


@dataclass(frozen=True, kw_only=True)
class _Chart:
    axes: Axes
    x: ChartAxis
    y: ChartAxis

    def places(self, frame: pd.DataFrame) -> tuple[_Array, _Array]:
        """Positions of designs on both axes."""
        return self.x.place(frame[self.x.column.name]), self.y.place(frame[self.y.column.name])

    def points(self, frame: pd.DataFrame, broken: Mask) -> None:
        """Draw every design, those that break a limit hollow.

        On an accuracy axis, also draw the intervals and the float baseline.
        """
        style = Style.of(frame)
        colours = [style.colours[name] for name in operands(frame)]
        if self.y.column.name == "accuracy":
            self._intervals(frame, colours)
            self._baseline(frame)
        xs, ys = self.places(frame)
        for name, (marker, _) in style.shapes.items():
            for hollow in (False, True):
                chosen = (frame["mul"] == name).to_numpy() & (broken == hollow)
                fill = [c for c, take in zip(colours, chosen, strict=True) if take]
                self.axes.scatter(
                    xs[chosen],
                    ys[chosen],
                    s=34,
                    marker=marker,
                    facecolors="none" if hollow else fill,
                    edgecolors=fill if hollow else "white",
                    linewidths=1.0 if hollow else 0.6,
                    zorder=3,
                )

    def _intervals(self, frame: pd.DataFrame, colours: list[str]) -> None:
        xs, ys = self.places(frame)
        below = ys - self.y.place(frame["accuracy_low"])
        above = self.y.place(frame["accuracy_high"]) - ys
        self.axes.errorbar(
            xs,
            ys,
            # Rounding errors can make a length slightly negative.
            yerr=np.maximum([below, above], 0),
            fmt="none",
            ecolor=colours,  # type: ignore[arg-type] # stubs lack one colour per bar
            elinewidth=0.8,
            alpha=0.35,
            zorder=1,
        )

    def _baseline(self, frame: pd.DataFrame) -> None:
        if frame["float_accuracy"].nunique() != 1:
            return
        level = float(frame["float_accuracy"].dropna().iloc[0])
        place = float(self.y.place(level))
        self.axes.axhline(place, color=EDGE, lw=0.9, ls=(0, (5, 3)), zorder=0)
        self.axes.annotate(
            f"float: {100 * level:.2f} %",
            (0.995, place),
            xycoords=("axes fraction", "data"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="right",
            color="#5b616b",
            fontsize=8,
            bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
            zorder=5,
        )

    def front(self, front: pd.DataFrame) -> None:
        """Circle the designs on the front and connect them. Circles of undecided ones have dots."""
        # The line has steps: between two designs of the front, the worse one is the best available.
        self.axes.plot(
            *self.places(front.sort_values(self.x.column.name)),
            color=INK,
            lw=1.1,
            drawstyle="steps-pre" if self.x.column.maximize else "steps-post",
            zorder=2,
        )
        for undecided in (False, True):
            self.axes.scatter(
                *self.places(front[(front["standing"] == "undecided") == undecided]),
                s=88,
                facecolors="none",
                edgecolors=INK,
                linewidths=1.1,
                linestyle=":" if undecided else "-",
                zorder=4,
            )

    def ticks(self) -> None:
        """Set the titles and tick marks of both axes."""
        self.axes.set(xlabel=self.x.label, ylabel=self.y.label)
        self.axes.grid(True, color="#e6e8eb", lw=0.7, zorder=0)
        self.axes.set_axisbelow(True)
        self.axes.set_xticks(*self.x.ticks(*self.axes.get_xlim()))
        self.axes.set_yticks(*self.y.ticks(*self.axes.get_ylim()))

    def number(self, figure: Figure, front: pd.DataFrame) -> None:
        """Number the points of the front, so that numbers do not cover points or other numbers."""
        # A text has a size only after drawing.
        figure.draw_without_rendering()
        places = np.column_stack(self.places(front))
        taken = [
            Bbox.from_bounds(px - 6, py - 6, 12, 12)
            for px, py in self.axes.transData.transform(places)
        ]
        for number, (px, py) in enumerate(places[:_KEYED], start=1):
            label = self.axes.annotate(
                str(number),
                (float(px), float(py)),
                xytext=(0, 0),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=8.5,
                fontweight="bold",
                color=INK,
                zorder=6,
            )
            for offset in _offsets():
                label.xyann = offset
                box = label.get_window_extent().expanded(1.1, 1.1)
                if not any(box.overlaps(other) for other in taken):
                    break
            taken.append(label.get_window_extent())

    def names(self, frame: pd.DataFrame, front: pd.DataFrame) -> None:
        """Write the names of assignments at their points, where the front has no number for it."""
        numbered = set(front.index[:_KEYED])
        mixed = frame["by_layer"].notna() if "by_layer" in frame else frame.index != frame.index
        shown = frame[mixed & ~frame.index.isin(numbered)]
        for name, x, y in zip(shown["design"], *self.places(shown), strict=True):
            self.axes.annotate(
                printable(name),
                (float(x), float(y)),
                xytext=(0, -11),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
                color="#5b616b",
                zorder=5,
            )


def _title(figure: Figure, axes: Axes, title: str, facts: Iterable[str]) -> None:
    left = axes.get_position().x0
    figure.text(left, 0.955, title, fontsize=13)
    for line, text in enumerate(facts):
        figure.text(left, 0.92 - 0.028 * line, text, fontsize=9, color="#5b616b")


def _margin(frame: pd.DataFrame, x: Column) -> str:
    """Text with the intervals of the x axis quantity; empty if not measured."""
    errors = frame[x.margin].dropna().astype(float).tolist() if x.margin else []
    return f" (90 % within ±{spread_text(errors)})" if errors else ""


def subtitle(frame: pd.DataFrame) -> str:
    """Text below the title: number of designs, network, samples, technology, method."""

    def only(name: str) -> str:
        return ", ".join(str(value) for value in frame[name].drop_duplicates())

    confidence = frame["confidence"].iloc[0]
    return (
        f"{len(frame)} designs · {only('network')}, {only('samples')} test samples, "
        f"{100 * confidence:g} % intervals · {only('technology')}, {only('method')} cost"
    )


def _offsets() -> list[tuple[float, float]]:
    """Label offsets around a data point, in typographic points: nearest first, upper left first."""
    angles = np.radians([135, 45, 90, 180, 0, 225, 315, 270])
    return [
        (float(radius * np.cos(angle)), float(radius * np.sin(angle)))
        for radius in (11, 15, 20, 26, 33)
        for angle in angles
    ]


def _legends(figure: Figure, axes: Axes, frame: pd.DataFrame, front: pd.DataFrame) -> None:
    style = Style.of(frame)
    right = axes.get_position().x1 + 0.025
    top = axes.get_position().y1
    formats = [
        Line2D([], [], ls="", marker="o", color=colour, markersize=6, label=name)
        for name, colour in style.colours.items()
    ]
    multipliers = [
        Line2D([], [], ls="", marker=marker, color="#4a4f57", markersize=6, label=name)
        for name, (marker, _) in style.shapes.items()
    ]
    _legend(figure, formats, "Operands", (right, top))
    _legend(figure, multipliers, "Multiplier", (right + 0.17, top))
    rows = (len(formats) + 1) * 0.033 + 0.03
    y = top - max(rows, 0.12)
    figure.text(
        right,
        y,
        "On the front, with probability",
        fontsize=9.5,
        fontweight="bold",
        color=INK,
        va="top",
    )
    specs: Sequence[str] = list(front["design"])
    shown = zip(specs[:_KEYED], front["front_probability"], strict=False)
    lines = [f"{n:>2} {chance(p):>5}  {spec}" for n, (spec, p) in enumerate(shown, start=1)]
    if len(specs) > _KEYED:
        lines.append(f"    and {len(specs) - _KEYED} more in results.csv")
    figure.text(
        right,
        y - 0.035,
        "\n".join(lines),
        fontsize=7.8,
        family="DejaVu Sans Mono",
        va="top",
        linespacing=1.5,
        color=INK,
    )


def _legend(figure: Figure, handles: list[Line2D], title: str, place: tuple[float, float]) -> None:
    legend = figure.legend(
        handles=handles,
        title=title,
        loc="upper left",
        bbox_to_anchor=place,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handletextpad=0.3,
        alignment="left",
        fontsize=8.5,
    )
    legend.get_title().set_fontweight("bold")
