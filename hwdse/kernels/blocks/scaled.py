"""Codes of blocks with any scales: exact arithmetic for the scales, float64 for the elements.

The format itself makes the scales, of one or two numbers of each block. Elements are quotients by
the scale, rounded to odd in float64: they lie on the same side of every threshold of the element
format as the exact quotients (`hwdse.kernels.thresholds`). Values that are no finite floats, and
formats of other kinds, take the format's own way.
"""

from collections.abc import Callable
from functools import lru_cache, singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats import BlockFormat, Format
from hwdse.formats.blocks import Quantized, ZeroPointBlock
from hwdse.formats.blocks.quantizer import least_error
from hwdse.formats.blocks.scale_rules import Magnitudes
from hwdse.jit import compiled, inner
from hwdse.kernels import output
from hwdse.kernels.arithmetic import FLOAT64_PRECISION, to_odd
from hwdse.kernels.codec import decode
from hwdse.kernels.thresholds import threshold_bits

Array = npt.NDArray[Any]
#: Codes, and scales.
Encoded = tuple[Array, Array]
#: Encodes a part of the rows, given the largest magnitude of the tensor.
Encoder = Callable[[Array, float | None], Encoded]

#: Values that are encoded at once.
_AT_ONCE = 1 << 17
#: Limit of |log2| of scales, and of values above zero: products that find errors are then exact.
_SCALE_REACH, _LEAST = 300, 2.0**-700
_FLOAT32_MAX = float(np.finfo(np.float32).max)
#: Splits a float64 into two halves of 26 bits (Veltkamp).
_SPLIT = 2.0**27 + 1


