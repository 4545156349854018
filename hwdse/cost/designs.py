"""Switching activity and error bars of a technology table, from measurements of whole designs.

Inside a unit, most primitives switch less than on random bits: a shifted word is mostly zeros, and
exponents of real data hardly vary. Each primitive class has one activity factor, relative to random
operands. The factors are fitted to the gate-level energy of whole designs. The factors also correct
declared structures that are too large or too small. The error bars come from other designs, which
took no part in the fit.
"""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np
from scipy.optimize import nnls

from hwdse.primitives.structure import UnitStructure
from hwdse.primitives.technology import Technology

FITTED = (
    "a=int4,acc=int:16",
    "a=int8,acc=int:32",
    "a=int8,acc=int:24:sat,stages=1",
    "a=int8,acc=int:32,unit=dot,lanes=8",
    "a=e2m1fn,acc=kulisch",
    "a=e2m3fn,acc=fp:fp16",
    "a=e3m2fn,acc=kulisch,out=e4m3fn,stages=1",
    "a=e3m4,acc=fp:fp16",
    "a=e4m3fn,acc=kulisch",
    "a=e4m3fn,acc=fp:fp32",
    "a=e4m3fn,acc=fp:fp32,stages=2",
    "a=e4m3fn,acc=fp:bf16,unit=dot,lanes=4",
    "a=e4m3fn,mul=lmul,acc=kulisch",
    "a=e5m2,acc=fp:bf16",
    "a=e5m2,mul=lmul,acc=fp:bf16",
    "a=e5m2,mul=lmul,acc=kulisch,out=bf16,unit=dot,lanes=4",
    "a=bf16,acc=fp:fp32",
    "a=fp16,acc=fp:fp32,stages=3",
)
"""Designs for the fit of activity: all families of formats, multipliers, accumulators, units."""

HELD_OUT = (
    "a=int5,b=int8,acc=int:20,out=int20",
    "a=int16,acc=int:32,stages=1",
    "a=e2m3fn,mul=lmul,acc=fp:fp32",
    "a=e3m3,acc=fp:bf16",
    "a=e4m3fnuz,acc=fp:fp16,unit=dot,lanes=2",
    "a=e5m2,acc=kulisch",
    "a=e5m2,b=e4m3fn,acc=fp:fp32",
    "a=bf16,mul=lmul,acc=fp:bf16,stages=1",
)
"""Designs only for the error bars. All further designs in a table also count for the error bars."""

STIFFNESS = 0.5
"""How strongly the fit pulls each activity factor towards the common factor.

The squared distance of a factor from the common factor has weight STIFFNESS**2. The squared
relative error of a design has weight 1.
"""


def energy_by_kind(unit: UnitStructure, technology: Technology) -> dict[str, float]:
    """Return the energy per MAC in pJ on random operands, by primitive class of a unit."""
    energies: dict[str, float] = {}
    for block in unit.blocks.values():
        for part, count in block.counts.items():
            kind = type(part).__name__
            share = count * technology.cost(part, "energy_pj") / unit.macs_per_cycle
            energies[kind] = energies.get(kind, 0.0) + share
    return energies


def fit_activity(
    energies: Sequence[Mapping[str, float]], measured: Sequence[float]
) -> dict[str, float]:
    """Fit the activity factor of each primitive class.

    The fit minimises the squared relative errors of the designs' energies. The fit also pulls all
    factors towards one common factor, the best factor if all classes had the same. Without this
    pull, a few designs could not determine the factor of every class.

    Args:
        energies: for each design, the energy by primitive class on random operands.
        measured: measured energy of each design.

    Returns:
        Factors by class, not negative.
    """
    kinds = sorted(set().union(*energies))
    target = np.asarray(measured, dtype=np.float64)
    rows = (
        np.array([[item.get(kind, 0.0) for kind in kinds] for item in energies]) / target[:, None]
    )
    totals = rows.sum(axis=1)
    common = float(totals.sum() / (totals @ totals))
    pull = STIFFNESS * np.eye(len(kinds))
    factors, _ = nnls(
        np.vstack([rows, pull]),
        np.concatenate([np.ones(len(target)), np.full(len(kinds), STIFFNESS * common)]),
    )
    return {kind: round(float(factor), 4) for kind, factor in zip(kinds, factors, strict=True)}


def root_mean_square(errors: Sequence[float]) -> float:
    """Return the root mean square of relative errors, rounded to three decimals."""
    return round(sqrt(sum(error**2 for error in errors) / len(errors)), 3)
