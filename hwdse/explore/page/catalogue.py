"""The designs that the page shows: read from a store, and read again as it changes."""

import gc
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hwdse.errors import StoreError
from hwdse.explore.aims import Aims
from hwdse.explore.columns import Column, measured
from hwdse.explore.combinations import parts
from hwdse.explore.database import Place
from hwdse.explore.page.looks import Looks
from hwdse.explore.paired import Paired
from hwdse.explore.record import Row, describe
from hwdse.explore.standing import with_standing
from hwdse.explore.store import Store
from hwdse.explore.tables import finished, frame_of, frame_of_records

MOST_TESTED = 2000
"""Most designs that are compared pair by pair, which takes a minute. Of more, values count."""

OF_PAGE = ("place", "breakdown")
"""Columns that only the page has."""

_FIRST = 4000
"""Rows to read before the first answer; then twice as many each time."""
_REST = 4
"""How many times as long as it worked the reader rests: pages come first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """The finished designs of a sweep at one moment.

    Attributes:
        number: counts the snapshots of a catalogue.
        store: the store, as messages show it.
        sweep: name of the sweep.
        aims: objectives and limits of the sweep.
        frame: finished designs, as of `Store.frame` with `front`, `front_probability` and
            `standing`, numbered from 0; `place` is the place of each in the sweep, `breakdown` what
            each block costs.
        failures: failed designs.
        asked: number of designs in the sweep, finished or not.
        unread: number of finished designs that are not read yet.
        tested: whether ranks are of paired tests. If not, they order the values, and nothing says
            how sure the front is.
    """

    number: int
    store: str
    sweep: str
    aims: Aims
    frame: pd.DataFrame
    failures: pd.DataFrame
    asked: int
    unread: int = 0
    tested: bool = True

    @cached_property
    def texts(self) -> list[str]:
        """What words are looked for in, for each design."""
        pairs = zip(self.frame["spec"], self.frame["standing"], strict=True)
        return [f"{spec} {standing}".lower() for spec, standing in pairs]

    @cached_property
    def looks(self) -> Looks:
        """Colour and symbol of each design."""
        return Looks.of(self.frame)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The quantities that these designs have."""
        return measured(self.frame)

    def members(self, combination: str) -> npt.NDArray[np.bool_]:
        """Mask of the designs of a combination. Do not change it."""
        return self._members.get(combination, np.zeros(len(self.frame), np.bool_))

    @cached_property
    def _members(self) -> dict[str, npt.NDArray[np.bool_]]:
        every = np.arange(len(self.frame))
        return {name: np.isin(every, places) for name, places in parts(self.frame)}

    @cached_property
    def combinations(self) -> list[str]:
        """Names of the combinations; the only one has an empty name."""
        return [name for name, _ in parts(self.frame)]

    @property
    def progress(self) -> str:
        """How far the sweep is, in words."""
        text = f"{len(self.frame)} of {self.asked} designs"
        if len(self.failures):
            text += f", {len(self.failures)} failed"
        if self.unread:
            return f"{text}, {self.unread} more to read"
        if self.tested:
            return text
        return f"{text}, ordered by values" + (
            "; tests of pairs follow" if len(self.frame) <= MOST_TESTED else ", without tests"
        )


@dataclass(eq=False)
class Catalogue:
    """Reads a sweep, a share at a time, and reads what changed.

    Attributes:
        place: the store.
        sweep: name of the sweep; None: the latest.
        now: what is read.
        wrong: why the store cannot be read now; empty if it can.
    """

    place: Place
    sweep: str | None = None
    now: Snapshot = field(init=False)
    wrong: str = field(default="", init=False)
    _records: dict[int, tuple[int, Mapping[str, Any]]] = field(default_factory=dict, repr=False)
    _stamp: tuple[int, ...] = field(default=(), repr=False)
    _share: int = field(default=_FIRST, repr=False)
    _numbers: Iterator[int] = field(default_factory=count, repr=False)

    def __post_init__(self) -> None:
        with Store.open(self.place, self.sweep) as store:
            self.refresh(store)

    def follow(self, every_s: float) -> None:
        """Start a thread that reads changes until the process ends.

        Args:
            every_s: least number of seconds between two looks at the store.
        """
        threading.Thread(target=self._follow, args=(every_s,), daemon=True).start()

    def _follow(self, every_s: float) -> None:
        while True:
            try:
                # A connection belongs to one thread. To open a large file takes a while.
                with Store.open(self.place, self.sweep) as store:
                    while True:
                        start = time.monotonic()
                        if self.refresh(store):
                            # A search for garbage among millions of values would take a second,
                            # while a reader waits.
                            gc.freeze()
                        self.wrong = ""
                        if not self.now.unread:
                            took_s = time.monotonic() - start
                            time.sleep(max(every_s, _REST * took_s))
            except StoreError as error:
                self.wrong = str(error)
                time.sleep(every_s)

    def refresh(self, store: Store) -> bool:
        """Read what is new in the store. If nothing is, compare the designs pair by pair.

        Returns:
            Whether `now` is another.

        Raises:
            StoreError: the store cannot be read.
        """
        stamp = store.stamp()
        if stamp == self._stamp and not self.now.unread:
            return self._test(store)
        states = store.states()
        known = self._records
        changed = [place for place, state in states.items() if known.get(place, (0,))[0] != state]
        share = changed[: self._share]
        unread = len(changed) - len(share)
        self._stamp, self._share = stamp, 2 * self._share if unread else _FIRST
        rows = zip(share, store.rows(share), strict=True)
        both = known | {place: (states[place], _record(place, row)) for place, row in rows}
        self._records = {place: both[place] for place in states if place in both}
        self.now = _snapshot(
            self._valued(),
            number=next(self._numbers),
            store=store.shown,
            sweep=store.sweep,
            aims=store.aims(),
            asked=store.selected(),
            unread=unread,
            tested=False,
        )
        return True

    def _test(self, store: Store) -> bool:
        """Compare the designs of the last snapshot, unless that is done or they are too many."""
        now = self.now
        if now.tested or not 0 < len(now.frame) <= MOST_TESTED:
            return False
        places = list(self._records)
        rows = store.rows(places)
        own = self._valued()[list(OF_PAGE)]
        frame = with_standing(frame_of(rows), now.aims, Paired.of(rows)).join(own)
        kept = ("store", "sweep", "aims", "asked", "unread")
        self.now = _snapshot(
            frame,
            number=next(self._numbers),
            tested=True,
            **{name: getattr(now, name) for name in kept},
        )
        return True

    def _valued(self) -> pd.DataFrame:
        """The table with designs ranked by their values: nothing says how sure that is."""
        records = [record for _, record in self._records.values()]
        frame = frame_of_records(records, [None] * len(records))
        if not records:
            frame = frame.assign(**dict.fromkeys(OF_PAGE))
        order = frame.groupby("combination")["sqnr_db"].rank(method="min", ascending=False)
        return frame.assign(
            rank=order.astype("Int64"), front=False, front_probability=float("nan"), standing=""
        )


def _record(place: int, row: Row) -> dict[str, Any]:
    """All that the page knows of a design."""
    return {**describe(row), "place": place, "breakdown": (row.cost or {}).get("breakdown", [])}


def _snapshot(frame: pd.DataFrame, **facts: Any) -> Snapshot:
    """Finished and failed designs of a table, apart."""
    made = Snapshot(
        frame=finished(frame).reset_index(drop=True),
        failures=frame[frame["energy_pj"].isna()].reset_index(drop=True),
        **facts,
    )
    # Computed here, so that the first reader does not wait for them.
    made.texts, made.looks, made.columns  # noqa: B018
    return made
