"""Operands that a network stores quantised, as blocks of a design's block format."""

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import SpecError
from hwdse.formats import BlockFormat
from hwdse.formats.blocks.zero_points import ZeroPointBlock
from hwdse.networks.arithmetic import Real
from hwdse.networks.block_vectors import BlockVectors
from hwdse.networks.given import activations, exact_codes, point_of
from hwdse.networks.quantised import Stored
from hwdse.networks.scales import Scaling

Values = npt.NDArray[np.float64]


def weights_in_blocks(block: BlockFormat, which: str, stored: Stored) -> BlockVectors:
    """Weights as they are stored: codes of elements, and codes of the scales of blocks.

    A scale for each channel, or for the tensor, becomes a factor behind the unit, and the blocks
    get the scale 1.

    Args:
        block: the design's format of the operand.
        which: key of the format in the spec, for messages.
        stored: the weights, in the layout of the site.

    Raises:
        SpecError: elements, scales or blocks of the format do not hold what is stored.
    """
    assert stored.values is not None
    assert stored.scale is not None
    if not isinstance(block, ZeroPointBlock):
        _check_zero(block, which, stored)
    if block.block.rows != 1:
        raise SpecError(
            f"{stored.node} stores scales along one axis, but {which}={block} has tiles of "
            f"{block.block}: a block format along one axis is needed"
        )
    codes = exact_codes(block.element, f"elements of {which}", stored.values, stored)
    scale = np.broadcast_to(stored.scale, stored.values.shape) / point_of(block.element, stored)
    terms = scale.shape[1]
    size = min(block.block.columns or terms, terms)
    starts = np.arange(0, terms, size)
    per_block = scale[:, starts]
    factor: Values = np.full((len(scale), scale.shape[2]), stored.factor)
    if stored.blocked is None and (scale == scale[:, :1]).all():
        factor = factor * scale[:, 0]
        per_block = np.ones_like(per_block)
    elif (per_block.repeat(size, axis=1)[:, :terms] != scale).any():
        raise SpecError(
            f"{stored.node} stores scales for blocks of {stored.blocked} values, which change "
            f"within the blocks of {block.block} of {which}={block}"
        )
    held = np.asarray(hwdse.kernels.quantize(block.scale, np.ascontiguousarray(per_block)))
    if (held != per_block).any():
        wrong = per_block[held != per_block][0]
        raise SpecError(
            f"{stored.node} stores the block scale {wrong:g}, which {block.scale}, the scale "
            f"format of {which}={block}, does not hold"
        )
    scales = hwdse.kernels.encode(block.scale, np.ascontiguousarray(per_block))
    if isinstance(block, ZeroPointBlock):
        zero = np.broadcast_to(stored.zero, scale.shape)
        if (zero[:, starts].repeat(size, axis=1)[:, :terms] != zero).any():
            raise SpecError(
                f"{stored.node} stores zero points that change within the blocks of {block.block} "
                f"of {which}={block}"
            )
        scales = block.scale.joined(
            scales, exact_codes(block.element, f"zero points of {which}", zero[:, starts], stored)
        )
    return BlockVectors(
        codes=np.ascontiguousarray(codes.swapaxes(-1, -2)),
        scales=np.ascontiguousarray(scales.swapaxes(-1, -2)),
        factor=factor,
    )


def activations_in_blocks(block: BlockFormat, which: str, stored: Stored) -> Scaling | None:
    """Scaling of activations with one stored scale; None if blocks get scales at run time.

    Raises:
        SpecError: the format does not hold the codes, or differs from that of the file in elements,
            block size or tensor scale.
    """
    if not isinstance(block, ZeroPointBlock):
        _check_zero(block, which, stored)
    elements = f"elements of {which}"
    if stored.source is None:
        return activations(block.element, elements, stored)
    exact_codes(block.element, elements, stored.kind.numbers, stored)
    tensor_scale = block.tensor_scale is not None
    if stored.blocked != block.block.columns or tensor_scale != (stored.factor != 1.0):
        raise SpecError(
            f"{stored.node} quantises blocks of {stored.blocked} values of {stored.kind.name} "
            f"{'with' if stored.factor != 1.0 else 'without'} a tensor scale, but {which}={block} "
            f"has blocks of {block.block} {'with' if tensor_scale else 'without'} one"
        )
    return None


def largest_of(block: BlockFormat, stored: Stored | None, seen: float) -> float:
    """Largest magnitude that gives the tensor scale of the file; else the one that was seen."""
    if stored is None or stored.source is None or block.tensor_scale is None:
        return seen
    return stored.factor * float(block.element.max) * float(block.scale.max)


def with_one_scale(block: BlockFormat, scaling: Scaling, x: Real) -> BlockVectors:
    """Vectors (..., vectors, K) with the codes of a scaling, and blocks of scale 1."""
    blocks = block.block.over(x.shape, -1).counts[-1]
    one = hwdse.kernels.encode(block.scale, np.ones((*x.shape[:-1], blocks)))
    if isinstance(block, ZeroPointBlock):
        one = block.scale.joined(one, np.full(one.shape, int(np.max(scaling.zero))))
    stack = (1,) * (3 - x.ndim)
    codes = scaling.codes(x.reshape(stack + x.shape)).reshape(x.shape)
    return BlockVectors(codes=codes, scales=one, factor=float(scaling.scale[0, 0, 0]))


def _check_zero(block: BlockFormat, which: str, stored: Stored) -> None:
    if stored.zero.any():
        raise SpecError(
            f"{stored.node} has the zero point {stored.zero[stored.zero != 0].flat[0]:g}, but "
            f"{which}={block} has no place for zero points: a format without blocks, or affine "
            "integers, are needed"
        )
