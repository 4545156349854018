"""The quantities for comparing designs: column name, title, unit and direction."""

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import pandas as pd

from hwdse.errors import HwdseError


@dataclass(frozen=True, kw_only=True)
class Column:
    """One quantity of a finished design.

    Attributes:
        name: column name in frames and in `results.csv`. The name of a quantity with a unit usually
            ends in the unit.
        title: title on an axis or in a table head.
        unit: unit as printed, such as pJ or %.
        maximize: whether larger is better.
        scale: axis scale: `log`, `linear`, or `error`. With `error`, the axis shows the logarithm
            of 1 - ratio.
        margin: name of the column with the relative error; empty if no column has it.
        is_cost: whether the quantity belongs to the hardware, not to the accuracy.
        order: name of another column for comparing designs, such as `rank`; smaller is better.
            Designs with equal values there are tied. Empty: this quantity compares designs.
        needs: key of a space without which no design has this quantity; empty: every design has
            it.
    """

    name: str
    title: str
    unit: str
    maximize: bool = False
    scale: str = "log"
    is_cost: bool = True
    margin: str = ""
    order: str = ""
    needs: str = ""

    def __post_init__(self) -> None:
        if self.scale not in ("log", "linear", "error"):
            raise HwdseError(f"axis scale {self.scale!r} of {self.name}: log, linear or error")

    @classmethod
    def from_json(cls, document: Any) -> Self:
        """The column of a document of `to_json`.

        Raises:
            ValueError: the document describes no column.
        """
        kinds = {name: type(value) for name, value in asdict(_LIKE).items()}
        fits = isinstance(document, dict) and {k: type(v) for k, v in document.items()} == kinds
        if not fits:
            raise ValueError(f"{document!r} describes no column")
        try:
            return cls(**document)
        except HwdseError as error:
            raise ValueError(str(error)) from error

    def to_json(self) -> dict[str, str | bool]:
        """All attributes."""
        return asdict(self)

    @property
    def objective(self) -> tuple[str, bool]:
        """Name of the column that compares designs, and whether larger is better there."""
        return (self.order, False) if self.order else (self.name, self.maximize)

    @property
    def in_text(self) -> str:
        """Title for use inside a sentence: in lower case, but for abbreviations."""
        first, second = self.title[0], self.title[1]
        return self.title if second.isupper() else first.lower() + self.title[1:]

    @property
    def label(self) -> str:
        """Title with unit, as on an axis."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


COLUMNS = (
    Column(name="energy_pj", title="Energy per MAC", unit="pJ", margin="energy_error"),
    Column(name="area_um2", title="Area", unit="µm²", margin="area_error"),
    Column(name="area_per_mac_um2", title="Area per MAC", unit="µm²", margin="area_error"),
    Column(name="delay_ns", title="Delay", unit="ns", margin="delay_error"),
    Column(
        name="tops_per_mm2",
        title="Throughput per area",
        unit="TOPS/mm²",
        maximize=True,
        margin="area_error",
    ),
    Column(
        name="tops_per_w",
        title="Operations per energy",
        unit="TOPS/W",
        maximize=True,
        margin="energy_error",
    ),
    Column(
        name="latency_us",
        title="Latency per sample",
        unit="µs",
        margin="latency_error",
        needs="machine",
    ),
    Column(
        name="inference_nj",
        title="Energy per sample",
        unit="nJ",
        margin="inference_error",
        needs="machine",
    ),
    Column(
        name="array_area_um2",
        title="Area of the array",
        unit="µm²",
        margin="area_error",
        needs="machine",
    ),
    Column(name="bits_per_element", title="Bits per element", unit="bits"),
    Column(name="luts", title="LUTs", unit="", margin="luts_error", needs="fabric"),
    Column(name="luts_per_mac", title="LUTs per MAC", unit="", margin="luts_error", needs="fabric"),
    Column(
        name="fmax_mhz",
        title="Clock frequency on FPGA",
        unit="MHz",
        maximize=True,
        margin="fmax_error",
        needs="fabric",
    ),
    Column(
        name="sqnr_db",
        title="Logit SQNR",
        unit="dB",
        maximize=True,
        scale="linear",
        is_cost=False,
        order="rank",
    ),
    Column(
        name="accuracy", title="Accuracy", unit="%", maximize=True, scale="error", is_cost=False
    ),
    Column(
        name="agreement",
        title="Agreement with float",
        unit="%",
        maximize=True,
        scale="error",
        is_cost=False,
    ),
    Column(
        name="metric_loss",
        title="Metric loss",
        unit="",
        scale="linear",
        is_cost=False,
        needs="metric",
    ),
)
OF_ANSWERS = ("accuracy", "agreement")
"""Columns that only metrics have which count right answers."""
DEFAULT_COST, DEFAULT_QUALITY = "energy_pj", "sqnr_db"

_LIKE = Column(name="name", title="Title", unit="")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_ADDED: dict[str, Column] = {}


def add_columns(columns: Iterable[Column]) -> None:
    """Make the columns of a measure known. The same columns again change nothing.

    Raises:
        HwdseError: a column has no name or title that can be used, the name of another one, or an
            order or margin that is not among the columns.
    """
    new = [replace(c, needs="measures") for c in columns]
    for c in new:
        if not _NAME.fullmatch(c.name) or len(c.title) < 2:
            raise HwdseError(
                f"column {c.name!r}, {c.title!r}: a name of small letters, digits and _, and a "
                "title are needed"
            )
        others = {c.margin, c.order} - {"", *(one.name for one in new)}
        if others:
            raise HwdseError(f"column {c.name}: {min(others)} is no column of the same measure")
        taken = c.name in {own.name for own in COLUMNS}
        if taken or _ADDED.get(c.name, c) != c:
            raise HwdseError(f"column {c.name} has the name of another column")
    _ADDED.update({c.name: c for c in new})


def all_columns() -> tuple[Column, ...]:
    """Every known column, those of measures last."""
    return (*COLUMNS, *_ADDED.values())


def added_columns() -> tuple[Column, ...]:
    """The known columns of measures."""
    return tuple(_ADDED.values())


def measured(frame: pd.DataFrame) -> tuple[Column, ...]:
    """The columns that belong to the rows of `frame`."""

    def lacks(name: str) -> bool:
        return name not in frame or not frame[name].notna().any()

    other = not frame.empty and all(map(lacks, OF_ANSWERS))
    return tuple(
        c
        for c in all_columns()
        if not ((c.needs and lacks(c.name)) or (other and c.name in OF_ANSWERS))
    )


def column(name: str) -> Column:
    """The column called `name`.

    Raises:
        HwdseError: no column has this name.
    """
    for c in all_columns():
        if c.name == name:
            return c
    allowed = ", ".join(c.name for c in all_columns())
    raise HwdseError(f"unknown column {name!r}: one of {allowed}")
