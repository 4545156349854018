"""Several stores beside each other: what a store holds, how two differ, and one made of several."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from hwdse.errors import OutputError
from hwdse.explore.store import Store
from hwdse.text import printable


@dataclass(frozen=True, kw_only=True)
class StoreContents:
    """What a store holds, in short.

    Attributes:
        store: the store, as messages show it.
        evaluated: designs with costs and accuracy, of all sweeps into the store.
        sweep: the sweep that all below is of.
        asked: designs of the sweep, finished or not.
        failed: designs of the sweep that failed.
        verified: designs of the sweep with verified Verilog.
        networks: networks of the sweep.
        technologies: technologies of the sweep.
        versions: versions of hwdse that evaluated its designs.
        objectives: objectives of the sweep.
        size_bytes: size of the whole store.
    """

    store: str
    evaluated: int
    sweep: str
    asked: int
    failed: int
    verified: int
    networks: tuple[str, ...]
    technologies: tuple[str, ...]
    versions: tuple[str, ...]
    objectives: tuple[str, ...]
    size_bytes: int

    @classmethod
    def of(cls, store: Store) -> "StoreContents":
        """What an open store holds of the sweep that it reads.

        Raises:
            StoreError: a row is damaged.
        """
        rows = store.rows()
        return cls(
            store=store.shown,
            evaluated=len(store),
            sweep=store.sweep,
            asked=store.selected(),
            failed=sum(bool(row.failure) for row in rows),
            verified=sum(row.certificate is not None for row in rows),
            networks=_distinct(row.accuracy["network"] for row in rows if row.accuracy),
            technologies=_distinct(row.cost["technology"] for row in rows if row.cost),
            versions=_distinct(row.version for row in rows if row.version),
            objectives=store.aims().objectives,
            size_bytes=store.size_bytes,
        )

    @classmethod
    def of_sweeps(cls, store: Store) -> "list[StoreContents]":
        """What an open store holds, sweep by sweep; without any sweep, once.

        Raises:
            StoreError: a row is damaged.
        """
        return [cls.of(store.reading(name)) for name in store.sweeps() or [store.sweep]]

    def to_json(self) -> dict[str, Any]:
        """All attributes, as JSON values."""
        lists = {name: list(v) for name, v in vars(self).items() if isinstance(v, tuple)}
        return {**vars(self), **lists}


@dataclass(frozen=True, kw_only=True)
class StoreDifference:
    """A value in which two stores differ.

    Attributes:
        spec: the design.
        combination: name of the combination of settings; empty in a space with only one.
        column: the column of results.csv.
        first: the value in the first store.
        second: the value in the second store.
    """

    spec: str
    combination: str
    column: str
    first: Any
    second: Any


@dataclass(frozen=True, kw_only=True)
class StoreComparison:
    """How two sweeps differ.

    Attributes:
        only_first: specs of designs that only the first store has.
        only_second: specs of designs that only the second store has.
        both: number of designs that both have.
        differences: values of these in which they differ.
    """

    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    both: int
    differences: tuple[StoreDifference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether both have the same designs with the same values."""
        return not (self.only_first or self.only_second or self.differences)


def compared(first: pd.DataFrame, second: pd.DataFrame) -> StoreComparison:
    """Compare two tables of `Store.frame`, design by design.

    The column `rank` depends on the other designs of a table, and is left out.
    """
    left, right = (_by_design(frame) for frame in (first, second))
    shared = [place for place in left if place in right]
    return StoreComparison(
        only_first=tuple(place[0] for place in left if place not in right),
        only_second=tuple(place[0] for place in right if place not in left),
        both=len(shared),
        differences=tuple(
            found for place in shared for found in _differences(place, left[place], right[place])
        ),
    )


def merged(stores: Sequence[Store], path: Path) -> tuple[Store, int]:
    """Make a new store with the designs of all stores.

    Of a design that several have under one key, which is the same evaluation, the first counts.
    Sweeps of one name become one, one after the other, with the objectives of the first.

    Args:
        stores: the stores.
        path: the new file. It must not exist.

    Returns:
        The new store, and the number of evaluations that more than one store had.

    Raises:
        OutputError: the file exists.
        StoreError: a store is damaged, or the new one cannot be written.
    """
    if path.exists():
        raise OutputError(f"{printable(str(path))} exists: give another file")
    made = Store.create(path)
    try:
        repeated = sum(made.take(store) for store in stores)
    except BaseException:
        made.close()
        path.unlink(missing_ok=True)
        raise
    return made, repeated


def _differences(
    place: tuple[str, str], left: Mapping[str, Any], right: Mapping[str, Any]
) -> Iterator[StoreDifference]:
    spec, combination = place
    for column in left:
        x, y = left[column], right.get(column)
        if not (x == y or (pd.isna(x) and pd.isna(y))):
            yield StoreDifference(
                spec=spec, combination=combination, column=str(column), first=x, second=y
            )


def _by_design(frame: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    kept = frame.drop(columns=["rank"], errors="ignore")
    return {
        (record["spec"], record.get("combination", "")): {str(k): v for k, v in record.items()}
        for record in kept.to_dict("records")
    }


def _distinct(values: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(str, values)))
