"""The L-Mul multiplier."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Self

from hwdse.errors import SpecError
from hwdse.formats import Format, Minifloat, UnpackedShape
from hwdse.spec.multiply import Multiplier


@dataclass(frozen=True, kw_only=True)
class LMul(Multiplier):
    """L-Mul, "Addition is All You Need" (Luo and Sun, 2024): fractions added, never multiplied.

    The integer form adds the codes as integers. A carry out of the fraction therefore increments
    the exponent, and the product is a code of the operand format. The formula form keeps
    (1 + xm + ym + 2^-l) 2^(xe+ye) exactly.

    The paper does not define the corner cases. Here a subnormal operand counts as zero. A product
    below the smallest normal is zero. A product above the largest value is infinity if the format
    has infinity; otherwise the product saturates.

    Attributes:
        formula: use the formula form instead of the integer form.
        offset: l of the constant 2^-l, which replaces the product of the fractions. None: the
            paper's l(M) for a fraction of M bits, which is M for M <= 3, 3 for M = 4 and 4 for
            M > 4. 0: no constant (Mitchell).
        saturate: saturate an overflowing product even if the format has infinity.
    """

    keyword: ClassVar[str] = "lmul"

    formula: bool = False
    offset: int | None = None
    saturate: bool = False

    @classmethod
    def from_options(cls, options: tuple[str, ...]) -> Self:
        """Parse `formula`, `no-offset`, `l{n}` and `sat`, in any order."""
        made = cls()
        for option in options:
            if option == "formula":
                made = replace(made, formula=True)
            elif option == "no-offset":
                made = replace(made, offset=0)
            elif option == "sat":
                made = replace(made, saturate=True)
            elif re.fullmatch(r"l[1-9][0-9]?", option):
                made = replace(made, offset=int(option[1:]))
            else:
                raise cls.bad_options(options)
        return made

    @classmethod
    def syntax(cls) -> str:
        """Syntax of this choice in a design spec, with all options."""
        return "lmul[:formula][:no-offset|:l{n}][:sat]"

    def __str__(self) -> str:
        offset = {None: "", 0: ":no-offset"}.get(self.offset, f":l{self.offset}")
        formula, saturate = ":formula" * self.formula, ":sat" * self.saturate
        return f"{self.keyword}{formula}{offset}{saturate}"

    def operand(self, a: Format, b: Format) -> Minifloat:
        """The common format of both operands.

        Raises:
            SpecError: the operands do not have the same signed floating-point format, the format
                has no fraction or no zero, or the offset is below the fraction's LSB.
        """
        if a != b or not isinstance(a, Minifloat):
            raise SpecError(
                f"multiplier {self} of {a} and {b}: it adds the codes of two operands of one "
                "floating-point format"
            )
        if a.fraction_bits < 1 or not a.subnormals or not a.signed:
            raise SpecError(f"multiplier {self} of {a}: it needs a signed format with a fraction")
        if self.offset is not None and self.offset > a.fraction_bits:
            raise SpecError(
                f"multiplier {self} of {a}: 2^-{self.offset} is below the fraction's "
                f"{a.fraction_bits} bits"
            )
        return a

    def offset_in_lsb(self, operand: Minifloat) -> int:
        """The constant 2^-l in units of the fraction's LSB; 0 without offset."""
        m = operand.fraction_bits
        exponent = min(m, 3 if m <= 4 else 4) if self.offset is None else self.offset
        return 1 << (m - exponent) if exponent else 0

    def overflows_to_inf(self, operand: Minifloat) -> bool:
        """Whether a product beyond the largest value becomes infinity."""
        return operand.has_inf and not self.saturate

    def product(self, a: Format, b: Format) -> UnpackedShape:
        """Bounds of the products: bounds of the operand format, wider for the formula form."""
        operand = self.operand(a, b)
        own = replace(operand.unpacked, has_nan=operand.has_nan or operand.has_inf)
        if not self.formula:
            return own
        return replace(
            own,
            significand_bits=operand.fraction_bits + 2,
            exponent_min=own.exponent_min - 1,
            leading_zeros=None,
        )
