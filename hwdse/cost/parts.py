"""What is known of the parts of designs, for one technology: each part is looked at once.

A part has a number, so that arrays can name the parts of many designs. `hwdse.cost.many` joins
parts to designs.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from math import log
from typing import Any

from hwdse import hdl
from hwdse.cost import families
from hwdse.cost.activity import MOST_LANES, Held, operand_activity, product_activity, sum_activity
from hwdse.cost.block_figures import Floats, figures_of
from hwdse.cost.known import Known
from hwdse.formats import Format, UnpackedShape
from hwdse.primitives import Technology
from hwdse.primitives.structure import Structure
from hwdse.primitives.technology import QUANTITIES
from hwdse.spec import Accumulator, Design, Multiplier, Unit

Layout = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, ...], ...]]
"""Blocks of a unit with what they depend on, and its pipeline stages; see `hdl.units.Blocks`."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What some traits of a design add, by quantity: to corrections, and to intervals.

    Attributes:
        effects: logarithms of the corrections.
        squares: sums of the squared spreads of the categories.
        categories: number of categories.
    """

    effects: tuple[float, ...]
    squares: tuple[float, ...]
    categories: int

    @property
    def row(self) -> tuple[float, ...]:
        """All numbers in one row."""
        return (*self.effects, *self.squares, float(self.categories))


@dataclass(frozen=True, kw_only=True)
class LanePart:
    """Operands and multiplier.

    Attributes:
        operands: numbers of the formats of the operands.
        multiplier: the multiplier.
        kind: number of all that running sums depend on.
        changes: logarithms of the activity of operands, products and terms.
        traits: number of what the lane's traits add.
    """

    operands: tuple[int, int]
    multiplier: Multiplier
    kind: int
    changes: tuple[float, float, float]
    traits: int


@dataclass(frozen=True, kw_only=True)
class SumPart:
    """A running sum, with the unit around it.

    Attributes:
        design: a design that has it.
        acc: number of the accumulator.
        unit: number of the unit.
        state: number of the record of the sum.
        held: number of how the unit holds it.
        out: number of the default output format.
        layout: number of the unit's layout.
    """

    design: Design
    acc: int
    unit: int
    state: int
    held: int
    out: int
    layout: int


class Parts:
    """Parts by number. Methods return numbers; an error is kept as the part itself."""

    def __init__(self, technology: Technology) -> None:
        self.technology = technology
        self.formats: Known[Format] = Known()
        self.multipliers: Known[Multiplier] = Known()
        self.accumulators: Known[Accumulator] = Known()
        self.units: Known[Unit] = Known()
        self.lanes: Known[LanePart] = Known()
        self.sums: Known[SumPart] = Known()
        self.outputs: Known[Design] = Known()
        self.layouts: Known[Layout] = Known()
        self.traits: Known[Traits] = Known()
        self.changes: Known[tuple[float, float]] = Known()
        self.figures: Known[Floats] = Known()
        self.wholes: Known[tuple[float, ...]] = Known()
        self._kinds: Known[Hashable] = Known()
        self._states: Known[UnpackedShape] = Known()
        self._held: Known[Held] = Known()

    def lane(self, a: int, b: int, mul: int) -> int:
        """Number of the lane of two formats and a multiplier."""

        def make() -> LanePart:
            first, second, multiplier = self.formats[a], self.formats[b], self.multipliers[mul]
            product = multiplier.product(first, second)
            kind = (multiplier, product, multiplier.top_bit(first, second), first.bits, second.bits)
            changes = (
                operand_activity(first, second),
                *product_activity(first, second, Held.of(product)),
            )
            return LanePart(
                operands=(a, b),
                multiplier=multiplier,
                kind=_kept(self._kinds, kind),
                changes=(log(changes[0]), log(changes[1]), log(changes[2])),
                traits=self.traits.number(
                    ("lane", a, b, mul),
                    lambda: self._added(
                        families.lane_categories(first, second, multiplier),
                        families.lane_measures(first, second),
                    ),
                ),
            )

        return self.lanes.number((a, b, mul), make)

    def sum(self, lane: int, acc: int, unit: int, rounding: str) -> int:
        """Number of the running sum of a lane's products."""
        found = self.lanes[lane]

        def make() -> SumPart:
            design = Design(
                a=self.formats[found.operands[0]],
                b=self.formats[found.operands[1]],
                mul=found.multiplier,
                acc=self.accumulators[acc],
                unit=self.units[unit],
                rounding=rounding,
            )
            blocks = hdl.blocks_of(design)
            assert blocks is not None  # only units that make their blocks alone come here
            layout = (tuple((name, block.of) for name, block in blocks.each.items()), blocks.stages)
            return SumPart(
                design=design,
                acc=acc,
                unit=unit,
                state=_kept(self._states, design.state),
                held=_kept(self._held, Held.of(design.state)),
                out=self.formats.number(str(design.out), lambda: design.out),
                layout=_kept(self.layouts, layout),
            )

        return self.sums.number((found.kind, acc, unit, rounding), make)

    def output(self, of: int, out: int) -> int:
        """Number of the output of a running sum in a format: a design that has it."""
        found = self.sums[of]
        key = (found.state, out, found.design.rounding)
        return self.outputs.number(key, lambda: replace(found.design, out=self.formats[out]))

    def sum_changes(self, lane: int, of: int) -> int:
        """Number of the logarithms of the activity of sums and words."""
        a, b = self.lanes[lane].operands
        found = self.sums[of]
        group = min(found.design.unit.group, MOST_LANES)

        def make() -> tuple[float, float]:
            held = self._held[found.held]
            sums, words = sum_activity(self.formats[a], self.formats[b], held, group)
            return log(sums), log(words)

        return self.changes.number((a, b, found.held, group), make)

    def sum_traits(self, acc: int, unit: int, out: int) -> int:
        """Number of what accumulator, unit and output format add."""
        found = self.accumulators[acc], self.units[unit], self.formats[out]
        categories = families.sum_categories(*found)
        return self.traits.number(tuple(categories.values()), lambda: self._added(categories, {}))

    def unit_traits(self, unit: int) -> int:
        """Number of what the shape of the unit adds."""
        found = self.units[unit]
        return self.traits.number(
            ("unit", unit),
            lambda: self._added(
                families.unit_categories(found),
                families.unit_measures(found),
            ),
        )

    def lane_figures(self, name: str, lane: int, of: int) -> int:
        """Number of the figures of a block that depends on the lane and the unit."""
        found, running = self.lanes[lane], self.sums[of]

        def make() -> Structure:
            a, b = (self.formats[number] for number in found.operands)
            return hdl.block_of(replace(running.design, a=a, b=b, mul=found.multiplier), name)

        return self._figures(name, ("lane", lane, running.unit), make)

    def sum_figures(self, name: str, of: int) -> int:
        """Number of the figures of a block that depends on the running sum."""
        return self._figures(name, ("sum", of), lambda: hdl.block_of(self.sums[of].design, name))

    def output_figures(self, name: str, output: int) -> int:
        """Number of the figures of a block that depends on the output."""
        return self._figures(
            name, ("output", output), lambda: hdl.block_of(self.outputs[output], name)
        )

    def unit_figures(self, name: str, of: int) -> int:
        """Number of the figures of a block that depends on the unit alone."""
        found = self.sums[of]
        return self._figures(name, ("unit", found.unit), lambda: hdl.block_of(found.design, name))

    def _figures(self, name: str, key: Hashable, make: Callable[[], Structure]) -> int:
        return self.figures.number(
            (name, key), lambda: figures_of(name, make(), self.technology).row()
        )

    def _added(self, categories: Mapping[str, str], measures: Mapping[str, float]) -> Traits:
        terms = families.terms(categories)
        found = [self.technology.adjustment(quantity) for quantity in QUANTITIES]
        return Traits(
            effects=tuple(log(item.correction({**terms, **measures})) for item in found),
            squares=tuple(
                sum(item.spreads.get(term, item.spread) ** 2 for term in terms) for item in found
            ),
            categories=len(terms),
        )


def _kept(known: Known[Any], item: Any) -> int:
    """Number of an item; equal items have equal numbers."""
    return known.number(item, lambda: item)
