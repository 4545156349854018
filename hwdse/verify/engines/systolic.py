"""Traces of the systolic array: sums that suit a multiply-accumulate unit, in rows and columns."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from hwdse.formats import Format
from hwdse.formats.unpacked import Array
from hwdse.golden.engines.passage import Passage
from hwdse.golden.engines.systolic import output_stationary, weight_stationary
from hwdse.spec import Design, Mac
from hwdse.spec.engines.systolic import Systolic
from hwdse.verify.engines.fed import Fed, prepared
from hwdse.verify.prepare import Prepared, check_level, prepare
from hwdse.verify.stimulus import Block
from hwdse.verify.stimulus.mac import dot_stimulus
from hwdse.verify.stimulus.operands import any_codes, finite_codes, zero_code
from hwdse.verify.trace import joined

#: Products that golden computes: in about half a second, and in half a minute. Sums of the
#: multiply-accumulate unit and random vectors take that many each.
_PRODUCTS = {"quick": 1 << 14, "full": 1 << 20}
_MOST_VECTORS = {"quick": 500, "full": 10000}


@prepare.register
def _(unit: Systolic, design: Design, level: str, seed: int) -> Prepared:
    why = "its PEs do what a mac does, which has level exhaustive"
    check_level(unit, level, _PRODUCTS, why)
    rng = np.random.default_rng(seed)
    sums = _sums(unit, design, level, seed, rng)
    if not unit.is_ws:
        fed = Fed.joined([*map(_steps, sums), _any_steps(unit, design, level, rng)])
        return _prepared(design, fed, output_stationary(design, **fed.columns))
    fed = Fed.joined(
        [*(_tiles(unit, design, *one, rng) for one in sums), _any_vectors(unit, design, level, rng)]
    )
    return _prepared(design, fed, weight_stationary(design, **fed.columns))


def _prepared(design: Design, fed: Fed, passage: Passage) -> Prepared:
    interface, columns = design.interface, fed.columns
    (weights,) = interface.stream("w").fields
    vectors = {part.name: columns[part.name] for part in interface.stream("a").fields}
    vectors["data"] = joined(vectors["data"], interface.stream("a").fields[-1])
    rows = columns["weights"].reshape(-1, weights.elements)
    return prepared(design, {"w": {"data": joined(rows, weights)}, "a": vectors}, fed, passage)


def _sums(
    unit: Systolic, design: Design, level: str, seed: int, rng: np.random.Generator
) -> Iterator[tuple[str, Array, Array]]:
    """Yield a purpose and two matrices, so that sums of a `mac` lie on the diagonal of a product.

    The other results of the product mix operands of several sums.
    """
    blocks = dot_stimulus(Mac(), replace(design, unit=Mac()), level, seed).blocks
    for block in blocks:
        yield from _matrices(unit, block, _PRODUCTS[level] // len(blocks), rng)


def _matrices(
    unit: Systolic, block: Block, products: int, rng: np.random.Generator
) -> Iterator[tuple[str, Array, Array]]:
    rows, cols = unit.rows, unit.cols
    if unit.is_ws:
        longest = rows if not unit.sums else max(products // cols, 1)
        together = min(cols, unit.sums or cols)
    else:
        longest, together = max(products // (rows * cols), 1), min(rows, cols)
    a, b = block.a[:, :longest, 0], block.b[:, :longest, 0]
    # With stationary weights, terms fill whole tiles; with stationary sums, all rows have results.
    cost = cols * (-(-a.shape[1] // rows) * rows if unit.is_ws else a.shape[1] * rows / together)
    chosen = rng.permutation(len(a))[: max(int(products / cost), 1)]
    for begin in range(0, len(chosen), together):
        own = chosen[begin : begin + together]
        left, right = (
            np.concatenate([own, rng.integers(0, len(a), max(side - len(own), 0))])
            for side in (len(own) if unit.is_ws else rows, cols)
        )
        yield block.purpose, a[rng.permutation(left)], b[rng.permutation(right)].T


def _tiles(  # noqa: PLR0917 - a product, and what it is made for
    unit: Systolic, design: Design, purpose: str, a: Array, b: Array, rng: np.random.Generator
) -> Fed:
    """The tiles of a matrix product. Terms that are missing in the last tile are zeros."""
    terms, rows = len(b), unit.rows
    tiles = -(-terms // rows)
    before = int(rng.integers(0, tiles * rows - terms + 1))
    full_a = _filling(design.a, rng, (len(a), tiles * rows))
    full_b = _filling(design.b, rng, (tiles * rows, unit.cols))
    full_a[:, before : before + terms] = a
    full_b[before : before + terms] = b
    number, vector = np.divmod(np.arange(tiles * len(a)), len(a))
    return Fed(
        columns={
            "weights": full_b.reshape(tiles, rows, unit.cols),
            "data": full_a.reshape(len(a), tiles, rows).swapaxes(0, 1).reshape(-1, rows),
            "swap": vector == 0,
            "first": number == 0,
            "last": number == tiles - 1,
        },
        purposes=[purpose] * len(number),
    )


def _steps(product: tuple[str, Array, Array]) -> Fed:
    """The steps of a matrix product with stationary sums."""
    purpose, a, b = product
    last = np.arange(len(b)) == len(b) - 1
    return Fed(columns={"weights": b, "data": a.T, "last": last}, purposes=[purpose] * len(b))


def _filling(number_format: Format, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Zeros, or random codes of a format without zero."""
    zero = zero_code(number_format)
    if zero is None:
        return finite_codes(number_format, rng, shape)
    return np.full(shape, zero, np.int64)


def _any_vectors(unit: Systolic, design: Design, level: str, rng: np.random.Generator) -> Fed:
    """Random vectors: sums begin, go on and end at random, and weights change at random."""
    count = min(max(_PRODUCTS[level] // unit.macs_per_cycle, 8), _MOST_VECTORS[level])
    swap = rng.random(count) < rng.choice([0.05, 0.3, 0.9], count)
    swap[0] = True
    first, last = np.ones((2, count), bool)
    kept = 0
    for number in range(count if unit.sums else 0):
        first[number] = not kept or rng.random() < 0.4
        kept -= not first[number]
        # Now and then, many sums are kept at once.
        last[number] = kept == unit.sums or rng.random() < (0.5 if number % 512 < 256 else 0.1)
        kept += not last[number]
    # Special values would soon make every sum special.
    calm = rng.random(count) < 0.8
    shape = (count, unit.rows)
    data = np.where(
        calm[:, None], finite_codes(design.a, rng, shape), any_codes(design.a, rng, shape)
    )
    weights = finite_codes(design.b, rng, (int(swap.sum()), unit.rows, unit.cols))
    return Fed(
        columns={"weights": weights, "data": data, "swap": swap, "first": first, "last": last},
        purposes=["random_vectors"] * count,
    )


def _any_steps(unit: Systolic, design: Design, level: str, rng: np.random.Generator) -> Fed:
    """Random steps of tiles of random lengths, many of them shorter than the drain takes."""
    count = min(max(_PRODUCTS[level] // unit.macs_per_cycle, 8), _MOST_VECTORS[level])
    last = rng.random(count) < rng.choice([0.9, 0.3, 0.05], count)
    last[-1] = True
    calm = rng.random(count) < 0.9
    data, weights = (
        np.where(calm[:, None], finite_codes(f, rng, shape), any_codes(f, rng, shape))
        for f, shape in ((design.a, (count, unit.rows)), (design.b, (count, unit.cols)))
    )
    columns = {"weights": weights, "data": data, "last": last}
    return Fed(columns=columns, purposes=["random_vectors"] * count)
