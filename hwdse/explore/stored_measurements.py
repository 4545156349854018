"""What measures that plug in have found, as a store's tables have it."""

from collections.abc import Mapping
from dataclasses import dataclass

from hwdse.explore import documents
from hwdse.explore.database import Tables


def stage_of(measure: str) -> str:
    """Stage of a failure to measure."""
    return f"measurement of {measure}"


@dataclass(frozen=True)
class Measurements:
    """The measurements of a store.

    Attributes:
        tables: its tables.
    """

    tables: Tables

    def values(self, measure: str, identity: str) -> dict[str, float | None] | None:
        """What a measure has found of an identity; None if nothing, or if it is damaged."""
        query = (
            "SELECT document FROM measurement WHERE measure = :measure AND identity = :identity "
            "LIMIT 1"
        )
        found = self.tables.query(query, measure=measure, identity=identity)
        try:
            return (
                documents.read("measurement", found[0][0], documents.MEASURED)["values"]
                if found
                else None
            )
        except ValueError:
            return None

    def keep(
        self, key: str, measure: str, identity: str, values: Mapping[str, float | None]
    ) -> None:
        """Store what a measure found of an evaluated design, instead of what it found before.

        Raises:
            ValueError: the values are no numbers.
        """
        document = documents.checked("measurement", {"values": values}, documents.MEASURED)
        row = {"key": key, "measure": measure, "identity": identity}
        row["document"] = documents.write(document)
        with self.tables.transaction():
            self.tables.put("measurement", [row], replace=True)
            done = {"key": key, "stage": stage_of(measure)}
            self.tables.change("DELETE FROM failure WHERE key = :key AND stage = :stage", [done])

    def identities(self, measure: str) -> dict[str, str]:
        """Identity of what a measure has found, by key of the design."""
        query = "SELECT key, identity FROM measurement WHERE measure = :measure"
        return dict(self.tables.query(query, measure=measure))
