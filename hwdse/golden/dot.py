"""Dot products and matrix products with the results of the hardware: codes in, codes out."""

from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import ShapeError, SpecError
from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import add, load, read
from hwdse.golden.multiply import multiply
from hwdse.spec import Design

#: How many products are formed at once, and how many sums are encoded at once. A step with few
#: numbers takes as long as a step with many.
_AT_ONCE = 1 << 16


def products(design: Design, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike) -> Unpacked:
    """Values of a * b by the design's multiplier, element by element, with NumPy broadcasting.

    Raises:
        SpecError: the unit does not multiply.
        FormatError: a code is out of range.
    """
    if design.mul is None:
        raise SpecError(f"design {design}: unit {design.unit} has no products")
    a, b = design.a.check_codes(a_codes), design.b.check_codes(b_codes)
    return multiply(design.mul, a, b, design.a, design.b)


def running_dot(
    design: Design,
    a_codes: npt.ArrayLike,
    b_codes: npt.ArrayLike,
    c_codes: npt.ArrayLike | None = None,
) -> Array:
    """Every output of a unit during one dot product.

    Args:
        design: the design; `design.unit.group` terms make one group.
        a_codes: codes of `design.a`, last axis K.
        b_codes: codes of `design.b`, same shape.
        c_codes: codes of `design.out`, the start values of the sums, in the same shape without K.
            None starts the sums from +0.

    Returns:
        Codes of `design.out`, one after each group: the last axis has ceil(K / lanes) elements. An
        incomplete last group is filled with zero operands.

    Raises:
        ShapeError: the shapes do not match, or a format without zero has an incomplete group.
        FormatError: a code is out of range.
    """
    a, b = np.asarray(a_codes), np.asarray(b_codes)
    if a.shape != b.shape or a.ndim == 0:
        raise ShapeError(f"dot product of shapes {a.shape} and {b.shape}: equal ones are needed")
    if a.ndim == 1:
        c = None if c_codes is None else np.atleast_1d(c_codes)
        alone: Array = running_dot(design, a[None], b[None], c)[0]
        return alone
    acc = design.accumulator
    state = _start(design, a.shape[:-1], c_codes)
    a, b = _groups(design.a, a, design.unit.group), _groups(design.b, b, design.unit.group)
    outputs = [np.zeros((*a.shape[:-2], 0), design.out.code_dtype)]
    step = max(_AT_ONCE // max(prod(a.shape[:-2]) * design.unit.group, 1), 1)
    for k in range(0, a.shape[-2], step):
        part = products(design, a[..., k : k + step, :], b[..., k : k + step, :])
        sums = []
        for group in range(part.shape[-2]):
            state = add(acc, design, state, part[..., group, :])
            sums.append(read(acc, design, state))
        outputs.append(_packed(design, Unpacked.stack(sums)))
    return np.concatenate(outputs, axis=-1)


def dot(
    design: Design,
    a_codes: npt.ArrayLike,
    b_codes: npt.ArrayLike,
    c_codes: npt.ArrayLike | None = None,
) -> Array:
    """The dot product over the last axis; arguments and errors as for `running_dot`.

    Returns:
        Codes of `design.out`, in the operands' shape without the last axis.
    """
    outputs = running_dot(design, a_codes, b_codes, c_codes)
    if outputs.shape[-1] == 0:
        c = None if c_codes is None else np.atleast_1d(c_codes)
        start = _start(design, outputs.shape[:-1] or (1,), c)
        start = _packed(design, read(design.accumulator, design, start))
        return start.reshape(outputs.shape[:-1])
    return outputs[..., -1]


def matmul(design: Design, A: npt.ArrayLike, B: npt.ArrayLike) -> Array:
    """The matrix product of (M, K) codes of `design.a` and (K, N) codes of `design.b`.

    A stack (S, M, K) of matrices and a stack (S, K, N) give the stack of their products.

    Returns:
        (M, N) or (S, M, N) codes of `design.out`.

    Raises:
        ShapeError: the arrays are not matrices or stacks of matrices, or the sizes do not match.
        FormatError: a code is out of range.
    """
    left, right = np.asarray(A), np.asarray(B)
    if (
        left.ndim not in (2, 3)
        or left.ndim != right.ndim
        or left.shape[-1] != right.shape[-2]
        or left.shape[:-2] != right.shape[:-2]
    ):
        raise ShapeError(f"matrix product of shapes {left.shape} and {right.shape}: (M, K), (K, N)")
    shape = (*left.shape[:-1], right.shape[-1], left.shape[-1])
    return dot(
        design,
        np.broadcast_to(left[..., :, None, :], shape),
        np.broadcast_to(np.swapaxes(right, -1, -2)[..., None, :, :], shape),
    )


def _start(design: Design, shape: tuple[int, ...], c_codes: npt.ArrayLike | None) -> Any:
    if c_codes is None:
        return load(design.accumulator, design, Unpacked.zeros(shape))
    c = design.out.check_codes(c_codes)
    if c.shape != shape:
        raise ShapeError(f"addend of shape {c.shape}: {shape} is needed")
    return load(design.accumulator, design, design.out.unpack(c).exact())


def _groups(number_format: Format, codes: Array, lanes: int) -> Array:
    """Codes with the last axis split into groups of `lanes`; zero codes fill the last group."""
    missing = -codes.shape[-1] % lanes
    if missing:
        zero = number_format.encode(0.0)
        if number_format.decode(zero) != 0:
            raise ShapeError(
                f"{codes.shape[-1]} terms in groups of {lanes}: {number_format} has no zero to "
                "fill the last group"
            )
        # Use the smallest type: NumPy joins 64-bit codes and Python integers to float64.
        filling = np.full((*codes.shape[:-1], missing), zero, np.min_scalar_type(int(zero)))
        codes = np.concatenate([codes, filling], axis=-1)
    return codes.reshape(*codes.shape[:-1], codes.shape[-1] // lanes, lanes)


def _packed(design: Design, sums: Unpacked) -> Array:
    return design.out.pack(sums, design.rounding, design.out.overflow)
