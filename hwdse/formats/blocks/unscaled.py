"""Element formats as operands beside blocks: all block scales are 1, and take no bits."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hwdse.formats.base import Format
from hwdse.formats.blocks.block import BlockFormat
from hwdse.formats.blocks.blocking import BlockSize
from hwdse.formats.catalogue import parse
from hwdse.formats.levels import LevelFormat
from hwdse.formats.unpacked import Array, Unpacked, UnpackedShape


@dataclass(frozen=True, kw_only=True)
class UnitScale(LevelFormat):
    """The scale 1: a format without bits. No name stands for it, and no port has it."""

    name: str = "one"

    @classmethod
    def from_name(cls, text: str) -> None:
        """None: the format has no name."""
        del text

    @classmethod
    def syntax(cls) -> str:
        """Empty: the format has no name."""
        return ""

    @property
    def bits(self) -> int:
        """No bits."""
        return 0

    def value_of(self, code: int) -> Fraction:
        """1."""
        del code
        return Fraction(1)

    @property
    def unpacked(self) -> UnpackedShape:
        """A significand of one bit, as of a scale that is a power of two."""
        return UnpackedShape(
            significand_bits=1, exponent_min=0, exponent_max=0, signed=False, leading_zeros=0
        )

    def unpack(self, codes: Array) -> Unpacked:
        """1 for each code."""
        return Unpacked.from_numbers(np.ones(np.shape(codes)))


UNIT_SCALE = UnitScale()


def unscaled(element: Format, size: int) -> BlockFormat:
    """An element format as a block format: blocks have no scale, the tensor has one.

    Args:
        element: the format.
        size: number of elements in a block of the other operand.
    """
    return BlockFormat(
        element=element,
        block=BlockSize(columns=size),
        scale=UNIT_SCALE,
        rule="amax",
        tensor_scale=parse("fp32"),
    )
