"""The pool of a search as parameters with a few values each, for samplers that know no pool."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hwdse.spec import Design

ABSENT = "-"
"""Value of a parameter that a design does not have, such as `lanes` of a `mac`."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Parameters:
    """Keys of the design spec that differ within a pool, and their values.

    Attributes:
        designs: the pool.
    """

    designs: Sequence[Design]

    @cached_property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The values of each key that has several, in the order in which the pool has them."""
        found: dict[str, dict[str, None]] = {}
        described = [design.keys() for design in self.designs]
        names = dict.fromkeys(name for keys in described for name in keys)
        for name in names:
            found[name] = dict.fromkeys(keys.get(name, ABSENT) for keys in described)
        return {name: tuple(values) for name, values in found.items() if len(values) > 1}

    def of(self, design: Design) -> dict[str, str]:
        """The values of a design."""
        keys = design.keys()
        return {name: keys.get(name, ABSENT) for name in self.choices}

    def nearest(self, values: Mapping[str, str]) -> int:
        """Number of the design that shares most values; of several, the first.

        A pool need not have every combination of the values of its keys.
        """
        wanted = [self.choices[name].index(values[name]) for name in self.choices]
        return int(np.argmax((self._places == wanted).sum(axis=1)))

    @cached_property
    def _places(self) -> np.ndarray:
        """Numbers of the values of all designs, shape (designs, keys)."""
        return np.array(
            [
                [self.choices[name].index(value) for name, value in self.of(design).items()]
                for design in self.designs
            ]
        ).reshape(len(self.designs), -1)
