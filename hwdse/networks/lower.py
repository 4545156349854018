"""Lowers MatMul, Gemm and Conv to products of two matrices in a given arithmetic.

The order of K, which fixes the order of accumulation, is that of the operands: as stored for MatMul
and Gemm; input channel, then kernel row, then kernel column for Conv (im2col).
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hwdse.errors import NetworkError
from hwdse.networks.arithmetic import Arithmetic, Operand, Real, Site

_BLOCK = 1 << 21
"""Elements of the first operand handed to one product: bounds the memory of any kernel."""


def matmul(arithmetic: Arithmetic, site: Site, a: Real, b: Real) -> Real:
    """`numpy.matmul(a, b)` of any two shapes that it takes."""
    matrix_a = a[np.newaxis] if a.ndim == 1 else a
    matrix_b = b[:, np.newaxis] if b.ndim == 1 else b
    stack = np.broadcast_shapes(matrix_a.shape[:-2], matrix_b.shape[:-2])
    inner, columns = matrix_b.shape[-2:]
    right = arithmetic.second(site, matrix_b.reshape(-1, inner, columns))
    left = arithmetic.first(site, matrix_a)
    if len(right) == 1:
        rows = _multiply(arithmetic, site, 0, left.reshape(-1, inner), right[0])
        result = rows.reshape(*stack, matrix_a.shape[-2], columns)
    else:
        # Which matrix of each stack meets which, after broadcasting.
        places_a, places_b = (
            np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), stack).reshape(-1)
            for shape in (matrix_a.shape[:-2], matrix_b.shape[:-2])
        )
        left = left.reshape(-1, *matrix_a.shape[-2:])
        result = np.stack(
            [
                _multiply(arithmetic, site, int(place_b), left[place_a], right[place_b])
                for place_a, place_b in zip(places_a, places_b, strict=True)
            ]
        ).reshape(*stack, matrix_a.shape[-2], columns)
    if a.ndim == 1:
        result = result[..., 0, :]
    return result[..., 0] if b.ndim == 1 else result


def conv(
    arithmetic: Arithmetic,
    site: Site,
    x: Real,
    weight: Real,
    *,
    strides: list[int],
    dilations: list[int],
    pads: npt.NDArray[np.int64],
    groups: int,
) -> Real:
    """Convolution over any number of spatial axes, without bias.

    Args:
        arithmetic: what multiplies.
        site: the operator.
        x: (n, channels, *spatial).
        weight: (outputs, channels / groups, *kernel).
        strides: one a spatial axis.
        dilations: one a spatial axis.
        pads: (spatial axes, 2): zeros before and after.
        groups: independent groups of channels.

    Returns:
        (n, outputs, *positions).
    """
    kernel = weight.shape[2:]
    inner = math.prod(weight.shape[1:])
    stack = weight.reshape(groups, -1, inner).transpose(0, 2, 1)
    right = arithmetic.second(site, np.ascontiguousarray(stack))
    zero = arithmetic.first(site, np.zeros((), np.float32))
    padded = np.pad(arithmetic.first(site, x), [(0, 0), (0, 0), *pads], constant_values=zero)

    axes = tuple(range(2, x.ndim))
    spans = [(size - 1) * step + 1 for size, step in zip(kernel, dilations, strict=True)]
    windows = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=axes)
    windows = windows[
        (slice(None), slice(None), *(slice(None, None, step) for step in (*strides, *dilations)))
    ]
    positions = windows.shape[2 : x.ndim]
    # Now samples, positions, channels, kernel: a patch is the row of one position.
    windows = np.moveaxis(windows, 1, x.ndim - 1)
    channels = weight.shape[1]
    result = np.empty((len(x) * math.prod(positions), groups, right.shape[2]), np.float32)
    for group in range(groups):
        chosen = slice(group * channels, (group + 1) * channels)
        patches = windows[(slice(None),) * (x.ndim - 1) + (chosen,)]
        done = 0
        for block in _blocks(patches):
            rows = block.reshape(-1, inner)
            result[done : done + len(rows), group] = arithmetic.product(
                site, group, rows, right[group]
            )
            done += len(rows)
    folded = result.reshape(len(x), *positions, groups * right.shape[2])
    return np.ascontiguousarray(np.moveaxis(folded, -1, 1))


def padding(
    mode: str, pads: list[int] | None, sizes: list[int], spans: list[int], strides: list[int]
) -> npt.NDArray[np.int64]:
    """Zeros before and after each spatial axis, (axes, 2), from ONNX's `auto_pad` and `pads`.

    Args:
        mode: `auto_pad`.
        pads: all begins, then all ends; none by default.
        sizes: of the input.
        spans: of the kernel, dilation included.
        strides: one a spatial axis.

    Raises:
        NetworkError: an unknown mode, or negative pads.
    """
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        needed = np.array(
            [
                max((math.ceil(size / stride) - 1) * stride + span - size, 0)
                for size, span, stride in zip(sizes, spans, strides, strict=True)
            ]
        )
        halves = np.stack([needed // 2, needed - needed // 2], axis=1)
        return halves if mode == "SAME_UPPER" else halves[:, ::-1]
    if mode == "VALID" or (mode == "NOTSET" and pads is None):
        return np.zeros((len(sizes), 2), np.int64)
    if mode != "NOTSET":
        raise NetworkError(f"auto_pad {mode}: allowed are NOTSET, SAME_UPPER, SAME_LOWER and VALID")
    amounts = np.array(pads, np.int64)
    if (amounts < 0).any():
        raise NetworkError(f"pads {pads} of a Conv: negative ones cannot be evaluated")
    return amounts.reshape(2, -1).T


def _multiply(arithmetic: Arithmetic, site: Site, group: int, a: Operand, b: Operand) -> Real:
    """One product in blocks of rows."""
    step = max(1, _BLOCK // max(1, a.shape[1]))
    blocks = [
        arithmetic.product(site, group, a[start : start + step], b)
        for start in range(0, max(1, len(a)), step)
    ]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _blocks(patches: Operand) -> Iterator[Operand]:
    """Consecutive parts of (n, rows, ...) of at most _BLOCK elements, or one row of one image."""
    row = max(1, math.prod(patches.shape[2:]))
    images = _BLOCK // (row * max(1, patches.shape[1]))
    if images:
        for start in range(0, len(patches), images):
            yield patches[start : start + images]
    else:
        step = max(1, _BLOCK // row)
        for image in patches:
            for start in range(0, len(image), step):
                yield image[start : start + step]
