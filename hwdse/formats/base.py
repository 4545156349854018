"""The base class of all number formats and the registry of format families."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal, Self, cast

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.rounding import (
    Position,
    RandomBits,
    check_overflow,
    fraction_bits_of,
    overflow_goes_away,
    steps_away,
)
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape

#: `decode` uses a table of all values for formats of up to this many bits.
TABLE_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Format(ABC):
    """A number format: the rule that gives each code (bit pattern) a value.

    A family of formats is a subclass with a `family` text. Defining the subclass registers
    it, so that `formats.parse` tries its `from_name`.

    A family states its values (`unpack`) and its *levels*. The levels are the values of one sign,
    counted outward from zero. `locate` maps a value to a level, and `code_of` maps a level to a
    code. Rounding, overflow and special values are the same for all families. This class does
    them once.

    A format without NaN encodes NaN as +0, as Arm's float-to-integer conversion does. A format
    without NaN and without zero encodes NaN as it encodes the value zero.
    """

    families: ClassVar[list[type["Format"]]] = []
    #: Name of the family in lists, and the publication that defines it.
    family: ClassVar[str] = ""
    source: ClassVar[str] = ""

    name: str = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A base class that several families share has no `family` and is not registered.
        if "family" in vars(cls):
            Format.families.append(cls)

    def __str__(self) -> str:
        return self.name

    # --- what a family defines -----------------------------------------------------------------

    @classmethod
    @abstractmethod
    def from_name(cls, text: str) -> Self | None:
        """The format of this family that `text` names; None if `text` names no such format.

        Raises:
            FormatError: a name of this family has impossible parameters.
        """

    @classmethod
    @abstractmethod
    def syntax(cls) -> str:
        """Syntax of the family's names, for error messages; empty if the catalogue has them all."""

    @classmethod
    def file_of(cls, text: str) -> Path | None:
        """The file that holds the values of format `text`; None if the family reads no file."""
        del text
        return None

    def modified(self, modifier: str) -> "Format | None":
        """The format that `{name}_{modifier}` names; None if the family has no such modifier."""
        del modifier
        return None

    @property
    @abstractmethod
    def bits(self) -> int:
        """Width of a code."""

    @property
    @abstractmethod
    def signed(self) -> bool:
        """Whether negative values exist."""

    @property
    @abstractmethod
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` returns."""

    @abstractmethod
    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes. The caller has checked their range.

        A family with irrational values returns the nearest float64 values. Its docstring says so.
        """

    @abstractmethod
    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """Level that each finite value reaches, and the discarded fraction of the step above it.

        A value beyond the last level may get any position beyond the last level. NaN and infinities
        may get any position.
        """

    @abstractmethod
    def top(self, negative: Array) -> Array:
        """Index of the outermost finite level on each side; 0 or more."""

    @abstractmethod
    def code_of(self, index: Array, negative: Array) -> Array:
        """Codes of levels, as non-negative integers of any type.

        A format without negative values returns the code of its least level for `negative`
        elements.
        """

    @abstractmethod
    def ordinal(self, codes: Array) -> Array:
        """Integers that sort as the values of int64 codes do: neighbouring values differ by one."""

    @property
    def nan_code(self) -> int | None:
        """Code of the canonical NaN."""
        return None

    @property
    def inf_code(self) -> int | None:
        """Code of +infinity."""
        return None

    @property
    def negative_inf_code(self) -> int | None:
        """Code of -infinity."""
        return None

    @property
    def overflow_gives(self) -> Literal["inf", "nan", "max"]:
        """Result for a value that is too large, under overflow `ieee`."""
        return "inf" if self.has_inf else "nan" if self.has_nan else "max"

    @property
    def default_rounding(self) -> str:
        """Rounding that `encode` uses when the caller names none."""
        return "rne"

    @property
    def has_negative_zero(self) -> bool:
        """Whether +0 and -0 have different codes; if not, every zero counts as positive."""
        return False

    @property
    def min_normal(self) -> float:
        """Smallest positive value of full precision."""
        return self.min_subnormal

    @property
    def fits_float64(self) -> bool:
        """Whether float64 holds every value."""
        return True

    def invalid(self, value: Unpacked) -> Array:
        """Which values become NaN because the format has no counterpart; NaN itself excluded."""
        return np.zeros(value.shape, bool)

    def wrapped(self, value: Unpacked, rounding: str, random: RandomBits | None) -> Array:
        """Codes of finite values modulo the range.

        Raises:
            FormatError: the format does not support wrapping.
        """
        raise FormatError(f"overflow wrap of {self.name}: it is for integers and fixed point")

    def settled(self, index: Array) -> Array:
        """Levels after rounding; a format that skips some levels replaces them here."""
        return index

    # --- what the base class derives -----------------------------------------------------------

    @property
    def has_inf(self) -> bool:
        """Whether a code stands for infinity."""
        return self.inf_code is not None

    @property
    def has_nan(self) -> bool:
        """Whether a code stands for NaN."""
        return self.nan_code is not None

    @property
    def max(self) -> float:
        """Largest finite value; like all limits here, a Fraction if `fits_float64` is False."""
        return _max(self)

    @property
    def min(self) -> float:
        """Most negative finite value; the smallest value of an unsigned format."""
        return self.level(int(self.top(np.array([True]))[0]) if self.signed else 0, self.signed)

    @property
    def min_subnormal(self) -> float:
        """Smallest positive value."""
        lowest = (self.level(index, False) for index in range(int(self.top(np.array([False]))[0])))
        return next((value for value in lowest if value > 0), self.max)

    def level(self, index: int, negative: bool) -> float:
        """Value of a level, numbered from zero upwards, of either sign."""
        code = self.code_of(np.array([index], np.int64), np.array([negative]))
        # Not by `decode`: its table of all values takes longer than one value.
        unpacked = self.unpack(np.asarray(code).astype(np.int64))
        if self.fits_float64:
            return float(unpacked.to_float64()[0])
        value = unpacked.to_fractions()[0]
        # A Fraction behaves like a float here, but has no limited range.
        return cast(float, value) if isinstance(value, Fraction) else float(value)

    @property
    def overflow(self) -> str:
        """Overflow policy of arithmetic in this format: `ieee` with infinity, else `saturate`."""
        return "ieee" if self.has_inf else "saturate"

    @property
    def code_dtype(self) -> np.dtype[np.unsignedinteger]:
        """Smallest unsigned NumPy type that holds a code."""
        return np.dtype(np.min_scalar_type((1 << self.bits) - 1))

    def pack(
        self,
        value: Unpacked,
        rounding: str | None = None,
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> Array:
        """Codes of exact values, rounded once; unsigned integers of `code_dtype`.

        Packing has three steps (IEEE 754-2019 clause 4, P3109 "projection"): round as if there
        were no largest value, compare the rounded value with the largest value, write the code.

        Raises:
            FormatError: the rounding or overflow is unknown, or random bits are missing.
        """
        rounding = self.default_rounding if rounding is None else rounding
        check_overflow(overflow)
        nan = value.nan | self.invalid(value)
        if self.nan_code is None:
            value = replace(value, sign=value.sign & ~value.nan, nan=np.zeros(value.shape, bool))
        if not self.has_negative_zero:
            value = replace(value, sign=np.asarray(value.sign & ~value.zero))
        position = self.locate(value, fraction_bits_of(rounding, random))
        away = steps_away(position, value.sign, rounding, random)
        index, top = self.settled(position.index + away), self.top(value.sign)
        too_large = (index > top) & ~(value.nan | value.inf)
        codes = self.code_of(np.where(too_large | value.inf, top, index), value.sign)
        codes = np.asarray(codes).astype(np.uint64)
        special = self._special(value, too_large, rounding, overflow)
        # In an unsigned format, a value that is too negative is invalid, not infinite.
        infinite = special & (self.signed | ~value.sign)
        if self.overflow_gives == "inf":
            positive, negative = (
                np.uint64(self.inf_code or 0),
                np.uint64(self.negative_inf_code or 0),
            )
            codes = np.where(infinite, np.where(value.sign, negative, positive), codes)
        if self.nan_code is not None:
            nan = nan | (special if self.overflow_gives == "nan" else special & ~infinite)
            codes = np.where(nan, np.uint64(self.nan_code), codes)
        if overflow == "wrap":
            # Infinities do not wrap.
            codes = np.where(value.inf | value.nan, codes, self.wrapped(value, rounding, random))
        return codes.astype(self.code_dtype)

    def _special(self, value: Unpacked, too_large: Array, rounding: str, overflow: str) -> Array:
        """Which values become a special value (infinity or NaN) instead of a finite one."""
        if overflow == "saturate":
            return np.zeros(value.shape, bool)
        if overflow == "propagate":
            return value.inf
        away = overflow_goes_away(rounding, value.sign) | (value.sign & (not self.signed))
        return value.inf | (too_large & away)

    def check_codes(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """`codes` as int64.

        Raises:
            FormatError: the codes are not integers, or a code is out of range.
        """
        array = np.asarray(codes)
        if array.size == 0 and array.dtype.kind == "f":
            array = array.astype(np.int64)
        if array.dtype.kind not in "iu":
            raise FormatError(f"{self.name} codes must be integers, not {array.dtype}")
        if array.size and (int(array.min()) < 0 or int(array.max()) >= 1 << self.bits):
            bad = int(array.min()) if int(array.min()) < 0 else int(array.max())
            raise FormatError(f"{self.name} code {bad} is out of range 0..{(1 << self.bits) - 1}")
        return array.astype(np.int64)

    def decode(self, codes: npt.ArrayLike) -> Array:
        """Exact values of codes of any shape.

        Returns:
            float64 values. If `fits_float64` is False: an object array of Fractions, with
            infinities and NaN as floats. Irrational values (logarithmic formats) are rounded to
            the nearest float64.

        Raises:
            FormatError: the codes are not integers, or a code is out of range.
        """
        checked = self.check_codes(codes)
        if not self.fits_float64:
            return self.unpack(checked).to_fractions()
        if self.bits <= TABLE_BITS:
            return np.asarray(_decode_table(self)[checked])
        return self.unpack(checked).to_float64()

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str | None = None,
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> Array:
        """Codes of real numbers of any shape; each number is rounded once.

        Args:
            x: floats up to 64 bits, or integers.
            rounding: one of `ROUNDINGS`. The default is the format's `default_rounding`: nearest
                even, except for HiFloat8 and binary.
            overflow: one of `OVERFLOWS`.
            random: random bits; only stochastic rounding needs them.

        Returns:
            Codes of type `code_dtype`, in the shape of `x`.

        Raises:
            FormatError: the rounding or overflow is unknown, or `x` has another type.
        """
        return self.pack(Unpacked.from_numbers(x), rounding, overflow, random)

    def quantize(
        self,
        x: npt.ArrayLike,
        rounding: str | None = None,
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> Array:
        """Values of the format after rounding: decode(encode(x)); arguments as for `encode`."""
        return self.decode(self.encode(x, rounding, overflow, random))


@lru_cache(maxsize=1024)
def _max(number_format: Format) -> float:
    return number_format.level(int(number_format.top(np.array([False]))[0]), False)


@lru_cache(maxsize=64)
def _decode_table(number_format: Format) -> Array:
    codes = np.arange(1 << number_format.bits, dtype=np.int64)
    table = number_format.unpack(codes).to_float64()
    table.flags.writeable = False
    return table
