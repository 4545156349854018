"""Rows of a store as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hwdse.explore.columns import added_columns
from hwdse.explore.combinations import alike
from hwdse.explore.on_machine import ON_MACHINE
from hwdse.explore.ranking import ranks_of
from hwdse.explore.record import FPGA, VALUES, Row, describe, facts_of
from hwdse.spec import Design

_COUNTS = ("correct", "samples", "rank")
_FLOATS = (
    *("bits_per_element", "area_um2", "area_per_mac_um2", "energy_pj", "delay_ns"),
    *("clock_ns", "tops_per_mm2", "tops_per_w"),
    *("area_error", "energy_error", "delay_error"),
    *FPGA,
    *ON_MACHINE,
    *("accuracy", "accuracy_low", "accuracy_high", "confidence", "float_accuracy", "agreement"),
    *VALUES,
    *("mcnemar_p", "sqnr_db", "kl_divergence", "scale_spread"),
)


def frame_of(rows: list[Row]) -> pd.DataFrame:
    """A table with one line per row and the columns of `describe`. Unknown values are missing.

    The column `rank` compares the finished designs of a combination with each other (see
    `hwdse.explore.ranking`). It is missing if these were not all measured on the same samples.
    """
    ranks: list[int | None] = [None] * len(rows)
    for _, places in alike([row.combination for row in rows]):
        some = [rows[place] for place in places]
        found = ranks_of([row.errors for row in some], _measured(some))
        for place, rank in zip(places, found, strict=True):
            ranks[place] = rank
    return frame_of_records([describe(row) for row in rows], ranks)


def frame_of_records(
    records: Sequence[Mapping[str, Any]], ranks: Sequence[int | None]
) -> pd.DataFrame:
    """The same table from records of `describe` and the rank of each."""
    # An empty table needs all columns too, so use a dummy record to get them.
    shown = records or [describe(Row(key="", facts=facts_of(Design.parse("a=int8,acc=int:32"))))]
    frame = pd.DataFrame.from_records(shown).iloc[: len(records)]
    frame.insert(2, "rank", ranks)
    kinds: dict[str, str] = dict.fromkeys(_FLOATS, "float64") | dict.fromkeys(_COUNTS, "Int64")
    kinds |= {c.name: "float64" for c in added_columns() if c.name in frame}
    return frame.astype(kinds)


def finished(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines of `frame` with evaluated designs."""
    return frame.loc[frame["energy_pj"].notna()]


def _measured(rows: list[Row]) -> list[object]:
    """Network, metric and samples of each row; None for a row without evaluation.

    Errors are comparable only if all three are the same.
    """
    return [
        None
        if row.accuracy is None
        else tuple(row.accuracy[name] for name in ("network", "metric", "samples"))
        for row in rows
    ]
