"""Cost laws of primitives, and what whole designs add to them.

Each law is linear in the features that a primitive declares. Coefficients are non-negative, so a
primitive never gets cheaper as it grows.
"""

import hashlib
import json
import math
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from hwdse.errors import TechnologyError
from hwdse.primitives.primitive import Primitive, Register

MAX_FIGURE = 1e12
"""Largest number allowed in a table.

The limit lies far above any real area in um2, energy in pJ or delay in ns. Sums stay finite.
"""


MAX_EFFECT = 10.0
"""Largest natural logarithm of a correction, and largest spread and reach of an interval.

Exponentials of their sums and products stay finite.
"""

_TOP = "top level"
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
class LawTable:
    """Laws by class of primitive, and adjustments by whole designs.

    Attributes:
        name: name of the table.
        method: how each quantity was measured and with which tools, in words.
        laws: law by primitive class name, then by quantity.
        adjustments: what whole designs add to the laws, by quantity. A quantity that is not listed
            has no adjustment and no interval.
    """

    kind: ClassVar[str]
    """What the table is called in messages."""
    quantities: ClassVar[tuple[str, ...]]
    """Names of the quantities. One of them is `delay_ns`."""
    size: ClassVar[str]
    """The quantity that says how large hardware is."""

    name: str
    method: Mapping[str, str]
    laws: Mapping[str, Mapping[str, Law]]
    adjustments: Mapping[str, Adjustment]

    def cost(self, primitive: Primitive, quantity: str) -> float:
        """Cost of one primitive; 0 for an empty one.

        Args:
            primitive: the primitive.
            quantity: one of `quantities`. Energy is for one operation on random operands, glitches
                included. For registers, energy is for one clock cycle.

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
                f"{self.kind} {self.name} has no {quantity} law for primitive {kind}: "
                f"known are {', '.join(sorted(self.laws))}"
            ) from None
        try:
            return law(primitive.features())
        except KeyError as error:
            raise TechnologyError(
                f"{self.kind} {self.name}: the {quantity} law of {kind} uses feature {error}, "
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


@dataclass(frozen=True, kw_only=True)
class Entries:
    """The entries of a table in parsed JSON data, read one by one. Errors say where they are.

    Attributes:
        table: the data.
        kind: class of the table.
    """

    table: Mapping[str, Any]
    kind: type[LawTable]

    def text(self, key: str) -> str:
        """A text of printable characters."""
        with _reading(_TOP):
            return _text(self.table[key])

    def number(self, key: str) -> float:
        """A number from 0 to `MAX_FIGURE`."""
        with _reading(_TOP):
            value = _number(self.table[key])
            _check(key, value)
            return value

    def flag(self, key: str) -> bool:
        """True or false."""
        with _reading(_TOP):
            value = self.table[key]
            if not isinstance(value, bool):
                raise TypeError(f"{value!r} is not true or false")
            return value

    def method(self) -> dict[str, str]:
        """How each quantity was measured."""
        with _reading(_TOP):
            return {key: _text(value) for key, value in self.table["method"].items()}

    def laws(self) -> dict[str, dict[str, Law]]:
        """Laws by class of primitive and quantity."""
        found: dict[str, dict[str, Law]] = {}
        with _reading(_TOP):
            primitives = list(self.table["primitives"].items())
        for kind, entry in primitives:
            found[kind] = {}
            for quantity in self.kind.quantities:
                with _reading(f"primitives.{kind}.{quantity}"):
                    found[kind][quantity] = _law(entry[quantity])
        return found

    def adjustments(self) -> dict[str, Adjustment]:
        """Adjustments by quantity."""
        found = {}
        with _reading(_TOP):
            entries = list(self.table["adjustments"].items())
        for quantity, entry in entries:
            with _reading(f"adjustments.{quantity}"):
                if quantity not in self.kind.quantities:
                    raise TechnologyError(f"allowed are {', '.join(self.kind.quantities)}")
                found[quantity] = _adjustment(entry)
        return found


@contextmanager
def _reading(where: str) -> Generator[None]:
    """Say where in the table an error is."""
    try:
        yield
    except KeyError as error:
        raise TechnologyError(f"{where}: key {error} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise TechnologyError(f"{where}: a value of the wrong kind ({error})") from error
    except TechnologyError as error:
        raise TechnologyError(f"{where}: {error}") from error


def _law(entry: Mapping[str, Any]) -> Law:
    return Law(
        coefficients={key: _number(value) for key, value in entry["coefficients"].items()},
        max_error=_number(entry["max_error"]),
        rms_error=_number(entry["rms_error"]),
    )
