"""Log multiplier: logarithms are added; a table of powers of two gives the product's number."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from hwdse.formats import Format, Logarithmic, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.multiply import multiply
from hwdse.spec import Log
from hwdse.spec.multiply.log_tables import Antilog


@dataclass(frozen=True, kw_only=True)
class LogProduct(Unpacked):
    """Products with their logarithms.

    Attributes:
        log: int64 in units of 2^-fraction_bits of the product's bounds; any value for zeros.
    """

    log: Array

    def __getitem__(self, index: Any) -> Self:
        """Select elements: NumPy indexing of each array."""
        return replace(super().__getitem__(index), log=self.log[index])


@multiply.register
def _(mul: Log, a: Array, b: Array, a_format: Format, b_format: Format) -> LogProduct:
    assert isinstance(a_format, Logarithmic)
    assert isinstance(b_format, Logarithmic)
    shape = mul.product(a_format, b_format)
    (log_a, zero_a, negative_a), (log_b, zero_b, negative_b) = (
        a_format.fields(a),
        b_format.fields(b),
    )
    fraction_bits = shape.antilog.fraction_bits
    log = (log_a << (fraction_bits - a_format.fraction_bits)) + (
        log_b << (fraction_bits - b_format.fraction_bits)
    )
    zero = zero_a | zero_b
    number = power_of_two(shape.antilog, log, negative_a ^ negative_b, zero)
    return LogProduct(
        sign=number.sign,
        significand=number.significand,
        exponent=np.where(zero, shape.exponent_min, number.exponent),
        nan=number.nan,
        inf=number.inf,
        log=log,
    )


def power_of_two(antilog: Antilog, log: Array, negative: Array, zero: Array) -> Unpacked:
    """The numbers that the table gives for logarithms; zero is positive."""
    significands = np.array(antilog.significands, object)
    remainder = log & ((1 << antilog.fraction_bits) - 1)
    flag = np.zeros(log.shape, bool)
    return Unpacked(
        sign=negative & ~zero,
        significand=np.asarray(np.where(zero, 0, significands[remainder]), object),
        exponent=(log >> antilog.fraction_bits) - antilog.significand_fraction_bits,
        nan=flag,
        inf=flag,
    )
