"""Technology tables: cost laws of primitives, fitted to synthesis results in one process.

Each technology is one JSON file in models/technology/. Each law is linear in the features that a
primitive declares. Coefficients are non-negative, so a primitive never gets cheaper as it grows.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from hwdse.errors import HwdseError, TechnologyError, unknown
from hwdse.identity import stamp
from hwdse.primitives.primitive import Primitive, Register
from hwdse.reading import read_json
from hwdse.resources import resource

QUANTITIES = ("area_um2", "energy_pj", "delay_ns")
"""A technology table has one law per primitive for each of these quantities."""

SCHEMA = "hwdse-technology-2"
"""Required value of the key `schema` in a technology table."""

MAX_FIGURE = 1e12
"""Largest number allowed in a table.

The limit lies far above any real area in um2, energy in pJ or delay in ns. Sums stay finite.
"""


MAX_EFFECT = 10.0
"""Largest natural logarithm of a correction, and largest spread and reach of an interval.

Exponentials of their sums and products stay finite.
"""

_UNIT = "unit="
"""Begins the terms of kinds of units."""


@dataclass(frozen=True, kw_only=True)
class Law:
    """A cost that is a linear function of a primitive's features.

    Attributes:
        coefficients: coefficient by feature name, from 0 to 1e12.
        max_error: largest relative error over the calibration grid.
        rms_error: root mean square of the relative error over the calibration grid.
    """

    coefficients: Mapping[str, float]
    max_error: float
    rms_error: float

    def __post_init__(self) -> None:
        for feature, value in self.coefficients.items():
            _check(f"coefficient {feature!r}", value)
        _check("max_error", self.max_error)
        _check("rms_error", self.rms_error)

    def __call__(self, features: Mapping[str, float]) -> float:
        """Cost of a primitive with the given features."""
        return sum(value * features[feature] for feature, value in self.coefficients.items())


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """What whole designs add to the laws of primitives, for one quantity.

    Attributes:
        factors: factor by block, then by primitive class name. A block or class that is not listed
            has the factor `other`.
        glitches: only for energies: what each ns of logic in front of the middle of the block adds
            to the factor, by block, then by primitive class name.
        other: factor of all others, > 0.
        effects: natural logarithm of a factor by trait of a design, per unit of the trait. A trait
            is a `category=value`, which counts as 1, or the name of a number.
        reach: how many spreads on each side of an estimate the interval of 90 % has.
        spread: standard deviation of the logarithm of the error.
        spreads: the same by `category=value`, where there are measurements.
        pairs: by least number of categories that two designs share: logarithm of the ratio of
            their estimates from which on 95 % of such pairs are ordered rightly.
    """

    factors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    glitches: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    other: float = 1.0
    effects: Mapping[str, float] = field(default_factory=dict)
    reach: float = 0.0
    spread: float = 0.0
    spreads: Mapping[str, float] = field(default_factory=dict)
    pairs: Mapping[int, float] = field(default_factory=dict)

    def factor(self, block: str, kind: str, depth_ns: float = 0.0) -> float:
        """Factor of the law of a class of primitive in a block.

        Args:
            block: name of the block.
            kind: name of the class.
            depth_ns: delay of the logic in front of the middle of the block.
        """
        glitches = self.glitches.get(block, {}).get(kind, 0.0)
        return self.factors.get(block, {}).get(kind, self.other) + glitches * depth_ns

    def correction(self, traits: Mapping[str, float]) -> float:
        """Factor of a whole design with the given traits."""
        return math.exp(sum(self.effects.get(name, 0.0) * value for name, value in traits.items()))

    def half_width(self, traits: Iterable[str]) -> float | None:
        """Relative half width of the interval that holds 90 % of such designs; None: not known.

        It is not known of a kind of unit that the table was not fitted to.

        Args:
            traits: names of the traits. Those of the form `category=value` count.
        """
        terms = [name for name in traits if "=" in name]
        units = {name for name in self.spreads if name.startswith(_UNIT)}
        unseen = units and any(name.startswith(_UNIT) and name not in units for name in terms)
        if not self.reach or unseen:
            return None
        squares = [self.spreads.get(term, self.spread) ** 2 for term in terms] or [self.spread**2]
        return math.expm1(self.reach * math.sqrt(sum(squares) / len(squares)))

    def surely_apart(self, shared: int) -> float:
        """Logarithm of the ratio of two estimates from which on their order is sure.

        Args:
            shared: number of categories that both designs share.

        Returns:
            The ratio's logarithm; infinity if the table says nothing about pairs.
        """
        known = [ratio for least, ratio in self.pairs.items() if least <= shared]
        return min(known, default=math.inf)


@dataclass(frozen=True, kw_only=True)
class Technology:
    """The cost laws of one process, cell library and corner.

    Attributes:
        name: name of the table.
        node_nm: feature size of the process in nm.
        voltage: supply voltage in V. Energy and delay hold at this voltage.
        library: name of the cell library.
        corner: corner of the cell library, such as `typical, 25 C`.
        method: how each quantity was measured and with which tools, in words.
        laws: law by primitive class name, then by quantity (`area_um2`, `energy_pj`, `delay_ns`).
        adjustments: what whole designs add to the laws, by quantity. A quantity that is not listed
            has no adjustment and no interval.
        leakage_uw_per_um2: leakage power per cell area.
    """

    name: str
    node_nm: float
    voltage: float
    library: str
    corner: str
    method: Mapping[str, str]
    laws: Mapping[str, Mapping[str, Law]]
    adjustments: Mapping[str, Adjustment]
    leakage_uw_per_um2: float

    def cost(self, primitive: Primitive, quantity: str) -> float:
        """Cost of one primitive; 0 for an empty one.

        Args:
            primitive: the primitive.
            quantity: `area_um2`, `energy_pj` or `delay_ns`. Energy is for one operation on random
                operands, glitches included. For registers, energy is for one clock cycle.

        Raises:
            TechnologyError: the table has no law for the primitive, or the law uses a feature that
                the primitive does not have.
        """
        if primitive.empty:
            return 0.0
        kind = type(primitive).__name__
        made_of = primitive.made_of()
        if kind not in self.laws and made_of:
            if quantity == "delay_ns":
                return max(self.cost(part, quantity) for part in made_of)
            return sum(count * self.cost(part, quantity) for part, count in made_of.items())
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

    def adjustment(self, quantity: str) -> Adjustment:
        """What whole designs add to the laws of a quantity."""
        return self.adjustments.get(quantity, _NO_ADJUSTMENT)

    @property
    def digest(self) -> str:
        """SHA-256 digest of the whole table."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def register_overhead_ns(self) -> float:
        """Delay in ns that a register rank adds to a path: clock-to-output plus set-up time."""
        return self.cost(Register(width=1), "delay_ns")


