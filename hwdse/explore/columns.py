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
        scale: `linear` or `log` axis.
    """

    name: str
    title: str
    unit: str
    maximize: bool = False
    scale: str = "log"

    def __post_init__(self) -> None:
        if self.scale not in ("linear", "log"):
            raise HwdseError(f"axis scale {self.scale!r} of {self.name}: linear or log")

    @property
    def label(self) -> str:
        """Title with unit, as an axis shows it."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


COLUMNS = (
    Column(name="energy_pj", title="Energy per MAC", unit="pJ"),
    Column(name="area_um2", title="Area", unit="µm²"),
    Column(name="area_per_mac_um2", title="Area per MAC", unit="µm²"),
    Column(name="delay_ns", title="Delay", unit="ns"),
    Column(name="accuracy", title="Accuracy", unit="%", maximize=True, scale="linear"),
    Column(name="agreement", title="Agreement with float", unit="%", maximize=True, scale="linear"),
)
COSTS = tuple(c for c in COLUMNS if not c.maximize)
QUALITIES = tuple(c for c in COLUMNS if c.maximize)


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
