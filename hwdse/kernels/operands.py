"""Operand codes as float64 values, and the range of the actual values.

All kernels get their operands from `operands`, the only place that prepares operands for a
multiplier.
"""

from functools import lru_cache
from types import EllipsisType
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats import Format
from hwdse.jit import compiled
from hwdse.kernels.codec import decode
from hwdse.kernels.extent import Extent
from hwdse.kernels.multiply import Multiplication, Prepare, Values
from hwdse.spec import Design
from hwdse.threads import in_parts

_TABLE_BITS = 16
_AT_ONCE = 1 << 20


#: An index that selects a part of an array of codes.
Selection = int | slice | tuple[int, slice] | EllipsisType


class Operand:
    """Codes of any shape, which are decoded and prepared piece by piece.

    Raises:
        FormatError: the codes are not integers, or a code of a requested piece is out of range.
    """

    def __init__(self, codes: npt.NDArray[Any], number_format: Format, prepare: Prepare) -> None:
        self.codes = codes
        self._format = number_format
        self._prepare = prepare
        self._table: Values | None = None
        if number_format.bits <= _TABLE_BITS:
            self._table = prepare(_all_values(number_format))

    def values(
        self, part: Selection = ..., carrier: npt.DTypeLike = np.float64, threads: int = 1
    ) -> Values:
        """Prepared values of all codes, or of a part of the codes, as float64 or float32."""
        codes = self.codes[part]
        if self._table is None:
            return self._prepare(decode(self._format, codes)).astype(carrier, copy=False)
        table = self._table.astype(carrier, copy=False)
        if codes.dtype.kind != "u" or np.iinfo(codes.dtype).max >= len(table):
            codes = self._format.check_codes(codes)
        found: Values = np.empty(codes.shape, carrier)
        flat, target = np.ascontiguousarray(codes).reshape(-1), found.reshape(-1)
        in_parts(lambda some: _look_up(table, flat[some], target[some]), flat.size, threads)
        return found

    @property
    def least_bit(self) -> int:
        """log2 of the lowest set bit of all numbers of the format."""
        if self._table is None:
            return self._format.unpacked.exponent_min
        return extent_of(_all_values(self._format)).lsb

    def extent(self) -> Extent:
        """Extent of the values: of the actual values, or of the format if its codes are wide."""
        shape = self._format.unpacked
        if self._table is None:
            return Extent(lsb=shape.exponent_min, top=shape.top)
        present = np.zeros(len(self._table), bool)
        flat = self.codes.reshape(-1)
        for start in range(0, len(flat), _AT_ONCE):
            present[self._format.check_codes(flat[start : start + _AT_ONCE])] = True
        return extent_of(self._table[present])


def operands(
    design: Design, mul: Multiplication, a_codes: npt.ArrayLike, b_codes: npt.ArrayLike
) -> tuple[Operand, Operand]:
    """Both operands of a design's products, prepared for `mul`."""
    return (
        Operand(np.asarray(a_codes), design.a, mul.prepare_first),
        Operand(np.asarray(b_codes), design.b, mul.prepare_second),
    )


def extent_of(values: Values) -> Extent:
    """Extent of the finite values of an array of one axis."""
    finite = values[np.isfinite(values) & (values != 0)]
    if finite.size == 0:
        return Extent(lsb=0, top=0)
    fraction, exponent = np.frexp(np.abs(finite))
    significand = np.ldexp(fraction, 53).astype(np.int64)
    trailing_zeros = np.frexp((significand & -significand).astype(np.float64))[1] - 1
    return Extent(lsb=int((exponent - 53 + trailing_zeros).min()), top=int(exponent.max()))


@compiled
def _look_up(table: Any, codes: Any, found: Any) -> None:
    # Several times faster than `np.take`, which first converts its indices to 64-bit integers.
    for k in range(len(codes)):
        found[k] = table[codes[k]]


@lru_cache(maxsize=64)
def _all_values(number_format: Format) -> Values:
    return number_format.decode(np.arange(1 << number_format.bits))
