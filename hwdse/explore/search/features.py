"""Numbers that describe designs to a surrogate: what may decide their accuracy.

Categories (families of formats, multiplier, accumulator) become zeros and ones. Formats add their
width, their range and how well they hold normally distributed numbers; accumulators add the width
of their state.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import log2

import numpy as np
import numpy.typing as npt

from hwdse.characterize import distribution, sqnr
from hwdse.characterize.dynamic_range import dynamic_range
from hwdse.cost.families import categories, terms, unit_measures
from hwdse.formats import Format
from hwdse.spec import Design

Floats = npt.NDArray[np.float64]

_PERFECT_DB = 150.0
"""Ratio of a format that holds its numbers exactly."""


def features_of(designs: Sequence[Design]) -> Floats:
    """Features of designs, each with mean 0 and standard deviation 1.

    Features that are the same for all designs are left out.

    Returns:
        Numbers of shape (designs, features).
    """
    described = [_description(design) for design in designs]
    names = sorted({name for item in described for name in item})
    table = np.array([[item.get(name, 0.0) for name in names] for item in described])
    spread = table.std(axis=0)
    varied = spread > 0
    return np.asarray((table[:, varied] - table[:, varied].mean(axis=0)) / spread[varied])


def _description(design: Design) -> Mapping[str, float]:
    operands = {
        f"{name} of {operand}": value
        for operand, number_format in zip("ab", design.operands, strict=False)
        if isinstance(number_format, Format)
        for name, value in _facts(number_format).items()
    }
    # Names with all options: `fp:bf16:an1-2` is one value, `fp:bf16` another.
    named = {
        f"{key} is {value}": 1.0
        for key, value in design.keys().items()
        if key not in ("unit", "stages")
    }
    worst = min((value for name, value in operands.items() if name.startswith("sqnr")), default=0)
    return {
        **terms(categories(design)),
        **unit_measures(design.unit),
        **operands,
        **named,
        **{f"{name} of out": value for name, value in _facts(design.out).items()},
        "worst sqnr": worst,
        "log state bits": log2(max(1, design.state.significand_bits)),
    }


@lru_cache(maxsize=4096)
def _facts(number_format: Format) -> dict[str, float]:
    ratio = sqnr(number_format, distribution("normal")).decibels
    return {
        "bits": float(number_format.bits),
        "sqnr": min(ratio, _PERFECT_DB),
        "binades": log2(1 + dynamic_range(number_format).binades),
    }
