"""Products of logarithmic numbers: logarithms are added; a table gives the product's number."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import overload

from hwdse.formats import Format, Logarithmic
from hwdse.kernels.multiply import Carrier, Multiplication, Values, multiplication, product
from hwdse.spec import Design, Log
from hwdse.spec.multiply.log_tables import Antilog

#: Up to this many fraction bits of the logarithms, matrix products for each fraction are faster.
_MOST_PART_BITS = 4


class TableProduct(NamedTuple):
    """The numbers of all logarithms that a product can have.

    Attributes:
        numbers: magnitudes in the order of their logarithms, the least first.
    """

    numbers: npt.NDArray[np.float64]


@multiplication.register
def _(mul: Log, design: Design) -> Multiplication:
    antilog = mul.antilog(design.a, design.b)
    a, b = (_Levels(f, antilog.fraction_bits) for f in (design.a, design.b))

    # Made when it is needed: by then, products beyond float64 are refused.
    @cache
    def source(carrier: Carrier) -> Any:
        del carrier
        log = np.arange(a.lowest + b.lowest, a.highest + b.highest + 1)
        return TableProduct(numbers=_numbers(antilog, log))

    return Multiplication(
        source=source,
        swapped=source,
        single=False,
        prepare_first=a,
        prepare_second=b,
        linear=False,
        parts=partial(_parts, antilog, a, b) if antilog.fraction_bits <= _MOST_PART_BITS else None,
    )


def _parts(
    antilog: Antilog, a: "_Levels", b: "_Levels", left: Values, right: Values
) -> Iterator[tuple[Values, Values]]:
    """Powers of two for operands with one fraction of the logarithm; products of it with others."""
    first, second = a.logs(left), b.logs(right)
    fractions = first & ((1 << antilog.fraction_bits) - 1)
    powers = np.ldexp(np.sign(left), first >> antilog.fraction_bits)
    for fraction in np.unique(fractions):
        numbers = _numbers(antilog, second + fraction)
        yield np.where(fractions == fraction, powers, 0.0), np.sign(right) * numbers


def _numbers(antilog: Antilog, log: npt.NDArray[np.int64]) -> Values:
    """The numbers with these logarithms."""
    significands = np.array(antilog.significands, np.float64)
    found: Values = np.ldexp(
        significands[log & ((1 << antilog.fraction_bits) - 1)],
        (log >> antilog.fraction_bits) - antilog.significand_fraction_bits,
    )
    return found


class _Levels:
    """Prepares operands: values become signed indices of levels; 1 is the least magnitude."""

    def __init__(self, number_format: Format, fraction_bits: int) -> None:
        assert isinstance(number_format, Logarithmic)  # `mul.antilog` has checked it
        self._step = fraction_bits - number_format.fraction_bits
        self._gamma = number_format.gamma
        self.lowest = number_format.lowest << self._step
        self.highest = number_format.highest << self._step

    def __call__(self, values: Values) -> Values:
        number = np.where(values == 0, 1.0, np.abs(values))
        log = np.rint(self._gamma * np.log2(number)) * 2.0**self._step
        return np.where(values == 0, 0.0, np.copysign(log - self.lowest + 1, values))

    def logs(self, prepared: Values) -> npt.NDArray[np.int64]:
        """Logarithms of prepared operands; of a zero, any."""
        return np.abs(prepared).astype(np.int64) - 1 + self.lowest


@overload(product)
def _(source, a, b):  # type: ignore[no-untyped-def]
    if not isinstance(source, types.BaseNamedTuple) or source.instance_class is not TableProduct:
        return None

    def table_product(source, a, b):  # type: ignore[no-untyped-def]
        signs = a * b
        if signs == 0.0:
            return 0.0
        magnitude = source.numbers[int(abs(a) + abs(b)) - 2]
        return -magnitude if signs < 0.0 else magnitude

    return table_product
