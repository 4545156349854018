"""What every number format provides, and how families of formats make themselves known."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.rounding import RandomBits, check_overflow, check_rounding
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape

_TABLE_BITS = 16


@dataclass(frozen=True, kw_only=True)
class Format(ABC):
    """How a bit pattern stands for a value.

    A family of formats is a subclass; defining it registers its `from_name`, so that
    `formats.parse` knows it. `unpack` and `pack` are the exact definition; everything else here
    follows from them.

    A format without NaN encodes NaN as +0 (as Arm's float-to-integer conversion does).
    """

    families: ClassVar[list[type["Format"]]] = []

    name: str = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        Format.families.append(cls)

    def __str__(self) -> str:
        return self.name

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
        """The family's names in one phrase, for error messages."""

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
    def has_inf(self) -> bool:
        """Whether a code stands for infinity."""

    @property
    @abstractmethod
    def has_nan(self) -> bool:
        """Whether a code stands for NaN."""

    @property
    @abstractmethod
    def max(self) -> float:
        """Largest finite value."""

    @property
    @abstractmethod
    def min(self) -> float:
        """Most negative finite value; the smallest value of an unsigned format."""

    @property
    @abstractmethod
    def min_normal(self) -> float:
        """Smallest positive value of full precision."""

    @property
    @abstractmethod
    def min_subnormal(self) -> float:
        """Smallest positive value."""

    @property
    @abstractmethod
    def unpacked(self) -> UnpackedShape:
        """Bounds of the records that `unpack` gives."""

    @abstractmethod
    def unpack(self, codes: Array) -> Unpacked:
        """Exact values of int64 codes already known to be in range."""

    @abstractmethod
    def pack(
        self,
        value: Unpacked,
        rounding: str = "rne",
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> Array:
        """Codes of exact values, rounded once; unsigned integers of `code_dtype`."""

    @abstractmethod
    def ordinal(self, codes: Array) -> Array:
        """Integers in the order of the values of int64 codes: neighbours differ by one."""

    @property
    def overflow(self) -> str:
        """What arithmetic in this format does by itself: infinity where there is one."""
        return "ieee" if self.has_inf else "saturate"

    @property
    def code_dtype(self) -> np.dtype[np.unsignedinteger]:
        """Smallest unsigned NumPy type that holds a code."""
        return np.dtype(np.min_scalar_type((1 << self.bits) - 1))

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

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Exact values of codes of any shape, as float64.

        Raises:
            FormatError: not integers, or a code out of range.
        """
        checked = self.check_codes(codes)
        if self.bits <= _TABLE_BITS:
            return _decode_table(self)[checked]
        return self.unpack(checked).to_float64()

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = "rne",
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> Array:
        """Codes of real numbers of any shape, rounded once from the given values.

        Args:
            x: floats up to 64 bits, or integers.
            rounding: one of `ROUNDINGS`.
            overflow: one of `OVERFLOWS`.
            random: random bits, for stochastic rounding only.

        Returns:
            Codes of type `code_dtype`, same shape.

        Raises:
            FormatError: an unknown rounding or overflow, or values of another type.
        """
        check_rounding(rounding)
        check_overflow(overflow)
        return self.pack(Unpacked.from_numbers(x), rounding, overflow, random)

    def quantize(
        self,
        x: npt.ArrayLike,
        rounding: str = "rne",
        overflow: str = "saturate",
        random: RandomBits | None = None,
    ) -> npt.NDArray[np.float64]:
        """Nearest values of the format: decode(encode(x)); arguments and errors as `encode`."""
        return self.decode(self.encode(x, rounding, overflow, random))


@lru_cache(maxsize=64)
def _decode_table(number_format: Format) -> npt.NDArray[np.float64]:
    table = number_format.unpack(np.arange(1 << number_format.bits, dtype=np.int64)).to_float64()
    table.flags.writeable = False
    return table
