"""The multiplier that splits the operands into 2-bit digits."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.errors import SpecError
from hwdse.formats import FixedPoint, Format, UnpackedShape
from hwdse.spec.multiply.exact import ExactValued


@dataclass(frozen=True, kw_only=True)
class Radix4(ExactValued):
    """Multiplies 2-bit digits in small bricks: a b = sum of a_i b_j 4^(i+j), top digits signed.

    Source: Sharma et al., Bit Fusion, ISCA 2018.
    """

    keyword: ClassVar[str] = "radix4"

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the exact products.

        Raises:
            SpecError: an operand is not an integer or a fixed-point number.
        """
        for operand in (a, b):
            if not isinstance(operand, FixedPoint):
                raise SpecError(
                    f"multiplier {self} of {a} and {b}: {operand} has no digits of equal weight, "
                    "allowed are integers and fixed-point numbers"
                )
        return super().product(a, b)
