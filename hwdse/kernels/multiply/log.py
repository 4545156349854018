"""Products of logarithmic numbers: logarithms are added; a table gives the product's number."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import types
from numba.extending import overload

from hwdse.formats import Format, Logarithmic
from hwdse.kernels.multiply import Carrier, Multiplication, Values, multiplication, product
from hwdse.spec import Design, Log


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
        significands = np.array(antilog.significands, np.float64)
        numbers = np.ldexp(
            significands[log & ((1 << antilog.fraction_bits) - 1)],
            (log >> antilog.fraction_bits) - antilog.significand_fraction_bits,
        )
        return TableProduct(numbers=numbers)

    return Multiplication(
        source=source,
        swapped=source,
        single=False,
        prepare_first=a,
        prepare_second=b,
        linear=False,
    )


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
