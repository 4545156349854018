"""The multiplier of bipolar numbers, with one XNOR gate per pair of bits."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.errors import SpecError
from hwdse.formats import Binary, Bipolar, Format, UnpackedShape
from hwdse.spec.multiply.exact import ExactValued


@dataclass(frozen=True, kw_only=True)
class Xnor(ExactValued):
    """XNOR of every bit of one operand with every bit of the other, and population counts.

    Each bit means plus or minus one. The product of two bits is plus one if the bits are equal, and
    minus one otherwise. A dot product of K terms with n-bit and m-bit operands is the sum of
    2^(i+j) (2 popcount(a_i XNOR b_j) - K) over all pairs of bits i < n and j < m. The popcount runs
    over the K terms.

    Source: Rastegari et al., XNOR-Net, 2016; for several bits, Ma et al., arbitrary precision
    bipolar-INT tensor cores, 2024.
    """

    keyword: ClassVar[str] = "xnor"

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the products, odd integers in two's complement.

        Raises:
            SpecError: an operand is not binary or bipolar.
        """
        for operand in (a, b):
            if not isinstance(operand, Binary | Bipolar):
                raise SpecError(
                    f"multiplier {self} of {a} and {b}: every bit of {operand} would have to mean "
                    "plus or minus one, allowed are binary and bipolar{n}"
                )
        largest = ((1 << a.bits) - 1) * ((1 << b.bits) - 1)
        return UnpackedShape(
            significand_bits=largest.bit_length() + 1,
            exponent_min=0,
            exponent_max=0,
            twos_complement=True,
        )
