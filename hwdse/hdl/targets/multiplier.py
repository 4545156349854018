"""Hard multipliers: blocks of an FPGA that multiply and contain registers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

#: Cell types for the three parts of a hard multiplier while registers are placed: the wires to the
#: multiplier, the logic before the middle register, and the logic after the middle register.
OPERANDS, MULTIPLY, PRODUCT = "$hwdse_operands", "$hwdse_multiply", "$hwdse_product"


@dataclass(frozen=True, kw_only=True)
class RegisteredMultiplier:
    """A multiplication and the registers inside its hard multiplier.

    The registers have neither reset nor enable.

    Attributes:
        a_bits: width of operand a.
        b_bits: width of operand b.
        product_bits: number of product bits that are used, from the lowest bit on.
        signed: True if the operands are in two's complement.
        operands: True if registers hold the operands.
        middle: True if a register lies in the middle of the multiplication. Then `product` is True,
            too.
        product: True if a register holds the product.
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
        """A name made of all attributes: widths, sign, then the places of the registers."""
        sign = "signed" if self.signed else "unsigned"
        ranks = (("operands", self.operands), ("middle", self.middle), ("product", self.product))
        words = "_".join(word for word, there in ranks if there)
        return f"multiplier_{self.a_bits}x{self.b_bits}_{self.product_bits}_{sign}_{words}"

    @property
    def description(self) -> str:
        """A sentence that describes the module."""
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


class HardMultiplier(ABC):
    """The hard multiplier of a target: its size, its delays, and its cell.

    Attributes:
        max_bits: largest width of an operand.
    """

    max_bits: int

    @abstractmethod
    def operands_ps(self) -> int:
        """Delay of the wires to the operand registers."""

    @abstractmethod
    def array_ps(self) -> int:
        """Delay from the operand registers to the register in the middle."""

    @abstractmethod
    def finish_ps(self) -> int:
        """Delay from the register in the middle to the product."""

    @abstractmethod
    def mapped(self, multipliers: Mapping[str, RegisteredMultiplier]) -> str:
        """Verilog modules that replace registered multipliers by the cell of the target.

        Args:
            multipliers: the multipliers, by module name.
        """
