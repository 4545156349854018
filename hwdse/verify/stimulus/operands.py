"""Operand codes worth trying, from what a format says of itself."""

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array

_LISTED_BITS = 16


def every_pair(a: Format, b: Format) -> tuple[Array, Array]:
    """All operand pairs, each as one code of `a` and one of `b`."""
    first, second = np.meshgrid(np.arange(1 << a.bits), np.arange(1 << b.bits), indexing="ij")
    return first.ravel(), second.ravel()


def any_codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Uniformly random codes, special values included."""
    return rng.integers(0, 1 << number_format.bits, shape, dtype=np.uint64).astype(np.int64)


def finite_codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Uniformly random codes of finite values."""
    codes = any_codes(number_format, rng, shape)
    one = int(number_format.encode(1.0))
    return np.where(np.isfinite(number_format.decode(codes)), codes, one)


def normal_codes(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Normally distributed data, scaled so that few values saturate."""
    unit_data_fits = number_format.min_subnormal < 1.0 and number_format.max >= 4.0
    deviation = 1.0 if unit_data_fits else number_format.max / 4.0
    return number_format.encode(rng.normal(0.0, deviation, shape)).astype(np.int64)


def corner_codes(number_format: Format) -> Array:
    """Zeros, both ends of subnormals and normals, ones, infinities, NaN, first and last codes."""
    f = number_format
    below_normal = np.nextafter(f.min_normal, 0.0)
    magnitudes = [0.0, f.min_subnormal, below_normal, f.min_normal, 1.0, f.max, np.inf]
    # Rounding towards zero keeps "just below the smallest normal" below it.
    values = np.array([*magnitudes, *(-np.array(magnitudes)), np.nan, f.min])
    ends = np.array([0, 1, (1 << f.bits) - 1, 1 << (f.bits - 1)])
    codes = f.encode(values, rounding="rtz", overflow=f.overflow).astype(np.uint64)
    return np.unique(np.concatenate([codes, ends.astype(np.uint64)])).astype(np.int64)


def negated(number_format: Format, codes: Array) -> Array:
    """Codes of the opposite values, as near as the format has them."""
    return number_format.encode(-number_format.decode(codes), overflow="ieee").astype(np.int64)


def listable(a: Format, b: Format) -> bool:
    """Whether all operand pairs are few enough to be tried."""
    return a.bits + b.bits <= _LISTED_BITS
