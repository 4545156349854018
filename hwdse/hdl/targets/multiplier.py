"""Hard multipliers: blocks of an FPGA that multiply and contain registers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

#: Cells that stand for the parts of a multiplier while registers are placed: the wires to it, and
#: its logic ahead of and behind the register in its middle.
OPERANDS, MULTIPLY, PRODUCT = "$hwdse_operands", "$hwdse_multiply", "$hwdse_product"


@dataclass(frozen=True, kw_only=True)
class RegisteredMultiplier:
    """A multiplication and the registers inside its hard multiplier.

    The registers have neither reset nor enable.

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


class HardMultiplier(ABC):
    """The hard multiplier of a target: its size, its delays, and its cell.

    Attributes:
        max_bits: width of its operands.
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
            multipliers: by the names of their modules.
        """
