"""Technology tables: the cost law of each primitive, fitted to synthesis in one process.

A technology is one JSON file in models/technology/; another file is another technology. Its laws
are linear in the features that primitives declare, with non-negative coefficients, so no primitive
gets cheaper by growing.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hwdse.errors import HwdseError, TechnologyError
from hwdse.identity import stamp
from hwdse.primitives.structure import Primitive, Register
from hwdse.resources import resource

QUANTITIES = ("area_um2", "energy_pj", "delay_ns")
"""What every primitive has a law for."""

SCHEMA = "hwdse-technology-1"
"""Value of a table's `schema` key."""


@dataclass(frozen=True, kw_only=True)
class Law:
    """A cost that is linear in a primitive's features.

    Attributes:
        coefficients: by feature name; finite and not negative.
        max_error: largest relative error over the calibration grid.
        rms_error: root mean square of the relative error over the calibration grid.
    """

    coefficients: Mapping[str, float]
    max_error: float
    rms_error: float

    def __post_init__(self) -> None:
        for feature, value in self.coefficients.items():
            if not (math.isfinite(value) and value >= 0):
                raise TechnologyError(
                    f"coefficient {feature!r} is {value}: allowed are finite numbers from 0 upwards"
                )

    def __call__(self, features: Mapping[str, float]) -> float:
        """The cost of a primitive with these features."""
        return sum(value * features[feature] for feature, value in self.coefficients.items())


@dataclass(frozen=True, kw_only=True)
class Technology:
    """The laws of one process, library and corner.

    Attributes:
        name: of the table.
        node_nm: feature size of the process in nm.
        voltage: supply in V at which energy and delay hold.
        library: name of the cell library.
        corner: of the library, such as `typical, 25 C`.
        method: how each quantity was measured, in words, and with which tools.
        laws: by primitive class name, then by quantity (`area_um2`, `energy_pj`, `delay_ns`).
        activity: by primitive class name, switching inside whole units relative to random
            operands; 1 for a class that is not listed.
        errors: by quantity, the root mean square of the relative error on whole designs that took
            no part in the fit; None if not measured.
    """

    name: str
    node_nm: float
    voltage: float
    library: str
    corner: str
    method: Mapping[str, str]
    laws: Mapping[str, Mapping[str, Law]]
    activity: Mapping[str, float]
    errors: Mapping[str, float | None]

    def cost(self, primitive: Primitive, quantity: str) -> float:
        """Cost of one primitive; 0 for an empty one.

        Args:
            primitive: what to cost.
            quantity: `area_um2`, `energy_pj` (one operation on random operands, one clock cycle
                for registers) or `delay_ns`.

        Raises:
            TechnologyError: the table has no law for the primitive, or the law uses a feature that
                the primitive does not have.
        """
        if primitive.empty:
            return 0.0
        kind = type(primitive).__name__
        try:
            law = self.laws[kind][quantity]
        except KeyError:
            raise TechnologyError(
                f"technology {self.name} has no {quantity} law for primitive {kind}: "
                f"known are {', '.join(sorted(self.laws))}"
            ) from None
        try:
            return law(primitive.features())
        except KeyError as error:
            raise TechnologyError(
                f"technology {self.name}: the {quantity} law of {kind} uses feature {error}, "
                f"which it does not have"
            ) from None

    @property
    def digest(self) -> str:
        """SHA-256 of everything the estimates depend on."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def register_overhead_ns(self) -> float:
        """What a register rank adds to the paths between ranks: clock to output, and set-up."""
        return self.cost(Register(width=1), "delay_ns")


def technologies() -> list[str]:
    """Names of the shipped technologies, sorted."""
    return sorted(path.stem for path in resource("models", "technology").glob("*.json"))


def load_technology(name: str) -> Technology:
    """A shipped technology by name, or a table by the path of its JSON file.

    A table that has changed is read again.

    Raises:
        TechnologyError: unknown name, or a damaged table.
    """
    path = Path(name) if name.endswith(".json") else _shipped(name)
    return _load(path, stamp(path))


def _shipped(name: str) -> Path:
    if name not in technologies():
        raise TechnologyError(
            f"unknown technology {name!r}: allowed are {', '.join(technologies())}, "
            "or the path of a table (.json)"
        )
    return resource("models", "technology", f"{name}.json")


@cache
def _load(path: Path, _stamp: tuple[int, ...]) -> Technology:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TechnologyError(
            f"cannot read technology table {path}: {error.strerror or error}"
        ) from error
    except ValueError as error:
        raise TechnologyError(f"technology table {path} is no JSON: {error}") from error
    try:
        return parse_technology(table)
    except HwdseError as error:
        raise TechnologyError(f"technology table {path}: {error}") from error


def parse_technology(table: Any) -> Technology:
    """A technology from the data of its table.

    Raises:
        TechnologyError: a key is missing or holds a value of the wrong kind; names where.
    """
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        raise TechnologyError(f"not a technology table: `schema` must be {SCHEMA!r}")
    where = "top level"
    try:
        laws: dict[str, dict[str, Law]] = {}
        for kind, entry in table["primitives"].items():
            laws[kind] = {}
            for quantity in QUANTITIES:
                where = f"primitives.{kind}.{quantity}"
                law = entry[quantity]
                laws[kind][quantity] = Law(
                    coefficients={
                        str(feature): float(value) for feature, value in law["coefficients"].items()
                    },
                    max_error=float(law["max_error"]),
                    rms_error=float(law["rms_error"]),
                )
        where = "activity"
        activity = {str(kind): float(factor) for kind, factor in table["activity"].items()}
        if not all(math.isfinite(factor) and factor >= 0 for factor in activity.values()):
            raise TechnologyError(f"{activity}: allowed are finite numbers from 0 upwards")
        where = "errors"
        errors = {
            quantity: None
            if table["errors"][quantity] is None
            else float(table["errors"][quantity])
            for quantity in QUANTITIES
        }
        where = "top level"
        return Technology(
            name=str(table["name"]),
            node_nm=float(table["node_nm"]),
            voltage=float(table["voltage"]),
            library=str(table["library"]),
            corner=str(table["corner"]),
            method={str(key): str(value) for key, value in table["method"].items()},
            laws=laws,
            activity=activity,
            errors=errors,
        )
    except KeyError as error:
        raise TechnologyError(f"{where}: key {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise TechnologyError(f"{where}: a value of the wrong kind ({error})") from error
    except TechnologyError as error:
        raise TechnologyError(f"{where}: {error}") from error
