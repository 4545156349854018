"""Delay laws that FPGAs of look-up tables with four inputs have in common."""

from dataclasses import dataclass
from typing import ClassVar

from hwdse.hdl.targets.target import Target

_GATES_PER_LUT = 2
"""The delay of a gate is this fraction of a LUT. A LUT holds two to three gates in series."""


@dataclass(frozen=True, kw_only=True)
class LutTarget(Target):
    """An FPGA of look-up tables with four inputs and of carry chains.

    Attributes:
        lut_ps: delay of a LUT.
        wire_ps: mean delay of the wire to a LUT.
        chain_ends_ps: delay into and out of a carry chain, with the wires there.
        chain_step_ps: delay of a carry from a bit to the next.
    """

    carry_chains: ClassVar[bool] = True
    lut_ps: ClassVar[int]
    wire_ps: ClassVar[int]
    chain_ends_ps: ClassVar[int]
    chain_step_ps: ClassVar[int]

    @property
    def level_ps(self) -> int:
        """Delay of a LUT and the wire to it."""
        return self.lut_ps + self.wire_ps

    def levels_ps(self, inputs: int) -> int:
        """Delay of a tree of LUTs with this number of inputs."""
        levels, reach = 1, 4
        while reach < inputs:
            levels, reach = levels + 1, reach * 4
        return levels * self.level_ps

    def adder_ps(self, width: int) -> int:
        """Delay of a whole carry chain."""
        first, step = self.chain_ps(width, two=True)
        return first + step * width

    def chain_ps(self, width: int, *, two: bool) -> tuple[int, int]:
        """A carry chain. The delays into and out of the chain do not depend on the width."""
        del width, two
        return self.chain_ends_ps, self.chain_step_ps

    def gate_ps(self) -> int:
        """A fraction of the delay of a LUT and its wire."""
        return self.level_ps // _GATES_PER_LUT

    def into_chain_ps(self) -> int:
        """The rest of a LUT's delay, because no further gate shares the LUT."""
        return self.level_ps - self.gate_ps()

    def mux_ps(self, width: int, ways: int) -> int:
        """One LUT for two ways. For more ways, a tree of LUTs for all words and select lines."""
        del width
        return self.levels_ps(ways - 1 + ways) if ways > 2 else self.level_ps

    def mask_ps(self, width: int, *, reset: bool) -> int:
        """One gate; no delay for reset, because flip-flops have a reset input."""
        del width
        return 0 if reset else self.gate_ps()

    def equality_ps(self, width: int, *, two: bool) -> int:
        """A tree of LUTs. A first LUT compares two bits of two words, or four bits of one word."""
        return self.levels_ps(2 * width if two else width)

    def reduction_ps(self, bits: int) -> int:
        """A tree of LUTs. Above 16 bits it is a level deeper, because synthesis also saves area."""
        return self.levels_ps(bits) + (self.level_ps if bits > 16 else 0)

    def shift_ps(self, width: int, amount_bits: int, input_bits: int) -> int:
        """One level of multiplexers per bit of the shift amount."""
        del width, input_bits
        return amount_bits * self.level_ps

    def table_ps(self, address_bits: int, data_bits: int) -> int:
        """LUTs for four address bits, and multiplexers for the other address bits."""
        del data_bits
        return self.level_ps * max(1 + -(-(address_bits - 4) // 2), 1)
