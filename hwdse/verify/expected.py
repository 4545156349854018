"""Expected outputs of a stimulus, computed by the golden model."""

from functools import singledispatch

import numpy as np

from hwdse import golden
from hwdse.errors import SpecError
from hwdse.formats.unpacked import Array
from hwdse.golden.engines.mx import running_sums
from hwdse.spec import Design, Fma, Mul, Unit
from hwdse.spec.engines.mx import Mx, MxMul
from hwdse.spec.unit import Summing
from hwdse.verify.stimulus import Block, Stimulus
from hwdse.verify.stimulus.mx import block_terms

#: Number of sums that the golden model computes at once. This is large enough to hide the fixed
#: cost of a step, and small enough for the processor's caches.
_SUMS = 8192


def expected_outputs(design: Design, fed: Stimulus) -> list[Array]:
    """Return the outputs of the golden model for every block, each of shape (sums, groups).

    Blocks with equal sum lengths and lanes are computed together, because a step with few sums
    costs as much as a step with many sums.
    """
    outputs: list[Array] = [np.zeros(0)] * len(fed.blocks)
    alike: dict[tuple[int, int], list[int]] = {}
    for number, block in enumerate(fed.blocks):
        alike.setdefault((block.a.shape[1], block.a.shape[2]), []).append(number)
    for numbers in alike.values():
        blocks = [fed.blocks[number] for number in numbers]
        together = _computed(design, blocks)
        ends = np.cumsum([len(block.a) for block in blocks])[:-1]
        for number, part in zip(numbers, np.split(together, ends), strict=True):
            outputs[number] = part
    return outputs


def _computed(design: Design, blocks: list[Block]) -> Array:
    joined = blocks[0].joined(blocks)
    parts = [slice(at, at + _SUMS) for at in range(0, len(joined.a), _SUMS)]
    outputs = [_expected(design.unit, design, joined.part(p)) for p in parts or [slice(0, 0)]]
    return np.concatenate(outputs)


@singledispatch
def _expected(unit: Unit, design: Design, block: Block) -> Array:
    """Return golden outputs of a block, of shape (sums, groups)."""
    raise SpecError(f"unit {unit} has no golden model")


@_expected.register
def _(unit: Summing, design: Design, block: Block) -> Array:
    sums, groups, lanes = block.a.shape
    shape = (sums, groups * lanes)
    return golden.running_dot(design, block.a.reshape(shape), block.b.reshape(shape))


@_expected.register
def _(unit: Mx, design: Design, block: Block) -> Array:
    return running_sums(design, block_terms(design, block))


@_expected.register
def _(unit: MxMul, design: Design, block: Block) -> Array:
    return design.out.pack(block_terms(design, block), design.rounding, design.out.overflow)


@_expected.register
def _(unit: Mul, design: Design, block: Block) -> Array:
    return golden.mul(design, block.a[..., 0], block.b[..., 0])


@_expected.register
def _(unit: Fma, design: Design, block: Block) -> Array:
    assert block.c is not None  # the unit uses it
    return golden.fma(design, block.a[..., 0], block.b[..., 0], block.c[..., 0])
