"""Ternary numbers -1, 0 and 1, one to two bits or five to a byte."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.levels import LevelFormat

#: Trits that fit a byte, and how many different bytes they make.
TRITS_PER_BYTE = 5
_PACKED_CODES = 3**TRITS_PER_BYTE
_WEIGHTS = 3 ** np.arange(TRITS_PER_BYTE)


@dataclass(frozen=True, kw_only=True)
class Ternary(LevelFormat):
    """00 is 0, 01 is 1 and 11 is -1; 10 reads as 0 and is never produced."""

    family: ClassVar[str] = "ternary"
    source: ClassVar[str] = "Li et al., Ternary weight networks, 2016; BitNet b1.58, 2024"

    name: str = "ternary"

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """`ternary`, the only one."""
        return cls() if text == "ternary" else None

    @classmethod
    def syntax(cls) -> str:
        """The family's names in one phrase; its one name is in the catalogue."""
        return ""

    @property
    def bits(self) -> int:
        """Width of a code."""
        return 2

    def value_of(self, code: int) -> Fraction:
        """Exact value of a code."""
        return Fraction((0, 1, 0, -1)[code])

    def is_produced(self, code: int) -> bool:
        """Not so 10."""
        return code != 0b10


def pack_trits(trits: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Five ternary numbers to a byte: the sum of (trit + 1) * 3^i, the first at i = 0.

    Args:
        trits: integers -1, 0 or 1 of shape (..., n); zeros fill up the last byte.

    Returns:
        Bytes 0..242 of shape (..., ceil(n / 5)).

    Raises:
        FormatError: anything but -1, 0 and 1, or no axis to pack along.
    """
    values = np.asarray(trits)
    if values.ndim == 0:
        raise FormatError("trits to pack need an axis: shape (..., n) is allowed")
    if values.size == 0:
        values = values.astype(np.int64)
    if values.dtype.kind not in "iu" or np.any((values < -1) | (values > 1)):
        raise FormatError("trits must be integers: -1, 0 and 1 are allowed")
    missing = -values.shape[-1] % TRITS_PER_BYTE
    digits = values.astype(np.int64) + 1
    digits = np.pad(digits, [(0, 0)] * (values.ndim - 1) + [(0, missing)], constant_values=1)
    groups = digits.reshape(*values.shape[:-1], digits.shape[-1] // TRITS_PER_BYTE, TRITS_PER_BYTE)
    return (groups @ _WEIGHTS).astype(np.uint8)


def unpack_trits(packed: npt.ArrayLike, count: int) -> npt.NDArray[np.int8]:
    """The first `count` ternary numbers of each row of bytes, which `pack_trits` made.

    Args:
        packed: integers 0..242 of shape (..., bytes).
        count: n, with ceil(n / 5) bytes.

    Returns:
        -1, 0 and 1 of shape (..., n).

    Raises:
        FormatError: bytes that stand for no five trits, or a count that needs another number of
            bytes.
    """
    codes = np.asarray(packed)
    if codes.ndim == 0:
        raise FormatError("packed trits need an axis: shape (..., bytes) is allowed")
    if codes.size == 0:
        codes = codes.astype(np.int64)
    if codes.dtype.kind not in "iu" or np.any((codes < 0) | (codes >= _PACKED_CODES)):
        raise FormatError(f"packed trits must be integers: 0 to {_PACKED_CODES - 1} are allowed")
    if count < 0 or -(-count // TRITS_PER_BYTE) != codes.shape[-1]:
        most = TRITS_PER_BYTE * codes.shape[-1]
        least = max(most - TRITS_PER_BYTE + 1, 0)
        raise FormatError(
            f"{count} trits in {codes.shape[-1]} bytes: {least} to {most} are allowed"
        )
    digits = codes.astype(np.int64)[..., None] // _WEIGHTS % 3 - 1
    return digits.reshape(*codes.shape[:-1], -1)[..., :count].astype(np.int8)
