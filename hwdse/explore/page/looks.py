"""How designs look in the scatter plot: colours for operand formats, symbols for multipliers."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.style import Style, colours_of, operands

_GROUPS = 14
"""Groups of designs with looks of their own, the largest; the rest is grey."""
_REST = ("others", "#b9bec6", "circle")


@dataclass(frozen=True, kw_only=True, eq=False)
class Looks:
    """Groups of designs that look alike.

    Attributes:
        groups: name, colour and symbol of each group.
        codes: number of the group of each design, shape (designs,).
    """

    groups: tuple[tuple[str, str, str], ...]
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Self:
        """Group designs by operands and multiplier, or by less if that makes too many groups."""
        style = Style.of(frame)
        pairs = pd.Series(operands(frame), dtype=object)
        firsts, muls = (frame[key].reset_index(drop=True).astype(object) for key in ("a", "mul"))
        # The finest names of which there are not too many.
        ways = ((pairs + " " + muls, pairs), (pairs, pairs), (firsts, firsts))
        names, coloured = next((way for way in ways if way[0].nunique() <= _GROUPS), ways[-1])
        colours = style.colours if coloured is pairs else colours_of(firsts)
        codes, found = pd.factorize(names)
        largest = np.argsort(-np.bincount(codes, minlength=len(found)), kind="stable")[:_GROUPS]
        _, examples = np.unique(codes, return_index=True)
        groups = [
            (
                str(found[code]),
                colours[coloured.iloc[examples[code]]],
                style.shapes[muls.iloc[examples[code]]][1] if names is ways[0][0] else "circle",
            )
            for code in largest
        ]
        renamed = np.full(len(found), len(groups), np.int64)
        renamed[largest] = np.arange(len(groups))
        return cls(groups=(*groups, _REST), codes=renamed[codes])
