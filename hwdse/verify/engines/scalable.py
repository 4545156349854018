"""Traces of the precision-scalable unit: all pairs of elements in all modes, and sums."""

from collections.abc import Iterator

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.golden.engines.scalable import running
from hwdse.spec import Design, Mac
from hwdse.spec.engines.scalable import Scalable
from hwdse.verify.coverage import judged
from hwdse.verify.prepare import Prepared, check_level, prepare
from hwdse.verify.stimulus.mac import dot_stimulus
from hwdse.verify.stimulus.mixed_modes import mixed_sums
from hwdse.verify.stimulus.operands import any_codes, corner_codes, finite_codes
from hwdse.verify.trace import Trace, joined

_PAIRS = {"quick": 256, "full": 1 << 16}
#: Sums, and steps of each.
_SUMS = {"quick": (24, 32), "full": (96, 256)}
#: Steps of each kind of sums of floats.
_FLOAT_STEPS = {"quick": 64, "full": 6000}
#: Sums of floats and integers together.
_MIXED_SUMS = {"quick": 64, "full": 4000}
_KINDS = _CHANGING, _STEADY, _LARGEST = range(3)


@prepare.register
def _(unit: Scalable, design: Design, level: str, seed: int) -> Prepared:
    why = "level full tries all pairs of elements of up to 8 bits"
    check_level(unit, level, _PAIRS, why)
    rng = np.random.default_rng(seed)
    pairs = [_pairs(unit, number, level, rng) for number in _numbers(unit)]
    sums = [_sums(unit, kind, level, rng) for kind in _KINDS]
    if unit.number_format is not None:
        sums += _float_sums(unit, design, level, seed, rng)
        sums.append(_mixed_sums(unit, design, level, rng))
    blocks = [*pairs, *sums]
    results = [running(design, *operands) for operands in blocks]
    first = [np.arange(mode.size) % mode.shape[1] == 0 for mode, _, _ in blocks]
    interface = design.interface
    (source,), (sink,) = interface.inputs, interface.outputs
    columns = {"first": np.concatenate(first).astype(np.int64)}
    for place, name in enumerate(("mode", "a", "b")):
        columns[name] = np.concatenate([block[place].ravel() for block in blocks])
    outputs = np.concatenate([codes.ravel() for codes in results])
    (total,) = sink.fields
    trace = Trace(
        interface=interface,
        transfers={source.name: columns, sink.name: {total.name: joined(outputs[:, None], total)}},
    )
    kinds = {"operand_pairs": pairs, "accumulation_steps": sums}
    vectors = {kind: sum(mode.size for mode, _, _ in some) for kind, some in kinds.items()}
    reached = judged(design, results)
    return Prepared(
        trace=trace, vectors=vectors, outputs=reached.outputs, unreached=reached.unreached
    )


def _numbers(unit: Scalable) -> range:
    """All numbers of modes, those without a mode of their own included."""
    return range(1 << unit.mode_bits)


