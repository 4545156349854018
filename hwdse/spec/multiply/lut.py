"""The look-up table multiplier."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import Format, Logarithmic, UnpackedShape
from hwdse.formats.unpacked import bit_length
from hwdse.spec.multiply.exact import ExactValued

MAX_ADDRESS_BITS = 10
#: Products of up to this many bits are always fixed-point words, which accumulators need not shift.
_FIXED_POINT_BITS = 20


@dataclass(frozen=True, kw_only=True)
class Lut(ExactValued):
    """A table of all products. The codes of both operands form the address.

    If both formats are sign-magnitude, the table holds only magnitudes, and an XOR gate computes
    the sign. The table has at most 2^10 words.

    Source: Ganji et al., DeepGEMM, 2023, for products of short codes in tables.
    """

    keyword: ClassVar[str] = "lut"

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the products: a fixed-point word; if this is too wide, the exact bounds.

        Raises:
            SpecError: the codes are too long for a table, or an operand is logarithmic.
        """
        for operand in (a, b):
            if isinstance(operand, Logarithmic):
                raise SpecError(
                    f"multiplier {self} of {a} and {b}: values of {operand} are irrational, and so "
                    "would be the table's; mul=log adds logarithms"
                )
        apart = self.sign_apart(a, b)
        bits = sum(f.bits - (f.signed and apart) for f in (a, b))
        if bits > MAX_ADDRESS_BITS:
            raise SpecError(
                f"multiplier {self} of {a} and {b}: a table of 2^{bits} products, at most "
                f"2^{MAX_ADDRESS_BITS} are allowed"
            )
        return _bounds(a, b, apart)

    @staticmethod
    def sign_apart(a: Format, b: Format) -> bool:
        """Whether both formats are sign-magnitude, so that the table needs no signs."""
        return all(f.bits <= MAX_ADDRESS_BITS + 1 and _sign_and_magnitude(f) for f in (a, b))


@lru_cache(maxsize=64)
def _sign_and_magnitude(number_format: Format) -> bool:
    """Whether the top bit of a code only negates the value; also true for unsigned formats."""
    if not number_format.signed:
        return True
    half = 1 << (number_format.bits - 1)
    plus = number_format.unpack(np.arange(half))
    minus = number_format.unpack(np.arange(half, 2 * half))
    same = [getattr(plus, name) == getattr(minus, name) for name in ("nan", "inf", "significand")]
    same.append((plus.exponent == minus.exponent) | (plus.significand == 0))
    return bool(np.all(same) and np.all((minus.sign & ~plus.sign) | plus.nan))


@lru_cache(maxsize=64)
def _bounds(a: Format, b: Format, sign_apart: bool) -> UnpackedShape:
    """Tight bounds of a fixed-point word for all products; exact bounds if the word is too wide."""
    x, y = _Extent.of(a), _Extent.of(b)
    shape = super(Lut, Lut()).product(a, b)
    lsb = x.lsb + y.lsb
    # Bits of the product of the largest magnitudes, in units of the LSB.
    width = (x.largest * y.largest).bit_length()
    digits = (((1 << x.digits) - 1) * ((1 << y.digits) - 1)).bit_length()
    exponents = (x.top + y.top - lsb).bit_length()
    if width > max(_FIXED_POINT_BITS, digits + exponents):
        return shape
    twos = shape.signed and not sign_apart
    return UnpackedShape(
        significand_bits=width + twos,
        exponent_min=lsb,
        exponent_max=lsb,
        signed=shape.signed,
        twos_complement=twos,
        has_inf=shape.has_inf,
        has_nan=shape.has_nan,
    )


@dataclass(frozen=True, kw_only=True)
class _Extent:
    """The range of bits that the finite values of a format use.

    Attributes:
        lsb: lowest weight (log2) of a set bit, over all values.
        top: highest weight (log2) of a set bit, over all values.
        digits: largest distance in bits from the highest to the lowest set bit of a single value,
            both included.
        largest: largest magnitude, in units of 2^lsb.
    """

    lsb: int
    top: int
    digits: int
    largest: int

    @classmethod
    def of(cls, number_format: Format) -> "_Extent":
        record = number_format.unpack(np.arange(1 << number_format.bits)).exact()
        record = record[record.significand != 0]
        zeros = bit_length(record.significand & -record.significand) - 1
        low, length = record.exponent + zeros, bit_length(record.significand)
        lsb = int(low.min())
        magnitudes = record.significand << (record.exponent - lsb).clip(0).astype(object)
        magnitudes = magnitudes >> (lsb - record.exponent).clip(0).astype(object)
        return cls(
            lsb=lsb,
            top=int((record.exponent + length).max()) - 1,
            digits=int((length - zeros).max()),
            largest=int(max(magnitudes)),
        )
