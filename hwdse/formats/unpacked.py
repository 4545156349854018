"""The Unpacked record, which decode, multiply, accumulate and encode exchange.

`Unpacked` holds values (golden model). `UnpackedShape` holds the bounds that set the widths of the
hardware. Both describe the number (-1)^sign * significand * 2^exponent, where `exponent` is the
weight (log2) of the significand's least significant bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError

Array = npt.NDArray[Any]

# Widest significand in int64 that leaves room for one rounding carry.
INT64_SIGNIFICAND_BITS = 62
_FLOAT64_SIGNIFICAND_BITS = 53


def clog2(n: int) -> int:
    """Smallest k with 2**k >= n, for n >= 1."""
    return (n - 1).bit_length()


@dataclass(frozen=True, kw_only=True)
class UnpackedShape:
    """Bounds of an Unpacked record.

    Attributes:
        significand_bits: width of the significand: of its magnitude, or with `twos_complement` of
            the two's-complement word, including the sign bit.
        exponent_min: least weight of the significand's LSB (log2).
        exponent_max: greatest weight of the significand's LSB (log2).
        signed: whether negative values occur.
        twos_complement: the hardware carries sign and significand as one two's-complement word.
            Integers and fixed-point sums are cheapest this way; floats are sign-magnitude.
        has_inf: the infinity flag can be set.
        has_nan: the not-a-number flag can be set.
        exponent_origin: weight that the hardware's exponent field 0 stands for, `exponent_min` or
            lower. With a lower origin, a float can store max(field, 1) without a subtraction.
        leading_zeros: greatest number of zeros above the highest set bit of a finite nonzero
            magnitude. None means that all bits except the last can be zero.

    Raises:
        FormatError: the width is below one, the exponent range is empty, `exponent_origin` is above
            `exponent_min`, or a two's-complement significand is unsigned.
    """

    significand_bits: int
    exponent_min: int
    exponent_max: int
    signed: bool = True
    twos_complement: bool = False
    has_inf: bool = False
    has_nan: bool = False
    exponent_origin: int = None  # type: ignore[assignment]
    leading_zeros: int | None = None

    def __post_init__(self) -> None:
        if self.significand_bits < 1:
            raise FormatError(f"significand of {self.significand_bits} bits: at least 1 is needed")
        if self.exponent_min > self.exponent_max:
            raise FormatError(f"empty exponent range {self.exponent_min}..{self.exponent_max}")
        if self.twos_complement and not self.signed:
            raise FormatError("a two's-complement significand is signed")
        if self.exponent_origin is None:
            object.__setattr__(self, "exponent_origin", self.exponent_min)
        if self.exponent_origin > self.exponent_min:
            raise FormatError(
                f"exponent origin {self.exponent_origin} above the least exponent "
                f"{self.exponent_min}"
            )

    @property
    def exponent_bits(self) -> int:
        """Width of the hardware's exponent field, which stores the exponent - `exponent_origin`."""
        return (self.exponent_max - self.exponent_origin).bit_length()

    @property
    def magnitude_bits(self) -> int:
        """Bits of the significand without the two's-complement sign bit."""
        return self.significand_bits - self.twos_complement

    @property
    def most_leading_zeros(self) -> int:
        """Greatest number of zeros above the highest set bit."""
        unlimited = self.significand_bits - 1
        return unlimited if self.leading_zeros is None else min(self.leading_zeros, unlimited)

    @property
    def top(self) -> int:
        """Every finite magnitude is below 2**top; with two's complement it may equal 2**top."""
        return self.exponent_max + self.magnitude_bits

    @property
    def fixed_point_bits(self) -> int:
        """Magnitude bits of a fixed-point word from the smallest LSB up to `top`."""
        return self.top - self.exponent_min


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """Exact values, one per array element; all arrays share one shape.

    Attributes:
        sign: bool, True for negative values; zeros keep their sign.
        significand: int64, or object with Python integers if 62 bits are not enough. It is >= 0,
            and 0 where `nan` or `inf` is set.
        exponent: int64 weight (log2) of the significand's LSB.
        nan: bool, not a number (or not a real).
        inf: bool, infinite; `sign` gives the direction.
    """

    sign: Array
    significand: Array
    exponent: Array
    nan: Array
    inf: Array

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> Self:
        """Positive zeros of the given array shape, with Python-integer significands."""
        flag = np.zeros(shape, bool)
        significand = np.zeros(shape, object)
        return cls(
            sign=flag,
            significand=significand,
            exponent=np.zeros(shape, np.int64),
            nan=flag,
            inf=flag,
        )

    @classmethod
    def from_numbers(cls, x: npt.ArrayLike) -> Self:
        """Exact record of real numbers of any shape: floats of up to 64 bits, or integers.

        Raises:
            FormatError: the array has another type.
        """
        values = np.asarray(x)
        if values.dtype.kind in "iub":
            return cls._from_integers(values)
        if values.dtype.kind != "f" or values.dtype.itemsize > 8:
            raise FormatError(
                f"cannot encode values of type {values.dtype}: floats up to 64 bits or integers"
            )
        with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet NaN
            values = values.astype(np.float64)
        finite = np.isfinite(values)
        fraction, exponent = np.frexp(np.where(finite, np.abs(values), 0.0))
        significand = np.ldexp(fraction, _FLOAT64_SIGNIFICAND_BITS).astype(np.int64)
        return cls(
            sign=np.signbit(values),
            significand=significand,
            exponent=exponent.astype(np.int64) - _FLOAT64_SIGNIFICAND_BITS,
            nan=np.isnan(values),
            inf=np.isinf(values),
        )

    @classmethod
    def _from_integers(cls, values: Array) -> Self:
        flag = np.zeros(values.shape, bool)
        # np.asarray: NumPy turns object arrays without axes into plain integers.
        magnitude = np.asarray(np.abs(values.astype(object)), object)
        if np.all(bit_length(magnitude) <= INT64_SIGNIFICAND_BITS):
            magnitude = magnitude.astype(np.int64)
        exponent = np.zeros(values.shape, np.int64)
        return cls(sign=values < 0, significand=magnitude, exponent=exponent, nan=flag, inf=flag)

    @property
    def shape(self) -> tuple[int, ...]:
        """Array shape."""
        shape: tuple[int, ...] = self.sign.shape
        return shape

    @property
    def zero(self) -> Array:
        """Bool: which values are exactly zero, of either sign."""
        zero: Array = (self.significand == 0) & ~self.nan & ~self.inf
        return zero

    @property
    def signed_significand(self) -> Array:
        """Significand with its sign applied, as Python integers."""
        significand = self.significand.astype(object)
        signed: Array = np.where(self.sign, -significand, significand)
        return signed

    def exact(self) -> Self:
        """The same values with Python-integer significands, for arithmetic of any width."""
        # np.asarray: NumPy turns arrays without axes into scalars, then into plain integers.
        return replace(self, significand=np.asarray(self.significand, object))

    def to_float64(self) -> npt.NDArray[np.float64]:
        """Values as float64; exact if the significand has at most 53 bits and the value fits."""
        magnitude = np.ldexp(self.significand.astype(np.float64), self.exponent)
        magnitude = np.where(self.inf, np.inf, np.where(self.nan, np.nan, magnitude))
        return np.where(self.sign & ~self.nan, -magnitude, magnitude)

    def to_fractions(self) -> Array:
        """Values as Fractions of any size in an object array; infinities and NaN as floats."""

        def value(sign: bool, significand: int, exponent: int, nan: bool, inf: bool) -> Any:
            if nan or inf:
                return float("nan") if nan else float("-inf" if sign else "inf")
            return Fraction(-significand if sign else significand) * Fraction(2) ** exponent

        arrays = (
            self.sign,
            self.exact().significand,
            self.exponent.astype(object),
            self.nan,
            self.inf,
        )
        return np.asarray(np.frompyfunc(value, 5, 1)(*map(np.atleast_1d, arrays))).reshape(
            self.shape
        )

    @classmethod
    def stack(cls, parts: Sequence[Self]) -> Self:
        """Records of the same shape, stacked along a new last axis."""
        return cls(
            sign=np.stack([part.sign for part in parts], axis=-1),
            significand=np.stack([part.significand for part in parts], axis=-1),
            exponent=np.stack([part.exponent for part in parts], axis=-1),
            nan=np.stack([part.nan for part in parts], axis=-1),
            inf=np.stack([part.inf for part in parts], axis=-1),
        )

    def __getitem__(self, index: Any) -> Self:
        """Select elements: NumPy indexing of each array."""
        return replace(
            self,
            sign=self.sign[index],
            significand=self.significand[index],
            exponent=self.exponent[index],
            nan=self.nan[index],
            inf=self.inf[index],
        )


_BIT_LENGTHS = np.frompyfunc(int.bit_length, 1, 1)


def bit_length(significand: Array) -> npt.NDArray[np.int64]:
    """Bits of each non-negative integer (0 for 0), for int64 or object arrays."""
    if significand.dtype == object:
        try:
            lengths = _BIT_LENGTHS(significand)
        except TypeError:  # NumPy's integers among them
            lengths = _BIT_LENGTHS(np.frompyfunc(int, 1, 1)(significand))
        return np.asarray(lengths, np.int64)
    _, exponent = np.frexp(significand.astype(np.float64))
    length = exponent.astype(np.int64)
    # The conversion to float64 may round up to the next power of two.
    rounded_up = ((significand >> np.maximum(length - 1, 0)) == 0) & (length > 0)
    return np.asarray(length - rounded_up, np.int64)
