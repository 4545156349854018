"""Closed forms of traffic and cycles equal a walk of the loop nest, for many small shapes."""

import itertools
import random
from dataclasses import asdict

import pytest
from system_walk import ARRAYS, Walk

from hwdse import Design
from hwdse.cost.system import (
    ORDERS,
    ArrayShape,
    Dataflow,
    StoredBits,
    Tile,
    Tiling,
    choose,
    fetches,
    load_machine,
)
from hwdse.cost.system.placed import placed
from hwdse.errors import MachineError, SpecError
from hwdse.spec import Workload


def shapes(count, most, seed):
    """Random matrix products with a tile each: (m, k, n), tile."""
    rng = random.Random(seed)
    for _ in range(count):
        sizes = tuple(rng.randint(1, most) for _ in range(3))
        yield sizes, tuple(rng.randint(1, size) for size in sizes)


def tiling_of(tile, order):
    m, k, n = tile
    return Tiling(tile=Tile(m=m, k=k, n=n), order=order)


@pytest.mark.parametrize("order", ORDERS)
def test_off_chip_traffic_equals_the_walk(order):
    repeated = unfinished = 0
    for (m, k, n), tile in shapes(150, 7, order):
        walk = Walk(m, k, n, tile, order).run()
        found = fetches(Workload(site="x", m=m, k=k, n=n), tiling_of(tile, order))
        assert asdict(found) == asdict(walk.outer)
        repeated += found.a > m * k or found.b > k * n
        unfinished += found.sums_in > 0
    assert repeated > 20
    # Sums stay on the chip while k is the innermost loop.
    assert (unfinished == 0) == (order[-1] == "k")


@pytest.mark.parametrize("keyword", ARRAYS)
def test_array_traffic_and_cycles_equal_the_walk(keyword):
    rng = random.Random(keyword)
    split = 0
    for (m, k, n), tile in shapes(250, 7, keyword):
        rows, columns, lanes, turns = (rng.randint(1, 4) for _ in range(4))
        order = rng.choice(ORDERS)
        work = ARRAYS[keyword](rows, columns, lanes, turns)
        walk = Walk(m, k, n, tile, order, array=work).run()
        dataflow = Dataflow.parse(keyword)
        array = ArrayShape(rows=rows, columns=columns, lanes=lanes, interleave=turns)
        workload, size = Workload(site="x", m=m, k=k, n=n), tiling_of(tile, order).tile
        assert asdict(dataflow.feeds(workload, size, array)) == asdict(walk.inner)
        assert dataflow.busy_cycles(workload, size, array) == walk.busy
        # What the array does has no influence on the traffic off the chip.
        assert asdict(fetches(workload, tiling_of(tile, order))) == asdict(walk.outer)
        split += walk.inner.sums_in > 0
    assert split > 50


def last_output_output_stationary(array, terms_of_blocks):
    """Cycle of the last output, unit by unit; inputs move one unit per cycle."""
    last = start = 0
    for terms in terms_of_blocks:
        for i, j in itertools.product(range(array.rows), range(array.columns)):
            for t in range(terms):
                last = max(last, start + t + i + j + array.latency)
        start += terms
    return last + 1  # cycles count from 0


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("latency", [1, 4])
def test_fill_of_an_output_stationary_array(rows, columns, latency):
    array = ArrayShape(rows=rows, columns=columns, latency=latency)
    dataflow = Dataflow.parse("output-stationary")
    workload = Workload(site="x", m=2 * rows, k=6, n=columns)
    tile = Tile(m=2 * rows, k=6, n=columns)
    total = dataflow.busy_cycles(workload, tile, array) + dataflow.fill_cycles(array)
    assert total == last_output_output_stationary(array, [6, 6])


def last_output_weight_stationary(array, vectors_of_blocks):
    """Weights of a block enter while the one before works; sums go down, `latency` per unit."""
    loaded = array.rows
    streamed = last = 0
    for vectors in vectors_of_blocks:
        start = max(loaded, streamed)
        loaded = start + array.rows
        streamed = start + vectors
        for t, j in itertools.product(range(vectors), range(array.columns)):
            last = max(last, start + t + array.rows * array.latency + j)
    return last + 1


