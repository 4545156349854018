"""The exact sum of the products of two words, whose elements have one of several formats."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import Format, Logarithmic, UnpackedShape
from hwdse.spec.multiply import Multiplier
from hwdse.spec.multiply.exact import Exact

_MAX_WORD_BITS = 32
#: Widest word of significands: those of 24 bits in `nf4` would soon need a huge multiplier.
_MAX_SIGNIFICAND_BITS = 64
#: Widest exact sum of the products of two words.
_MAX_SUM_BITS = 128


class ValueGrid(NamedTuple):
    """The finite values of a format are whole multiples of a power of two.

    Attributes:
        lsb: binary logarithm of the largest power of two that divides all values.
        largest: largest magnitude, in units of 2^lsb.
    """

    lsb: int
    largest: int


@lru_cache(maxsize=256)
def grid_of(number_format: Format) -> ValueGrid:
    """The grid of a format of at most 16 bits, from all its codes.

    It is finer than the exponents of a posit say: a posit with a long regime has few fraction bits.
    """
    codes = np.arange(1 << number_format.bits)
    record = number_format.unpack(number_format.check_codes(codes)).exact()
    finite = [
        (int(significand), int(exponent))
        for significand, exponent in zip(record.significand, record.exponent, strict=True)
        if significand
    ]
    if not finite:
        return ValueGrid(0, 0)
    lsb = min(exponent + (number & -number).bit_length() - 1 for number, exponent in finite)
    least = min(exponent for _, exponent in finite)
    largest = max(number << exponent - least for number, exponent in finite)
    return ValueGrid(lsb, largest >> lsb - least)


@dataclass(frozen=True, kw_only=True)
class PackedProduct(Multiplier):
    """The sum of the products of the elements of two words, exact, as one term.

    Both words have the width of the widest format and hold as many elements of a narrower format as
    fit. The term is a number in two's complement. With several elements it counts in units of the
    least product, and its exponent is a constant of the format. With a single one it is the product
    of both significands, with the sum of both exponents. A term of zero is +0.

    NaN in an element gives NaN, and so do infinite products of both signs, and infinity times zero.

    No design spec names this multiplier. A design whose unit packs words makes it from `mul`, which
    multiplies the elements.

    Attributes:
        elements: multiplier of the elements: exact.
        modes: the formats, by the number of the mode.

    Raises:
        SpecError: a format does not fill the word, is logarithmic, or has significands or sums that
            are too wide.
    """

    elements: Exact = field(default_factory=Exact)
    modes: tuple[Format, ...]

    def __post_init__(self) -> None:
        word = self.word_bits
        if not 2 <= word <= _MAX_WORD_BITS:
            raise SpecError(f"words of {word} bits: 2 to {_MAX_WORD_BITS} are allowed")
        for mode in self.modes:
            count = word // mode.bits
            if count * mode.bits != word or count & (count - 1):
                raise SpecError(
                    f"{mode} has {mode.bits} bits: a word of {word} bits has 1, 2, 4, ... elements "
                    f"of {word}, {word / 2:g}, {word / 4:g}, ... bits"
                )
            if isinstance(mode, Logarithmic):
                raise SpecError(f"{mode}: a logarithm is no significand, mul=log multiplies it")
            bits = count * mode.unpacked.significand_bits
            if bits > _MAX_SIGNIFICAND_BITS:
                raise SpecError(
                    f"{count} significands of {mode} take {bits} bits: at most "
                    f"{_MAX_SIGNIFICAND_BITS} are allowed"
                )
            bits = self.term(mode).significand_bits
            if bits > _MAX_SUM_BITS:
                raise SpecError(
                    f"exact sums of {count} products of {mode} take {bits} bits: at most "
                    f"{_MAX_SUM_BITS} are allowed"
                )

    def __str__(self) -> str:
        return str(self.elements)

    @property
    def named(self) -> Multiplier:
        """The multiplier of the elements."""
        return self.elements

    @property
    def word_bits(self) -> int:
        """Width of a word: of the widest format."""
        return max(mode.bits for mode in self.modes)

    @property
    def most_lanes(self) -> int:
        """Most elements of a word."""
        return max(map(self.lanes, self.modes))

    def lanes(self, mode: Format) -> int:
        """Number of elements of a format in a word."""
        return self.word_bits // mode.bits

    def lane_bits(self, mode: Format) -> int:
        """Bits of the magnitude of one product, in units of the term's LSB."""
        if self.lanes(mode) == 1:
            return 2 * mode.unpacked.significand_bits
        return (grid_of(mode).largest ** 2).bit_length()

    def term(self, mode: Format) -> UnpackedShape:
        """Bounds of the terms of a mode."""
        product, lanes = Exact().product(mode, mode), self.lanes(mode)
        special = {
            "twos_complement": True,
            "has_inf": product.has_inf,
            "has_nan": product.has_nan,
        }
        if lanes == 1:
            return UnpackedShape(
                significand_bits=product.magnitude_bits + 1,
                exponent_min=product.exponent_min,
                exponent_max=product.exponent_max,
                exponent_origin=product.exponent_origin,
                **special,
            )
        grid = grid_of(mode)
        return UnpackedShape(
            significand_bits=max((lanes * grid.largest**2).bit_length(), 1) + 1,
            exponent_min=2 * grid.lsb,
            exponent_max=2 * grid.lsb,
            **special,
        )

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the terms of all modes; `a` and `b` are the widest format of the word.

        Raises:
            SpecError: the formats are not the widest one.
        """
        if a != b or a not in self.modes or self.lanes(a) > 1:
            raise SpecError(f"operands {a} and {b}: words of {self.word_bits} bits are multiplied")
        terms = [self.term(mode) for mode in self.modes]
        return UnpackedShape(
            significand_bits=max(term.significand_bits for term in terms),
            exponent_min=min(term.exponent_min for term in terms),
            exponent_max=max(term.exponent_max for term in terms),
            exponent_origin=min(term.exponent_origin for term in terms),
            twos_complement=True,
            has_inf=any(term.has_inf for term in terms),
            has_nan=any(term.has_nan for term in terms),
        )

    def point(self, a: Format, b: Format) -> int:
        """Fraction bits of a product of whole words, for the terms of all modes.

        So accumulators that align terms by un-normalised exponents align these as in a `mac`.
        """
        return Exact().point(a, b)
