"""Costs of many designs of one layout from the numbers of their parts: `analytic`, on arrays."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial, reduce

import numpy as np
import numpy.typing as npt

from hwdse.cost.activity import THROUGH
from hwdse.cost.block_figures import PATH, BlockFigures, Floats, in_series
from hwdse.cost.known import MISSING, Codes, joined
from hwdse.cost.parts import Layout, Parts
from hwdse.primitives.primitive import Register
from hwdse.primitives.technology import QUANTITIES

NUMBERS = (
    *("area_um2", "energy_pj", "delay_ns", "clock_ns", "macs_per_cycle", "register_pj"),
    *("leakage_pj", "area_error", "energy_error", "delay_error"),
)
"""Columns of numbers in a table of costs; for their meaning see `hwdse.cost.Cost`."""


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Numbers of the parts of each design: lane, running sum, output format, and output."""

    lane: Codes
    total: Codes
    out: Codes
    output: Codes


def joint_costs(
    parts: Parts, layout: Layout, designs: Joint, clock_ns: float | None
) -> tuple[Floats, npt.NDArray[np.object_]]:
    """Costs of designs.

    Returns:
        Shape (`NUMBERS`, designs), NaN for a design with an error; and the errors, else empty.
    """
    blocks, stages = layout
    figures, errors = _figures(parts, blocks, designs)
    table = parts.technology
    effects, reaches = _traits(parts, designs)
    corrections = dict(zip(QUANTITIES, np.exp(effects).T, strict=True))
    macs = parts.sums.each("macs", lambda item: item.design.unit.macs_per_cycle, 1)[designs.total]

    # Delays of stages; depth of the middle of each block below the registers before it.
    overhead = table.register_overhead_ns * table.adjustment("delay_ns").factor(
        PATH, Register.__name__
    )
    depths: dict[str, Floats] = {}
    delay = np.zeros(len(macs))
    for stage in stages:
        before = np.zeros(len(macs))
        for name in stage:
            depths[name] = before + figures[name].delay_ns / 2
            before = before + figures[name].delay_ns
        path = reduce(in_series, (figures[name] for name in stage))
        delay = np.maximum(delay, path.adjusted_ns + overhead)
    delay = delay * corrections["delay_ns"]

    activity = _activity(parts, designs)
    area, energy, registers = np.zeros(len(macs)), np.zeros(len(macs)), np.zeros(len(macs))
    for name, block in figures.items():
        depth = depths.get(name, 0.0)
        area = area + block.area_um2
        logic = block.logic_pj + depth * block.logic_pj_per_ns
        energy = energy + activity.get(name, 1.0) * logic
        registers = registers + block.register_pj + depth * block.register_pj_per_ns
    area = area * corrections["area_um2"]
    registers = registers * corrections["energy_pj"] / macs
    energy = energy * corrections["energy_pj"] / macs + registers
    clock = delay if clock_ns is None else np.full(len(macs), clock_ns)
    leakage = area * table.leakage_uw_per_um2 * clock / 1000 / macs
    # The order of `NUMBERS`.
    found = np.stack([area, energy + leakage, delay, clock, macs, registers, leakage, *reaches.T])
    found[:, errors != ""] = np.nan
    return found, errors


def _figures(
    parts: Parts, blocks: tuple[tuple[str, str], ...], designs: Joint
) -> tuple[dict[str, BlockFigures], npt.NDArray[np.object_]]:
    """Figures of each block of each design, and why some have none."""
    lane, total, output = designs.lane, designs.total, designs.output
    unit = parts.sums.each("unit", lambda item: item.unit, MISSING)[total]
    kinds: dict[str, tuple[tuple[Codes, ...], Callable[[str, int], int]]] = {
        "lane": ((lane, unit), lambda name, row: parts.lane_figures(name, lane[row], total[row])),
        "sum": ((total,), lambda name, row: parts.sum_figures(name, total[row])),
        "output": ((output,), lambda name, row: parts.output_figures(name, output[row])),
        "unit": ((unit,), lambda name, row: parts.unit_figures(name, total[row])),
    }
    errors = np.full(len(lane), "", object)
    numbers: dict[str, Codes] = {}
    for name, of in blocks:
        columns, figures_at = kinds[of]
        numbers[name] = joined(columns, partial(figures_at, name))
        _, failed = parts.figures.able(numbers[name])
        errors = np.where(errors == "", failed, errors)
    rows = parts.figures.each("rows", lambda row: row, np.full(len(fields(BlockFigures)), np.nan))
    return {name: BlockFigures.from_rows(rows[each]) for name, each in numbers.items()}, errors


def _traits(parts: Parts, designs: Joint) -> tuple[Floats, Floats]:
    """Logarithms of the corrections, and half widths of the intervals: shape (designs, 3)."""
    unit = parts.sums.each("unit", lambda item: item.unit, MISSING)[designs.total]
    acc = parts.sums.each("acc", lambda item: item.acc, MISSING)[designs.total]
    out = designs.out
    of_sum = joined((acc, unit, out), lambda row: parts.sum_traits(acc[row], unit[row], out[row]))
    of_unit = joined((unit,), lambda row: parts.unit_traits(unit[row]))
    of_lane = parts.lanes.each("traits", lambda item: item.traits, MISSING)[designs.lane]
    sizes = (len(QUANTITIES), 2 * len(QUANTITIES))
    each = parts.traits.each("rows", lambda item: item.row, np.zeros(sizes[1] + 1))
    effects, squares, count = np.split(each[of_lane] + each[of_sum] + each[of_unit], sizes, axis=1)
    reach = np.array([parts.technology.adjustment(quantity).reach for quantity in QUANTITIES])
    widths = np.expm1(reach * np.sqrt(squares / count))
    return effects, np.where(reach > 0, widths, np.nan)


def _activity(parts: Parts, designs: Joint) -> dict[str, Floats]:
    """Activity of each block of each design, by name of the block."""
    sums = joined(
        (designs.lane, designs.total),
        lambda row: parts.sum_changes(designs.lane[row], designs.total[row]),
    )
    of_lanes = parts.lanes.each("changes", lambda item: item.changes, (0.0, 0.0, 0.0))
    of_sums = parts.changes.each("changes", lambda item: item, (0.0, 0.0))
    logarithms = {
        **dict(zip(("operands", "products", "terms"), of_lanes[designs.lane].T, strict=True)),
        **dict(zip(("sums", "words"), of_sums[sums].T, strict=True)),
    }
    return {
        block: np.exp(np.mean([logarithms[name] for name in names], axis=0))
        for block, names in THROUGH.items()
    }
