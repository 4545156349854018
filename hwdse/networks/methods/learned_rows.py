"""any4: a learned table of levels for each output of a layer."""

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from hwdse.formats.blocks import BlockSize, RowTables
from hwdse.formats.catalogue import parse
from hwdse.networks.methods.method import SeenLayer, StorageMethod, Values

_BITS, _SIZE = 4, 128
_MOST_BITS = 6
_SCALE = parse("bf16")
_ROUNDS = 30
_APART = 2.0**-7
"""Least distance of two levels, as a part of the greater one: bfloat16 keeps them apart."""


@dataclass(frozen=True, kw_only=True)
class LearnedRows(StorageMethod):
    """K-means chooses 2^bits levels for the weights of each output.

    Groups of weights have a scale and an offset in bfloat16, so that they lie between 0 and
    2^bits - 1. A weight counts by the second moment of its activations and the square of its scale:
    the error of the layer's results is then least, as far as activations do not depend on each
    other. The decoder needs a table of 2^bits bfloat16 numbers for each output.

    Attributes:
        bits: bits of a code.
        size: weights of a group.
    """

    keyword: ClassVar[str] = "any"
    source: ClassVar[str] = "M. Elhoushi and J. Johnson, any4, ICML 2025 (arXiv:2507.04610)"

    bits: int = _BITS
    size: int = _SIZE

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse bits and group size."""
        if not all(each.isascii() and each.isdigit() and len(each) < 10 for each in options):
            raise cls.bad_options(options)
        found = cls(**dict(zip(("bits", "size"), map(int, options), strict=False)))
        if len(options) > 2 or not 2 <= found.bits <= _MOST_BITS or not found.size:
            raise cls.bad_options(options)
        return found

    @classmethod
    def syntax(cls) -> str:
        """The form."""
        return f"any[:{{bits, 2 to {_MOST_BITS}}}[:{{weights of a group}}]]"

    def __str__(self) -> str:
        size = "" if self.size == _SIZE else f":{self.size}"
        bits = f":{self.bits}" if size or self.bits != _BITS else ""
        return f"{self.keyword}{bits}{size}"

    @property
    def bits_per_weight(self) -> float:
        """See `StorageMethod.bits_per_weight`."""
        return self.bits + 2 * _SCALE.bits / self.size

    def stored(self, layer: SeenLayer) -> Values:
        """See `StorageMethod.stored`."""
        squares = np.einsum("gkk->gk", layer.gram.matrix).astype(np.float64)
        return np.stack([self._group(*each) for each in zip(layer.weights, squares, strict=True)])

    def _group(self, weights: Values, squares: Values) -> Values:
        """The values (K, N) for one matrix."""
        count, block = 1 << self.bits, BlockSize(columns=self.size)
        plain = RowTables.of(np.arange(count), block, _SCALE)
        coded = plain.encode(weights, axis=0)
        assert coded.offsets is not None
        spread = coded.blocking.spread
        scale, offset = (spread(_SCALE.decode(each)) for each in (coded.scales, coded.offsets))
        points = np.where(scale > 0, (weights - offset) / np.where(scale > 0, scale, 1.0), 0.0)
        counts: Values = np.square(scale) * squares[:, np.newaxis]
        levels = _ascending(_row_means(points.T, counts.T, count))
        return RowTables.of(levels, block, _SCALE).quantize(weights, axis=0)


def _row_means(points: Values, counts: Values, count: int) -> Values:
    """Levels (N, count) of least weighted squared error for the points (N, K) of each row.

    Lloyd's rounds from equal steps: the result is never worse than integers.
    """
    rows = np.arange(len(points))[:, np.newaxis]
    levels = np.tile(np.arange(count, dtype=np.float64), (len(points), 1))
    for _ in range(_ROUNDS):
        middles = (levels[:, 1:] + levels[:, :-1]) / 2
        codes = np.zeros(points.shape, np.int64)
        for middle in middles.T:
            codes += points > middle[:, np.newaxis]
        places = (rows * count + codes).reshape(-1)
        total, sums = (
            np.bincount(places, each.reshape(-1), levels.size).reshape(levels.shape)
            for each in (counts, counts * points)
        )
        moved = np.where(total > 0, sums / np.where(total > 0, total, 1.0), levels)
        if np.array_equal(moved, levels):
            break
        levels = moved
    return levels


def _ascending(levels: Values) -> Values:
    """Levels rounded to bfloat16. Equal ones are moved apart."""
    found = _SCALE.quantize(levels)
    for place in range(1, found.shape[1]):
        before = found[:, place - 1]
        least = _SCALE.quantize(before + np.maximum(np.abs(before), 1.0) * _APART)
        found[:, place] = np.maximum(found[:, place], least)
    return np.asarray(found, np.float64)