def _pairs(
    unit: Scalable, number: int, level: str, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Pairs of elements in every slot of a mode, each step as a sum of its own."""
    if unit.is_float(number):
        return _float_pairs(unit, number, level, rng)
    mode = unit.modes[min(number, len(unit.modes) - 1)]
    slots, bits = mode.products(unit.levels), (mode.a_bits, mode.b_bits)
    every = 1 << sum(bits)
    count = min(every, _PAIRS[level])
    a, b = np.zeros((2, count), object)
    for slot in range(slots):
        # All pairs in another order for each slot; of many pairs, a part drawn at random.
        chosen = (
            rng.permutation(every)[:count] if every <= 1 << 20 else rng.integers(0, every, count)
        )
        place = slot * (unit.word_bits // slots)
        a |= (chosen >> bits[1]).astype(object) << place
        b |= (chosen & (1 << bits[1]) - 1).astype(object) << place
    # What lies beside the elements has no influence.
    a |= _words(unit, count, rng) & ~_covered(unit, slots, bits[0])
    b |= _words(unit, count, rng) & ~_covered(unit, slots, bits[1])
    return np.full((count, 1), number), a[:, None], b[:, None]


def _sums(
    unit: Scalable, kind: int, level: str, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Sums of random words: modes change in every step, or never; or of the largest products."""
    shape = _SUMS[level]
    mode = rng.integers(0, len(_numbers(unit)), shape if kind == _CHANGING else (shape[0], 1))
    mode = np.broadcast_to(mode, shape)
    a, b = (_words(unit, shape[0] * shape[1], rng).reshape(shape) for _ in "ab")
    if kind == _LARGEST:
        # Only the first bit of every element: the most negative numbers have the largest products.
        for number in np.unique(mode):
            if unit.is_float(number):
                continue
            chosen = unit.modes[min(number, len(unit.modes) - 1)]
            slots, there = chosen.products(unit.levels), mode == number
            a[there] = _covered(unit, slots, chosen.a_bits) ^ _covered(
                unit, slots, chosen.a_bits - 1
            )
            b[there] = _covered(unit, slots, chosen.b_bits) ^ _covered(
                unit, slots, chosen.b_bits - 1
            )
    for number in np.unique(mode):
        if unit.is_float(number):
            # Special values would soon make every sum special.
            there = mode == number
            for words in (a, b):
                floats = unit.number_format
                assert floats is not None  # the mode exists
                codes = finite_codes(floats, rng, (int(there.sum()),))
                words[there] = _beside(unit, codes, rng)
    return mode, a, b


def _float_pairs(
    unit: Scalable, number: int, level: str, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Pairs of corner cases, and of random codes."""
    floats = unit.number_format
    assert floats is not None  # the mode exists
    ends = np.meshgrid(corner_codes(floats), corner_codes(floats))
    codes = [
        np.concatenate([end.ravel(), any_codes(floats, rng, (_PAIRS[level],))]) for end in ends
    ]
    a, b = (_beside(unit, each, rng)[:, None] for each in codes)
    return np.full(a.shape, number), a, b


def _float_sums(
    unit: Scalable, design: Design, level: str, seed: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array, Array]]:
    """Sums that suit a `mac` of the floats: ties, cancellation, overflow."""
    floats = unit.number_format
    assert floats is not None  # the mode exists
    alone = Design(a=floats, acc=design.acc, out=design.out, rounding=design.rounding)
    for block in dot_stimulus(Mac(), alone, level, seed).blocks:
        steps = min(block.a.shape[1], _FLOAT_STEPS[level])
        sums = max(_FLOAT_STEPS[level] // steps, 1)
        a, b = (
            _beside(unit, codes[:sums, :steps, 0].ravel(), rng).reshape(-1, steps)
            for codes in (block.a, block.b)
        )
        yield np.full(a.shape, len(unit.modes)), a, b


def _mixed_sums(
    unit: Scalable, design: Design, level: str, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Sums of floats and integers together. Half of the integers are small, a quarter are 1."""
    sums = _MIXED_SUMS[level]
    words = np.stack([_words(unit, sums, rng) for _ in "ab"])
    words[:, : sums // 2] &= (1 << design.a.bits) - 1
    words[:, : sums // 4] = 1
    mode, a, b = mixed_sums(unit, design, words, rng)
    for operand in (a, b):
        floating = mode == len(unit.modes)
        operand[floating] = _beside(unit, operand[floating], rng)
    return mode, a, b


def _beside(unit: Scalable, codes: Array, rng: np.random.Generator) -> Array:
    """Words with the codes of floats in their low bits, and random bits above."""
    assert unit.number_format is not None  # the mode exists
    bits = unit.number_format.bits
    above = _words(unit, len(codes), rng) >> bits << bits
    return np.asarray(above | codes.astype(object), object)


def _words(unit: Scalable, count: int, rng: np.random.Generator) -> Array:
    """Random words."""
    whole = -(-unit.word_bits // 32)
    words = np.zeros(count, object)
    for _ in range(whole):
        words = words << 32 | rng.integers(0, 1 << 32, count).astype(object)
    return words & (1 << unit.word_bits) - 1


def _covered(unit: Scalable, slots: int, bits: int) -> int:
    """The bits of a word that elements of a width take."""
    slot = unit.word_bits // slots
    return sum(((1 << bits) - 1) << slot * k for k in range(slots))
