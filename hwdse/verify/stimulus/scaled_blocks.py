"""Sums of products of blocks: element codes with the codes of their scales."""

from dataclasses import dataclass

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import BlockFormat, Unpacked
from hwdse.formats.blocks.zero_points import ZeroPointBlock
from hwdse.formats.unpacked import Array
from hwdse.golden.engines.mx import block_products
from hwdse.spec import BlockProduct, Design, Kulisch
from hwdse.spec.engines.mx import Mx
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.alignment import end_exponents, placed
from hwdse.verify.stimulus.operands import (
    Source,
    any_codes,
    corner_codes,
    every_pair,
    finite_codes,
    listable,
    negated,
    normal_codes,
    one_code,
    short_codes,
)

# Sizes of the kinds of sums: (number of sums, steps per sum).
QUICK = {"pairs": (512, 1), "short": (64, 4), "specials": (16, 8), "long": (2, 128)}
FULL = {"pairs": (16384, 1), "short": (6000, 4), "specials": (1000, 8), "long": (20, 512)}
#: Most steps that fill a Kulisch register.
_MOST_STEPS = 1 << 16


@dataclass(frozen=True, kw_only=True)
class ScaledBlock(Block):
    """Sums of block products. A group is the blocks of one cycle, with all their elements.

    Attributes:
        a_scale: scale codes of the first operand, shape (sums, steps, blocks).
        b_scale: scale codes of the second operand, same shape.
    """

    a_scale: Array
    b_scale: Array

    def terms(self, design: Design) -> Unpacked:
        """The exact products of all block pairs; the last axis has all terms of a sum."""
        return block_products(design, *self.operands(design))

    def operands(self, design: Design) -> tuple[Array, Array, Array, Array]:
        """Elements and scales of both operands, block by block along a sum."""
        assert isinstance(design.mul, BlockProduct)
        shape = (*self.a_scale.shape[:-2], self.a_scale.shape[-2] * self.a_scale.shape[-1])
        a, b = (codes.reshape(*shape, design.mul.size) for codes in (self.a, self.b))
        return a, self.a_scale.reshape(shape), b, self.b_scale.reshape(shape)


