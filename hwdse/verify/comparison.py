"""Compares simulated matrix products with the fast kernels, code by code."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from hwdse import kernels
from hwdse.formats.unpacked import Array
from hwdse.spec import BlockProduct, Design
from hwdse.verify.mismatch import apart, value_text
from hwdse.verify.products import Operands
from hwdse.verify.simulated import SimulatedProducts, Simulation, matrices

_COUNTS = (
    *("results", "mismatches", "macs", "tiles", "runs", "cycles", "off_schedule"),
    *("seconds", "slots"),
)
_SHOWN = 5
_SHOWN_TERMS = 4


@dataclass(kw_only=True)
class Tally:
    """What was compared at one place of a network.

    Attributes:
        layer: name of the place.
        shapes: sizes (M, K, N) of the products.
        results: results compared.
        mismatches: results that differ.
        macs: products that the results need.
        tiles: tiles of the products.
        runs: runs of the simulation.
        cycles: cycles from the first input to the last result, all runs together.
        off_schedule: transfers in another cycle than the golden schedule has, and streams with too
            few or too many transfers.
        seconds: time of the simulation.
        told: the first departures from the schedule and mismatches, in words.
        slots: product slots of all cycles.
    """

    layer: str
    shapes: list[tuple[int, int, int]] = field(default_factory=list)
    results: int = 0
    mismatches: int = 0
    macs: int = 0
    tiles: int = 0
    runs: int = 0
    cycles: int = 0
    off_schedule: int = 0
    seconds: float = 0.0
    told: list[str] = field(default_factory=list)
    slots: float = 0.0

    @classmethod
    def summed(cls, parts: Iterable[Self]) -> Self:
        """All parts together, under the name `total`."""
        whole = cls(layer="total")
        for part in parts:
            for name in ("shapes", "told", *_COUNTS):
                setattr(whole, name, getattr(whole, name) + getattr(part, name))
        return whole

    @property
    def shape(self) -> str:
        """The sizes of the products in words."""
        if len(set(self.shapes)) != 1:
            return f"{len(self.shapes)} products"
        times = f"{len(self.shapes)} times " if len(self.shapes) > 1 else ""
        return times + " x ".join(map(str, self.shapes[0]))

    @property
    def is_right(self) -> bool:
        """Whether every bit and every cycle is as it should be."""
        return self.results > 0 and not self.mismatches and not self.off_schedule

    def to_json(self) -> dict[str, Any]:
        """All attributes, and the rates that follow from them, as JSON values."""
        return {
            **{name: value for name, value in vars(self).items() if name != "slots"},
            "utilization": self.utilization,
            "macs_per_s": self.macs / self.seconds if self.seconds else 0.0,
            "results_per_s": self.results / self.seconds if self.seconds else 0.0,
        }

    @property
    def utilization(self) -> float:
        """Fraction of the product slots of all cycles that the results needed."""
        return self.macs / self.slots if self.slots else 0.0


class ComparedProducts:
    """Computes products in simulation, and compares each with the fast kernels.

    Args:
        simulated: the simulation of each layer, by the layer's name.

    Attributes:
        tallies: what was compared, by layer.
    """

    def __init__(self, simulated: Mapping[str, SimulatedProducts]) -> None:
        self._simulated = simulated
        self.tallies: dict[str, Tally] = {}

    def __call__(self, layer: str, *operands: Array) -> Array:
        """The codes that the simulation gives."""
        simulated = self._simulated[layer]
        design = simulated.design
        expected = kernels.matmul_of(design)(design, *operands)
        found = simulated(*operands)
        a, b = matrices(design, operands)
        tally = self.tallies.setdefault(layer, Tally(layer=layer))
        (m, k), n = a.shape, b.shape[1]
        tally.shapes.append((m, k, n))
        tally.results += found.codes.size
        tally.macs += m * k * n
        tally.tiles += found.tiles
        tally.runs += found.runs
        tally.cycles += found.cycles
        tally.slots += found.cycles * design.unit.macs_per_cycle
        tally.off_schedule += found.off_schedule
        tally.seconds += found.seconds
        wrong = np.argwhere(found.codes != expected)
        tally.mismatches += len(wrong)
        # A transfer that is missing shifts all later ones, so it comes first.
        tally.told += found.complaints[: _SHOWN - len(tally.told)]
        for row, column in wrong[: _SHOWN - len(tally.told)].tolist():
            tally.told.append(_told(design, (row, column), operands, expected, found))
        return found.codes

    @property
    def is_right(self) -> bool:
        """Whether something was compared, and nothing differed."""
        return bool(self.tallies) and all(tally.is_right for tally in self.tallies.values())


def _told(
    design: Design,
    place: tuple[int, int],
    operands: Operands,
    expected: Array,
    found: Simulation,
) -> str:
    row, column = place
    want, got = int(expected[place]), int(found.codes[place])
    names, kinds = ["a", "b"], [design.a, design.b]
    if isinstance(design.mul, BlockProduct):
        names = ["a", "a_scale", "b", "b_scale"]
        kinds = [f for block in (design.mul.a, design.mul.b) for f in (block.element, block.scale)]
    half = len(operands) // 2
    vectors = [x[row] for x in operands[:half]] + [x[:, column] for x in operands[half:]]
    multiplied = ", ".join(
        f"{name}=[{', '.join(value_text(f, int(code)) for code in codes[:_SHOWN_TERMS])}"
        f"{', ...' if len(codes) > _SHOWN_TERMS else ''}]"
        for name, f, codes in zip(names, kinds, vectors, strict=True)
    )
    return (
        f"row {row}, column {column}: expected {value_text(design.out, want)}, got "
        f"{value_text(design.out, got)}{apart(design.out, want, got)}: {multiplied}"
    )
