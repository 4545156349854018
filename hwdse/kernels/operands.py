"""Operand codes as float64 values, and the range that these particular values span.

All kernels take their operands from `operands`: only there a multiplier prepares them.
"""

from dataclasses import dataclass
from functools import lru_cache
from types import EllipsisType
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format
from hwdse.kernels.codec import decode
from hwdse.kernels.jit import compiled
from hwdse.kernels.multiply import Multiplication, Prepare, Values
from hwdse.spec import Design

_TABLE_BITS = 16
_AT_ONCE = 1 << 20


#: What picks a part of an array of codes.
Selection = int | tuple[int, slice] | EllipsisType


@dataclass(frozen=True, kw_only=True)
class Extent:
    """Every finite value is a multiple of 2^lsb of magnitude at most 2^top."""

    lsb: int
    top: int

    @property
    def width(self) -> int:
        """Bits from `lsb` to `top`."""
        return self.top - self.lsb


class Operand:
    """Codes of any shape, decoded and prepared piece by piece.

    Raises:
        FormatError: not integers, or (for some piece) a code out of range.
    """

    def __init__(self, codes: npt.NDArray[Any], number_format: Format, prepare: Prepare) -> None:
        self.codes = codes
        self._format = number_format
        self._prepare = prepare
        self._table: Values | None = None
        if number_format.bits <= _TABLE_BITS:
            self._table = prepare(_all_values(number_format))

    def values(self, part: Selection = ..., carrier: npt.DTypeLike = np.float64) -> Values:
        """Prepared values of all codes, or of a part of them, as float64 or float32."""
        codes = self.codes[part]
        if self._table is None:
            return self._prepare(decode(self._format, codes)).astype(carrier, copy=False)
        table = self._table.astype(carrier, copy=False)
        if codes.dtype.kind != "u" or np.iinfo(codes.dtype).max >= len(table):
            codes = self._format.check_codes(codes)
        found: Values = np.empty(codes.shape, carrier)
        _look_up(table, np.ascontiguousarray(codes).reshape(-1), found.reshape(-1))
        return found

    @property
    def least_bit(self) -> int:
        """Weight of the lowest set bit of any number of the format."""
        if self._table is None:
            return self._format.unpacked.exponent_min
        return _extent(_all_values(self._format)).lsb

    def extent(self) -> Extent:
        """What the values span: of those present, or of the format where codes are wide."""
        shape = self._format.unpacked
        if self._table is None:
            return Extent(lsb=shape.exponent_min, top=shape.top)
        present = np.zeros(len(self._table), bool)
        flat = self.codes.reshape(-1)
        for start in range(0, len(flat), _AT_ONCE):
            present[self._format.check_codes(flat[start : start + _AT_ONCE])] = True
        return _extent(self._table[present])


def operands(
    design: Design, mul: Multiplication, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike
) -> tuple[Operand, Operand]:
    """Both operands of a design's products, prepared for its multiplication."""
    return (
        Operand(np.asarray(a_codes), design.a, mul.prepare_first),
        Operand(np.asarray(b_codes), design.b, mul.prepare_second),
    )


def _extent(values: Values) -> Extent:
    finite = values[np.isfinite(values) & (values != 0)]
    if finite.size == 0:
        return Extent(lsb=0, top=0)
    fraction, exponent = np.frexp(np.abs(finite))
    significand = np.ldexp(fraction, 53).astype(np.int64)
    trailing_zeros = np.frexp((significand & -significand).astype(np.float64))[1] - 1
    return Extent(lsb=int((exponent - 53 + trailing_zeros).min()), top=int(exponent.max()))


@compiled
def _look_up(table: Any, codes: Any, found: Any) -> None:
    # Several times as fast as `np.take`, which turns its indices into 64-bit numbers first.
    for k in range(len(codes)):
        found[k] = table[codes[k]]


@lru_cache(maxsize=64)
def _all_values(number_format: Format) -> Values:
    return number_format.decode(np.arange(1 << number_format.bits))
