"""What a reader of the page asks for: words and limits, such as `lmul area_um2 <= 5000`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.explore.aims import Limit

_LIMIT = re.compile(r"(\S+?)\s*(<=|>=)\s*(\S+)")
_DIGITS = 6

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Query:
    """Words that the spec of a design has, or its standing, and limits that it keeps.

    Attributes:
        words: texts in lower case. All must occur.
        limits: limits. All must be kept.
    """

    words: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a text as a reader types it.

        Raises:
            HwdseError: a limit has an unknown quantity or no number.
        """
        limits = tuple(Limit.parse(found[0]) for found in _LIMIT.finditer(text))
        return cls(words=tuple(_LIMIT.sub(" ", text).lower().split()), limits=limits)

    def __str__(self) -> str:
        return " ".join([*self.words, *map(str, self.limits)])

    def matches(self, texts: Sequence[str]) -> Mask:
        """Mask of the texts, in lower case, that have all words."""
        found = np.ones(len(texts), np.bool_)
        for word in self.words:
            found &= np.fromiter((word in text for text in texts), np.bool_, len(texts))
        return found

    def keeps(self, frame: pd.DataFrame) -> Mask:
        """Mask of the designs that keep all limits."""
        everything = np.ones(len(frame), np.bool_)
        return reduce(lambda found, limit: found & limit.kept(frame), self.limits, everything)

    def within(self, name: str, low: float | None, high: float | None) -> Self:
        """The same with other limits of one quantity; None: no limit."""
        kept = tuple(limit for limit in self.limits if limit.column.name != name)
        ends = [(">=", low), ("<=", high)]
        made = tuple(
            Limit.parse(f"{name} {sign} {value:.{_DIGITS}g}")
            for sign, value in ends
            if value is not None
        )
        return replace(self, limits=kept + made)

    def range(self, name: str) -> tuple[float | None, float | None]:
        """Lower and upper limit of a quantity; None without one."""
        own = [limit for limit in self.limits if limit.column.name == name]
        low = max((limit.value for limit in own if not limit.most), default=None)
        return low, min((limit.value for limit in own if limit.most), default=None)
