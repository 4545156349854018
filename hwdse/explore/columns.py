"""The quantities for comparing designs: column name, title, unit and direction."""

from dataclasses import dataclass

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
        needs: key of a space without which no design has this quantity, and name of its column;
            empty: every design has it.
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
)
DEFAULT_COST, DEFAULT_QUALITY = "energy_pj", "sqnr_db"


def measured(frame: pd.DataFrame) -> tuple[Column, ...]:
    """The columns that belong to the rows of `frame`."""
    return tuple(c for c in COLUMNS if not c.needs or frame[c.needs].notna().any())


def column(name: str) -> Column:
    """The column called `name`.

    Raises:
        HwdseError: no column has this name.
    """
    for c in COLUMNS:
        if c.name == name:
            return c
    allowed = ", ".join(c.name for c in COLUMNS)
    raise HwdseError(f"unknown column {name!r}: one of {allowed}")
