"""The multiplier for weights of -1, 0 and 1."""

from dataclasses import dataclass, replace
from typing import ClassVar

from hwdse.errors import SpecError
from hwdse.formats import Binary, Bipolar, Format, Ternary, UnpackedShape
from hwdse.spec.multiply.exact import ExactValued


@dataclass(frozen=True, kw_only=True)
class AddSkip(ExactValued):
    """Passes, negates or zeroes the first operand: weights of -1, 0 and 1 need no multiplier.

    The product has the same representation as the first operand: sign and magnitude, or two's
    complement. Source: Li et al., Ternary weight networks, 2016; Ma et al., The era of 1-bit LLMs,
    2024.
    """

    keyword: ClassVar[str] = "add-skip"

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the first operand; in two's complement with one more significand bit.

        The negative of the most negative two's-complement value needs the additional bit.

        Raises:
            SpecError: the second operand has values other than -1, 0 and 1.
        """
        if not (isinstance(b, Ternary | Binary) or b == Bipolar(width=1)):
            raise SpecError(
                f"multiplier {self} of {a} and {b}: it takes a second operand of -1, 0 and 1, "
                "allowed are ternary, binary and bipolar1"
            )
        x = a.unpacked
        return replace(
            x,
            significand_bits=x.significand_bits + x.twos_complement,
            signed=True,
            has_nan=x.has_nan or (x.has_inf and isinstance(b, Ternary)),
        )
