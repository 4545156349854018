"""The multiplier by -1, 0 and 1."""

from dataclasses import dataclass, replace
from typing import ClassVar

from hwdse.errors import SpecError
from hwdse.formats import Binary, Bipolar, Format, Ternary, UnpackedShape
from hwdse.spec.multiply.exact import ExactValued


@dataclass(frozen=True, kw_only=True)
class AddSkip(ExactValued):
    """The first operand as it is, negated or left out: weights of -1, 0 and 1 need no multiplier.

    The product is a record of the kind that the first operand is. Source: Li et al., Ternary weight
    networks, 2016; Ma et al., The era of 1-bit LLMs, 2024.
    """

    keyword: ClassVar[str] = "add-skip"

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the first operand, with a bit more where its least value is to be negated.

        Raises:
            SpecError: a second operand with other values than -1, 0 and 1.
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
