"""Colours and markers of designs: colour by operand formats, marker by multiplier."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Self, TypeVar

import pandas as pd

Choice = TypeVar("Choice")

# Colours of Okabe and Ito (2008), which people with colour-vision deficiencies can distinguish.
# Black is left out, because it marks the front. Additional colours make ten.
PALETTE = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#8C6BB1",
    "#A6761D",
    "#7F7F7F",
    "#B8B000",
)

BLOCK_COLOURS = ("#5B8DB8", "#E0A458", "#6FAE8E", "#C97B84", "#9A8FBF", "#A8A29A")
"""Colours of the blocks of a design."""

# Pairs of a Matplotlib marker and the Plotly symbol with the same shape.
SHAPES = (
    ("o", "circle"),
    ("^", "triangle-up"),
    ("s", "square"),
    ("D", "diamond"),
    ("v", "triangle-down"),
    ("P", "cross"),
    ("X", "x"),
    ("*", "star"),
)


@dataclass(frozen=True, kw_only=True)
class Style:
    """Colour per pair of operand formats, and shape per multiplier, in order of appearance."""

    colours: dict[str, str]
    shapes: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """Assign colours and shapes to the operand formats and multipliers in `frame`."""
        return cls(colours=colours_of(operands(frame)), shapes=_assign(frame["mul"], SHAPES))


def operands(frame: pd.DataFrame) -> list[str]:
    """The operand formats of each row: `a`, or `a × b` if the formats differ."""
    return [a if a == b else f"{a} × {b}" for a, b in zip(frame["a"], frame["b"], strict=True)]


def colours_of(names: Iterable[str]) -> dict[str, str]:
    """A colour for each name, in order of appearance."""
    return _assign(names, PALETTE)


def _assign(names: Iterable[str], choices: Sequence[Choice]) -> dict[str, Choice]:
    return dict(zip(dict.fromkeys(names), cycle(choices), strict=False))