_NO_ADJUSTMENT = Adjustment()


def technologies() -> list[str]:
    """Names of the shipped technologies, sorted."""
    return sorted(path.stem for path in resource("models", "technology").glob("*.json"))


def load_technology(name: str) -> Technology:
    """Load a shipped technology by name, or a technology table by the path of its JSON file.

    Loaded tables are cached. If the file changes, the next call reads the file again.

    Raises:
        TechnologyError: the name is unknown, or the table is damaged.
    """
    path = table_path(name)
    return _load(path, stamp(path))


def table_path(name: str) -> Path:
    """Path of a shipped table by name, or the path itself if `name` is one (`.json`).

    Raises:
        TechnologyError: the name is unknown.
    """
    return Path(name) if name.endswith(".json") else _shipped(name)


def _shipped(name: str) -> Path:
    if name not in technologies():
        more = "anything else must be the path of a table (.json)"
        raise TechnologyError(unknown("technology", name, technologies(), more))
    return resource("models", "technology", f"{name}.json")


@cache
def _load(path: Path, _stamp: tuple[int, ...]) -> Technology:
    table = read_json(path, "technology table", TechnologyError)
    try:
        return parse_technology(table)
    except HwdseError as error:
        raise TechnologyError(f"technology table {path}: {error}") from error


def _check(what: str, value: float, largest: float = MAX_FIGURE) -> None:
    if not 0 <= value <= largest:
        raise TechnologyError(f"{what} is {value}: allowed are numbers from 0 to {largest:g}")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise TypeError(f"{value!r} is no text of printable characters")
    return value


def _adjustment(entry: Mapping[str, Any]) -> Adjustment:
    def nested(name: str) -> dict[str, dict[str, float]]:
        return {
            block: {kind: _number(value) for kind, value in kinds.items()}
            for block, kinds in entry[name].items()
        }

    def flat(name: str) -> dict[str, float]:
        return {term: _number(value) for term, value in entry[name].items()}

    def pairs() -> dict[int, float]:
        # Tables of users may be older than this key.
        return {int(least): _number(ratio) for least, ratio in entry.get("pairs", {}).items()}

    found = Adjustment(
        factors=nested("factors"),
        glitches=nested("glitches"),
        other=_number(entry["other"]),
        effects=flat("effects"),
        reach=_number(entry["reach"]),
        spread=_number(entry["spread"]),
        spreads=flat("spreads"),
        pairs=pairs(),
    )
    for kinds in (*found.factors.values(), *found.glitches.values()):
        for kind, value in kinds.items():
            _check(kind, value)
    _check("other", found.other)
    for name, value in {"reach": found.reach, "spread": found.spread, **found.spreads}.items():
        _check(name, value, MAX_EFFECT)
    for least, value in found.pairs.items():
        _check(f"pairs {least}", value, MAX_EFFECT)
    for term, value in found.effects.items():
        if not abs(value) <= MAX_EFFECT:
            raise TechnologyError(
                f"{term} is {value}: allowed are -{MAX_EFFECT:g} to {MAX_EFFECT:g}"
            )
    return found


def parse_technology(table: Any) -> Technology:
    """Build a technology from parsed JSON data.

    Raises:
        TechnologyError: a key is missing, or a value has the wrong type or is out of range. The
            message says where in the table.
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
                        feature: _number(value) for feature, value in law["coefficients"].items()
                    },
                    max_error=_number(law["max_error"]),
                    rms_error=_number(law["rms_error"]),
                )
        adjustments = {}
        for quantity, entry in table["adjustments"].items():
            where = f"adjustments.{quantity}"
            if quantity not in QUANTITIES:
                raise TechnologyError(f"allowed are {', '.join(QUANTITIES)}")
            adjustments[quantity] = _adjustment(entry)
        where = "top level"
        node_nm, voltage = _number(table["node_nm"]), _number(table["voltage"])
        _check("node_nm", node_nm)
        _check("voltage", voltage)
        leakage = _number(table["leakage_uw_per_um2"])
        _check("leakage_uw_per_um2", leakage)
        return Technology(
            name=_text(table["name"]),
            node_nm=node_nm,
            voltage=voltage,
            library=_text(table["library"]),
            corner=_text(table["corner"]),
            method={key: _text(value) for key, value in table["method"].items()},
            laws=laws,
            adjustments=adjustments,
            leakage_uw_per_um2=leakage,
        )
    except KeyError as error:
        raise TechnologyError(f"{where}: key {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise TechnologyError(f"{where}: a value of the wrong kind ({error})") from error
    except TechnologyError as error:
        raise TechnologyError(f"{where}: {error}") from error
