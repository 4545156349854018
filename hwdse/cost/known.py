"""Items by key, each made once, with numbers that arrays can hold."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.errors import HwdseError, TechnologyError

Codes = npt.NDArray[np.int64]
Item = TypeVar("Item")

MISSING = -1
"""Number of no item."""


@dataclass(eq=False, kw_only=True)
class Known(Generic[Item]):
    """Items by key. An item that cannot be made is kept as its error."""

    _numbers: dict[Hashable, int] = field(default_factory=dict)
    _items: list[Item | HwdseError] = field(default_factory=list)
    _stacked: dict[str, npt.NDArray[Any]] = field(default_factory=dict)

    def number(self, key: Hashable, make: Callable[[], Item]) -> int:
        """Number of the item with a key.

        Raises:
            TechnologyError: the technology table has no law for what is made.
        """
        found = self._numbers.get(key)
        if found is None:
            try:
                item: Item | HwdseError = make()
            except TechnologyError:
                raise
            except HwdseError as error:
                item = error
            found = self._numbers[key] = len(self._items)
            self._items.append(item)
        return found

    def __getitem__(self, number: int) -> Item:
        item = self._items[number]
        if isinstance(item, HwdseError):
            raise item
        return item

    def able(self, numbers: Codes) -> tuple[Codes, npt.NDArray[np.object_]]:
        """Take the items out that could not be made.

        Args:
            numbers: numbers of items, or `MISSING`.

        Returns:
            The numbers, `MISSING` where the item could not be made, and there why; elsewhere the
            text is empty.
        """
        errors = np.full(len(self._items) + 1, "", object)
        for number, item in enumerate(self._items):
            if isinstance(item, HwdseError):
                errors[number] = _reason(item)
        found: npt.NDArray[np.object_] = errors[numbers]  # the last is that of `MISSING`
        return np.where(found != "", MISSING, numbers), found

    def each(self, name: str, get: Callable[[Item], Any], without: Any) -> npt.NDArray[Any]:
        """A figure of all items as an array; `without` for those that could not be made.

        The last element, which `MISSING` picks, is `without` as well. The array is kept under
        `name` until there are more items.
        """
        kept = self._stacked.get(name)
        if kept is None or len(kept) != len(self._items) + 1:
            each = (without if isinstance(item, HwdseError) else get(item) for item in self._items)
            kept = np.array([*each, without])
            self._stacked[name] = kept
        return kept


def _reason(error: HwdseError) -> str:
    """Why, without the text of the design: its row in the table has that."""
    return str(error.__cause__ if isinstance(error.__cause__, HwdseError) else error)


def joined(columns: Sequence[Codes], make: Callable[[int], int]) -> Codes:
    """Number for each row; equal rows get equal numbers.

    Args:
        columns: numbers of one length; rows with `MISSING` in any column give `MISSING`.
        make: takes the number of the first row of each distinct combination of the columns, and
            returns the number for all rows with this combination.
    """
    codes = np.zeros(len(columns[0]), np.int64)
    absent = np.zeros(len(codes), bool)
    for column in columns:
        absent |= column == MISSING
        # Numbered anew after each column, so that the numbers stay small.
        codes, _ = pd.factorize(codes * (int(column.max(initial=0)) + 2) + column + 1)
    count = int(codes.max(initial=-1)) + 1
    first = np.zeros(count, np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    skipped = absent[first]
    numbers = np.full(count, MISSING, np.int64)
    numbers[~skipped] = [make(row) for row in first[~skipped].tolist()]
    found: Codes = numbers[codes]
    return found
