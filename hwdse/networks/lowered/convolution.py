"""Lowers convolutions, with any number of spatial axes, to products of patches and kernels.

The method is known as im2col.
"""

import math
import operator

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.networks.arithmetic import Arithmetic, Real
from hwdse.networks.lowered import Call, lowers, matrix

Pads = npt.NDArray[np.int64]
"""Number of zeros before and after each spatial axis, shape (axes, 2). Negative: remove values."""


@lowers("Conv")
def _conv(
    arithmetic: Arithmetic, call: Call, x: Real, weight: Real, bias: Real | None = None
) -> tuple[Real]:
    call.check_float32(x, weight, bias)
    axes = x.ndim - 2
    strides, dilations = call.get("strides", [1] * axes), call.get("dilations", [1] * axes)
    pads = _conv_pads(call, x.shape[2:], _spans(weight, dilations), strides)
    found = _convolve(
        arithmetic, call, x, weight, bias, strides=strides, dilations=dilations, pads=pads
    )
    return (found,)


@lowers("ConvTranspose")
def _conv_transpose(
    arithmetic: Arithmetic, call: Call, x: Real, weight: Real, bias: Real | None = None
) -> tuple[Real]:
    """Convolve the input with the mirrored kernel, after inserting zeros between the input values.

    Each output is therefore a single sum in the design's arithmetic. The inserted zeros are terms
    of the sum.
    """
    call.check_float32(x, weight, bias)
    axes, groups = x.ndim - 2, call.get("group", 1)
    strides, dilations = call.get("strides", [1] * axes), call.get("dilations", [1] * axes)
    spans = _spans(weight, dilations)
    cut = _transposed_pads(call, x.shape[2:], spans, strides)
    spread = np.zeros(
        (*x.shape[:2], *((n - 1) * step + 1 for n, step in zip(x.shape[2:], strides, strict=True))),
        np.float32,
    )
    spread[(slice(None), slice(None), *(slice(None, None, step) for step in strides))] = x
    channels, outputs = weight.shape[:2]
    mirrored = np.flip(weight, tuple(range(2, weight.ndim)))
    mirrored = mirrored.reshape(groups, channels // groups, outputs, *weight.shape[2:])
    mirrored = mirrored.swapaxes(1, 2).reshape(
        groups * outputs, channels // groups, *weight.shape[2:]
    )
    pads = np.array(spans)[:, np.newaxis] - 1 - cut
    found = _convolve(
        arithmetic, call, spread, mirrored, bias, strides=[1] * axes, dilations=dilations, pads=pads
    )
    return (found,)


def _convolve(
    arithmetic: Arithmetic,
    call: Call,
    x: Real,
    weight: Real,
    bias: Real | None,
    *,
    strides: list[int],
    dilations: list[int],
    pads: Pads,
) -> Real:
    """Convolve x (n, channels, *spatial) with weight (outputs, channels / groups, *kernel).

    The result has shape (n, outputs, *places).
    """
    taps = math.prod(weight.shape[2:])
    site = call.site(constant=call.constant[1], channel_axis=1, taps=taps)
    groups = call.get("group", 1)
    outputs, channels = weight.shape[:2]
    inner = math.prod(weight.shape[1:])
    if channels * groups != x.shape[1] or outputs % groups:
        raise ValueError(f"{groups} groups of kernels {weight.shape} on {x.shape}")
    stack = weight.reshape(groups, -1, inner).transpose(0, 2, 1)
    right = arithmetic.second(site, np.ascontiguousarray(stack))
    zero = arithmetic.first(site, np.zeros((), np.float32))
    cut = tuple(
        slice(max(0, -low), n - max(0, -high))
        for n, (low, high) in zip(x.shape[2:], pads, strict=True)
    )
    left = arithmetic.first(site, x[(slice(None), slice(None), *cut)])
    padded = np.pad(left, [(0, 0), (0, 0), *np.maximum(pads, 0).tolist()], constant_values=zero)
    padded = np.ascontiguousarray(padded)
    places = _places(padded.shape[2:], _spans(weight, dilations), strides)
    of_sample, of_channel, *of_axes = (size // padded.itemsize for size in padded.strides)
    starts = _positions((len(x), *places), (of_sample, *map(operator.mul, of_axes, strides)))
    offsets = _positions(
        (groups, channels, *weight.shape[2:]),
        (channels * of_channel, of_channel, *map(operator.mul, of_axes, dilations)),
    ).reshape(groups, inner)
    result = np.empty((len(starts), groups, right.shape[2]), np.float32)
    stacked = groups > 1 and arithmetic.stacks_groups(site)
    step = max(1, matrix.BLOCK_ELEMENTS // max(1, inner * (groups if stacked else 1)))
    for start in range(0, len(starts), step):
        some = slice(start, start + step)
        if stacked:
            patches = hwdse.kernels.gathered(padded.reshape(-1), starts[some], offsets)
            result[some] = arithmetic.products(site, patches, right).swapaxes(0, 1)
        for group in range(0 if stacked else groups):
            of_group = offsets[group : group + 1]
            patches = hwdse.kernels.gathered(padded.reshape(-1), starts[some], of_group)
            result[some, group] = arithmetic.product(site, group, patches[0], right[group])
    if bias is not None:
        if bias.shape != (outputs,):
            raise ValueError(f"bias of shape {bias.shape} for {outputs} channels")
        result += bias.reshape(groups, -1)
    folded = result.reshape(len(x), *places, outputs)
    return np.ascontiguousarray(np.moveaxis(folded, -1, 1))


def _spans(weight: Real, dilations: list[int]) -> list[int]:
    """Size of the dilated kernel on each axis."""
    return [(size - 1) * step + 1 for size, step in zip(weight.shape[2:], dilations, strict=True)]


def _places(sizes: tuple[int, ...], spans: list[int], strides: list[int]) -> tuple[int, ...]:
    """Number of places of a kernel on each axis of a padded input."""
    if any(span > size for size, span in zip(sizes, spans, strict=True)):
        raise ValueError(f"kernel of size {spans} on a padded input of size {list(sizes)}")
    return tuple(
        (size - span) // step + 1 for size, span, step in zip(sizes, spans, strides, strict=True)
    )


def _positions(sizes: tuple[int, ...], steps: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Positions of a grid's points in a flat array, in row-major order."""
    found = np.zeros(1, np.int64)
    for size, step in zip(sizes, steps, strict=True):
        found = (found[:, np.newaxis] + np.arange(size) * step).reshape(-1)
    return found


def _conv_pads(call: Call, sizes: tuple[int, ...], spans: list[int], strides: list[int]) -> Pads:
    """Padding of Conv, from the attributes `auto_pad` and `pads`."""
    mode = call.get("auto_pad", "NOTSET")
    if mode == "VALID":
        return np.zeros((len(sizes), 2), np.int64)
    if mode == "NOTSET":
        return _given_pads(call, len(sizes))
    needed = [
        max((math.ceil(size / step) - 1) * step + span - size, 0)
        for size, span, step in zip(sizes, spans, strides, strict=True)
    ]
    return _halves(call, needed, extra_first=mode == "SAME_LOWER")


def _transposed_pads(
    call: Call, sizes: tuple[int, ...], spans: list[int], strides: list[int]
) -> Pads:
    """Number of values that ConvTranspose removes before and after each axis of the full result."""
    axes = len(sizes)
    extra = call.get("output_padding", [0] * axes)
    mode, wanted = call.get("auto_pad", "NOTSET"), call.get("output_shape", None)
    if wanted is None and mode in ("SAME_UPPER", "SAME_LOWER"):
        wanted = [size * step for size, step in zip(sizes, strides, strict=True)]
    if wanted is None:
        pads = _given_pads(call, axes) if mode == "NOTSET" else np.zeros((axes, 2), np.int64)
    else:
        total = [
            step * (size - 1) + more + span - want
            for size, step, more, span, want in zip(
                sizes, strides, extra, spans, wanted[-axes:], strict=True
            )
        ]
        pads = _halves(call, total, extra_first=mode != "SAME_UPPER")
    return pads - np.array([[0, more] for more in extra], np.int64)


def _given_pads(call: Call, axes: int) -> Pads:
    return np.array(call.get("pads", [0] * 2 * axes), np.int64).reshape(2, axes).T


def _halves(call: Call, total: list[int], *, extra_first: bool) -> Pads:
    """Split each amount of padding between both ends of an axis.

    For an odd amount the end gets one more, or the front with `extra_first`.
    """
    if call.get("auto_pad", "NOTSET") not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise call.refused(
            f"has auto_pad {call.get('auto_pad', None)}: allowed are NOTSET, SAME_UPPER, "
            "SAME_LOWER and VALID"
        )
    halves = np.array([(amount // 2, amount - amount // 2) for amount in total], np.int64)
    return halves[:, ::-1] if extra_first else halves
