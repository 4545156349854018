"""Ternary numbers -1, 0 and 1: a code has two bits, or five numbers are packed into a byte."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from hwdse.errors import FormatError
from hwdse.formats.levels import LevelFormat

#: Ternary numbers ("trits") per byte, and the number of different bytes that they make.
TRITS_PER_BYTE = 5
_PACKED_CODES = 3**TRITS_PER_BYTE
_WEIGHTS = 3 ** np.arange(TRITS_PER_BYTE)


@dataclass(frozen=True, kw_only=True)
class Ternary(LevelFormat):
    """Code 00 is 0, 01 is 1 and 11 is -1; 10 decodes to 0, and encoding never produces it."""

    family: ClassVar[str] = "ternary"
    source: ClassVar[str] = "Li et al., Ternary weight networks, 2016; BitNet b1.58, 2024"

    name: str = "ternary"

    @classmethod
    def from_name(cls, text: str) -> Self | None:
        """Parse `ternary`, the family's only name."""
        return cls() if text == "ternary" else None

    @classmethod
    def syntax(cls) -> str:
        """Empty: the catalogue lists the family's only name."""
        return ""

    @property
    def bits(self) -> int:
        """Width of a code."""
        return 2

    def value_of(self, code: int) -> Fraction:
        """Exact value of a code."""
        return Fraction((0, 1, 0, -1)[code])

    def is_produced(self, code: int) -> bool:
        """Whether the code is not binary 10."""
        return code != 0b10


def pack_trits(trits: npt.ArrayLike) -> npt.NDArray[np.uint8]:
    """Pack five ternary numbers into a byte: the sum of (trit + 1) * 3^i, with i = 0 first.

    Args:
        trits: integers -1, 0 or 1 of shape (..., n); zeros fill the last byte.

    Returns:
        Bytes 0..242 of shape (..., ceil(n / 5)).

    Raises:
        FormatError: a value is not -1, 0 or 1, or the array has no axis to pack along.
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
    """The first `count` ternary numbers of each row of bytes from `pack_trits`.

    Args:
        packed: integers 0..242 of shape (..., bytes).
        count: n, the ternary numbers per row; a row has ceil(n / 5) bytes.

    Returns:
        -1, 0 and 1 of shape (..., n).

    Raises:
        FormatError: a byte does not stand for five trits, or the number of bytes does not match
            `count`.
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
