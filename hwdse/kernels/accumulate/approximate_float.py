"""Multiply-add with approximate normalisation.

A left shift does not change the sum, but it changes the exponent to which later terms are aligned.
The running sum is therefore a float64 value plus this exponent.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import BinaryFloat, Format
from hwdse.jit import compiled, inner
from hwdse.kernels.accumulate import Sums, Task, plan
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, float_like
from hwdse.kernels.multiply import Values, product
from hwdse.spec import ApproximateFloat
from hwdse.spec.multiply.exact import ExactValued

Exponents = npt.NDArray[np.int64]

_MAX_EXPONENT = 900


@plan.register
def _(acc: ApproximateFloat, task: Task) -> Sums:
    design = task.design
    if not isinstance(design.mul, ExactValued):
        raise SpecError(
            f"accumulator {acc} with mul={design.mul} has no fast kernel: exact products have"
        )
    if acc.width + 2 >= FLOAT64_PRECISION or max(-acc.lowest, acc.highest) > _MAX_EXPONENT:
        raise SpecError(
            f"accumulator {acc} has no fast kernel: its range or precision is beyond what float64 "
            "can carry"
        )
    largest = acc.largest(design.product)
    f, rounding = acc.format, design.rounding
    beyond = [
        np.inf if f.has_inf and rounding not in ("rtz", toward) else largest
        for toward in ("down", "up")
    ]
    numbers = (
        acc.width,
        acc.k,
        acc.lam,
        acc.lowest,
        acc.highest,
        largest,
        *beyond,
        f.has_inf,
        rounding == "down",
    )

    def sums(left: Values, right: Values) -> Values:
        out = np.empty((left.shape[0], right.shape[1]))
        columns = np.ascontiguousarray(right.T)
        _approximate_steps(
            task.mul.source(out.dtype),
            left,
            columns,
            _top_exponents(design.a, left),
            _top_exponents(design.b, columns),
            numbers,
            out,
        )
        return out if f.has_negative_zero else out + 0.0

    return sums


def _top_exponents(number_format: Format, values: Values) -> Exponents:
    """Weights of the top bits of the operands' significands, even if these bits are zero."""
    shape = number_format.unpacked
    lowest = shape.exponent_min + shape.significand_bits - 1
    if shape.exponent_min == shape.exponent_max:
        return np.full(values.shape, lowest, np.int64)
    if not isinstance(number_format, BinaryFloat):
        raise SpecError(
            f"approximate normalisation of {number_format} operands has no fast kernel: binary "
            "floats and integers have"
        )
    exponents = np.frexp(values)[1].astype(np.int64) - 1
    return np.where(values == 0, lowest, np.maximum(exponents, lowest))


@inner
def _power(exponent: Any) -> Any:
    """2**exponent."""
    return float_like(1.0, (exponent + 1023) << 52)


@inner
def _left_shift(by_k: Any, k: Any, lam: Any, room: Any) -> Any:
    """Left shift of a sum whose first k bits are zero; limited by `room`."""
    if not by_k and k + lam <= room:
        return k + lam
    return k if k <= room else 0


@compiled
def _approximate_steps(  # noqa: PLR0917 - compiled code takes positional arguments
    source: Any,
    rows: Values,
    columns: Values,
    row_tops: Exponents,
    column_tops: Exponents,
    numbers: Any,
    out: Values,
) -> None:
    width, k, lam, lowest, highest, largest, beyond_positive, beyond_negative, has_inf, down = (
        numbers
    )
    full = _power(width + 1)
    first, second = _power(width + 1 - k), _power(width + 1 - k - lam)
    for i in range(rows.shape[0]):
        for j in range(columns.shape[0]):
            total, exponent = 0.0, lowest
            for t in range(rows.shape[1]):
                term = product(source, rows[i, t], columns[j, t])
                if not (np.isfinite(term) and np.isfinite(total)):
                    total += term
                    if np.isinf(total) and not has_inf:
                        total, exponent = np.copysign(largest, total), highest
                    continue
                top = exponent
                if term != 0.0:
                    top = max(exponent, row_tops[i, t] + column_tops[j, t] + 1)
                # Top exponents beyond the format's range still fit float64.
                scale, quantum = _power(width - top), _power(top - width)
                x = np.copysign(np.floor(abs(term) * scale), term)
                y = np.copysign(np.floor(abs(total) * scale), total)
                signed = x + y
                if signed == 0.0 and down and (np.signbit(x) or np.signbit(y)):
                    signed = -0.0
                magnitude = abs(signed)
                if magnitude >= full:
                    magnitude = np.floor(magnitude * 0.5) * 2.0
                    top += 1
                elif magnitude == 0.0:
                    top = lowest
                elif magnitude < first:
                    top -= _left_shift(magnitude >= second, k, lam, top - lowest)
                if top > highest:
                    value = beyond_negative if signed < 0.0 else beyond_positive
                    top = highest
                else:
                    value = magnitude * quantum
                total, exponent = np.copysign(value, signed), top
            out[i, j] = total
