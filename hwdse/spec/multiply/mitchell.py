"""Mitchell's logarithmic multiplier."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from hwdse.errors import SpecError
from hwdse.formats import Format, HiF8, Logarithmic, UnpackedShape, clog2
from hwdse.spec.multiply import Multiplier


@dataclass(frozen=True, kw_only=True)
class Mitchell(Multiplier):
    """Adds approximate base-two logarithms, which are linear between powers of two.

    The product of (1 + x) 2^k and (1 + y) 2^l is (1 + x + y) 2^(k+l) if x + y is below one, and
    otherwise (x + y) 2^(k+l+1). The result is never too large and at most 1/9 too small. Subnormals
    and integers are first normalised by their leading one. The multiplier does not flush, round or
    saturate.

    Source: Mitchell, Computer multiplication and division using binary logarithms, 1962.

    Attributes:
        fraction_bits: number of bits kept of x and of y. The multiplier truncates the other bits.
            None: keep all bits.
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
        """Syntax of this choice in a design spec, with all options."""
        return "mitchell[:f{n}]"

    def __str__(self) -> str:
        cut = "" if self.fraction_bits is None else f":f{self.fraction_bits}"
        return f"{self.keyword}{cut}"

    def fraction(self, a: Format, b: Format) -> int:
        """Bits of the fraction x + y: the longer operand's, but at most `fraction_bits`."""
        longer = max(x.unpacked.magnitude_bits - 1 for x in (a, b))
        return longer if self.fraction_bits is None else min(longer, self.fraction_bits)

    @staticmethod
    def in_fixed_point(a: Format, b: Format) -> bool:
        """Whether each operand has a single exponent, so that the product is a fixed-point number.

        The hardware then shifts the product back to its fixed-point position.
        """
        return all(x.unpacked.exponent_min == x.unpacked.exponent_max for x in (a, b))

    @staticmethod
    def has_leading_one(number_format: Format) -> bool:
        """Whether the decoder sets the significand's top bit for every number except zero."""
        # The dot field of HiFloat8 gives the position of the leading one.
        leads = number_format.unpacked.most_leading_zeros == 0
        return leads or isinstance(number_format, HiF8)

    def _least(self, number_format: Format) -> int:
        """Weight (log2) of the leading one of the smallest number."""
        shape = number_format.unpacked
        leading = shape.magnitude_bits - 1 if self.has_leading_one(number_format) else 0
        return shape.exponent_min + leading

    def _origin(self, number_format: Format) -> int:
        """Weight (log2) of the leading one for hardware exponent 0.

        If the hardware must find the leading one, it adds the bitwise complement of the
        leading-zero count to the exponent field. For a c-bit count n the complement is 2^c - 1 - n.
        The origin absorbs the constant 2^c - 1, so the hardware needs no further adder.
        """
        shape = number_format.unpacked
        bits = shape.significand_bits
        if self.has_leading_one(number_format):
            return shape.exponent_origin + bits - 1
        return shape.exponent_origin + bits - (1 << clog2(bits))

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the products, in sign and magnitude.

        The product of integers or fixed-point numbers is a fixed-point number, with as many bits as
        the exact product. The product of floats has a leading one and the precision of the longer
        operand, at most `fraction_bits` + 1 bits.

        Raises:
            SpecError: an operand is logarithmic. Multiplier `log` adds logarithms directly.
        """
        for operand in (a, b):
            if isinstance(operand, Logarithmic):
                raise SpecError(
                    f"multiplier {self} of {a} and {b}: {operand} is a logarithm already, mul=log "
                    "adds it as it is"
                )
        x, y = a.unpacked, b.unpacked
        # The magnitude of the most negative two's-complement integer needs one more bit.
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
