"""The common style of all plots of the package."""

from typing import Any

INK, EDGE = "#1b1b1b", "#8a8f98"
DPI = 160
#: Matplotlib's settings. Identifiers are fixed, so that the same data gives the same bytes. Text is
#: never read as a formula: names of networks, formats and files may hold any character.
STYLE: dict[Any, Any] = {
    "text.parse_math": False,
    "svg.hashsalt": "hwdse",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": INK,
    "xtick.color": "#4a4f57",
    "ytick.color": "#4a4f57",
}
