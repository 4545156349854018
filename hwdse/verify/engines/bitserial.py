"""Traces of the bit-serial unit: what suits a dot product unit, at several numbers of bits."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwdse.golden.engines.bitserial import sums
from hwdse.spec import Design, Dot
from hwdse.spec.engines.bitserial import BitSerial
from hwdse.verify.engines.fed import Fed, prepared
from hwdse.verify.prepare import Prepared, check_level, prepare
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.mac import dot_stimulus
from hwdse.verify.stimulus.operands import any_codes
from hwdse.verify.trace import joined

#: Transfers of a kind of sums, and of random ones.
_MOST = {"quick": 512, "full": 1 << 16}


@prepare.register
def _(unit: BitSerial, design: Design, level: str, seed: int) -> Prepared:
    why = "level full tries every pair of operands of up to 8 bits"
    check_level(unit, level, _MOST, why)
    rng = np.random.default_rng(seed)
    fed = Fed.joined(
        [*_sums(unit, design, level, seed, rng), _any_transfers(unit, design, level, rng)]
    )
    columns, names = fed.columns, ("last", "bits", "a", "b")
    fields = design.interface.stream("i").fields
    words = {
        field.name: joined(columns[field.name].reshape(len(columns["last"]), -1), field)
        for field in fields
        if field.name in names
    }
    return prepared(design, {"i": words}, fed, sums(design, **columns))


def _sums(
    unit: BitSerial, design: Design, level: str, seed: int, rng: np.random.Generator
) -> Iterator[Fed]:
    """Sums of a `dot` with as many lanes, with all bits of the second operands."""
    dot = Dot(lanes=unit.lanes)
    for block in dot_stimulus(dot, replace(design, unit=dot), level, seed).blocks:
        yield _with_bits(unit, block, level, rng)


def _with_bits(unit: BitSerial, block: Block, level: str, rng: np.random.Generator) -> Fed:
    sums_, steps = block.a.shape[:2]
    chosen = rng.permutation(sums_)[: max(_MOST[level] // steps, 1)]
    # Numbers that say no number of bits mean all of them.
    others = [n for n in range(1 << unit.count_bits) if unit.taken(n) == unit.planes]
    count = len(chosen) * steps
    return Fed(
        columns={
            "last": np.tile(np.arange(steps) == steps - 1, len(chosen)).astype(np.int64),
            "bits": rng.choice(others, count),
            "a": block.a[chosen].reshape(count, -1),
            "b": block.b[chosen].reshape(count, -1),
        },
        purposes=[block.purpose] * count,
    )


def _any_transfers(unit: BitSerial, design: Design, level: str, rng: np.random.Generator) -> Fed:
    """Random operands with random numbers of bits, in sums of random lengths."""
    count = _MOST[level]
    last = rng.random(count) < rng.choice([0.9, 0.3, 0.05], count)
    last[-1] = True
    return Fed(
        columns={
            "last": last.astype(np.int64),
            "bits": rng.integers(0, 1 << unit.count_bits, count),
            "a": any_codes(design.a, rng, (count, unit.lanes)),
            "b": any_codes(design.b, rng, (count, unit.lanes)),
        },
        purposes=["random_bits"] * count,
    )