@pytest.mark.parametrize("rows", [1, 2, 5])
@pytest.mark.parametrize("columns", [1, 3])
@pytest.mark.parametrize("latency", [1, 4])
@pytest.mark.parametrize("vectors", [2, 5, 9])
def test_fill_of_a_weight_stationary_array(rows, columns, latency, vectors):
    array = ArrayShape(rows=rows, columns=columns, latency=latency)
    dataflow = Dataflow.parse("weight-stationary")
    workload = Workload(site="x", m=vectors, k=3 * rows, n=columns)
    tile = Tile(m=vectors, k=3 * rows, n=columns)
    total = dataflow.busy_cycles(workload, tile, array) + dataflow.fill_cycles(array)
    walked = last_output_weight_stationary(array, [vectors] * 3)
    # The closed form also waits for weights after the last block, of which there are none.
    assert total - walked == max(0, rows - vectors)


@pytest.mark.parametrize("spec", ["unit=mac", "unit=dot,lanes=4,stages=3"])
def test_one_unit_takes_the_cycles_of_its_schedule(spec):
    design = Design.parse(f"a=int8,acc=int:32,{spec}")
    array = ArrayShape.of(design.unit, 1, 1)
    dataflow = Dataflow.parse("output-stationary")
    for (m, k, n), _ in shapes(30, 20, spec):
        workload = Workload(site="x", m=m, k=k, n=n)
        tile = Tile(m=m, k=k, n=n)
        cycles = dataflow.busy_cycles(workload, tile, array) + dataflow.fill_cycles(array)
        assert cycles == design.unit.schedule(workload).cycles


def room(workload, tile, bits, split):
    """Bits of the three tiles."""
    share = workload.distinct_a / workload.elements_a
    partial = split or tile.k < workload.k
    result = max(bits.sum, bits.out) if partial else bits.out
    return share * tile.m * tile.k * bits.a + tile.k * tile.n * bits.b + tile.m * tile.n * result


@pytest.mark.parametrize("keyword", ARRAYS)
def test_no_other_tiling_moves_less(keyword):
    """All tiles and orders are walked. The chosen one fits and none that fits moves less."""
    rng = random.Random(keyword)
    dataflow = Dataflow.parse(keyword)
    limited = 0
    for _ in range(25):
        m, k, n = (rng.randint(2, 5) for _ in range(3))
        array = ArrayShape(rows=2, columns=2, lanes=rng.choice((1, 2)))
        bits = StoredBits(a=rng.choice((4, 8.25)), b=rng.choice((4.5, 8)), sum=32, out=8)
        workload = Workload(site="x", m=m, k=k, n=n)
        capacity = rng.randint(9, 24)
        chosen = choose(workload, dataflow, array, bits, capacity, double_buffered=False)
        split = dataflow.feeds(workload, Tile(m=m, k=k, n=n), array).sums_out > 0
        assert room(workload, chosen.tile, bits, split) <= 8 * capacity
        assert chosen.tile.k == k or chosen.tile.k % array.lanes == 0

        def traffic(counts):
            sums = counts["sums_in"] + counts["sums_out"]
            return (
                counts["a"] * bits.a  # noqa: B023 - called in this round of the loop only
                + counts["b"] * bits.b  # noqa: B023
                + sums * bits.sum  # noqa: B023
                + counts["out"] * bits.out  # noqa: B023
            )

        every = []
        for tile in itertools.product(*(range(1, size + 1) for size in (m, k, n))):
            if tile[1] % array.lanes and tile[1] < k:
                continue  # a tile that would split a group of terms
            if room(workload, tiling_of(tile, "mkn").tile, bits, split) <= 8 * capacity:
                every += [
                    traffic(asdict(Walk(m, k, n, tile, order).run().outer)) for order in ORDERS
                ]
        own = traffic(asdict(fetches(workload, chosen)))
        assert own == pytest.approx(min(every))
        limited += own > m * k * bits.a + k * n * bits.b + m * n * bits.out
    assert limited > 3


