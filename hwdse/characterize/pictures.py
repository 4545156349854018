"""Pictures of relative error: one format in detail, or a comparison of several formats."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from hwdse.characterize.distributions import Normal
from hwdse.characterize.dynamic_range import dynamic_range
from hwdse.characterize.relative_error import RelativeError, relative_error
from hwdse.characterize.signal_to_noise import sqnr
from hwdse.characterize.values import Floats
from hwdse.errors import OutputError
from hwdse.figures import DPI, INK, STYLE
from hwdse.formats import Format
from hwdse.text import printable

_QUIET, _GRID = "#5b616b", "#e6e8eb"
# Okabe and Ito (2008): colours that people with colour-vision deficiencies can distinguish.
_COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6BB1", "#7F7F7F",
)  # fmt: skip
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
# No date: the same formats always give the same bytes.
_METADATA: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None}}
_LEGEND_COLUMNS = 2
_FEW_BINADES = 80


def picture(formats: Sequence[Format], kind: str = "png") -> bytes:
    """Draw one format's relative error, or compare the worst-case accuracy of several.

    Args:
        formats: element formats, at least one.
        kind: `png` or `svg`.

    Returns:
        The contents of the file.

    Raises:
        OutputError: `kind` is neither `png` nor `svg`.
    """
    if kind not in _METADATA:
        raise OutputError(f"no picture of kind {kind!r}: png and svg are allowed")
    with mpl.rc_context(STYLE):
        figure = _single(formats[0]) if len(formats) == 1 else _comparison(formats)
        content = io.BytesIO()
        figure.savefig(content, format=kind, dpi=DPI, metadata=_METADATA[kind])
    return content.getvalue()


def picture_kind(path: Path) -> str:
    """`png` or `svg`, from the suffix of a file name.

    Raises:
        OutputError: the file name has another suffix.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in _METADATA:
        raise OutputError(f"{path}: a picture's name ends in .png or .svg")
    return kind


def _facts(number_format: Format) -> str:
    """Width, range and SQNR of a format in one phrase."""
    extent = dynamic_range(number_format)
    plural = "s" * (number_format.bits > 1)
    facts = f"{number_format.bits} bit{plural} · {extent.binades:.1f} binades"
    if number_format.signed:
        facts += f" · {sqnr(number_format, Normal()).decibels:.1f} dB"
    return facts


def _frame(title: str, subtitle: str, height: float, bottom: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9.6, height))
    FigureCanvasAgg(figure)
    top = 1 - 0.82 / height
    axes = figure.add_axes((0.075, bottom / height, 0.855, top - bottom / height))
    figure.text(0.075, 1 - 0.36 / height, title, fontsize=13, color=INK)
    figure.text(0.075, 1 - 0.64 / height, subtitle, fontsize=9, color=_QUIET)
    axes.set_xlabel("log₂|x|")
    axes.grid(True, color=_GRID, lw=0.7, zorder=0)
    axes.set_axisbelow(True)
    return figure, axes


