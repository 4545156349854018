"""The multiplier by sums of a few powers of two."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.errors import SpecError
from hwdse.formats import Format, PowersOfTwo, UnpackedShape
from hwdse.spec.multiply.exact import ExactValued


@dataclass(frozen=True, kw_only=True)
class ShiftAdd(ExactValued):
    """Multiplies by signed powers of two: shifts the first operand, and adds the shifted copies.

    The second operand has format `pot{W}_k{K}` and is split into K canonical signed digits. The
    multiplier needs K shifts and K - 1 additions. Products are exact for all integers with up to K
    digits. A code of any other integer counts with only its K leading digits; the encoder never
    produces such a code.

    Source: Li et al., Additive powers-of-two quantization, ICLR 2020.
    """

    keyword: ClassVar[str] = "shift-add"

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the exact products.

        Raises:
            SpecError: the second operand's format is not `pot{W}_k{K}`.
        """
        self.weights(b)
        return super().product(a, b)

    def weights(self, b: Format) -> PowersOfTwo:
        """The format of the second operand, checked.

        Raises:
            SpecError: the format is not `pot{W}_k{K}`.
        """
        if not isinstance(b, PowersOfTwo):
            raise SpecError(
                f"multiplier {self} by {b}: the second operand must be a sum of powers of two, "
                f"allowed are formats {PowersOfTwo.syntax()}"
            )
        return b
