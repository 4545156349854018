"""What a design is: the traits by which the cost model corrects and bounds itself.

Each trait belongs to one part of a design: to its lanes (operands and multiplier), to its sums
(accumulator and output), or to its unit. So a sweep computes the traits of each part once.
"""

from collections.abc import Mapping
from math import log, log2

from hwdse.cost.activity import share_of_products, switching
from hwdse.formats import Format
from hwdse.spec import Accumulator, Design, Multiplier, Unit

REGISTER_TRAITS = ("stages", "turns")
"""Traits that say how many pipeline registers a unit has."""


def lane_categories(a: Format, b: Format | None, mul: Multiplier | None) -> dict[str, str]:
    """Families of the operands, and the keyword of the multiplier alone and with the first.

    A unit without second operand or multiplier has `none`.
    """
    family, keyword = type(a).__name__, mul.keyword if mul is not None else "none"
    return {
        "a": family,
        "b": type(b).__name__ if b is not None else "none",
        "mul": keyword,
        "mul of a": f"{keyword} {family}",
    }


def sum_categories(acc: Accumulator | None, unit: Unit, out: Format) -> dict[str, str]:
    """Keyword of the accumulator, family of the output, and both.

    For a unit without accumulator, `acc` is the keyword of the unit.
    """
    keyword, family = acc.keyword if acc is not None else unit.keyword, type(out).__name__
    return {"acc": keyword, "out": family, "out of acc": f"{keyword} {family}"}


def unit_categories(unit: Unit) -> dict[str, str]:
    """Keyword of the unit, and whether registers are inserted."""
    return {"unit": unit.keyword, "registers": "inserted" if unit.stages else "none"}


def categories(design: Design) -> dict[str, str]:
    """All categories of a design: value by category.

    The names come from the parts themselves, so a new part makes a new category.
    """
    return {
        **lane_categories(design.a, design.b, design.mul),
        **sum_categories(design.acc, design.unit, design.out),
        **unit_categories(design.unit),
    }


def lane_measures(a: Format, b: Format | None) -> dict[str, float]:
    """Numbers of the operands that change the energy: logarithms, 0 for random bits.

    Returns:
        How often the bits of each operand switch between normally distributed values, and how many
        products are not zero, relative to random bits and no zeros. Without second operand, the
        products are the numbers of the first.
    """
    return {
        "switching a": log(switching(a)[0]),
        **({"switching b": log(switching(b)[0])} if b is not None else {}),
        "products": log(share_of_products(a, b)),
    }


def unit_measures(unit: Unit, macs_per_cycle: float) -> dict[str, float]:
    """Products per cycle and interleaved sums (binary logarithms), and register ranks."""
    turns = log2(getattr(unit, "interleave", 1))
    registers = dict(zip(REGISTER_TRAITS, (float(unit.stages), turns), strict=True))
    return {"lanes": log2(macs_per_cycle), **registers}


def terms(found: Mapping[str, str]) -> dict[str, float]:
    """Traits of categories: 1 for each `category=value`."""
    return {f"{name}={value}": 1.0 for name, value in found.items()}


def traits_of(design: Design, macs_per_cycle: float) -> dict[str, float]:
    """All traits of a design: 1 for each of its categories, and its measures."""
    return {
        **terms(categories(design)),
        **lane_measures(design.a, design.b),
        **unit_measures(design.unit, macs_per_cycle),
    }
