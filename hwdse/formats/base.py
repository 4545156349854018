"""What every number format provides, and how families of formats make themselves known."""

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

#: Formats of up to this many bits are decoded by a table of all their values.
TABLE_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Format(ABC):
    """How a bit pattern stands for a value.

    A family of formats is a subclass with a `family`; defining it registers its `from_name`, so
    that `formats.parse` knows it. A family states its values (`unpack`) and its *levels*: the
    values of one sign counted outward from zero, with `locate` from a value to a level and
    `code_of` back. Rounding, overflow and special values are the same for all and done here, once.

    A format without NaN encodes NaN as +0 (as Arm's float-to-integer conversion does), or as the
    code of a zero value where it has no zero.
    """

    families: ClassVar[list[type["Format"]]] = []
    #: What the family is called in lists, and where it is defined.
    family: ClassVar[str] = ""
    source: ClassVar[str] = ""

    name: str = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # What several families share is no family itself.
        if "family" in vars(cls):
            Format.families.append(cls)

    def __str__(self) -> str:
        return self.name

    # --- what a family says of itself ----------------------------------------------------------

    @classmethod
    @abstractmethod
    def from_name(cls, text: str) -> Self | None:
        """The format that `text` names in this family; None if it names none.

        Raises:
            FormatError: a name of this family with impossible parameters.
        """

    @classmethod
    @abstractmethod
    def syntax(cls) -> str:
        """The family's names in one phrase, for error messages; empty if the catalogue has all."""

    @classmethod
    def file_of(cls, text: str) -> Path | None:
        """The file whose contents `text` stands for; None if names of this family need none."""
        del text
        return None

    def modified(self, modifier: str) -> "Format | None":
        """The format that `{name}_{modifier}` names; None if there is none."""
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
        """Bounds of the records that `unpack` gives."""

    @abstractmethod
    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes already known to be in range.

        A family with irrational values gives their nearest float64 and says so.
        """

    @abstractmethod
    def locate(self, value: Unpacked, fraction_bits: int) -> Position:
        """Levels that finite values reach, and the fractions discarded.

        Values beyond the last level may be given any position beyond it; NaN and infinities any
        position at all.
        """

    @abstractmethod
    def top(self, negative: Array) -> Array:
        """Index of the outermost finite level on each side; 0 or more."""

    @abstractmethod
    def code_of(self, index: Array, negative: Array) -> Array:
        """Codes of levels, as non-negative integers of any type.

        A format without negative values gives the code of its least level for negative ones.
        """

    @abstractmethod
    def ordinal(self, codes: Array) -> Array:
        """Integers in the order of the values of int64 codes: neighbours differ by one."""

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
        """What a value too large becomes under overflow `ieee`."""
        return "inf" if self.has_inf else "nan" if self.has_nan else "max"

    @property
    def default_rounding(self) -> str:
        """Rounding of `encode` where none is named."""
        return "rne"

    @property
    def has_negative_zero(self) -> bool:
        """Whether zeros of both signs have a code each; otherwise all zeros count as positive."""
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
        """Which values that are no NaN have no counterpart at all, and so become NaN."""
        return np.zeros(value.shape, bool)

    def wrapped(self, value: Unpacked, rounding: str, random: RandomBits | None) -> Array:
        """Codes of finite values modulo the range.

        Raises:
            FormatError: a format for which that has no meaning.
        """
        raise FormatError(f"overflow wrap of {self.name}: it is for integers and fixed point")

    def settled(self, index: Array) -> Array:
        """Levels after rounding, for formats that leave some out."""
        return index

    # --- what follows --------------------------------------------------------------------------

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
        """Largest finite value; a Fraction where float64 cannot hold it, as the next three."""
        return self._level(int(self.top(np.array([False]))[0]), False)

    @property
    def min(self) -> float:
        """Most negative finite value; the smallest value of an unsigned format."""
        return self._level(int(self.top(np.array([True]))[0]) if self.signed else 0, self.signed)

    @property
    def min_subnormal(self) -> float:
        """Smallest positive value."""
        lowest = (self._level(index, False) for index in range(int(self.top(np.array([False]))[0])))
        return next((value for value in lowest if value > 0), self.max)

    def _level(self, index: int, negative: bool) -> float:
        code = self.code_of(np.array([index], np.int64), np.array([negative]))
        value = self.decode(code)[0]
        # Fractions behave as floats do, but for their range.
        return cast(float, value) if isinstance(value, Fraction) else float(value)

    @property
    def overflow(self) -> str:
        """What arithmetic in this format does by itself: infinity where there is one."""
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

        Three steps (IEEE 754-2019 clause 4, P3109 "projection"): round as if there were no largest
        value, test the rounded value, encode.

        Raises:
            FormatError: an unknown rounding or overflow, or random bits missing.
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
        # A value too negative for an unsigned format is no infinity but invalid.
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
        """Which values leave the finite range for good."""
        if overflow == "saturate":
            return np.zeros(value.shape, bool)
        if overflow == "propagate":
            return value.inf
        away = overflow_goes_away(rounding, value.sign) | (value.sign & (not self.signed))
        return value.inf | (too_large & away)

    def check_codes(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """`codes` as int64.

        Raises:
            FormatError: not integers, or a code out of range.
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
            float64; an object array of Fractions (infinities and NaN as floats) where
            `fits_float64` is False. Irrational values (logarithmic formats) are the nearest
            float64.

        Raises:
            FormatError: not integers, or a code out of range.
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
        """Codes of real numbers of any shape, rounded once from the given values.

        Args:
            x: floats up to 64 bits, or integers.
            rounding: one of `ROUNDINGS`; by default the format's own, which is nearest even for
                all but those that say otherwise (HiFloat8, binary).
            overflow: one of `OVERFLOWS`.
            random: random bits, for stochastic rounding only.

        Returns:
            Codes of type `code_dtype`, same shape.

        Raises:
            FormatError: an unknown rounding or overflow, or values of another type.
        """
        return self.pack(Unpacked.from_numbers(x), rounding, overflow, random)

    def quantize(
        self,
        x: npt.ArrayLike,
        rounding: str | None = None,
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> Array:
        """Nearest values of the format: decode(encode(x)); arguments and errors as `encode`."""
        return self.decode(self.encode(x, rounding, overflow, random))


@lru_cache(maxsize=64)
def _decode_table(number_format: Format) -> Array:
    codes = np.arange(1 << number_format.bits, dtype=np.int64)
    table = number_format.unpack(codes).to_float64()
    table.flags.writeable = False
    return table
