"""Codes and values of block formats; those of OCP MX at memory speed.

The exponent of a block's largest magnitude gives the scale. The values are multiplied by the
inverse scale. This product is exact, or so small that the result is zero. The products then round
like any float32. The format itself encodes blocks with NaN or infinities. Other scales are of
`hwdse.kernels.blocks.scaled`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats import BlockFormat
from hwdse.jit import compiled, inner
from hwdse.kernels.blocks.scaled import encode_scaled
from hwdse.kernels.codec import lanes
from hwdse.kernels.codec.arrays import as_float32, check_out
from hwdse.kernels.codec.float_grid import (
    Addition,
    Finish,
    Symmetric,
    code_by_addition,
    rounding_ends,
    value_by_addition,
)
from hwdse.kernels.codec.lanes import as_float, as_pattern
from hwdse.threads import in_parts

Array = npt.NDArray[Any]

_SIZE = 32
_NIBBLE = 4
#: Blocks per group: the codes of a group stay in the cache until they are packed.
_GROUP = 64
#: Scale code of NaN; the loops give it to blocks that they cannot encode.
_NOT_DONE = 255
_SCALE, _RULE = "e8m0", "floor"
#: Pattern of 2^-127, the only scale that is subnormal in float32.
_SMALLEST_SCALE = 1 << (lanes.FRACTION_BITS - 1)


@dataclass(frozen=True, kw_only=True)
class _Kernel:
    rounding: Addition
    code_end: Finish | Symmetric
    value_end: Finish | Symmetric
    largest_exponent: int
    value_dtype: np.dtype[Any]


def encode_blocks(
    block_format: BlockFormat,
    x: npt.ArrayLike,
    *,
    packed: bool = False,
    tensor_amax: float | None = None,
    out: tuple[Array, Array] | None = None,
    threads: int = 1,
) -> tuple[Array, Array]:
    """Codes and scales of an array blocked along its last axis, as from `block_format.encode`.

    At memory speed: float32 and narrower input, to formats with block size 32, scale E8M0, rule
    `floor` and elements of up to 8 bits. All OCP MX formats are among them. A copy with zeros fills
    short last blocks. With other scales and rules, a float takes 40 to 300 nanoseconds, if the
    steps of the elements are rational. The format itself computes everything else.

    Args:
        block_format: the format.
        x: floats of up to 64 bits, or integers; at least one axis.
        packed: put two 4-bit codes into each byte, the earlier code in the lower half.
        tensor_amax: largest magnitude of the tensor that `x` is a part of, for formats with a
            tensor scale. Default: that of `x`.
        out: arrays for codes and scales, C-contiguous, with the shapes and types of the results.
        threads: number of parts that are encoded at the same time.

    Returns:
        (codes, scales): element codes in the shape of `x` (packed codes have half the last axis),
        and one scale code per block. The arrays of `out` if given.

    Raises:
        FormatError: `x` has another type, the elements cannot be packed, or `out` does not fit.
        SpecError: `threads` is below one.
    """
    values = np.asarray(x)
    blocking = block_format.block.over(values.shape, -1)
    if packed and (block_format.element.bits != _NIBBLE or values.shape[-1] % 2):
        raise FormatError(
            f"{block_format} of {values.shape[-1]} values does not pack: an even number of "
            f"{_NIBBLE}-bit elements is needed"
        )
    shape = (*values.shape[:-1], values.shape[-1] // 2) if packed else values.shape
    given = (None, None) if out is None else out
    codes = check_out(given[0], shape, block_format.element.code_dtype)
    scales = check_out(given[1], blocking.counts, block_format.scale.code_dtype)
    kernel = _kernel_of(block_format)
    if kernel is not None and values.size and (missing := -values.shape[-1] % _SIZE):
        # Zeros change no scale under rule `floor`, and the codes of zeros are not kept.
        filled = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, missing)])
        found = encode_blocks(block_format, filled, packed=packed, threads=threads)
        codes[...], scales[...] = found[0][..., : shape[-1]], found[1]
        return codes, scales
    blocks = None if kernel is None else _whole_blocks(values)
    if kernel is None or blocks is None:
        elements, scales[...] = encode_scaled(block_format, values, tensor_amax)
        codes[...] = _packed(elements) if packed else elements
        return codes, scales
    code_rows, scale_row = codes.reshape(len(blocks), -1), scales.reshape(-1)
    encode_all = _encode_packed if packed else _encode

    def step(part: slice) -> None:
        some, into, scale = blocks[part], code_rows[part], scale_row[part]
        encode_all(
            kernel.rounding,
            kernel.code_end,
            kernel.largest_exponent,
            some.reshape(-1).view(np.int32),
            into.reshape(-1),
            scale,
        )
        left = np.flatnonzero(scale == _NOT_DONE)
        if len(left):
            quantized = block_format.encode(some[left])
            into[left] = _packed(quantized.codes) if packed else quantized.codes
            scale[left] = quantized.scales[:, 0]

    in_parts(step, len(blocks), threads, weight=_SIZE)
    return codes, scales


def quantize_blocks(
    block_format: BlockFormat, x: npt.ArrayLike, *, out: Array | None = None, threads: int = 1
) -> Array:
    """Values of an array blocked along its last axis, as from `block_format.quantize`.

    At memory speed in the same cases as `encode_blocks`.

    Args:
        block_format: the format.
        x: floats of up to 64 bits, or integers; at least one axis.
        out: array to fill, C-contiguous, with the shape of `x` and the type of the result.
        threads: number of parts that are quantized at the same time.

    Returns:
        float32 in the cases at memory speed, if it holds every value of the format. (All OCP MX
        formats except MXINT8, which has the value -2 * 2^127.) Else float64. The shape of `x`;
        `out` if given.

    Raises:
        FormatError: `x` has another type, or `out` does not fit.
        SpecError: `threads` is below one.
    """
    values = np.asarray(x)
    kernel = _kernel_of(block_format)
    blocks = None if kernel is None else _whole_blocks(values)
    if kernel is None or blocks is None:
        result = check_out(out, values.shape, np.dtype(np.float64))
        result[...] = block_format.quantize(values)
        return result
    result = check_out(out, values.shape, kernel.value_dtype)
    rows = result.reshape(blocks.shape)

    def step(part: slice) -> None:
        some, into = blocks[part], rows[part]
        scale = np.empty(len(some), np.uint8)
        _quantize(
            kernel.rounding,
            kernel.value_end,
            kernel.largest_exponent,
            some.reshape(-1).view(np.int32),
            into.reshape(-1),
            scale,
        )
        left = np.flatnonzero(scale == _NOT_DONE)
        if len(left):
            into[left] = block_format.quantize(some[left])

    in_parts(step, len(blocks), threads, weight=_SIZE)
    return result


@lru_cache(maxsize=64)
def _kernel_of(block_format: BlockFormat) -> _Kernel | None:
    fits = (
        isinstance(block_format, BlockFormat)
        and (block_format.block.rows, block_format.block.columns) == (1, _SIZE)
        and (block_format.scale.name, block_format.rule) == (_SCALE, _RULE)
        and block_format.element.bits <= 8
        and block_format.element.default_rounding == "rne"
    )
    ends = rounding_ends(block_format.element, "saturate") if fits else None
    if ends is None or ends.value is None or not isinstance(ends.rounding, Addition):
        return None
    largest_exponent = int(np.frexp(block_format.element.max)[1]) - 1
    # With the largest scale, the largest element lies in float32's top binade.
    fits_float32 = -block_format.element.min < 2.0 ** (largest_exponent + 1)
    return _Kernel(
        rounding=ends.rounding,
        code_end=ends.code,
        value_end=ends.value,
        largest_exponent=largest_exponent,
        value_dtype=np.dtype(np.float32 if fits_float32 else np.float64),
    )


def _whole_blocks(values: Array) -> Array | None:
    if values.size == 0 or values.shape[-1] % _SIZE:
        return None
    narrow = as_float32(values)
    return None if narrow is None else narrow.reshape(-1, _SIZE)


def _packed(codes: Array) -> Array:
    return np.asarray(codes[..., 0::2] | codes[..., 1::2] << _NIBBLE)


@inner
def _scale_code(x: Array, start: int, largest_exponent: int) -> Any:
    """Scale code of the block of float32 patterns that begins at `start`."""
    largest = np.int32(0)
    # Two patterns per step halve the length of the dependency chain.
    for i in range(_SIZE // 2):
        one = np.int32(x[start + i] & lanes.MAGNITUDE)
        other = np.int32(x[start + i + _SIZE // 2] & lanes.MAGNITUDE)
        larger = one if one > other else other
        largest = larger if larger > largest else largest
    if largest >= lanes.INFINITY:
        return _NOT_DONE
    # Subnormals count as exponent field 0. They get the smallest scale in any case.
    return max(np.int64(largest >> lanes.FRACTION_BITS) - largest_exponent, 0)


@inner
def _power_of_two(field: Any) -> Any:
    """The float32 2^(field - 127) for fields 0 to 254; any value for fields down to -127."""
    pattern = field << lanes.FRACTION_BITS
    return as_float(pattern if field > 0 else _SMALLEST_SCALE)


@compiled
def _encode(  # noqa: PLR0917
    to: Addition,
    end: Finish | Symmetric,
    largest_exponent: int,
    x: Array,
    codes: Array,
    scales: Array,
) -> None:
    for block in range(scales.shape[0]):
        start = block * _SIZE
        scale = _scale_code(x, start, largest_exponent)
        scales[block] = scale
        inverse = _power_of_two(2 * lanes.BIAS - scale)
        for i in range(_SIZE):
            scaled = as_pattern(as_float(x[start + i]) * inverse)
            codes[start + i] = code_by_addition(to, end, scaled)


@compiled
def _encode_packed(  # noqa: PLR0917
    to: Addition,
    end: Finish | Symmetric,
    largest_exponent: int,
    x: Array,
    codes: Array,
    scales: Array,
) -> None:
    group = np.empty(_GROUP * _SIZE, np.uint8)
    pairs = group.view(np.uint16)
    for first in range(0, scales.shape[0], _GROUP):
        blocks = min(_GROUP, scales.shape[0] - first)
        for block in range(blocks):
            start, target = (first + block) * _SIZE, block * _SIZE
            scale = _scale_code(x, start, largest_exponent)
            scales[first + block] = scale
            inverse = _power_of_two(2 * lanes.BIAS - scale)
            for i in range(_SIZE):
                scaled = as_pattern(as_float(x[start + i]) * inverse)
                group[target + i] = code_by_addition(to, end, scaled)
        start = first * (_SIZE // 2)
        for i in range(blocks * (_SIZE // 2)):
            # Memory is little-endian: the earlier code is in the lower byte.
            codes[start + i] = np.uint8(pairs[i] | pairs[i] >> _NIBBLE)


@compiled
def _quantize(  # noqa: PLR0917
    to: Addition,
    end: Finish | Symmetric,
    largest_exponent: int,
    x: Array,
    out: Array,
    scales: Array,
) -> None:
    one = out.dtype.type(1)
    for block in range(scales.shape[0]):
        start = block * _SIZE
        code = _scale_code(x, start, largest_exponent)
        scales[block] = code
        inverse, scale = _power_of_two(2 * lanes.BIAS - code), one * _power_of_two(code)
        for i in range(_SIZE):
            scaled = as_pattern(as_float(x[start + i]) * inverse)
            out[start + i] = as_float(value_by_addition(to, end, scaled)) * scale
