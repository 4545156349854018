"""Stores results of sweeps in a database. Atomic writes of rows survive kill -9."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import pandas as pd
import sqlalchemy as sa

from hwdse.errors import HwdseError, StoreError
from hwdse.explore import documents
from hwdse.explore.aims import Aims
from hwdse.explore.asked import DEFAULT_SWEEP, Asked
from hwdse.explore.candidates import Compared, candidate_of
from hwdse.explore.columns import Column, add_columns
from hwdse.explore.database import Database, Place, Tables, database_at
from hwdse.explore.record import Evaluation, Measured, Row
from hwdse.explore.stored_measurements import Measurements, stage_of
from hwdse.explore.stored_rows import rows_of, stamp_of, states_of
from hwdse.explore.tables import frame_of
from hwdse.text import printable

RTL_FOLDER = "rtl"

_LAST = "SELECT coalesce(max(number), 0) FROM sweep"

_OF_DESIGNS = ("design", "evaluation", "measurement", "certificate", "failure")
"""Tables of designs, each before those that refer to it."""


class Store:
    """Results of sweeps. `Store.create` opens a store for writing, `Store.open` for reading.

    Sweeps with different names lie side by side; a design that several of them evaluate in the same
    way is stored once. Every change is one transaction, which the database keeps before it answers.
    A row is therefore either complete or missing, even if the process is killed.

    Attributes:
        database: the database.
    """

    def __init__(self, database: Database, connection: sa.Connection, sweep: str | None) -> None:
        self.database = database
        self._tables = Tables(database, connection)
        self._sweep = sweep

    @classmethod
    def create(cls, place: Place) -> Self:
        """Open the store at `place`. Creates a new store if the file or database is empty.

        Args:
            place: the file, or the URL of a PostgreSQL database.

        Raises:
            StoreError: the store cannot be created or opened, or is of a later version.
        """
        return cls._connect(database_at(place, create=True), None, create=True)

    @classmethod
    def open(cls, place: Place, sweep: str | None = None) -> Self:
        """Open an existing store.

        Args:
            place: the file, an output folder with a store, or the URL of a PostgreSQL database.
            sweep: the sweep to read; default: the latest.

        Raises:
            StoreError: the store is missing or damaged, is of a later version, or has no such
                sweep.
        """
        store = cls._connect(database_at(place, create=False), sweep, create=False)
        names = [] if sweep is None else store.sweeps()
        if sweep is not None and sweep not in names:
            store.close()
            known = f": it has {', '.join(map(printable, names))}" if names else ""
            raise StoreError(f"{store.shown} has no sweep {printable(sweep)!r}{known}")
        return store

    @classmethod
    def _connect(cls, database: Database, sweep: str | None, *, create: bool) -> Self:
        return cls(database, database.connect(create=create), sweep)

    @property
    def shown(self) -> str:
        """The store in messages."""
        return self.database.shown

    @property
    def path(self) -> Path | None:
        """The file of the store; None for a server."""
        return self.database.path

    @property
    def size_bytes(self) -> int:
        """Size of the store with all its sweeps."""
        return self._tables.size_bytes

    def close(self) -> None:
        """Close the connection. The object cannot be used afterwards."""
        self._tables.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of evaluated designs in the store, over all sweeps."""
        return int(self._tables.one("SELECT count(*) FROM evaluation"))

    def __contains__(self, key: object) -> bool:
        """Whether the design with this key was evaluated."""
        return bool(self._tables.one("SELECT count(*) FROM evaluation WHERE key = :key", key=key))

    def sweeps(self) -> list[str]:
        """Names of all sweeps, the latest last."""
        return [
            name for (name,) in self._tables.query("SELECT name FROM sweep ORDER BY number, name")
        ]

    @property
    def sweep(self) -> str:
        """Name of the sweep that `rows`, `frame`, `aims` and others read."""
        if self._sweep is None:
            return (self.sweeps() or [DEFAULT_SWEEP])[-1]
        return self._sweep

    def reading(self, sweep: str) -> "Store":
        """The same open store, for reading another of its sweeps."""
        return Store(self.database, self._tables.connection, sweep)

    def select(
        self,
        designs: Mapping[str, Compared],
        asked: Asked | None = None,
        combinations: Mapping[str, str] | None = None,
    ) -> None:
        """Set the designs of a sweep, which becomes the latest one, and is the one to read.

        Args:
            designs: the designs by key, in this order.
            asked: what the sweep is asked to do. Another of the same name is replaced.
            combinations: name of the combination of settings by key; empty for a space with one.

        Raises:
            StoreError: the sweep's name is empty or not printable.
        """
        asked, names = asked or Asked(), combinations or {}
        if not asked.sweep or printable(asked.sweep) != asked.sweep:
            raise StoreError(f"a sweep cannot be called {asked.sweep!r}: give it printable text")
        chosen = [
            {"sweep": asked.sweep, "position": n, "key": key, "combination": names.get(key, "")}
            for n, key in enumerate(designs)
        ]
        with self._tables.transaction():
            row = {
                "name": asked.sweep,
                "number": self._tables.one(_LAST) + 1,
                "aims": documents.write(asked.aims.to_json()),
                "settings": documents.write(
                    # Texts in a store have one line.
                    {
                        "space": asked.space.splitlines(),
                        "data_dir": asked.data_dir,
                        "columns": [column.to_json() for column in asked.columns],
                    }
                ),
            }
            # The row of the sweep comes first: it keeps another process from the same sweep.
            self._tables.put("sweep", [row], replace=True)
            self._tables.put("design", _facts(designs), replace=True)
            self._tables.change(
                "DELETE FROM selection WHERE sweep = :sweep", [{"sweep": asked.sweep}]
            )
            self._tables.put("selection", chosen)
        self._sweep = asked.sweep

    def introduce(self, designs: Mapping[str, Compared]) -> None:
        """Keep facts of designs that no sweep shows, so that `add` and `fail` take them."""
        with self._tables.transaction():
            self._tables.put("design", _facts(designs), replace=True)

    def asked(self) -> Asked:
        """What the sweep is asked to do. Without any sweep, the usual aims and no space.

        Raises:
            StoreError: the aims are damaged.
        """
        query = "SELECT aims, settings FROM sweep WHERE name = :sweep"
        found = self._tables.query(query, sweep=self.sweep)
        if not found:
            return Asked(sweep=self.sweep)
        aims, settings = found[0]
        try:
            known = documents.read("aims", aims, documents.AIMS)
            others = documents.read("settings", settings, documents.SETTINGS)
            # Objectives may be among the columns of measures.
            columns = self._columns()
            return Asked(
                sweep=self.sweep,
                aims=Aims.of(*known["objectives"], where=known["where"]),
                space="\n".join(others["space"]),
                data_dir=others["data_dir"],
                columns=columns,
            )
        except (ValueError, HwdseError) as error:
            raise StoreError(
                f"{self.shown}: the objectives of the sweep are damaged: {error}; run hwdse "
                "explore again"
            ) from error

    def _columns(self) -> tuple[Column, ...]:
        """The columns of the sweep's measures, which are known from now on.

        Raises:
            StoreError: they are damaged, or have the names of others.
        """
        query = "SELECT settings FROM sweep WHERE name = :sweep"
        try:
            for (settings,) in self._tables.query(query, sweep=self.sweep):
                found = documents.read("settings", settings, documents.SETTINGS)
                columns = tuple(map(Column.from_json, found.get("columns", [])))
                add_columns(columns)
                return columns
        except (ValueError, HwdseError) as error:
            raise StoreError(
                f"{self.shown}: the columns of the sweep's measures are damaged: {error}; run "
                "hwdse explore again"
            ) from error
        return ()

    def aims(self) -> Aims:
        """Objectives and limits of the sweep; the usual ones before the first.

        Raises:
            StoreError: the aims are damaged.
        """
        return self.asked().aims

    def selected(self) -> int:
        """Number of designs in the sweep, finished or not."""
        return int(
            self._tables.one(
                "SELECT count(*) FROM selection WHERE sweep = :sweep", sweep=self.sweep
            )
        )

    def add(self, key: str, evaluation: Evaluation) -> None:
        """Store the evaluation of a known design. An existing row with this key stays unchanged.

        Raises:
            ValueError: the evaluation is incomplete or has invalid values.
        """
        cost = documents.checked("cost", evaluation.cost, documents.COST)
        accuracy = documents.checked_accuracy(evaluation.accuracy)
        errors = documents.error_bytes(evaluation.errors, accuracy["samples"])
        outcomes = None
        if evaluation.outcomes is not None:
            outcomes = documents.outcome_bytes(evaluation.outcomes, accuracy["samples"])
        row = {
            **{"key": key, "cost": documents.write(cost), "accuracy": documents.write(accuracy)},
            **{"errors": errors, "outcomes": outcomes, "identity": evaluation.identity},
            "version": printable(evaluation.version),
        }
        with self._tables.transaction():
            self._tables.put("evaluation", [row])
            self._tables.change("DELETE FROM failure WHERE key = :key", [{"key": key}])

    def measured(self, identity: str) -> Measured | None:
        """The accuracy of an earlier evaluation; None if there is none, or if it is damaged."""
        query = (
            "SELECT accuracy, errors, outcomes FROM evaluation WHERE identity = :identity LIMIT 1"
        )
        found = self._tables.query(query, identity=identity) if identity else []
        if not found:
            return None
        accuracy, errors, outcomes = found[0]
        try:
            known = documents.read_accuracy(accuracy)
            samples = known["samples"]
            return Measured(
                accuracy=known,
                errors=documents.read_errors(errors, samples),
                outcomes=None if outcomes is None else documents.read_outcomes(outcomes, samples),
            )
        except ValueError:
            return None

    @property
    def measurements(self) -> Measurements:
        """What measures that plug in have found."""
        return Measurements(self._tables)

    def certify(self, key: str, certificate: Mapping[str, Any]) -> None:
        """Store the certificate of a verified design, instead of an earlier one or a failure.

        Raises:
            StoreError: no evaluated design has this key.
            ValueError: the certificate is not a JSON object.
        """
        if key not in self:
            raise StoreError(f"{self.shown}: no finished design with key {key}")
        document = documents.write(documents.checked("certificate", certificate, {}))
        with self._tables.transaction():
            self._tables.put("certificate", [{"key": key, "certificate": document}], replace=True)
            done = {"key": key, "stage": "verification"}
            self._tables.change("DELETE FROM failure WHERE key = :key AND stage = :stage", [done])

    def fail(self, key: str, stage: str, reason: str) -> None:
        """Store the failure of a known design. Replaces an earlier failure.

        Args:
            key: key of the design.
            stage: `evaluation`, `verification`, or as of `stage_of`. A failed verification deletes
                an earlier certificate.
            reason: the reason in one line.
        """
        row = {"key": key, "stage": stage, "reason": printable(reason)}
        with self._tables.transaction():
            self._tables.put("failure", [row], replace=True)
            if stage == "verification":
                self._tables.change("DELETE FROM certificate WHERE key = :key", [{"key": key}])

    def forget_failures(self, stage: str) -> None:
        """Delete the sweep's failures of a stage before this stage runs again."""
        own = "SELECT key FROM selection WHERE sweep = :sweep"
        with self._tables.transaction():
            self._tables.change(
                f"DELETE FROM failure WHERE stage = :stage AND key IN ({own})",
                [{"stage": stage, "sweep": self.sweep}],
            )

    def remove(self, keys: Iterable[str]) -> int:
        """Delete all that is stored of designs, and take them out of the sweeps.

        Returns:
            How many of the designs the store had.
        """
        given = [{"key": key} for key in dict.fromkeys(keys)]
        with self._tables.transaction():
            before = self._tables.one("SELECT count(*) FROM design")
            for table in ("selection", *reversed(_OF_DESIGNS)):
                self._tables.change(f"DELETE FROM {table} WHERE key = :key", given)
            return int(before - self._tables.one("SELECT count(*) FROM design"))

    def take(self, other: "Store") -> int:
        """Take over all designs and sweeps of another store.

        Designs that this store has keep their results. A sweep of the same name gets the other's
        designs after its own ones.

        Returns:
            How many evaluations both stores had.

        Raises:
            StoreError: a row of the sweep that `other` reads is damaged.
        """
        other.rows()
        held = {table: other._tables.rows(table) for table in _OF_DESIGNS}
        own = {row["key"] for row in self._tables.rows("evaluation")}
        asked: dict[str, dict[str, int]] = {row["name"]: {} for row in self._tables.rows("sweep")}
        for row in self._tables.rows("selection"):
            asked[row["sweep"]][row["key"]] = row["position"]
        begin = {name: max(places.values(), default=-1) + 1 for name, places in asked.items()}
        chosen = [
            {**row, "position": begin.get(row["sweep"], 0) + row["position"]}
            for row in other._tables.rows("selection")
            if row["key"] not in asked.get(row["sweep"], {})
        ]
        sweeps, last = other._tables.rows("sweep"), self._tables.one(_LAST)
        with self._tables.transaction():
            for table, rows in held.items():
                self._tables.put(table, rows)
            self._tables.put("sweep", [{**row, "number": last + row["number"]} for row in sweeps])
            self._tables.put("selection", chosen)
            # What failed in one store and is finished in the other is finished.
            for stage, table in (("evaluation", "evaluation"), ("verification", "certificate")):
                done = f"SELECT key FROM {table}"
                self._tables.change(
                    f"DELETE FROM failure WHERE stage = :stage AND key IN ({done})",
                    [{"stage": stage}],
                )
            self._tables.change(
                "DELETE FROM failure WHERE EXISTS (SELECT 1 FROM measurement "
                "WHERE measurement.key = failure.key "
                "AND CAST(:stage AS TEXT) || measure = failure.stage)",
                [{"stage": stage_of("")}],
            )
        return sum(row["key"] in own for row in held["evaluation"])

    def rows(self, places: Iterable[int] | None = None) -> list[Row]:
        """Finished and failed designs of the sweep, in the order of the space.

        Args:
            places: places of the designs in the sweep, ascending; default: all.

        Raises:
            StoreError: a row is damaged. The message names the row.
        """
        shown = [column.name for column in self._columns()]
        return rows_of(self.database, self._tables, self.sweep, places, shown)

    def states(self) -> dict[int, int]:
        """A number for each finished or failed design, by its place in the sweep, ascending.

        It changes if the design's row does, so that who has read the rows knows which to read
        again.
        """
        return states_of(self._tables, self.sweep)

    def stamp(self) -> tuple[int, ...]:
        """Numbers that change as the store does. They take much less time than `states`."""
        return stamp_of(self._tables)

    def frame(self) -> pd.DataFrame:
        """`rows` as a table with spec, costs, accuracy and `failure`; see `describe`."""
        return frame_of(self.rows())


def _facts(designs: Mapping[str, Compared]) -> list[dict[str, str]]:
    """Rows of the table of designs.

    They have one order, so that sweeps that share designs do not wait for each other in a circle.
    """
    return [
        {"key": key, "facts": documents.write(candidate_of(designs[key]).facts())}
        for key in sorted(designs)
    ]
