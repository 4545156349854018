"""Dot products and matrix products as the hardware computes them: codes in, codes out."""

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import ShapeError
from hwdse.formats import Format, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import add, load, read
from hwdse.golden.multiply import multiply
from hwdse.spec import Design


def products(design: Design, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike) -> Unpacked:
    """Exact values of a * b by the design's multiplier, element by element, broadcasting."""
    a, b = design.a.check_codes(a_codes), design.b.check_codes(b_codes)
    return multiply(design.mul, a, b, design.a, design.b)


def running_dot(
    design: Design,
    a_codes: npt.ArrayLike,
    b_codes: npt.ArrayLike,
    c_codes: npt.ArrayLike | None = None,
) -> Array:
    """Every output of a unit that is fed one dot product.

    Args:
        design: the design; `design.unit.lanes` terms make one group.
        a_codes: codes of `design.a`, last axis K.
        b_codes: codes of `design.b`, same shape.
        c_codes: codes of `design.out` to start the sum from, the shape without K; the sum starts
            from +0 without them.

    Returns:
        Codes of `design.out`, one after each group: the last axis has ceil(K / lanes) elements. An
        incomplete last group is filled with zero operands.

    Raises:
        ShapeError: shapes that differ.
        FormatError: codes out of range.
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
    lanes = design.unit.lanes
    outputs = []
    for k in range(0, a.shape[-1], lanes):
        group = products(design, _group(design.a, a, k, lanes), _group(design.b, b, k, lanes))
        state = add(acc, design, state, group)
        outputs.append(_output(design, state))
    if not outputs:
        return np.zeros((*a.shape[:-1], 0), design.out.code_dtype)
    return np.stack(outputs, axis=-1)


def dot(
    design: Design,
    a_codes: npt.ArrayLike,
    b_codes: npt.ArrayLike,
    c_codes: npt.ArrayLike | None = None,
) -> Array:
    """The dot product over the last axis; arguments and errors as `running_dot`.

    Returns:
        Codes of `design.out`, the operands' shape without the last axis.
    """
    outputs = running_dot(design, a_codes, b_codes, c_codes)
    if outputs.shape[-1] == 0:
        c = None if c_codes is None else np.atleast_1d(c_codes)
        start = _output(design, _start(design, outputs.shape[:-1] or (1,), c))
        return start.reshape(outputs.shape[:-1])
    return outputs[..., -1]


def matmul(design: Design, A: npt.ArrayLike, B: npt.ArrayLike) -> Array:
    """The matrix product of (M, K) codes of `design.a` and (K, N) codes of `design.b`.

    Returns:
        (M, N) codes of `design.out`.

    Raises:
        ShapeError: no matrices, or inner sizes that differ.
        FormatError: codes out of range.
    """
    left, right = np.asarray(A), np.asarray(B)
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0]:
        raise ShapeError(f"matrix product of shapes {left.shape} and {right.shape}: (M, K), (K, N)")
    shape = (left.shape[0], right.shape[1], left.shape[1])
    return dot(
        design,
        np.broadcast_to(left[:, None, :], shape),
        np.broadcast_to(right.T[None, :, :], shape),
    )


def _start(design: Design, shape: tuple[int, ...], c_codes: npt.ArrayLike | None) -> Any:
    if c_codes is None:
        return load(design.accumulator, design, Unpacked.zeros(shape))
    c = design.out.check_codes(c_codes)
    if c.shape != shape:
        raise ShapeError(f"addend of shape {c.shape}: {shape} is needed")
    return load(design.accumulator, design, design.out.unpack(c).exact())


def _group(number_format: Format, codes: Array, start: int, lanes: int) -> Array:
    group = codes[..., start : start + lanes]
    missing = lanes - group.shape[-1]
    if missing:
        zero = number_format.encode(0.0)
        if number_format.decode(zero) != 0:
            raise ShapeError(
                f"{codes.shape[-1]} terms in groups of {lanes}: {number_format} has no zero to "
                "fill the last group"
            )
        filling = np.full((*group.shape[:-1], missing), int(zero))
        group = np.concatenate([group, filling], axis=-1)
    return group


def _output(design: Design, state: Any) -> Array:
    value = read(design.accumulator, design, state)
    return design.out.pack(value, design.rounding, design.out.overflow)