def encode_scaled(block_format: BlockFormat, values: Array, tensor_amax: float | None) -> Encoded:
    """Codes and scales of an array blocked along its last axis, as from `block_format.encode`.

    Args:
        block_format: the format.
        values: real numbers; at least one axis.
        tensor_amax: largest magnitude of the tensor, for formats with a tensor scale.
    """
    encoder = _encoder(block_format)
    if encoder is None or not values.size or not _usable(values):
        found = block_format.encode(values, tensor_amax=tensor_amax)
        return found.codes, found.scales
    if block_format.block.rows != 1 or block_format.block.columns is None:
        return encoder(values, tensor_amax)
    if tensor_amax is None:
        tensor_amax = float(np.abs(values).max())
    rows = values.reshape(-1, values.shape[-1])
    step = max(_AT_ONCE // values.shape[-1], 1)
    parts = [encoder(rows[at : at + step], tensor_amax) for at in range(0, len(rows), step)]
    codes, scales = (np.concatenate(of_parts) for of_parts in zip(*parts, strict=True))
    return codes.reshape(values.shape), scales.reshape(*values.shape[:-1], -1)


def _usable(values: Array) -> bool:
    if values.dtype.kind != "f":
        return False
    sizes = np.abs(values)
    # A NaN makes the maximum NaN. A rule may round values to float32.
    if not float(sizes.max()) <= _FLOAT32_MAX:
        return False
    return values.dtype.itemsize < 8 or not ((sizes > 0) & (sizes < _LEAST)).any()


@singledispatch
def _encoder(block_format: object) -> Encoder | None:
    """The fast way for a format; None if there is none."""
    del block_format
    return None


@_encoder.register
@lru_cache(maxsize=64)
def _(block_format: BlockFormat) -> Encoder | None:
    element, scale, tensor = block_format.element, block_format.scale, block_format.tensor_scale
    longest = threshold_bits(element)
    factors = [f for f in (scale, tensor) if f is not None]
    precision = sum(f.unpacked.significand_bits for f in factors)
    if longest is None or max(longest + 1, precision) > FLOAT64_PRECISION or not _near(*factors):
        return None
    rule = block_format.scale_rule

    def encode(values: Array, amax: float | None) -> Encoded:
        used = rule.prepare(values.astype(np.float64))
        blocking = block_format.block.over(values.shape, -1)
        sizes = blocking.split(np.abs(used))
        if rule.needs_largest_only:
            sizes = sizes.max(axis=-1, keepdims=True, initial=0)
        blocks = Magnitudes(values=sizes, lengths=blocking.lengths(), known=amax)
        tensor_scale = block_format.tensor_scale_for(blocks)
        lost = np.zeros(blocking.counts, bool)
        least, most = float(element.min), float(element.max)

        def with_scales(scales: Array) -> Quantized:
            exact = decode(scale, scales).astype(np.float64) * tensor_scale
            inverse = rule.float32_factors(exact)
            if inverse is None:
                elements = _quotients(used, blocking.spread(exact), least, most)
            else:
                with np.errstate(over="ignore"):
                    products = used * blocking.spread(inverse)
                elements = np.clip(products, least, most).astype(np.float64)
            codes = output.encode(element, elements, element.default_rounding, False)
            return Quantized(
                codes=codes, scales=scales, blocking=blocking, tensor_scale=tensor_scale
            )

        if scale.bits:
            offered = block_format.scale_candidates(blocks, lost, tensor_scale)
        else:
            offered = iter([np.zeros(blocking.counts, scale.code_dtype)])
        chosen = least_error(block_format, used, map(with_scales, offered), rule.error_power)
        return chosen.codes, chosen.scales

    return encode


@_encoder.register
@lru_cache(maxsize=64)
def _(block_format: ZeroPointBlock) -> Encoder | None:
    affine = block_format.affine
    if not _near(affine.scale):
        return None
    largest = (1 << affine.element.bits) - 1

    def encode(values: Array, amax: float | None) -> Encoded:
        del amax
        used = values.astype(np.float64)
        blocking = block_format.block.over(values.shape, -1)
        above = blocking.split(used).max(-1, initial=0)
        below = -blocking.split(used).min(-1, initial=0)
        lost = np.zeros(blocking.counts, bool)
        scales, zero = affine.scales_and_zero_points(above, below, lost)
        exact = decode(affine.scale, scales).astype(np.float64)
        steps = _quotients(used, blocking.spread(exact), -2.0 * largest, 2.0 * largest)
        codes = np.clip(np.rint(steps) + blocking.spread(zero), 0, largest)
        words = block_format.scale.joined(scales, zero)
        return codes.astype(affine.element.code_dtype), words

    return encode


def _near(*factors: Format) -> bool:
    """Whether products of values of some formats stay far from the ends of float64."""
    low = sum(min(f.unpacked.exponent_min, 0) for f in factors)
    high = sum(max(f.unpacked.top, 0) for f in factors)
    return max(-low, high) <= _SCALE_REACH


def _quotients(values: Array, divisors: Array, least: float, most: float) -> Array:
    """Quotients rounded to odd, then clamped; 0 for a zero divisor."""
    out = np.empty(values.shape)
    flat = (np.ascontiguousarray(array).reshape(-1) for array in (values, divisors))
    _divide(*flat, least, most, out.reshape(-1))
    return out


@compiled
def _divide(values: Array, divisors: Array, least: float, most: float, out: Array) -> None:
    for i in range(values.shape[0]):
        x, d = values[i], divisors[i]
        quotient = x / d
        # x - quotient * d, exactly (Dekker).
        product = quotient * d
        q_high, q_low = _halves(quotient)
        d_high, d_low = _halves(d)
        error = ((q_high * d_high - product) + q_high * d_low + q_low * d_high) + q_low * d_low
        odd = to_odd(quotient, (x - product) - error)
        clamped = min(max(odd, least), most)
        out[i] = clamped if d > 0 else np.copysign(0.0, x)


@inner
def _halves(x: Any) -> Any:
    """The upper bits of a float64, and the lower ones."""
    scaled = _SPLIT * x
    high = scaled - (scaled - x)
    return high, x - high
