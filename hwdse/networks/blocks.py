"""Puts a network's operands into block formats, and multiplies the blocks.

Blocks lie along K, in the order in which the unit takes the terms of a sum: a block is what the
hardware multiplies in one step. Zeros fill the last block of a row. Each block gets its scale by
the rule of its format, weights once and activations whenever they are multiplied. No scale policy
and no headroom apply: the formats have their own scales.

Tensor scales (NVFP4): the weights of a site have one scale by their largest magnitude. Activations
have one by the largest magnitude of the calibration data, as in inference with static scales;
larger activations saturate. Both tensor scales are factors of whole sums, behind the unit.

Operands that the network stores quantised keep their codes and scales
(`hwdse.networks.given_blocks`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import hwdse  # loads the slow module `hwdse.kernels` on first use
from hwdse.errors import SpecError
from hwdse.formats import BlockFormat
from hwdse.networks.arithmetic import Arithmetic, Operand, Real, Site
from hwdse.networks.block_vectors import BlockVectors
from hwdse.networks.given_blocks import (
    activations_in_blocks,
    largest_of,
    weights_in_blocks,
    with_one_scale,
)
from hwdse.networks.observe import Observation
from hwdse.networks.operand_scales import handed_scalings
from hwdse.networks.quantize import as_handed
from hwdse.networks.scales import Codes, Scaling
from hwdse.spec import BlockProduct, Design

BlockMatMul = Callable[[Design, Codes, Codes, Codes, Codes], Codes]
"""A function (design, A (M, K), scales (M, blocks), B (K, N), scales (blocks, N)) -> output codes.

The codes have the shape (M, N), or (M, blocks, N) if the unit has no running sum.
"""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockPlan:
    """What is known of the operands of one site before any sample runs.

    Attributes:
        largest: largest magnitude of the first and of the second operand.
        weights: the second operand, with stacks of (N, K) vectors; None for activations.
        handed: as of `hwdse.networks.quantize.Plan`.
        static: scaling of activations whose one scale the network stores; None for others.
    """

    largest: tuple[float, float]
    weights: BlockVectors | None
    handed: tuple[Scaling | None, Scaling | None] = (None, None)
    static: tuple[Scaling | None, Scaling | None] = (None, None)


def block_plan(design: Design, observation: Observation, *, requantize: bool = False) -> BlockPlan:
    """Put the weights of one site into blocks, and note the largest activations.

    Args:
        design: the design, whose operands are block formats.
        observation: the operands that calibration recorded for this site.
        requantize: whether activations come in the design's output format.
    """
    blocks, seen = _operands(design), (observation.first_largest, observation.second_largest)
    stored = observation.given.first, observation.given.second
    static: list[Scaling | None] = [None, None]
    weights = None
    for place, (block, which, each) in enumerate(zip(blocks, "ab", stored, strict=True)):
        if each is not None and each.values is not None:
            weights = weights_in_blocks(block, which, each)
        elif each is not None:
            static[place] = activations_in_blocks(block, which, each)
    if observation.constant and weights is None:
        columns = np.ascontiguousarray(observation.matrices.swapaxes(-1, -2))
        weights = BlockVectors.of(blocks[1], columns, observation.second_largest)
    handed = handed_scalings(design.out, observation) if requantize else (None, None)
    of_first, of_second = map(largest_of, blocks, stored, seen)
    return BlockPlan(
        largest=(of_first, of_second),
        weights=weights,
        handed=(
            None if stored[0] is not None else handed[0],
            None if stored[1] is not None else handed[1],
        ),
        static=(static[0], static[1]),
    )


class BlockArithmetic(Arithmetic):
    """Arithmetic of a design whose operands are block formats.

    Operands stay real until they are multiplied: only the rows of a product say which values share
    a block, and a convolution puts one activation into many rows.

    Without a running sum (`unit=mxmul`), the products of blocks are rounded to the output format,
    and then added in float64 in their order: the adders behind the unit are taken as exact.
    """

    def __init__(self, design: Design, plans: Mapping[str, BlockPlan], matmul: BlockMatMul) -> None:
        self._design = design
        self._formats = _operands(design)
        self._plans = plans
        self._matmul = matmul

    def quantises_blocks(self, operator: str) -> bool:
        """True, for all operators."""
        del operator
        return True

    def first(self, site: Site, x: Real) -> Operand:
        """The operand, rounded to the output format if layers hand it on so."""
        handed = self._plans[site.name].handed[0]
        return as_handed(handed, x[np.newaxis, np.newaxis]).reshape(x.shape)

    def second(self, site: Site, w: Real) -> Operand:
        """The operand, rounded to the output format if layers hand it on so."""
        return as_handed(self._plans[site.name].handed[1], w)

    def product(self, site: Site, group: int, a: Operand, b: Operand) -> Real:
        """The product in the design's arithmetic, with the tensor scales applied."""
        chosen = self._plans[site.name]
        right = chosen.weights[group] if chosen.weights is not None else self._second(site, b)
        return self._multiplied(site, a, right)

    def products(self, site: Site, a: Operand, b: Operand) -> Real:
        """The product of each pair in the design's arithmetic, with the tensor scales applied."""
        pairs = zip(a, b, strict=True)
        return np.stack([self._multiplied(site, x, self._second(site, y)) for x, y in pairs])

    def _second(self, site: Site, b: Real) -> BlockVectors:
        return self._vectors(site, 1, np.ascontiguousarray(b.T))

    def _vectors(self, site: Site, place: int, x: Real) -> BlockVectors:
        """Vectors of activations (vectors, K) of the first or second operand in blocks."""
        chosen, block = self._plans[site.name], self._formats[place]
        static = chosen.static[place]
        if static is not None:
            return with_one_scale(block, static, x)
        return BlockVectors.of(block, x, chosen.largest[place])

    def multiplied(self, site: Site, left: BlockVectors, right: BlockVectors) -> Codes:
        """Output codes of a product: (M, N), or (M, blocks, N) without a running sum."""
        del site
        return self._matmul(self._design, left.codes, left.scales, right.codes.T, right.scales.T)

    def _multiplied(self, site: Site, a: Real, right: BlockVectors) -> Real:
        left = self._vectors(site, 0, np.ascontiguousarray(a))
        codes = self.multiplied(site, left, right)
        sums = hwdse.kernels.decode(self._design.out, codes).astype(np.float64, copy=False)
        if self._design.acc is None:
            sums = _in_order(sums)
        found: Real = (sums * left.factor * right.factor).astype(np.float32)
        return found


def check_blocks(design: Design, matmul: BlockMatMul) -> None:
    """Check that networks can run in the design's arithmetic, before any other work.

    Raises:
        SpecError: the design has no fast kernel, or blocks of activations would depend on which
            samples run together.
    """
    a, b = _operands(design)
    if a.block.rows != 1:
        raise SpecError(
            f"operand a={a}: tiles of {a.block} join rows of activations, and which samples share "
            "a batch would decide the result: blocks along one axis are needed"
        )
    one = np.ones((1, 1), np.float32)
    left, right = (BlockVectors.of(block, one, 1.0) for block in (a, b))
    matmul(design, left.codes, left.scales, right.codes.T, right.scales.T)


def _operands(design: Design) -> tuple[BlockFormat, BlockFormat]:
    assert isinstance(design.mul, BlockProduct)  # the unit takes blocks
    return design.mul.a, design.mul.b


def _in_order(products: Values) -> Values:
    """Sums (M, N) of the products (M, blocks, N) of blocks, one block after the other."""
    total = np.zeros((products.shape[0], products.shape[2]))
    for k in range(products.shape[1]):
        total += products[:, k]
    return total