def sums_of_blocks(unit: Mx, design: Design, level: str, seed: int) -> list[ScaledBlock]:
    """The stimulus of a unit without modes."""
    maker = SumsOfBlocks(design, level, seed)
    blocks = [*maker.pairs(), *maker.sums(), *maker.aligned(), maker.ties()]
    if level != "quick" and isinstance(design.acc, Kulisch):
        blocks += maker.filling(min(-(-design.acc.terms // unit.blocks), _MOST_STEPS))
    return blocks


class SumsOfBlocks:
    """Makes the sums of a design."""

    def __init__(self, design: Design, level: str, seed: int) -> None:
        assert isinstance(design.mul, BlockProduct)
        if level == "exhaustive":
            raise SpecError(f"level exhaustive for blocks of {design.mul.size}: use level full")
        self._every, self._sizes = level != "quick", QUICK if level == "quick" else FULL
        self._design, self._mul, self._rng = design, design.mul, np.random.default_rng(seed)
        self._elements = (design.mul.a.element, design.mul.b.element)
        self._scales = (design.mul.a.scale, design.mul.b.scale)
        self._blocks = design.unit.group
        self._lanes = self._blocks * design.mul.size
        lowest, highest = (
            sum(ends) for ends in zip(*map(end_exponents, self._scales), strict=True)
        )
        # Scales at which block sums of the sum's own precision neither vanish nor overflow.
        state, least, most = design.state, *end_exponents(design.out)
        least = max(lowest, least, state.exponent_min + state.magnitude_bits // 2)
        self._low = min(least, highest)
        self._high = max(min(highest, most, state.top) - 2 * self._mul.sum_bits // 3, self._low)
        self._range = (lowest, highest)

    def _block(
        self,
        purpose: str,
        elements: tuple[Array, Array],
        scales: tuple[Array, Array],
    ) -> ScaledBlock:
        a_scale, b_scale = (
            self._with_zero_points(
                block, np.broadcast_to(s, (*elements[0].shape[:2], self._blocks))
            )
            for block, s in zip((self._mul.a, self._mul.b), scales, strict=True)
        )
        return ScaledBlock(
            purpose=purpose, a=elements[0], b=elements[1], a_scale=a_scale, b_scale=b_scale
        )

    def _with_zero_points(self, block: BlockFormat, scales: Array) -> Array:
        """The scales; half of the sums get random zero points, if the format has them."""
        if not isinstance(block, ZeroPointBlock):
            return scales
        drawn = any_codes(block.element, self._rng, scales.shape)
        kept = self._rng.random((len(scales), 1, 1)) < 0.5
        joined = block.scale.joined(block.scale.scale_codes(scales), drawn).astype(np.int64)
        return np.where(kept, scales, joined)

    def _drawn(self, source: Source, shape: tuple[int, ...]) -> tuple[Array, Array]:
        a, b = (source(f, self._rng, (*shape, self._lanes)) for f in self._elements)
        return a, b

    def _around(self, exponents: Array | int, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Scale codes whose products have about the given exponents (log2)."""
        wanted = np.broadcast_to(np.asarray(exponents), (*shape, self._blocks))
        return placed(*self._scales, wanted, wanted.shape, self._rng)

    def _moderate(self, shape: tuple[int, ...], spread: int = 3) -> tuple[Array, Array]:
        """Scales that differ little within a sum."""
        centre = self._rng.integers(self._low, self._high + 1, (shape[0], 1, 1))
        near = self._rng.integers(-spread, spread + 1, (*shape, self._blocks))
        return self._around(np.clip(centre + near, *self._range), shape)

    def _one_hot(self, codes: tuple[Array, Array]) -> tuple[Array, Array]:
        """Element pair k in lane k mod lanes of its own sum; zeros in the other lanes."""
        count = len(codes[0])
        index = np.arange(count)
        made = []
        for f, given in zip(self._elements, codes, strict=True):
            full = np.full((count, 1, self._lanes), int(f.encode(0.0)), np.int64)
            full[index, 0, index % self._lanes] = given
            made.append(full)
        return made[0], made[1]

    def _ones(self, shape: tuple[int, ...]) -> tuple[Array, Array]:
        """Scales of about 1."""
        a, b = (np.full((*shape, self._blocks), one_code(f), np.int64) for f in self._scales)
        return a, b

    def pairs(self) -> list[ScaledBlock]:
        """Block pairs one at a time."""
        return [*self._corners(), self._element_pairs(), self._scale_pairs()]

    def _corners(self) -> list[ScaledBlock]:
        """Every corner code in all lanes of an operand, and every corner scale."""
        grids = [np.meshgrid(*map(corner_codes, pair)) for pair in (self._elements, self._scales)]
        (a, b), (a_scale, b_scale) = ([g.reshape(-1, 1, 1) for g in grid] for grid in grids)
        alike = [np.broadcast_to(x, (len(x), 1, self._lanes)) for x in (a, b)]
        first = self._block("block_products", (alike[0], alike[1]), self._moderate((len(a), 1), 0))
        elements = self._drawn(finite_codes, (len(a_scale), 1))
        return [first, self._block("block_products", elements, (a_scale, b_scale))]

    def _element_pairs(self) -> ScaledBlock:
        """One pair of elements that are not zero, in each lane in turn."""
        if self._every and listable(*self._elements):
            a, b = every_pair(*self._elements)
            # Every pair in more than one lane if there are few.
            repeats = max(1, 2 * self._lanes * self._lanes // len(a))
            order = self._rng.permutation(np.tile(np.arange(len(a)), repeats))
            a, b = a[order], b[order]
        else:
            count = max(self._sizes["pairs"][0], 2 * self._lanes)
            a, b = (any_codes(f, self._rng, (count,)) for f in self._elements)
        return self._block("block_products", self._one_hot((a, b)), self._ones((len(a), 1)))

    def _scale_pairs(self) -> ScaledBlock:
        """Pairs of any scale codes, with random elements."""
        count = self._sizes["pairs"][0]
        if self._every and listable(*self._scales):
            scales = every_pair(*self._scales)
        else:
            scales = tuple(any_codes(f, self._rng, (count,)) for f in self._scales)  # type: ignore[assignment]
        a, b = (codes[:, None, None] for codes in scales)
        return self._block("block_products", self._drawn(finite_codes, (len(a), 1)), (a, b))

    def sums(self) -> list[ScaledBlock]:
        """Random sums, special values, large sums, and data as a quantiser makes them."""
        short, long = self._sizes["short"], self._sizes["long"]
        return [
            self._sum(self._drawn(finite_codes, short), self._moderate(short)),
            self._sum(self._drawn(short_codes, short), self._moderate(short, 12)),
            self._sum(self._drawn(normal_codes, long), self._moderate(long)),
            self._sum(self._drawn(finite_codes, long), self._moderate(long, 40)),
            self._cancelling(short),
            self._largest(short),
            self._specials(self._sizes["specials"]),
        ]

    def mixed(self, kind: str) -> ScaledBlock:
        """Sums of random blocks or of special values, with scales of about 1 or any."""
        size = self._sizes[kind]
        if kind == "specials":
            return self._specials(size)
        return self._sum(self._drawn(finite_codes, size), self._around(0, size))

    def _sum(self, elements: tuple[Array, Array], scales: tuple[Array, Array]) -> ScaledBlock:
        return self._block("accumulation_steps", elements, scales)

    def _cancelling(self, size: tuple[int, int]) -> ScaledBlock:
        """Sums whose second half subtracts the blocks of the first half in another order."""
        half = (size[0], size[1] // 2)
        (a, b), (a_scale, b_scale) = self._drawn(finite_codes, half), self._moderate(half, 12)
        back = self._rng.permutation(half[1])
        return self._sum(
            (
                np.concatenate([a, negated(self._elements[0], a[:, back])], axis=1),
                np.concatenate([b, b[:, back]], axis=1),
            ),
            (
                np.concatenate([a_scale, a_scale[:, back]], axis=1),
                np.concatenate([b_scale, b_scale[:, back]], axis=1),
            ),
        )

    def _largest(self, size: tuple[int, int]) -> ScaledBlock:
        """Sums of the largest and the most negative blocks, with the largest scales in half."""
        ends = []
        for f in self._elements:
            codes = f.encode(np.array([float(f.max), float(f.min)])).astype(np.int64)
            drawn = self._rng.choice(codes, (size[0], 1, 1))
            ends.append(np.broadcast_to(drawn, (*size, self._lanes)))
        big = [int(f.encode(float(f.max))) for f in self._scales]
        half = self._rng.random((size[0], 1, 1)) < 0.5
        other = self._moderate(size)
        scales = [np.where(half, top, one) for top, one in zip(big, other, strict=True)]
        return self._sum((ends[0], ends[1]), (scales[0], scales[1]))

    def _specials(self, size: tuple[int, int]) -> ScaledBlock:
        """Sums in which about every second block has one element or scale of any code."""
        elements, scales = self._drawn(finite_codes, size), self._moderate(size)
        for formats, codes, odds in (
            (self._elements, elements, 1 / (4 * self._lanes)),
            (self._scales, scales, 1 / (4 * self._blocks)),
        ):
            for number_format, given in zip(formats, codes, strict=True):
                special = self._rng.choice(corner_codes(number_format), given.shape)
                where = self._rng.random(given.shape) < odds
                given[where] = special[where]
        return self._sum(elements, scales)

    def aligned(self) -> list[ScaledBlock]:
        """Two blocks at every distance, then one or both of them subtracted."""
        sums, _ = self._sizes["short"]
        state, (lowest, highest) = self._design.state, self._range
        reach = min(state.magnitude_bits + 2 * self._mul.sum_bits, highest - lowest)
        distance = np.arange(sums) % (2 * reach + 1) - reach
        low = np.maximum(lowest, lowest - distance)
        first = self._rng.integers(
            low, np.maximum(np.minimum(highest, highest - distance), low) + 1
        )
        exponents = np.stack([first, first + distance], axis=1)[..., None]
        made = []
        for source in (finite_codes, short_codes):
            (a, b), scales = self._drawn(source, (sums, 2)), self._around(exponents, (sums, 2))
            order = [0, 1, 1, 0] if source is finite_codes else [0, 1, 0, 1]
            a = np.concatenate([a, negated(self._elements[0], a)[:, order[2:]]], axis=1)
            made.append(self._sum((a, b[:, order]), (scales[0][:, order], scales[1][:, order])))
        return made

    def ties(self) -> ScaledBlock:
        """A large block, half of its last place, and a small block that decides the tie."""
        sums, _ = self._sizes["short"]
        places, (lowest, highest) = self._design.state.magnitude_bits, self._range
        large = self._rng.integers(min(lowest + places + 1, highest), highest + 1, sums)
        small = self._rng.integers(
            np.maximum(lowest, large - 3 * places), np.maximum(large - places, lowest + 1)
        )
        exponents = np.stack([large, large - places, small], axis=1)[..., None]
        ones = [np.full(3 * sums, one_code(f), np.int64) for f in self._elements]
        a, b = (x.reshape(sums, 3, -1) for x in self._one_hot((ones[0], ones[1])))
        a = np.where(self._rng.random((sums, 3, 1)) < 0.5, negated(self._elements[0], a), a)
        drawn = self._drawn(finite_codes, (sums, 1))
        a[:, :1], b[:, :1] = (
            drawn[0],
            np.where(self._rng.random((sums, 1, 1)) < 0.5, drawn[1], b[:, :1]),
        )
        return self._sum((a, b), self._around(np.clip(exponents, lowest, highest), (sums, 3)))

    def filling(self, steps: int) -> list[ScaledBlock]:
        """Sums that fill a Kulisch register with the largest blocks of each sign."""
        x, y = self._elements
        scales = [np.full((1, 1, 1), int(f.encode(float(f.max))), np.int64) for f in self._scales]
        b = np.full((1, steps, self._lanes), int(y.encode(float(y.max))), np.int64)
        made = []
        for end in (x.max, x.min):
            a = np.full((1, steps, self._lanes), int(x.encode(float(end))), np.int64)
            made.append(self._sum((a, b), (scales[0], scales[1])))
        return made
