"""Traces of the tensor core: sums that suit a dot product unit, in rows and columns of tiles."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwdse.formats.unpacked import Array
from hwdse.golden import running_dot
from hwdse.spec import Design, Dot
from hwdse.spec.engines.tensor import Tensor
from hwdse.verify.coverage import judged
from hwdse.verify.prepare import Prepared, check_level, prepare
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.mac import dot_stimulus
from hwdse.verify.trace import Trace, joined

#: Products that golden computes: in about half a second, and in a quarter of a minute.
_PRODUCTS = {"quick": 1 << 14, "full": 1 << 19}


@prepare.register
def _(unit: Tensor, design: Design, level: str, seed: int) -> Prepared:
    why = "its sums do what a dot does, which has level exhaustive"
    check_level(unit, level, _PRODUCTS, why)
    rng = np.random.default_rng(seed)
    plain = Dot(lanes=unit.lanes)
    blocks = dot_stimulus(plain, replace(design, unit=plain), level, seed).blocks
    columns: dict[str, list[Array]] = {name: [] for name in ("first", "a", "b", "o")}
    vectors: Counter[str] = Counter()
    results = []
    for block in blocks:
        for a, b in _tiles(unit, block, _PRODUCTS[level] // len(blocks), rng):
            sums = _sums(design, a, b)
            results.append(sums)
            steps = a.shape[1]
            columns["first"].append((np.arange(steps) == 0).astype(np.int64)[:, None])
            columns["a"].append(a.swapaxes(0, 1).reshape(steps, -1))
            columns["b"].append(b.swapaxes(0, 1).reshape(steps, -1))
            columns["o"].append(np.moveaxis(sums, -1, 0).reshape(steps, -1))
            vectors[block.purpose] += steps
    interface = design.interface
    (source,), (sink,) = interface.inputs, interface.outputs
    words = {name: np.concatenate(parts) for name, parts in columns.items()}
    trace = Trace(
        interface=interface,
        transfers={
            source.name: {part.name: joined(words[part.name], part) for part in source.fields},
            sink.name: {part.name: joined(words["o"], part) for part in sink.fields},
        },
    )
    reached = judged(design, results)
    return Prepared(
        trace=trace, vectors=vectors, outputs=reached.outputs, unreached=reached.unreached
    )


def _tiles(
    unit: Tensor, block: Block, products: int, rng: np.random.Generator
) -> Iterator[tuple[Array, Array]]:
    """Yield operands of tiles, shapes (rows, steps, lanes) and (cols, steps, lanes).

    The sums of a block lie on the diagonal of a tile; its other results mix operands of several
    sums. Where there are too few sums for all rows or columns, some come again.
    """
    steps = min(block.a.shape[1], max(products // unit.macs_per_cycle, 1))
    together = min(unit.rows, unit.cols)
    count = max(products // (unit.macs_per_cycle * steps), 1) * together
    chosen = rng.permutation(len(block.a))[:count]
    for begin in range(0, len(chosen), together):
        own = chosen[begin : begin + together]
        left, right = (
            np.concatenate([own, rng.integers(0, len(block.a), side - len(own))])
            for side in (unit.rows, unit.cols)
        )
        yield block.a[rng.permutation(left), :steps], block.b[rng.permutation(right), :steps]


def _sums(design: Design, a: Array, b: Array) -> Array:
    """Golden codes of all running sums of a tile, shape (rows, cols, steps)."""
    rows, cols = len(a), len(b)
    shape = (rows, cols, a.shape[1] * a.shape[2])
    every_a = np.broadcast_to(a.reshape(rows, 1, -1), shape)
    every_b = np.broadcast_to(b.reshape(1, cols, -1), shape)
    return running_dot(design, every_a, every_b)
