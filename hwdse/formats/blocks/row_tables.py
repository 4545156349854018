"""any4: a scale and an offset per group, and a table of levels per row, given as data."""

from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError, first_line
from hwdse.formats.base import Format
from hwdse.formats.blocks.blocking import Blocking, BlockSize
from hwdse.formats.blocks.exact import divide, total
from hwdse.formats.blocks.quantizer import (
    ElementParser,
    Quantized,
    Quantizer,
    poisoned,
    product,
    scale_codes,
    scale_values,
    stored_bits,
    take_blocks,
)
from hwdse.formats.fixed_point import FixedPoint
from hwdse.formats.rounding import RandomBits, split
from hwdse.formats.unpacked import Array, Unpacked
from hwdse.reading import read_json

_FORM = "any:{size}:{scale}:{file of levels, JSON}"
_MAX_BITS = 8


@dataclass(frozen=True, kw_only=True)
class RowTables(Quantizer):
    """x = scale * level[row][code] + offset, with a scale and an offset per group of values.

    offset = min(x), rounded to the scale format. scale = (max(x) - offset) / (L - 1), rounded, with
    L levels per row. With the levels 0, 1, ... L - 1, these are affine integers. Encoding takes the
    level that is exactly nearest to (x - offset) / scale, and the lower level on a tie. There is no
    other rounding.

    The format does not define how levels are found. (any4 uses k-means of a row's scaled weights,
    weighted by calibration data.) Levels may be bf16 or fp16 numbers, as any4 stores them.

    NaN and infinities make the scale, and so the whole group, NaN. `encode` takes matrices with
    as many rows as `levels`, and accepts no rounding.

    Attributes:
        levels: rows of L ascending levels; a single row serves all rows. L is a power of two from
            4 to 256.
        block: how many values along the axis share a scale and an offset.
        scale: format of scales and offsets; signed and with NaN.
        source_name: last part of `name`.

    Raises:
        FormatError: the levels are not ascending finite numbers, their count is not allowed, or
            the scale format is unsigned or has no NaN.
    """

    family: ClassVar[str] = "row tables"
    source: ClassVar[str] = "M. Elhoushi and J. Johnson, any4, ICML 2025 (arXiv:2507.04610)"

    element: Format = None  # type: ignore[assignment]
    levels: tuple[tuple[float, ...], ...] = field(repr=False)
    scale: Format
    source_name: str = "data"

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", f"any:{self.block}:{self.scale}:{self.source_name}")
        table = np.array(self.levels if len({len(row) for row in self.levels}) == 1 else [])
        count = table.shape[-1]
        bits = max(count - 1, 0).bit_length()
        if table.ndim != 2 or not 2 <= bits <= _MAX_BITS or count != 1 << bits:
            raise FormatError(
                f"{self.name}: rows of {count} levels: rows of 4 to 256, a power of two, are needed"
            )
        if not np.all(np.isfinite(table)) or not np.all(table[:, 1:] > table[:, :-1]):
            raise FormatError(f"{self.name}: ascending finite levels are needed in each row")
        if not self.scale.signed or not self.scale.has_nan:
            raise FormatError(f"{self.name}: signed scales with NaN are needed, such as bf16")
        object.__setattr__(self, "element", FixedPoint(width=bits, signed=False))

    @classmethod
    def of(cls, levels: npt.ArrayLike, block: BlockSize, scale: Format, name: str = "data") -> Self:
        """A quantiser with the given levels, an array of shape (rows, L) or (L,)."""
        table = np.atleast_2d(np.asarray(levels, np.float64))
        if table.ndim != 2:
            raise FormatError(f"levels of shape {table.shape}: rows of numbers are needed")
        rows = tuple(tuple(float(level) for level in row) for row in table)
        return cls(levels=rows, block=block, scale=scale, source_name=name)

    @classmethod
    def from_name(cls, text: str, parse: ElementParser) -> "RowTables | None":
        """Read `any:{size}:{scale}:{file}`; the JSON file holds a list of rows, or one row."""
        keyword, *fields = text.split(":", 3)
        if keyword != "any":
            return None
        if len(fields) != 3:
            raise FormatError(f"malformed quantizer {text!r}: {_FORM} is allowed")
        size, scale, path = fields
        data = read_json(path, "levels", FormatError)
        try:
            levels = np.asarray(data, np.float64)
        except (ValueError, TypeError, OverflowError) as error:
            reason = first_line(error)
            message = f"no levels in {path}: {reason}; lists of numbers are needed"
            raise FormatError(message) from error
        return cls.of(levels, BlockSize.parse(size), parse(scale), path)

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase."""
        return _FORM

    @property
    def bits_per_element(self) -> float:
        """Bits of a code, plus its share of scale and offset; the levels are not counted."""
        return self.element.bits + self.block.amortised(2 * stored_bits(self.scale))

    def _encode(
        self, values: Array, blocking: Blocking, rounding: str | None, random: RandomBits | None
    ) -> Quantized:
        """Codes, scales and offsets."""
        if rounding is not None or random is not None:
            raise FormatError(f"rounding {rounding} of {self.name}: the nearest level is taken")
        blocks = blocking.split(values)
        inside = blocking.split(np.isfinite(values))
        lowest = _extreme(blocks, inside, np.minimum)
        offsets = self.scale.encode(lowest, "rne")
        offset = self.scale.unpack(offsets.astype(np.int64))
        top = _difference(Unpacked.from_numbers(_extreme(blocks, inside, np.maximum)), offset)
        steps = Unpacked.from_numbers(np.array([len(self.levels[0]) - 1]))
        exact = divide(replace(top, sign=top.sign & False), steps)
        lost = poisoned(values, self.element, blocking)
        amax = np.where(top.sign, 0, top.significand)
        scales = scale_codes(self.scale, exact, amax, lost)
        scale = take_blocks(scale_values(self.scale, scales), blocking)
        finite = np.where(np.isfinite(values), values, 0).astype(values.dtype)
        above = _difference(Unpacked.from_numbers(finite), take_blocks(offset, blocking))
        codes = self._nearest(divide(above, scale), blocking)
        return Quantized(
            codes=codes.astype(self.element.code_dtype),
            scales=scales,
            blocking=blocking,
            offsets=offsets,
        )

    def _blocking(self, values: Array, axis: int) -> Blocking:
        """Blocks along an axis of a matrix; the matrix needs as many rows as `levels`."""
        shape, blocking = values.shape, super()._blocking(values, axis)
        if len(shape) != 2 or (len(self.levels) not in (1, shape[1 - blocking.axis])):
            raise FormatError(
                f"{self.name}: array of shape {shape} along axis {axis}: two axes are needed, and "
                f"{len(self.levels)} rows"
            )
        return blocking

    def _nearest(self, scaled: Unpacked, blocking: Blocking) -> Array:
        """Number of midpoints between neighbouring levels that lie below each value."""
        rows = [list(map(Fraction, row)) for row in self.levels]
        sums = [[low + high for low, high in pairwise(row)] for row in rows]
        lsb = -max(pair.denominator.bit_length() for row in sums for pair in row)
        # Work in halves of 2^lsb, so that the integers can represent "a little more".
        unit = Fraction(2) ** lsb
        midpoints = np.array([[int(pair / unit) for pair in row] for row in sums], object)
        whole, cut_off = split(scaled.exact().significand, lsb - scaled.exponent, 1)
        halves = 2 * whole + (cut_off != 0).astype(int).astype(object)
        halves = np.where(scaled.sign, -halves, halves)
        if blocking.axis == 0:
            return np.asarray(_count_below(midpoints, halves.T).T)
        return _count_below(midpoints, halves)

    def decode(self, quantized: Quantized) -> npt.NDArray[np.float64]:
        """Values of an array; see `Quantizer.decode`. The sums are rounded to float64 as well."""
        assert quantized.offsets is not None
        blocking = quantized.blocking
        table = np.broadcast_to(
            self.levels, (blocking.shape[1 - blocking.axis], len(self.levels[0]))
        )
        codes = quantized.codes.astype(np.int64)
        along = codes.T if blocking.axis == 0 else codes
        levels = np.take_along_axis(table, along, axis=1)
        levels = levels.T if blocking.axis == 0 else levels
        scale = blocking.spread(scale_values(self.scale, quantized.scales).to_float64())
        offset = blocking.spread(self.scale.decode(quantized.offsets))
        return np.asarray(product(levels, scale) + offset)


def _extreme(blocks: Array, inside: Array, choose: np.ufunc) -> Array:
    """Least or largest value inside each block; 0 if nothing is inside."""
    first = np.take_along_axis(blocks, inside.argmax(-1)[..., None], -1)
    first = np.where(inside.any(-1, keepdims=True), first, 0).astype(blocks.dtype)
    return np.asarray(choose.reduce(np.where(inside, blocks, first), axis=-1))


def _difference(a: Unpacked, b: Unpacked) -> Unpacked:
    """Exact a - b of finite values of the same shape."""
    stacked = {name: np.stack([vars(a)[name], vars(b)[name]], axis=-1) for name in vars(a)}
    stacked["sign"] = stacked["sign"] ^ np.array([False, True])
    return total(Unpacked(**stacked))


def _count_below(midpoints: Array, values: Array) -> Array:
    """Number of a row's midpoints that are less than each of the row's values."""
    counts = np.zeros(values.shape, np.int64)
    for column in midpoints.T:
        counts += np.asarray(values > column[:, None], bool)
    return counts
