"""Traces of the table-lookup engine: sums that suit a dot product unit, in rows and columns."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwdse.golden.engines.lut import slices
from hwdse.spec import Design, Dot
from hwdse.spec.engines.lut import TableLookup
from hwdse.verify.engines.fed import Fed, prepared
from hwdse.verify.prepare import Prepared, check_level, prepare
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.mac import dot_stimulus
from hwdse.verify.stimulus.operands import any_codes, finite_codes
from hwdse.verify.trace import joined

#: Products that golden computes: in about half a second, and in half a minute. Sums of the dot
#: product unit and random slices take that many each.
_PRODUCTS = {"quick": 1 << 15, "full": 1 << 20}
_MOST_SLICES = {"quick": 500, "full": 10000}


@prepare.register
def _(unit: TableLookup, design: Design, level: str, seed: int) -> Prepared:
    why = "tables of all activations and weights are too many"
    check_level(unit, level, _PRODUCTS, why)
    rng = np.random.default_rng(seed)
    fed = Fed.joined(
        [*_sums(unit, design, level, seed, rng), _any_slices(unit, design, level, rng)]
    )
    interface, columns = design.interface, fed.columns
    (weights,), vectors = interface.stream("w").fields, interface.stream("a").fields[-1]
    count = len(columns["last"])
    # All terms of column 0, and of row 0, lie in the low bits.
    by_column = columns["weights"].swapaxes(1, 2).reshape(count, -1)
    by_row = columns["data"].reshape(count, -1)
    inputs = {
        "w": {"data": joined(by_column, weights)},
        "a": {"last": columns["last"], "data": joined(by_row, vectors)},
    }
    return prepared(design, inputs, fed, slices(design, **columns))


def _sums(
    unit: TableLookup, design: Design, level: str, seed: int, rng: np.random.Generator
) -> Iterator[Fed]:
    """Sums of a `dot` with as many lanes as a slice has terms.

    They lie on the diagonal of a product; its other results mix operands of several sums.
    """
    dot = Dot(lanes=unit.group)
    blocks = dot_stimulus(dot, replace(design, unit=dot), level, seed).blocks
    for block in blocks:
        yield from _products(unit, block, _PRODUCTS[level] // len(blocks), rng)


def _products(
    unit: TableLookup, block: Block, most: int, rng: np.random.Generator
) -> Iterator[Fed]:
    rows, cols = unit.rows, unit.cols
    together = min(rows, cols)
    longest = max(most // (rows * cols * unit.group), 1)
    a, b = block.a[:, :longest], block.b[:, :longest]
    count = max(longest // a.shape[1], 1) * together
    chosen = rng.permutation(len(a))[:count]
    for begin in range(0, len(chosen), together):
        own = chosen[begin : begin + together]
        left, right = (
            np.concatenate([own, rng.integers(0, len(a), side - len(own))]) for side in (rows, cols)
        )
        # (sums, slices, terms) to (slices, rows, terms) and (slices, terms, cols)
        yield Fed(
            columns={
                "weights": b[rng.permutation(right)].transpose(1, 2, 0),
                "data": a[rng.permutation(left)].swapaxes(0, 1),
                "last": np.arange(a.shape[1]) == a.shape[1] - 1,
            },
            purposes=[block.purpose] * a.shape[1],
        )


def _any_slices(unit: TableLookup, design: Design, level: str, rng: np.random.Generator) -> Fed:
    """Random slices of sums of random lengths, many of them of one slice."""
    products = unit.rows * unit.cols * unit.group
    count = min(max(_PRODUCTS[level] // products, 8), _MOST_SLICES[level])
    last = rng.random(count) < rng.choice([0.9, 0.3, 0.05], count)
    last[-1] = True
    # Special values would soon make every sum special.
    calm = rng.random(count) < 0.9
    shape = (count, unit.rows, unit.group)
    data = np.where(
        calm[:, None, None], finite_codes(design.a, rng, shape), any_codes(design.a, rng, shape)
    )
    weights = any_codes(design.b, rng, (count, unit.group, unit.cols))
    columns = {"weights": weights, "data": data, "last": last}
    return Fed(columns=columns, purposes=["random_slices"] * count)
