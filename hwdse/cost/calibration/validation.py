"""Compares estimates with measured designs that took no part in the fit."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import singledispatch
from itertools import combinations
from math import log, nan
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from hwdse.cost.analytic import estimate
from hwdse.cost.families import categories
from hwdse.cost.fpga.estimate import estimate_fabric
from hwdse.errors import TechnologyError
from hwdse.primitives import Fabric, LawTable, Technology
from hwdse.spec import Design

Floats = npt.NDArray[np.float64]

GROUPS = ("unit", "acc", "mul", "a")
"""Categories by which errors are listed."""

APART = 0.05
"""Pairs of designs that differ by more than this share have to be ordered rightly."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How well estimates of one quantity agree with measurements.

    Attributes:
        group: which designs, such as `acc=fp`; `all`.
        quantity: the quantity.
        designs: number of designs.
        mape: mean absolute relative error.
        worst: largest absolute relative error.
        bias: mean relative error.
        spearman: rank correlation; NaN for fewer than three designs.
        ordered: share of the pairs that differ by more than 5 % in measurement whose estimates have
            the same order; NaN without such pairs.
        covered: share of designs inside their interval.
        sure: share of all pairs whose order the estimates say for sure (`Adjustment.surely_apart`).
        sure_right: share of these that measurements order alike; NaN without such pairs.
    """

    group: str
    quantity: str
    designs: int
    mape: float
    worst: float
    bias: float
    spearman: float
    ordered: float
    covered: float
    sure: float
    sure_right: float

    def to_json(self) -> dict[str, Any]:
        """Return the attributes as plain data for `json.dumps`."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Estimate and measurement of one design, by quantity.

    Attributes:
        spec: the design.
        terms: category by name.
        estimated: estimates. Energies are in pJ per MAC, without leakage.
        measured: measurements, all above 0.
        half_width: relative half widths of the intervals; infinite if not known.
        held_out: True if the design took no part in the fit.
        table: the table that estimated.
    """

    spec: str
    terms: Mapping[str, str]
    estimated: Mapping[str, float]
    measured: Mapping[str, float]
    half_width: Mapping[str, float]
    held_out: bool
    table: LawTable


Estimated = dict[str, tuple[float, float | None]]
"""Estimate and relative half width of its interval, by quantity."""


@singledispatch
def estimated_by(table: LawTable, design: Design) -> Estimated:
    """Estimate all quantities of a table."""
    raise TechnologyError(f"nothing estimates by {table.kind}s: {design}")


@estimated_by.register
def _(table: Technology, design: Design) -> Estimated:
    cost = estimate(design, table)
    return {
        "area_um2": (cost.area_um2, cost.area_error),
        "energy_pj": (cost.energy_pj - cost.leakage_pj, cost.energy_error),
        "delay_ns": (cost.delay_ns, cost.delay_error),
    }


@estimated_by.register
def _(table: Fabric, design: Design) -> Estimated:
    cost = estimate_fabric(design, table)
    return {
        "luts": (cost.luts, cost.luts_error),
        "flip_flops": (cost.flip_flops, cost.flip_flops_error),
        "multipliers": (cost.multipliers, cost.multipliers_error),
        "delay_ns": (cost.delay_ns, cost.fmax_error),
    }


def compare(point: Mapping[str, Any], table: LawTable) -> Comparison:
    """Estimate a measured design of a table and put both side by side."""
    design = Design.parse(point["spec"])
    found = estimated_by(table, design)
    per = {"energy_pj": float(point.get("macs_per_cycle", 1))}
    return Comparison(
        spec=point["spec"],
        terms=categories(design),
        estimated={quantity: value for quantity, (value, _) in found.items()},
        measured={
            quantity: measured
            for quantity in found
            if (measured := float(point[quantity]) / per.get(quantity, 1.0)) > 0
        },
        half_width={
            quantity: np.inf if error is None else error for quantity, (_, error) in found.items()
        },
        held_out=bool(point["held_out"]),
        table=table,
    )


def compare_all(table: Mapping[str, Any], parsed: LawTable) -> list[Comparison]:
    """Compare all measured designs of a table.

    Args:
        table: the table with its measurements.
        parsed: the same table as laws.

    Raises:
        TechnologyError: the table has no measured designs.
    """
    points = table.get("designs") or []
    if not points:
        raise TechnologyError(f"{parsed.kind} {parsed.name} has no measured designs")
    return [compare(point, parsed) for point in points]


def agreement(comparisons: Sequence[Comparison], quantity: str, group: str = "all") -> Agreement:
    """Sum up the errors of some designs. Those that measured 0 do not count."""
    comparisons = [item for item in comparisons if quantity in item.measured]
    estimated = np.array([item.estimated[quantity] for item in comparisons])
    measured = np.array([item.measured[quantity] for item in comparisons])
    widths = np.array([item.half_width[quantity] for item in comparisons])
    errors = estimated / measured - 1
    sure, right = _sure_pairs(comparisons, quantity)
    rank = spearmanr(estimated, measured).statistic if len(errors) > 2 else np.nan
    return Agreement(
        group=group,
        quantity=quantity,
        designs=len(errors),
        mape=float(np.mean(np.abs(errors))),
        worst=float(np.max(np.abs(errors))),
        bias=float(np.mean(errors)),
        spearman=float(rank),
        ordered=ordered_share(estimated, measured),
        # The interval is symmetric in the logarithm.
        covered=float(np.mean(np.abs(np.log(estimated / measured)) <= np.log1p(widths))),
        sure=sure,
        sure_right=right,
    )


def _sure_pairs(comparisons: Sequence[Comparison], quantity: str) -> tuple[float, float]:
    """Share of pairs that are surely ordered, and share of these that are ordered rightly."""
    sure = right = pairs = 0
    for one, other in combinations(comparisons, 2):
        pairs += 1
        shared = len(one.terms.items() & other.terms.items())
        least = one.table.adjustment(quantity).surely_apart(shared)
        ratio = log(one.estimated[quantity] / other.estimated[quantity])
        if abs(ratio) >= least:
            sure += 1
            right += ratio * log(one.measured[quantity] / other.measured[quantity]) > 0
    return sure / pairs if pairs else nan, right / sure if sure else nan


def ordered_share(estimated: Floats, measured: Floats) -> float:
    """Share of the pairs apart by more than `APART` that the estimates order as measured."""
    order = np.argsort(measured)
    low, high = np.triu_indices(len(order), 1)
    first, second = measured[order[low]], measured[order[high]]
    apart = second > first * (1 + APART)
    if not apart.any():
        return float("nan")
    right = estimated[order[high]] > estimated[order[low]]
    return float(np.mean(right[apart]))


def agreements(comparisons: Sequence[Comparison]) -> list[Agreement]:
    """Errors of all held-out designs, then by each group of categories, for what was measured."""
    chosen = [item for item in comparisons if item.held_out]
    if not chosen:
        raise TechnologyError("no held-out designs to validate with")
    found = []
    for quantity in chosen[0].table.quantities:
        known = [item for item in chosen if quantity in item.measured]
        if not known:
            continue
        found.append(agreement(known, quantity))
        for name in GROUPS:
            for value in sorted({item.terms[name] for item in known}):
                some = [item for item in known if item.terms[name] == value]
                found.append(agreement(some, quantity, f"{name}={value}"))
    return found
