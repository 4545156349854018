"""Units without a running sum: conversions, products and fused multiply-adds, rounded once.

Products and addends are float64 values. Their sum is exact or rounded to odd, and the output
format rounds this sum: see `hwdse.kernels.arithmetic`.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import SpecError
from hwdse.formats import Minifloat, UnpackedShape
from hwdse.jit import compiled
from hwdse.kernels.arithmetic import (
    FLOAT64_PRECISION,
    PRODUCT_TOP,
    SUM_TOP,
    sign_bits,
    to_odd,
    two_sum,
)
from hwdse.kernels.codec import decode
from hwdse.kernels.codec import encode as encode_array
from hwdse.kernels.multiply import Values, multiplication, product
from hwdse.kernels.operands import operands
from hwdse.kernels.output import encode
from hwdse.kernels.rounding import can_round
from hwdse.spec import Design, Fma, Mul
from hwdse.spec.engines.convert import Convert

Codes = npt.NDArray[Any]

_FLOAT64 = np.dtype(np.float64)


def mul(design: Design, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike) -> Codes:
    """Products of a design with `unit=mul`, element by element, with NumPy broadcasting.

    The results have the same bits as `hwdse.golden.mul`.

    Raises:
        SpecError: the design has another unit or no fast kernel; the message says why.
        FormatError: a code is out of range.
    """
    _check_unit(design, Mul)
    return _encoded(design, _products(design, a_codes, b_codes), exact=True)


def fma(
    design: Design, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike, c_codes: npt.ArrayLike
) -> Codes:
    """Fused a * b + c of a design with `unit=fma`, element by element, with NumPy broadcasting.

    The results have the same bits as `hwdse.golden.fma`. If one product belongs to several addends,
    it is computed once.

    Raises:
        SpecError: the design has another unit or no fast kernel; the message says why.
        FormatError: a code is out of range.
    """
    _check_unit(design, Fma)
    assert design.c is not None  # unit=fma has an addend format
    _check_carried(f"addends of {design.c}", design.c.unpacked)
    addends = decode(design.c, c_codes).astype(np.float64)
    terms, addends = np.broadcast_arrays(_products(design, a_codes, b_codes), addends)
    sums = np.empty(terms.shape, np.float64)
    _add(
        np.ascontiguousarray(terms).reshape(-1),
        np.ascontiguousarray(addends).reshape(-1),
        design.rounding == "down",
        sums.reshape(-1),
    )
    shapes = design.product, design.c.unpacked
    lowest = min(shape.exponent_min for shape in shapes)
    width = max(shape.top for shape in shapes) + 1 - lowest
    return _encoded(design, sums, exact=width <= FLOAT64_PRECISION)


def convert(design: Design, codes: npt.ArrayLike) -> Codes:
    """Converted codes of a design with `unit=convert`, for codes of any shape.

    The results have the same bits as `hwdse.golden.convert`.

    Raises:
        SpecError: the design has another unit or no fast kernel; the message says why.
        FormatError: a code is out of range.
    """
    _check_unit(design, Convert)
    if not design.a.fits_float64:
        raise SpecError(f"codes of {design.a} have no fast kernel: float64 does not hold them all")
    values = decode(design.a, codes)
    return encode_array(design.out, values, design.rounding, design.out.overflow)


def _check_unit(design: Design, needed: type[Mul | Fma | Convert]) -> None:
    if not isinstance(design.unit, needed):
        raise SpecError(f"design {design}: unit={needed.keyword} is needed")


def _check_carried(what: str, shape: UnpackedShape) -> None:
    wide = max(-shape.exponent_min, shape.top) > PRODUCT_TOP
    if shape.magnitude_bits > FLOAT64_PRECISION or wide:
        raise SpecError(
            f"{what} have no fast kernel: they take {shape.magnitude_bits} bits from "
            f"2^{shape.exponent_min} to 2^{shape.top}, float64 carries {FLOAT64_PRECISION}"
        )


def _products(design: Design, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike) -> Values:
    _check_carried(f"products of {design.a} and {design.b}", design.product)
    mul_ = multiplication(design.mul, design)
    a, b = np.broadcast_arrays(*(x.values() for x in operands(design, mul_, a_codes, b_codes)))
    out = np.empty(a.shape, np.float64)
    _multiply(
        mul_.source(_FLOAT64),
        np.ascontiguousarray(a).reshape(-1),
        np.ascontiguousarray(b).reshape(-1),
        out.reshape(-1),
    )
    return out


def _encoded(design: Design, values: Values, *, exact: bool) -> Codes:
    out, rounding = design.out, design.rounding
    if isinstance(out, Minifloat) and can_round(out, rounding, SUM_TOP):
        return encode(out, values, rounding, exact)
    # Many results share few values: round each distinct value once.
    patterns, index = np.unique(values.view(np.int64), return_inverse=True)
    codes: Codes = encode(out, patterns.view(np.float64), rounding, exact)[index]
    return codes.reshape(values.shape)


@compiled
def _multiply(source: Any, a: Values, b: Values, out: Values) -> None:
    for i in range(a.shape[0]):
        out[i] = product(source, a[i], b[i])


@compiled
def _add(terms: Values, addends: Values, down: bool, out: Values) -> None:
    for i in range(terms.shape[0]):
        term, addend = terms[i], addends[i]
        nearest, error = two_sum(addend, term)
        # The machine gives exact zero sums the right sign, except for rounding down.
        if nearest == 0 and down and sign_bits(term) | sign_bits(addend) != 0:
            nearest = -0.0
        out[i] = to_odd(nearest, error)
