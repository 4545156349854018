"""What a design is: the traits by which the cost model corrects and bounds itself."""

from functools import lru_cache
from itertools import pairwise
from math import log, log2, prod

import numpy as np

from hwdse.cost.stimuli import normal_codes
from hwdse.formats import Format
from hwdse.spec import Design

REGISTER_TRAITS = ("stages", "turns")
"""Traits that say how many pipeline registers a unit has."""

_DRAWN = 2048
_FEWEST = 0.02


def categories(design: Design) -> dict[str, str]:
    """Families of the formats, keywords of the parts, and two pairs of them.

    The names come from the parts themselves, so a new part makes a new category.

    Returns:
        Value by category. A unit without accumulator or multiplier has its own keyword as `acc` or
        `mul`, and a unit without second operand has `none` as `b`.
    """
    a, out = type(design.a).__name__, type(design.out).__name__
    mul = design.mul.keyword if design.mul is not None else design.unit.keyword
    acc = design.acc.keyword if design.acc is not None else design.unit.keyword
    return {
        "a": a,
        "b": type(design.b).__name__ if design.b is not None else "none",
        "mul": mul,
        "acc": acc,
        "unit": design.unit.keyword,
        "out": out,
        "registers": "inserted" if design.unit.stages else "none",
        "mul of a": f"{mul} {a}",
        "out of acc": f"{acc} {out}",
    }


def terms_of(design: Design) -> tuple[str, ...]:
    """The `category=value` terms of a design."""
    return tuple(f"{name}={value}" for name, value in categories(design).items())


def measures_of(design: Design) -> dict[str, float]:
    """Numbers of a design that change its energy: logarithms, 0 for random bits.

    Returns:
        How often the bits of each operand switch between normally distributed values, and how many
        products are not zero, relative to random bits and no zeros. Without second operand, the
        products are the numbers of the first.
    """
    operands = {"a": design.a, "b": design.b}
    found = {name: switching(fmt) for name, fmt in operands.items() if fmt is not None}
    products = max(prod(1 - zeros for _, zeros in found.values()), _FEWEST)
    measures = {f"switching {name}": log(flips) for name, (flips, _) in found.items()}
    return {**measures, "products": log(products)}


@lru_cache(maxsize=512)
def switching(fmt: Format) -> tuple[float, float]:
    """Mean transitions per bit relative to random bits, and the share of zeros.

    The values are normally distributed, as those of `hwdse.cost.stimuli`.
    """
    codes = normal_codes(fmt, _DRAWN, np.random.default_rng(1))
    numbers = [int(code) for code in codes]
    flips = sum((x ^ y).bit_count() for x, y in pairwise(numbers))
    zeros = float(np.mean(np.asarray(fmt.decode(codes), dtype=np.float64) == 0))
    return max(flips / ((_DRAWN - 1) * fmt.bits * 0.5), _FEWEST), zeros


def traits_of(design: Design, macs_per_cycle: int) -> dict[str, float]:
    """All traits of a design: 1 for each of its terms, its measures, and the size of its unit.

    The size is products per cycle and interleaved sums (binary logarithms), and register ranks.
    """
    turns = log2(getattr(design.unit, "interleave", 1))
    size = {
        "lanes": log2(macs_per_cycle),
        **dict(zip(REGISTER_TRAITS, (float(design.unit.stages), turns), strict=True)),
    }
    return {**dict.fromkeys(terms_of(design), 1.0), **measures_of(design), **size}
