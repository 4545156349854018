"""Draws: some of many items, which arrive some at a time, by keys."""

from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


class Draw:
    """Keeps the `count` items with the smallest keys. For equal keys, smaller numbers win."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._keys = np.zeros(0, np.float64)
        self._numbers = np.zeros(0, np.int64)
        self._items: list[Any] = []

    def add(self, keys: Keys, numbers: Numbers, items: Any) -> None:
        """Offer items with these keys and numbers, in increasing order of the numbers."""
        chosen = np.flatnonzero(self._among(keys, numbers))
        self._keys = np.concatenate([self._keys, keys[chosen]])
        self._numbers = np.concatenate([self._numbers, numbers[chosen]])
        self._items += [items[i].copy() for i in chosen]
        order = np.lexsort((self._numbers, self._keys))[: self._count]
        self._keys, self._numbers = self._keys[order], self._numbers[order]
        self._items = [self._items[i] for i in order]

    def items(self) -> list[Any]:
        """The kept items, in the order of their numbers."""
        return [self._items[i] for i in np.argsort(self._numbers)]

    def _among(self, keys: Keys, numbers: Numbers) -> npt.NDArray[np.bool_]:
        """A mask of the items that can be among the smallest of all items so far."""
        kept = np.zeros(len(keys), bool)
        kept[np.lexsort((numbers, keys))[: self._count]] = True
        if len(self._keys) == self._count:
            kept &= keys <= self._keys[-1]
        return kept


class StackDraw:
    """Draws of several groups at once: of each group, the rows with the smallest keys.

    For equal keys, smaller numbers win. It suits few rows of many groups.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._keys: Keys | None = None
        self._numbers = np.zeros((0, 0), np.int64)
        self._rows = np.zeros((0, 0, 0), np.float32)

    def add(self, keys: Keys, numbers: Numbers, rows: npt.NDArray[np.float32]) -> None:
        """Offer rows (G, n, K) with keys (G, n), in increasing order of their numbers (n,)."""
        keys, rows = keys[:, : len(numbers)].copy(), rows[:, : len(numbers)]
        groups = np.arange(len(keys))
        for _ in range(min(self._count, len(numbers))):
            place = keys.argmin(axis=1)
            self._keep(keys[groups, place], numbers[place], rows[groups, place])
            keys[groups, place] = np.inf

    def items(self) -> npt.NDArray[np.float32]:
        """The kept rows (G, count, K), in the order of their numbers."""
        order = np.argsort(self._numbers, axis=1)[..., np.newaxis]
        return np.take_along_axis(self._rows, order, axis=1)

    def _keep(self, keys: Keys, numbers: Numbers, rows: npt.NDArray[np.float32]) -> None:
        """Add one row of each group, and drop the worst one if there are too many."""
        if self._keys is None:
            self._keys, self._numbers = keys[:, np.newaxis], numbers[:, np.newaxis]
            self._rows = rows[:, np.newaxis]
            return
        every = np.concatenate([self._keys, keys[:, np.newaxis]], axis=1)
        named = np.concatenate([self._numbers, numbers[:, np.newaxis]], axis=1)
        found = np.concatenate([self._rows, rows[:, np.newaxis]], axis=1)
        order = np.lexsort((named, every), axis=1)[:, : self._count]
        self._keys = np.take_along_axis(every, order, axis=1)
        self._numbers = np.take_along_axis(named, order, axis=1)
        self._rows = np.take_along_axis(found, order[..., np.newaxis], axis=1)