def test_among_equal_traffic_whole_blocks_are_preferred():
    # 20 rows in two trips: tiles of 10 rows need 2 + 2 blocks of 8 rows, tiles of 16 rows 2 + 1.
    workload = Workload(site="x", m=20, k=4, n=4)
    dataflow, array = Dataflow.parse("output-stationary"), ArrayShape(rows=8, columns=4)
    bits = StoredBits(a=8, b=8, sum=32, out=8)
    chosen = choose(workload, dataflow, array, bits, 16 * 4 + 16 + 16 * 4, double_buffered=False)
    assert chosen.tile == Tile(m=16, k=4, n=4)
    assert dataflow.busy_cycles(workload, chosen.tile, array) == 3 * 4


def test_a_given_order_is_kept_and_double_buffers_halve_the_room():
    workload = Workload(site="x", m=8, k=8, n=8)
    dataflow, array = Dataflow.parse("output-stationary"), ArrayShape()
    bits = StoredBits(a=8, b=8, sum=8, out=8)
    assert choose(workload, dataflow, array, bits, 300, order="nkm").order == "nkm"
    single = choose(workload, dataflow, array, bits, 192, double_buffered=False).tile
    assert single == Tile(m=8, k=8, n=8)
    double = choose(workload, dataflow, array, bits, 192).tile
    assert double.m * double.k + double.k * double.n + double.m * double.n <= 96
    assert choose(workload, dataflow, array, bits, 384).tile == single


def test_overlapping_rows_take_less_room_and_traffic():
    rows = Workload(site="x", m=64, k=9, n=4)
    image = Workload(site="x", m=64, k=9, n=4, inputs=64)
    dataflow, array = Dataflow.parse("output-stationary"), ArrayShape()
    bits = StoredBits(a=8, b=8, sum=32, out=8)
    # The whole image (64), all weights (36) and all results (256) fit; the rows alone have 576.
    whole = Tile(m=64, k=9, n=4)
    assert choose(image, dataflow, array, bits, 356, double_buffered=False).tile == whole
    assert choose(rows, dataflow, array, bits, 356, double_buffered=False).tile != whole
    assert choose(image, dataflow, array, bits, 355, double_buffered=False).tile != whole


def test_errors():
    workload = Workload(site="conv", m=8, k=8, n=8)
    dataflow, array = Dataflow.parse("output-stationary"), ArrayShape()
    bits = StoredBits(a=8, b=8, sum=32, out=8)
    with pytest.raises(
        MachineError, match=r"on-chip memory of 5 bytes: too small .* 1 terms of conv"
    ):
        choose(workload, dataflow, array, bits, 5, double_buffered=False)
    with pytest.raises(MachineError, match="loop order 'mmk': allowed are mkn, mnk"):
        choose(workload, dataflow, array, bits, 500, order="mmk")
    with pytest.raises(MachineError, match="loop order 'xyz'"):
        Tiling(tile=Tile(m=1, k=1, n=1), order="xyz")
    with pytest.raises(MachineError, match="unknown dataflow 'row-stationary'"):
        Dataflow.parse("row-stationary")
    with pytest.raises(SpecError, match="k=0"):
        Tile(m=1, k=0, n=1)
    with pytest.raises(SpecError, match="unit mul forms no array"):
        placed(Design.parse("a=int8,unit=mul").unit, load_machine("edge"))
    with pytest.raises(SpecError, match="sum of 0 bits"):
        StoredBits(a=8, b=8, sum=0, out=8)


def test_a_dataflow_is_known_by_being_defined(monkeypatch):
    monkeypatch.setattr(Dataflow, "kinds", dict(Dataflow.kinds))

    class Nothing(Dataflow.kinds["output-stationary"]):
        keyword = "nothing-stationary"

    assert isinstance(Dataflow.parse("nothing-stationary"), Nothing)
