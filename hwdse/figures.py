"""How pictures look: what all plots of the package share."""

from typing import Any

INK, EDGE = "#1b1b1b", "#8a8f98"
DPI = 160
#: Matplotlib's settings. Fixed identifiers: the same data gives the same bytes. No text is a
#: formula, for names of networks, formats and files may hold any character.
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
