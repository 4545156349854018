"""Transfers that are fed to an engine, before its golden schedule answers them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from hwdse.formats.unpacked import Array


@dataclass(frozen=True, kw_only=True)
class Fed:
    """Transfers of the input streams, as golden takes them, and their purposes.

    Attributes:
        columns: arrays of codes and flags by the names that golden has for them.
        purposes: for each transfer of `a`, what it is for.
    """

    columns: Mapping[str, Array]
    purposes: Sequence[str]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The transfers of several parts, one after another."""
        names = parts[0].columns
        return cls(
            columns={n: np.concatenate([part.columns[n] for part in parts]) for n in names},
            purposes=[purpose for part in parts for purpose in part.purposes],
        )
