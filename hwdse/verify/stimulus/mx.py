"""Stimulus of the block-scaled engines, in one format or in one that changes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hwdse.formats import Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.engines.mx_modes import modal_products
from hwdse.spec import Design
from hwdse.spec.engines.mx import Mx, MxMul
from hwdse.verify.stimulus import Block, Stimulus, stimulus
from hwdse.verify.stimulus.scaled_blocks import (
    FULL,
    QUICK,
    ScaledBlock,
    SumsOfBlocks,
    sums_of_blocks,
)


def block_terms(design: Design, block: Block) -> Unpacked:
    """Return the exact products of all block pairs; the last axis has all terms of a sum."""
    assert isinstance(block, ScaledBlock)
    return block.terms(design)


@stimulus.register(Mx)
def mx_stimulus(unit: Mx, design: Design, level: str, seed: int) -> Stimulus:
    """Return block pairs one at a time, then sums of several kinds; with modes, in each of them.

    Raises:
        SpecError: level exhaustive, which no pair of blocks allows.
    """
    if unit.formats:
        return modal_stimulus(unit, design, level, seed)
    return Stimulus(blocks=tuple(sums_of_blocks(unit, design, level, seed)))


@dataclass(frozen=True, kw_only=True)
class ModalBlock(ScaledBlock):
    """Sums of block products in formats that modes choose. Elements lie in slots.

    Attributes:
        mode: numbers of the modes, shape (sums, steps, 1).
    """

    mode: Array

    def terms(self, design: Design) -> Unpacked:
        """The exact products of all block pairs; the last axis has all terms of a sum."""
        a, a_scale, b, b_scale = self.operands(design)
        numbers = np.broadcast_to(self.mode, self.a_scale.shape).reshape(a_scale.shape)
        return modal_products(design, numbers, (a, a_scale), (b, b_scale))


def modal_stimulus(unit: Mx, design: Design, level: str, seed: int) -> Stimulus:
    """What suits a unit of each mode alone, and sums whose mode changes from step to step.

    Random bits lie above the elements in their slots.
    """
    rng = np.random.default_rng(seed)
    blocks: list[ModalBlock] = []
    for number in range(1 << unit.mode_bits):
        # Numbers above the last mode only show that they count as the last.
        alone = _alone(unit, design, number)
        least = level if number < len(unit.formats) else "quick"
        for block in sums_of_blocks(alone.unit, alone, least, seed):  # type: ignore[arg-type]
            blocks.append(_in_mode(block, unit, design, number, rng))
    blocks += _changing(unit, design, level, rng)
    return Stimulus(blocks=tuple(blocks))


def _alone(unit: Mx, design: Design, number: int) -> Design:
    """The design of a mode alone."""
    mode = unit.mode_of(number)
    alone = replace(unit, modes="")
    return replace(design, a=mode, b=mode, mul=None, unit=alone)  # type: ignore[arg-type]


def _in_mode(
    block: ScaledBlock, unit: Mx, design: Design, number: int, rng: np.random.Generator
) -> ModalBlock:
    bits = unit.mode_of(number).element.bits
    above = 1 << design.a.bits - bits
    a, b = (
        codes.astype(np.int64) | rng.integers(0, above, codes.shape) << bits
        for codes in (block.a, block.b)
    )
    return ModalBlock(
        purpose=block.purpose,
        a=a,
        b=b,
        a_scale=block.a_scale,
        b_scale=block.b_scale,
        mode=np.full((*block.a.shape[:2], 1), number),
    )


def _changing(
    unit: Mx, design: Design, level: str, rng: np.random.Generator
) -> Iterator[ModalBlock]:
    """Sums of random blocks, and of special values, whose mode changes from step to step."""
    sizes = QUICK if level == "quick" else FULL
    for kind in ("short", "specials"):
        numbers = rng.integers(0, 1 << unit.mode_bits, (*sizes[kind], 1))
        held: dict[str, Array] = {}
        for number in range(1 << unit.mode_bits):
            maker = SumsOfBlocks(_alone(unit, design, number), level, int(rng.integers(1 << 31)))
            block = _in_mode(maker.mixed(kind), unit, design, number, rng)
            there = numbers == number
            for name, codes in block.arrays().items():
                held[name] = np.where(there, codes, held.get(name, codes))
        yield ModalBlock(purpose="accumulation_steps", **held)


@stimulus.register(MxMul)
def mxmul_stimulus(unit: MxMul, design: Design, level: str, seed: int) -> Stimulus:
    """Return block pairs: corners, single elements, scales, and random ones.

    Raises:
        SpecError: level exhaustive, which no pair of blocks allows.
    """
    maker = SumsOfBlocks(design, level, seed)
    return Stimulus(blocks=tuple(map(_apart, [*maker.pairs(), *maker.sums()])))


def _apart(block: ScaledBlock) -> ScaledBlock:
    """The same steps, each as one sum."""
    a, b, a_scale, b_scale = (
        held.reshape(-1, 1, held.shape[-1])
        for held in (block.a, block.b, block.a_scale, block.b_scale)
    )
    return ScaledBlock(purpose="block_products", a=a, b=b, a_scale=a_scale, b_scale=b_scale)
