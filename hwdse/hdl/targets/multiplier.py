"""Multipliers that have registers of their own, as those of FPGAs do."""

from dataclasses import dataclass

#: Cells that stand for the parts of a multiplier while registers are placed: the wires to it, and
#: its logic ahead of and behind the register in its middle.
OPERANDS, MULTIPLY, PRODUCT = "$hwdse_operands", "$hwdse_multiply", "$hwdse_product"


@dataclass(frozen=True, kw_only=True)
class RegisteredMultiplier:
    """A multiplier and its own registers, all without reset or enable.

    Attributes:
        a_bits, b_bits: operands.
        product_bits: of the product, from the lowest on.
        signed: operands are two's complement.
        operands: whether the operands are registered.
        middle: whether there is a register inside; only together with one at the product.
        product: whether the product is registered.
    """

    a_bits: int
    b_bits: int
    product_bits: int
    signed: bool
    operands: bool
    middle: bool
    product: bool

    @property
    def name(self) -> str:
        """A name that says all of it: operands, then which registers there are."""
        sign = "signed" if self.signed else "unsigned"
        ranks = (("operands", self.operands), ("middle", self.middle), ("product", self.product))
        words = "_".join(word for word, there in ranks if there)
        return f"multiplier_{self.a_bits}x{self.b_bits}_{self.product_bits}_{sign}_{words}"

    @property
    def description(self) -> str:
        """What it does, in a sentence."""
        places = [
            place
            for place, there in (
                ("at the operands", self.operands),
                ("in the middle", self.middle),
                ("at the product", self.product),
            )
            if there
        ]
        return f"Multiplies two words, with registers {' and '.join(places)} and without reset."
