"""Stimulus of the multiply-accumulate units."""

import numpy as np

from hwdse.errors import SpecError
from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.spec import Design, Dot, Mac
from hwdse.verify.stimulus import Block, Stimulus, stimulus
from hwdse.verify.stimulus.alignment import aligned, least, ties
from hwdse.verify.stimulus.carries import carries
from hwdse.verify.stimulus.operands import (
    Source,
    any_codes,
    corner_codes,
    every_pair,
    finite_codes,
    listable,
    negated,
    normal_codes,
)
from hwdse.verify.stimulus.scales import filling, scaled

# Sizes of the accumulation blocks: (number of sums, groups per sum).
_QUICK = {
    "short": (32, 4),
    "specials": (8, 16),
    "corners": (8, 16),
    "long": (2, 128),
    "grown": (2, 256),
}
_FULL = {
    "short": (5000, 4),
    "specials": (1000, 20),
    "corners": (1000, 20),
    "long": (40, 512),
    "grown": (4, 8192),
}
_SCALE = {"quick": 1, "full": 1, "exhaustive": 10}
_ALIGNED_SUMS = {"quick": 128, "full": 4000, "exhaustive": 16000}
_QUICK_PAIRS = 512
_SAMPLED_PAIRS = 65536


@stimulus.register(Mac)
@stimulus.register(Dot)
def dot_stimulus(unit: Mac | Dot, design: Design, level: str, seed: int) -> Stimulus:
    """Return operand pairs one at a time, then sums of several kinds.

    Level full tries every operand pair if both operands together have at most 16 bits, or else a
    random sample. Level full also tries at least 100,000 accumulation steps. Level exhaustive tries
    the operand pairs in every lane, and makes the main accumulation blocks ten times.

    Raises:
        SpecError: level exhaustive, but both operands together have more than 16 bits.
    """
    rng = np.random.default_rng(seed)
    if level == "exhaustive" and not listable(design.a, design.b):
        raise SpecError(
            f"level exhaustive for {design.a} x {design.b}: operands of at most 16 bits together "
            "can be listed, use level full"
        )
    sizes = _QUICK if level == "quick" else _FULL
    blocks = [*_pairs(design, level, rng)]
    for _ in range(_SCALE[level]):
        blocks += _sums(design, sizes, rng)
    # These blocks come last, so that they do not change the random sums of the blocks above.
    blocks += aligned(design, _ALIGNED_SUMS[level], rng)
    blocks += ties(design, _ALIGNED_SUMS[level], rng)
    blocks += least(design, _ALIGNED_SUMS[level], rng)
    blocks += carries(design.accumulator, design, _ALIGNED_SUMS[level], rng)
    if level != "quick":
        blocks += filling(design)
    return Stimulus(blocks=tuple(blocks))


def _pairs(design: Design, level: str, rng: np.random.Generator) -> list[Block]:
    """Yield operand pairs. Every sum is one group, so that the output shows the product."""
    lanes = design.unit.group
    if level == "quick" or not listable(design.a, design.b):
        count = _QUICK_PAIRS if level == "quick" else _SAMPLED_PAIRS
        corners_a, corners_b = np.meshgrid(corner_codes(design.a), corner_codes(design.b))
        a, b = any_codes(design.a, rng, (count,)), any_codes(design.b, rng, (count,))
        a = np.concatenate([corners_a.ravel(), a])
        b = np.concatenate([corners_b.ravel(), b])
    else:
        a, b = every_pair(design.a, design.b)
    if lanes == 1:
        return [_pair_block(a[:, None], b[:, None])]
    # With one busy lane and zeros in the other lanes, the output shows each product separately.
    # With all lanes busy, the output shows that lanes do not disturb each other. The order is
    # random, so that every lane sees all kinds of operands.
    order = rng.permutation(len(a))
    a, b = a[order], b[order]
    rounds = range(lanes) if level == "exhaustive" else [0]
    alone = [_alone(design, a, b, shift) for shift in rounds]
    orders = [rng.permutation(len(a)) for _ in range(lanes)]
    together = _pair_block(
        np.stack([a[order] for order in orders], axis=-1),
        np.stack([b[order] for order in orders], axis=-1),
    )
    return [*alone, together]


def _alone(design: Design, a: Array, b: Array, shift: int) -> Block:
    """Put operand pair k in lane (k + shift) mod lanes, and zeros in the other lanes."""
    lanes = design.unit.group
    index = np.arange(len(a))
    lane = (index + shift) % lanes
    # If the format has no zero, `encode` returns the code of the nearest value.
    full_a = np.full((len(a), lanes), int(design.a.encode(0.0)), np.int64)
    full_b = np.full((len(b), lanes), int(design.b.encode(0.0)), np.int64)
    full_a[index, lane] = a
    full_b[index, lane] = b
    return _pair_block(full_a, full_b)


def _pair_block(a: Array, b: Array) -> Block:
    return Block(purpose="operand_pairs", a=a[:, None, :], b=b[:, None, :])


def _sums(
    design: Design, sizes: dict[str, tuple[int, int]], rng: np.random.Generator
) -> list[Block]:
    def block(kind: str, source: Source) -> Block:
        shape = (*sizes[kind], design.unit.group)
        return Block(
            purpose="accumulation_steps",
            a=source(design.a, rng, shape),
            b=source(design.b, rng, shape),
        )

    return [
        block("short", finite_codes),
        block("specials", any_codes),
        block("corners", _corners),
        block("long", finite_codes),
        block("long", normal_codes),
        _cancelling(design, sizes["short"], rng),
        _growing(design, sizes["long"], rng),
        _grown(design, sizes["grown"], rng),
        scaled(design, sizes["short"], rng),
    ]


def _corners(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.choice(corner_codes(number_format), shape)


def _cancelling(design: Design, size: tuple[int, int], rng: np.random.Generator) -> Block:
    """Return sums whose second half subtracts the products of the first half in another order."""
    sums, groups = size
    shape = (sums, groups // 2, design.unit.group)
    a, b = finite_codes(design.a, rng, shape), finite_codes(design.b, rng, shape)
    back = rng.permutation(groups // 2)
    return Block(
        purpose="accumulation_steps",
        a=np.concatenate([a, negated(design.a, a[:, back])], axis=1),
        b=np.concatenate([b, b[:, back]], axis=1),
    )


def _growing(design: Design, size: tuple[int, int], rng: np.random.Generator) -> Block:
    """Return sums of the largest products with one sign, to make the accumulator overflow."""
    shape = (size[0], 1, design.unit.group)
    a, b = (_ends(f, rng, shape) for f in (design.a, design.b))
    repeats = (1, size[1], 1)
    return Block(purpose="accumulation_steps", a=np.tile(a, repeats), b=np.tile(b, repeats))


def _grown(design: Design, size: tuple[int, int], rng: np.random.Generator) -> Block:
    """Return sums of largest products mixed with random products, which meet a large sum."""
    largest = _growing(design, size, rng)
    shape = largest.a.shape
    other = rng.random((*shape[:2], 1)) < 0.5
    return Block(
        purpose="accumulation_steps",
        a=np.where(other, finite_codes(design.a, rng, shape), largest.a),
        b=np.where(other, finite_codes(design.b, rng, shape), largest.b),
    )


def _ends(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return codes of the largest or the smallest value, the same in all lanes of a group."""
    values = np.array([float(number_format.max), float(number_format.min)])
    codes = number_format.encode(values).astype(np.int64)
    sums, groups, lanes = shape
    return np.broadcast_to(rng.choice(codes, (sums, groups, 1)), (sums, groups, lanes))
