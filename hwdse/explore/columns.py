"""The quantities designs are compared by: column name, title, unit and which way is better."""

from dataclasses import dataclass

from hwdse.errors import HwdseError


@dataclass(frozen=True, kw_only=True)
class Column:
    """One quantity of a finished design.

    Attributes:
        name: Column of the store and of `results.csv`; ends in the unit where there is one.
        title: What an axis or a table head calls it.
        unit: Unit as printed, empty for ratios.
        maximize: Larger is better.
        scale: axis; `log`, `linear`, or `error` for a ratio spread by the logarithm of what it
            lacks to 1.
        margin: column of its relative error, empty if it has none.
        order: column that compares designs in its place, smaller first: it ties those that the
            data do not tell apart. Empty where the quantity itself compares.
    """

    name: str
    title: str
    unit: str
    maximize: bool = False
    scale: str = "log"
    margin: str = ""
    order: str = ""

    def __post_init__(self) -> None:
        if self.scale not in ("log", "linear", "error"):
            raise HwdseError(f"axis scale {self.scale!r} of {self.name}: log, linear or error")

    @property
    def objective(self) -> tuple[str, bool]:
        """The column that compares designs, and whether larger is better in it."""
        return (self.order, False) if self.order else (self.name, self.maximize)

    @property
    def in_text(self) -> str:
        """Title as it stands within a sentence."""
        return self.title[0].lower() + self.title[1:]

    @property
    def label(self) -> str:
        """Title with unit, as an axis shows it."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


COLUMNS = (
    Column(name="energy_pj", title="Energy per MAC", unit="pJ", margin="energy_error"),
    Column(name="area_um2", title="Area", unit="µm²", margin="area_error"),
    Column(name="area_per_mac_um2", title="Area per MAC", unit="µm²", margin="area_error"),
    Column(name="delay_ns", title="Delay", unit="ns", margin="delay_error"),
    Column(
        name="sqnr_db",
        title="Logit SQNR",
        unit="dB",
        maximize=True,
        scale="linear",
        order="rank",
    ),
    Column(name="accuracy", title="Accuracy", unit="%", maximize=True, scale="error"),
    Column(name="agreement", title="Agreement with float", unit="%", maximize=True, scale="error"),
)
COSTS = tuple(c for c in COLUMNS if not c.maximize)
QUALITIES = tuple(c for c in COLUMNS if c.maximize)
DEFAULT_COST, DEFAULT_QUALITY = "energy_pj", "sqnr_db"


def column(name: str) -> Column:
    """The column called `name`.

    Raises:
        HwdseError: no such column.
    """
    for c in COLUMNS:
        if c.name == name:
            return c
    allowed = ", ".join(c.name for c in COLUMNS)
    raise HwdseError(f"unknown column {name!r}: one of {allowed}")
