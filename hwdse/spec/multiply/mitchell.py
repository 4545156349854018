"""Mitchell's logarithmic multiplier."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.errors import SpecError
from hwdse.formats import Format, HiF8, Logarithmic, UnpackedShape, clog2
from hwdse.spec.multiply import Multiplier


@dataclass(frozen=True, kw_only=True)
class Mitchell(Multiplier):
    """Logarithms to base two taken, added and taken back on a straight line between powers of two.

    Of (1 + x) 2^k and (1 + y) 2^l it makes (1 + x + y) 2^(k+l) if x + y is below one, and otherwise
    (x + y) 2^(k+l+1): at most 1/9 too little, never too much. Subnormals and integers are brought
    to that form by their leading one; nothing is flushed, rounded or clamped.

    Source: Mitchell, Computer multiplication and division using binary logarithms, 1962.

    Attributes:
        fraction_bits: bits kept of x and of y, the rest cut off; None keeps all.
    """

    keyword: ClassVar[str] = "mitchell"

    fraction_bits: int | None = None

    def __post_init__(self) -> None:
        if self.fraction_bits is not None and self.fraction_bits < 1:
            raise SpecError(f"multiplier {self}: a fraction of at least 1 bit is needed")

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse `f{n}`."""
        if not options:
            return cls()
        match = re.fullmatch(r"f([1-9][0-9]?)", options[0])
        if len(options) > 1 or not match:
            raise cls.bad_options(options)
        return cls(fraction_bits=int(match[1]))

    @classmethod
    def syntax(cls) -> str:
        """How this choice is written."""
        return "mitchell[:f{n}]"

    def __str__(self) -> str:
        cut = "" if self.fraction_bits is None else f":f{self.fraction_bits}"
        return f"{self.keyword}{cut}"

    def fraction(self, a: Format, b: Format) -> int:
        """Bits of the sum's fraction: those of the longer operand, or fewer."""
        longer = max(x.unpacked.magnitude_bits - 1 for x in (a, b))
        return longer if self.fraction_bits is None else min(longer, self.fraction_bits)

    @staticmethod
    def in_fixed_point(a: Format, b: Format) -> bool:
        """Whether the operands have one exponent each: the product is then put back in place."""
        return all(x.unpacked.exponent_min == x.unpacked.exponent_max for x in (a, b))

    @staticmethod
    def has_leading_one(number_format: Format) -> bool:
        """Whether decoders give every number but zero with the top bit of its significand set."""
        # The dot field of HiFloat8 says where the leading one is.
        leads = number_format.unpacked.most_leading_zeros == 0
        return leads or isinstance(number_format, HiF8)

    def _least(self, number_format: Format) -> int:
        """Weight of the leading one of the smallest number."""
        shape = number_format.unpacked
        leading = shape.magnitude_bits - 1 if self.has_leading_one(number_format) else 0
        return shape.exponent_min + leading

    def _origin(self, number_format: Format) -> int:
        """Weight of a leading one that the hardware counts as zero.

        It adds the complement of a count of leading zeros, without more, which ends at one less
        than a power of two.
        """
        shape = number_format.unpacked
        bits = shape.significand_bits
        if self.has_leading_one(number_format):
            return shape.exponent_origin + bits - 1
        return shape.exponent_origin + bits - (1 << clog2(bits))

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the products, sign and magnitude.

        Integers and fixed-point numbers give a fixed-point number, as many bits as exact products
        have; floats one of the operands' precision with a leading one.

        Raises:
            SpecError: logarithmic operands, whose products are sums already.
        """
        for operand in (a, b):
            if isinstance(operand, Logarithmic):
                raise SpecError(
                    f"multiplier {self} of {a} and {b}: {operand} is a logarithm already, mul=log "
                    "adds it as it is"
                )
        x, y = a.unpacked, b.unpacked
        # The most negative two's-complement integers are powers of two of one bit more.
        both_twos = x.twos_complement and y.twos_complement
        if self.in_fixed_point(a, b):
            significand_bits = x.magnitude_bits + y.magnitude_bits + both_twos
            exponent_min = exponent_max = origin = x.exponent_min + y.exponent_min
        else:
            fraction = self.fraction(a, b)
            significand_bits = fraction + 1
            exponent_min = sum(self._least(f) for f in (a, b)) - fraction
            origin = sum(self._origin(f) for f in (a, b)) - fraction
            exponent_max = x.top + y.top - 1 + both_twos - fraction
        return UnpackedShape(
            significand_bits=significand_bits,
            exponent_min=exponent_min,
            exponent_max=exponent_max,
            exponent_origin=origin,
            signed=x.signed or y.signed,
            has_inf=x.has_inf or y.has_inf,
            has_nan=x.has_nan or y.has_nan or x.has_inf or y.has_inf,
            leading_zeros=None if self.in_fixed_point(a, b) else 0,
        )
