"""Dot products of block formats: exact products of blocks, and the running sums of them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hwdse.errors import ShapeError
from hwdse.formats import BlockFormat, Unpacked
from hwdse.formats.unpacked import Array
from hwdse.golden.accumulate import add, exact_sum, load, read
from hwdse.golden.bounds import within
from hwdse.golden.multiply import multiply
from hwdse.golden.multiply.exact import exact_product
from hwdse.spec import BlockProduct, Design

#: Codes of the elements of blocks, and of their scales.
Blocks = tuple[npt.ArrayLike, npt.ArrayLike]


def block_products(
    design: Design,
    a: npt.ArrayLike,
    a_scales: npt.ArrayLike,
    b: npt.ArrayLike,
    b_scales: npt.ArrayLike,
) -> Unpacked:
    """The exact products of block pairs: the terms of the accumulator.

    Args:
        design: a design whose operands are block formats.
        a: element codes of the first operand; the last axis is a block.
        a_scales: scale codes, in the shape of `a` without the last axis.
        b: element codes of the second operand, in the shape of `a`.
        b_scales: scale codes, in the shape of `a_scales`.
    """
    return products_of(_blocks_of(design), design, (a, a_scales), (b, b_scales))


def products_of(pair: BlockProduct, design: Design, a: Blocks, b: Blocks) -> Unpacked:
    """As `block_products`, for blocks of the formats of `pair`: those of a mode of the design."""
    x, y = pair.a.scale.check_codes(a[1]), pair.b.scale.check_codes(b[1])
    left = pair.a.multiplied_codes(pair.a.element.check_codes(a[0]), x[..., None])
    right = pair.b.multiplied_codes(pair.b.element.check_codes(b[0]), y[..., None])
    elements = multiply(pair.elements, left, right, pair.a.multiplied, pair.b.multiplied)
    scales = exact_product(pair.a.scale.unpack(x), pair.b.scale.unpack(y))
    # The sum counts in units of the least product's LSB, whatever the elements are.
    unit = _blocks_of(design).element_product.exponent_min
    total = exact_sum(elements)
    shift = (total.exponent - unit).astype(object)
    total = replace(
        total,
        significand=total.significand << np.maximum(shift, 0) >> np.maximum(-shift, 0),
        exponent=np.full(total.shape, unit, np.int64),
    )
    product = exact_product(total, scales)
    return within(replace(product, sign=product.sign & ~product.zero), design.product)


def running_blocks(
    design: Design,
    a: npt.ArrayLike,
    a_scales: npt.ArrayLike,
    b: npt.ArrayLike,
    b_scales: npt.ArrayLike,
) -> Array:
    """Every output of the unit during dot products.

    Args:
        design: a design whose operands are block formats.
        a: element codes of the first operand; the last axis is K.
        a_scales: scale codes of the first operand, one for each of its blocks along K.
        b: element codes of the second operand, in the shape of `a`.
        b_scales: scale codes of the second operand, one for each of its blocks along K.

    Returns:
        Codes of `design.out`: one for the `blocks * size` elements of each cycle. Products of an
        incomplete last cycle count as zero.

    Raises:
        ShapeError: the shapes do not match.
        FormatError: a code is out of range.
    """
    mul = _blocks_of(design)
    left, right = np.asarray(a), np.asarray(b)
    if left.shape != right.shape or left.ndim == 0:
        raise ShapeError(
            f"dot product of shapes {left.shape} and {right.shape}: equal ones are needed"
        )
    if left.ndim == 1:
        operands = (np.asarray(codes)[None] for codes in (a, a_scales, b, b_scales))
        alone: Array = running_blocks(design, *operands)[0]
        return alone
    scales = [
        _scales(block, np.asarray(codes), left.shape, mul.size)
        for block, codes in ((mul.a, a_scales), (mul.b, b_scales))
    ]
    terms = block_products(
        design,
        _split(mul.a, left, scales[0], mul.size),
        scales[0],
        _split(mul.b, right, scales[1], mul.size),
        scales[1],
    )
    return running_sums(design, terms)


def running_sums(design: Design, terms: Unpacked) -> Array:
    """The output after each group of terms, which lie along the last axis; zeros fill the last."""
    acc, group = design.accumulator, design.unit.group
    state, sums = load(acc, design, Unpacked.zeros(terms.shape[:-1])), []
    missing = Unpacked.zeros((*terms.shape[:-1], -terms.shape[-1] % group))
    for first in range(0, terms.shape[-1], group):
        taken = terms[..., first : first + group]
        if taken.shape[-1] < group:
            taken = _joined(taken, within(missing, design.product))
        state = add(acc, design, state, taken)
        sums.append(read(acc, design, state))
    if not sums:
        return np.zeros(terms.shape, design.out.code_dtype)
    return design.out.pack(Unpacked.stack(sums), design.rounding, design.out.overflow)


def _joined(first: Unpacked, second: Unpacked) -> Unpacked:
    arrays = vars(second)
    return Unpacked(
        **{name: np.concatenate([part, arrays[name]], -1) for name, part in vars(first).items()}
    )


def _blocks_of(design: Design) -> BlockProduct:
    if not isinstance(design.mul, BlockProduct):
        raise ShapeError(f"operands {design.a} and {design.b} are no blocks: use golden.dot")
    return design.mul


def _scales(block: BlockFormat, scales: Array, shape: tuple[int, ...], size: int) -> Array:
    """Scale codes for blocks of `size` elements, from one for each block of the format."""
    columns = block.block.columns or size
    wanted = (*shape[:-1], -(-shape[-1] // columns))
    if scales.shape != wanted:
        raise ShapeError(f"scales of {block} of shape {scales.shape}: {wanted} is needed")
    return np.repeat(scales, columns // size, axis=-1)[..., : -(-shape[-1] // size)]


def _split(block: BlockFormat, codes: Array, scales: Array, size: int) -> Array:
    """Element codes block by block; zeros fill the last block."""
    missing = -codes.shape[-1] % size
    if missing:
        zeros, last = block.zero_codes(scales[..., -1:]), scales[..., -1:]
        if block.multiplied.decode(block.multiplied_codes(zeros, last)).any():
            raise ShapeError(
                f"{codes.shape[-1]} elements in blocks of {size}: {block.element} has no zero to "
                "fill the last block"
            )
        filling = np.broadcast_to(zeros, (*codes.shape[:-1], missing)).astype(codes.dtype)
        codes = np.concatenate([codes, filling], axis=-1)
    return codes.reshape(*codes.shape[:-1], -1, size)
