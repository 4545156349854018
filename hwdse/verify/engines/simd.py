"""Traces of the packed unit: pairs of elements in every place of every mode, and sums."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.golden.engines.simd import running
from hwdse.spec import Design, Dot
from hwdse.spec.engines.simd import Simd
from hwdse.verify.coverage import judged
from hwdse.verify.prepare import Prepared, check_level, prepare
from hwdse.verify.stimulus.mac import dot_stimulus
from hwdse.verify.stimulus.operands import (
    any_codes,
    corner_codes,
    every_pair,
    finite_codes,
    listable,
    one_code,
)
from hwdse.verify.trace import Trace, joined

#: Random pairs of elements where not all are tried; every pair is at level full, of up to 8 bits.
_PAIRS = {"quick": 256, "full": 1 << 16}
#: Steps of each kind of sum that a dot product unit gets, in each mode.
_STEPS = {"quick": 64, "full": 6000}
#: Sums whose mode changes from step to step, and steps of each.
_CHANGING = {"quick": (32, 16), "full": (400, 64)}


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Sums of equal length: numbers of modes and words, each of shape (sums, steps)."""

    purpose: str
    mode: Array
    a: Array
    b: Array


@prepare.register
def _(unit: Simd, design: Design, level: str, seed: int) -> Prepared:
    why = "level full tries all pairs of elements of up to 8 bits"
    check_level(unit, level, _PAIRS, why)
    rng = np.random.default_rng(seed)
    blocks: list[_Block] = []
    for number in range(1 << unit.mode_bits):
        blocks += _pairs(unit, design, number, level, rng)
    for number in range(len(unit.formats)):
        blocks += _sums(unit, design, number, level, seed)
    blocks += _changing(unit, design, level, rng)
    results = [running(design, block.mode, block.a, block.b) for block in blocks]
    (source,), (sink,) = design.interface.inputs, design.interface.outputs
    (total,) = sink.fields
    first = [np.arange(block.mode.size) % block.mode.shape[1] == 0 for block in blocks]
    columns = {"first": np.concatenate(first).astype(np.int64)}
    for name in ("mode", "a", "b"):
        columns[name] = np.concatenate([getattr(block, name).ravel() for block in blocks])
    outputs = np.concatenate([codes.ravel() for codes in results])
    trace = Trace(
        interface=design.interface,
        transfers={source.name: columns, sink.name: {total.name: joined(outputs[:, None], total)}},
    )
    vectors: Counter[str] = Counter()
    for block in blocks:
        vectors[block.purpose] += block.mode.size
    reached = judged(design, results)
    return Prepared(
        trace=trace, vectors=vectors, outputs=reached.outputs, unreached=reached.unreached
    )


def packed(mode: Format, codes: Array) -> Array:
    """Words of elements, which are the last axis of `codes`."""
    places = mode.bits * np.arange(codes.shape[-1])
    return np.asarray(np.bitwise_or.reduce(codes.astype(np.int64) << places, axis=-1))


def _pairs(
    unit: Simd, design: Design, number: int, level: str, rng: np.random.Generator
) -> Iterator[_Block]:
    """Pairs of elements, each step as a sum of its own.

    First a pair is alone in its word, in every place in turn; then all places have pairs.
    """
    mode = unit.mode_of(number)
    lanes = design.a.bits // mode.bits
    if level != "quick" and listable(mode, mode):
        a, b = every_pair(mode, mode)
    else:
        corners = np.meshgrid(corner_codes(mode), corner_codes(mode))
        count = (_PAIRS[level],)
        a, b = (
            np.concatenate([ends.ravel(), source(mode, rng, count), source(mode, rng, count)])
            for ends, source in zip(corners, (any_codes, any_codes), strict=True)
        )
    zero = int(mode.encode(0.0))
    places = range(lanes) if lanes > 1 else ()
    for place in places:
        alone = np.full((2, len(a), lanes), zero, np.int64)
        alone[0, :, place], alone[1, :, place] = a, b
        yield _pair_block(mode, number, alone[0], alone[1])
    orders = [rng.permutation(len(a)) for _ in range(lanes)]
    left, right = (np.stack([x[order] for order in orders], axis=-1) for x in (a, b))
    yield _pair_block(mode, number, left, right)


def _pair_block(mode: Format, number: int, a: Array, b: Array) -> _Block:
    words = [packed(mode, codes)[:, None] for codes in (a, b)]
    return _Block(
        purpose="operand_pairs", mode=np.full(words[0].shape, number), a=words[0], b=words[1]
    )


def _sums(unit: Simd, design: Design, number: int, level: str, seed: int) -> Iterator[_Block]:
    """Sums that suit a dot product unit of the mode's format and as many lanes."""
    mode = unit.mode_of(number)
    dot = Dot(lanes=design.a.bits // mode.bits)
    alone = Design(a=mode, acc=design.acc, out=design.out, rounding=design.rounding, unit=dot)
    for block in dot_stimulus(dot, alone, level, seed).blocks:
        steps = min(block.a.shape[1], _STEPS[level])
        sums = max(_STEPS[level] // steps, 1)
        a, b = (packed(mode, codes[:sums, :steps]) for codes in (block.a, block.b))
        yield _Block(purpose=block.purpose, mode=np.full(a.shape, number), a=a, b=b)


def _changing(unit: Simd, design: Design, level: str, rng: np.random.Generator) -> Iterator[_Block]:
    """Sums in a mode that changes in every step, of any numbers and of small ones."""
    shape = _CHANGING[level]
    for small in (False, True):
        numbers = rng.integers(0, 1 << unit.mode_bits, shape)
        a, b = np.zeros((2, *shape), np.int64)
        for number in np.unique(numbers).tolist():
            mode = unit.mode_of(number)
            lanes, there = design.a.bits // mode.bits, numbers == number
            for words in (a, b):
                codes = finite_codes(mode, rng, (int(there.sum()), lanes))
                if small:
                    codes = np.where(rng.random(codes.shape) < 0.5, codes, one_code(mode))
                words[there] = packed(mode, codes)
        yield _Block(purpose="accumulation_steps", mode=numbers, a=a, b=b)
