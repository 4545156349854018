"""The multiplier by sums of few powers of two."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.errors import SpecError
from hwdse.formats import Format, PowersOfTwo, UnpackedShape
from hwdse.spec.multiply.exact import ExactValued


@dataclass(frozen=True, kw_only=True)
class ShiftAdd(ExactValued):
    """The first operand shifted by the signed powers of two that make up the second, and added.

    K shifts and K - 1 additions for a second operand `pot{W}_k{K}`, with its canonical signed
    digits. Products are exact for all numbers of that format; a code that is none, and that
    encoding never gives, counts with its K leading digits.

    Source: Li et al., Additive powers-of-two quantization, ICLR 2020.
    """

    keyword: ClassVar[str] = "shift-add"

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the exact products.

        Raises:
            SpecError: a second operand that is no sum of powers of two.
        """
        self.weights(b)
        return super().product(a, b)

    def weights(self, b: Format) -> PowersOfTwo:
        """The second operand's format.

        Raises:
            SpecError: it is no sum of powers of two.
        """
        if not isinstance(b, PowersOfTwo):
            raise SpecError(
                f"multiplier {self} by {b}: the second operand must be a sum of powers of two, "
                f"allowed are formats {PowersOfTwo.syntax()}"
            )
        return b
