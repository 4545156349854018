"""Zeros that fill the terms of a sum up to what a unit takes at once."""

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden import products
from hwdse.golden.accumulate import add, load
from hwdse.spec import Design


def filled(design: Design, a: Array, b: Array, terms: int, *, first: bool) -> tuple[Array, Array]:
    """Fill the sums of (M, K) by (K, N) codes with products of two zeros, to `terms` terms.

    Args:
        design: the design.
        a: codes of the first matrix.
        b: codes of the second matrix.
        terms: number of terms, at least K.
        first: whether the zeros come first. A sum that starts with a group of zeros is then the
            same as one without them. Otherwise they are part of a group that the design fills.

    Raises:
        SpecError: a format has no zero, or a zero at the start changes the sum.
    """
    missing = terms - a.shape[1]
    if not missing:
        return a, b
    zeros = [int(f.encode(0.0)) for f in (design.a, design.b)]
    for f, zero in zip((design.a, design.b), zeros, strict=True):
        if float(f.decode(np.array([zero]))[0]) != 0:
            raise SpecError(
                f"sums of {a.shape[1]} terms fill no whole tiles of unit {design.unit}, which "
                f"takes {terms}: {f} has no zero to fill them"
            )
    if first and not _is_neutral(design, zeros):
        raise SpecError(
            f"sums of {a.shape[1]} terms fill no whole tiles of unit {design.unit}, which takes "
            f"{terms}: a zero more changes the sums of acc={design.acc}, mul={design.mul}"
        )
    ends = (missing, 0) if first else (0, missing)
    return (
        np.pad(a, ((0, 0), ends), constant_values=zeros[0]),
        np.pad(b, (ends, (0, 0)), constant_values=zeros[1]),
    )


def _is_neutral(design: Design, zeros: list[int]) -> bool:
    """Whether a sum is the same after one group of zeros as at its start."""
    acc = design.accumulator
    start = load(acc, design, Unpacked.zeros((1,)))
    terms = products(design, *(np.full((1, design.unit.group), zero) for zero in zeros))
    return _same(start, add(acc, design, start, terms))


def _same(x: Any, y: Any) -> bool:
    """Whether two running sums are the same. The exponent of a zero says nothing."""
    if is_dataclass(x):
        names = [part.name for part in fields(x)]
        if isinstance(x, Unpacked) and not np.any(x.significand):
            names.remove("exponent")
        return all(_same(getattr(x, name), getattr(y, name)) for name in names)
    return np.array_equal(x, y)