def _single(number_format: Format) -> Figure:
    error = relative_error(number_format)
    subtitle = _facts(number_format)
    if number_format.signed:
        subtitle += " SQNR on normal data at the best scale"
    figure, axes = _frame(f"Relative error of {printable(number_format.name)}", subtitle, 5.2, 0.6)
    # A logarithmic axis has no zero: samples without error are drawn at the bottom edge.
    floor = 10.0 ** np.floor(np.log10(np.nanmin(error.rms)) - 1)
    samples = np.maximum(error.error, floor).ravel()
    # With many binades, the samples merge into an area. The area must not hide the grid.
    alpha = 0.7 if error.binades.size <= _FEW_BINADES else 0.3
    axes.plot(error.log2_x.ravel(), samples, color=_COLOURS[0], lw=0.45, alpha=alpha, zorder=2)
    for values, dashes, label in (
        (error.worst, "-", "worst in the binade"),
        (error.rms, (0, (4, 1.5)), "rms over the binade"),
    ):
        axes.step(*_steps(error, values), where="post", color=INK, lw=1.4, ls=dashes,
                  label=label, zorder=3)  # fmt: skip
    axes.plot([], [], color=_COLOURS[0], lw=1, label="single numbers")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(_power_of_ten))
    axes.set_ylim(floor, float(np.clip(1.3 * np.nanmax(error.worst), 1.5, 20.0)))
    axes.set_xlim(error.binades[0], error.binades[-1] + 1)
    axes.set_ylabel("relative error |Q(x) − x| / |x|")
    bits = axes.secondary_yaxis("right")
    most = int(-np.log2(floor))
    marked = range(0, most + 1, max(1, most // 8))
    bits.set_yticks([2.0**-n for n in marked], labels=[str(n) for n in marked])
    bits.minorticks_off()
    bits.set_ylabel("accurate bits, −log₂ of the error")
    axes.legend(loc="lower right", fontsize=8.5, framealpha=0.9, edgecolor="none")
    return figure


def _comparison(formats: Sequence[Format]) -> Figure:
    errors = [relative_error(number_format) for number_format in formats]
    rows = -(-len(formats) // _LEGEND_COLUMNS)
    figure, axes = _frame(
        "Accuracy by magnitude",
        "Worst relative error in each binade. In the key: width · dynamic range · "
        "SQNR on normal data at the best scale",
        4.8 + 0.22 * rows,
        0.66 + 0.22 * rows,
    )
    for place, (number_format, error) in enumerate(zip(formats, errors, strict=True)):
        axes.plot(
            *_outline(error, _empty(number_format, error)),
            color=_COLOURS[place % len(_COLOURS)],
            ls=_DASHES[(place // len(_COLOURS) + place) % len(_DASHES)],
            # Earlier curves are wider, so that they stay visible below later curves.
            lw=max(2.8 - 0.4 * place, 1.4),
            label=f"{printable(number_format.name)}   {_facts(number_format)}",
            zorder=3,
        )
    axes.set_xlim(
        min(int(error.binades[0]) for error in errors),
        max(int(error.binades[-1]) for error in errors) + 1,
    )
    axes.set_ylim(0.0, None)
    axes.set_ylabel("significant decimal digits, −log₁₀ of the error")
    bits = axes.secondary_yaxis(
        "right", functions=(lambda d: d * np.log2(10), lambda b: b / np.log2(10))
    )
    bits.set_ylabel("accurate bits, −log₂ of the error")
    figure.legend(
        loc="lower left",
        bbox_to_anchor=(0.068, 0.01),
        ncols=_LEGEND_COLUMNS,
        fontsize=8.5,
        frameon=False,
        handlelength=3.6,
        columnspacing=3,
        borderpad=0.2,
    )
    return figure


def _power_of_ten(value: float, _place: int | None) -> str:
    """A power of ten such as `10⁻³`, as plain text."""
    exponent = str(round(float(np.log10(value))))
    return "10" + exponent.translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _steps(error: RelativeError, values: Floats) -> tuple[Floats, Floats]:
    """Corners of a staircase with one step per binade."""
    edges = np.append(error.binades, error.binades[-1] + 1).astype(np.float64)
    return edges, np.append(values, values[-1])


def _empty(number_format: Format, error: RelativeError) -> npt.NDArray[np.bool_]:
    """Which binades hold no value of the format."""
    precision = dynamic_range(number_format).precision
    return np.array([precision.get(k, 0.0) == 0 for k in error.binades.tolist()])


def _outline(error: RelativeError, empty: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Corners of the decimal digits of each binade in range, with 0 at both ends.

    A binade between two empty binades counts as empty, even if it holds a value. The outermost
    values of posits are several binades apart. A curve that jumps up at each of them would tell
    nothing.
    """
    inside = np.isfinite(error.worst)
    lone = ~np.convolve(~empty, [1, 0, 1], mode="same").astype(bool)
    worst = np.where(lone | empty, np.maximum(error.worst, 1.0), error.worst)
    first = error.binades[inside].astype(np.float64)
    digits = np.maximum(-np.log10(np.maximum(worst[inside], np.finfo(np.float64).eps)), 0.0)
    x = np.column_stack([first, first + 1]).ravel()
    return np.concatenate([x[:1], x, x[-1:]]), np.concatenate([[0.0], np.repeat(digits, 2), [0.0]])
