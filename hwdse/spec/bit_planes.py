"""Numbers as sums of bit planes, each of which adds or subtracts a power of two."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import gcd
from typing import Self

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import Format

#: Widest format that is decomposed, and most bit planes.
MAX_BITS, MAX_PLANES = 4, 8


@dataclass(frozen=True, kw_only=True)
class BitPlanes:
    """How the values of a format are sums of plus and minus powers of two.

    Each code has a plane word u of `planes` bits. With q = sum of 2^t (2 u_t - 1), the odd numbers
    from -(2^planes - 1) to 2^planes - 1, the value is

        2^lsb q                    if `offset` is None,
        2^lsb (q + offset) / 2     otherwise.

    A format whose values are odd multiples of 2^lsb has no offset: `binary` and `bipolar{n}`, with
    u = code. All others are windows of 2^planes neighbouring multiples of 2^lsb, from L on. Then u
    counts from L, and the offset is 2 L + 2^planes - 1. It is -1 where the window can start at
    -2^(planes - 1): for `int{n}`, where u is the code with its top bit inverted; and for `ternary`,
    where -1, 0 and 1 have u = 1, 2, 3. For `uint{n}`, u is the code, and the offset is 2^n - 1.

    Attributes:
        planes: number of bit planes.
        offset: an odd number, or None.
        lsb: weight (log2) of the values' last bit.
        words: the plane word of each code.
    """

    planes: int
    offset: int | None
    lsb: int
    words: tuple[int, ...]

    @classmethod
    def of(cls, number_format: Format) -> Self:
        """The bit planes of a format, as few as possible.

        Raises:
            SpecError: the format has more than 4 bits, NaN or infinity, or needs too many planes.
        """
        f = number_format
        if f.bits > MAX_BITS:
            raise SpecError(f"{f} has {f.bits} bits: weights of 1 to {MAX_BITS} bits are allowed")
        if f.has_nan or f.has_inf:
            raise SpecError(f"{f} has NaN or infinity: weights of finite values only are allowed")
        values = f.unpack(np.arange(1 << f.bits)).to_fractions().tolist()
        least = f.unpacked.exponent_min
        numbers = [int(value / 2**least if least >= 0 else value * 2**-least) for value in values]
        common = gcd(*numbers) or 1
        shift = (common & -common).bit_length() - 1
        numbers = [number >> shift for number in numbers]
        planes, offset, lowest = _window(numbers)
        if planes > MAX_PLANES:
            raise SpecError(
                f"{f} needs {planes} bit planes of plus and minus powers of two: at most "
                f"{MAX_PLANES} are allowed"
            )
        step = 2 if offset is None else 1
        words = tuple((number - lowest) // step for number in numbers)
        return cls(planes=planes, offset=offset, lsb=least + shift, words=words)

    @cached_property
    def inverted(self) -> int | None:
        """The bits in which every plane word differs from its code; None if there is no such."""
        differ = {code ^ word for code, word in enumerate(self.words)}
        return differ.pop() if len(differ) == 1 else None


def _window(numbers: list[int]) -> tuple[int, int | None, int]:
    """Number of planes, offset, and the number whose plane word is 0."""
    least, most = min(numbers), max(numbers)
    if all(number & 1 for number in numbers):
        planes = max(abs(least), abs(most)).bit_length()
        return planes, None, 1 - (1 << planes)
    planes = max((most - least).bit_length(), 1)
    # The lowest start is the one at which the highest number is the end of the window.
    lowest = min(max(-(1 << (planes - 1)), most - (1 << planes) + 1), least)
    return planes, 2 * lowest + (1 << planes) - 1, lowest


@lru_cache(maxsize=64)
def bit_planes(number_format: Format) -> BitPlanes:
    """`BitPlanes.of`, kept for the next call.

    Raises:
        SpecError: see there.
    """
    return BitPlanes.of(number_format)
