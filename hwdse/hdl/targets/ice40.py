"""Lattice iCE40 HX: look-up tables of four inputs and carry chains, no multipliers.

The delays of cells are those of Project IceStorm for HX parts, which nextpnr uses
(`timings_hx8k.txt`, `LogicCell40`):

* LUT: 449 ps (in0 to lcout), 316 ps (in3 to lcout).
* Carry: 259 ps into the chain (in1 to carryout), 126 ps per bit (carryin to carryout), and 196 ps
  and the LUT's 316 ps out of it (carryin to in3, in3 to lcout).

The table does not contain wires.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from hwdse.hdl.targets.luts import LutTarget

_INTO_CHAIN_PS, _BIT_PS, _OUT_OF_CHAIN_PS = 259, 126, 196 + 316
_WIRE_PS = 950


@dataclass(frozen=True, kw_only=True)
class Ice40(LutTarget):
    """Lattice iCE40 HX, with Yosys and nextpnr."""

    keyword: ClassVar[str] = "ice40"
    description: ClassVar[str] = "Lattice iCE40"

    lut_ps: ClassVar[int] = 400
    wire_ps: ClassVar[int] = _WIRE_PS
    chain_ends_ps: ClassVar[int] = _WIRE_PS + _INTO_CHAIN_PS + _OUT_OF_CHAIN_PS
    chain_step_ps: ClassVar[int] = _BIT_PS

    def product_ps(self, a_bits: int, b_bits: int, *, signed: bool) -> int:
        """Rows of full adders, each two LUTs per bit, that reduce three words to two; then a chain.

        Each level divides the number of words by 1.5.
        """
        del signed
        rows = min(a_bits, b_bits)
        levels = math.ceil(math.log(rows / 2, 1.5)) if rows > 2 else 0
        return (1 + levels) * self.level_ps + self.adder_ps(a_bits + b_bits)
