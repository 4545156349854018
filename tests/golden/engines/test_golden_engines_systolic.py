"""Golden schedule of the systolic array, beside exact products and the formulas of its timing."""

import numpy as np
import pytest
from systolic_programs import program, shapes

from hwdse import Design
from hwdse.errors import ShapeError
from hwdse.golden.engines.systolic import output_stationary, weight_stationary
from hwdse.spec import Workload


def _array(keys: str, rows: int, cols: int, dataflow: str, sums: int | None = None) -> Design:
    kept = f",sums={sums}" if sums is not None and dataflow == "ws" else ""
    return Design.parse(f"{keys},unit=systolic,rows={rows},cols={cols},dataflow={dataflow}{kept}")


@pytest.mark.parametrize("dataflow", ["ws", "os"])
def test_products_of_random_shapes_are_exact(dataflow: str) -> None:
    """Any rows, columns and sizes, with ragged tiles: integers, and floats rounded at every step.

    The sums of E4M3 products are multiples of 2^-18 below 2^24, so float64 holds them exactly.
    """
    rng = np.random.default_rng(1)
    compared = 0
    for rows, cols, groups, m, k, n in shapes(rng, 24):
        sums = int(rng.integers(1, 6))
        for keys in ("a=int5,b=int3,acc=int:12", "a=e4m3fn,acc=fp:fp32"):
            design = _array(keys, rows, cols, dataflow, sums)
            a, b = (
                f.encode(f.decode(rng.integers(0, 1 << (f.bits - 1), size))).astype(np.int64)
                for f, size in ((design.a, (groups, m, k)), (design.b, (groups, k, n)))
            )
            x, y = (np.nan_to_num(f.decode(c), nan=1.0) for f, c in ((design.a, a), (design.b, b)))
            a, b = design.a.encode(x).astype(np.int64), design.b.encode(y).astype(np.int64)
            work = program(design, a, b)
            found = work.gathered(work.passage(design).results, (groups, m, n))
            if keys.startswith("a=int"):
                exact = (x @ y).astype(np.int64) & 0xFFF
                assert np.array_equal(found, exact)
            else:
                total = np.zeros((groups, m, n), np.float32)
                for term in range(k):
                    step = total.astype(np.float64) + x[:, :, term, None] * y[:, None, term]
                    total = step.astype(np.float32)
                assert np.array_equal(found, total.view(np.uint32))
            compared += found.size
    assert compared > 1000


@pytest.mark.parametrize("dataflow", ["ws", "os"])
def test_the_schedule_is_that_of_the_walk(dataflow: str) -> None:
    rng = np.random.default_rng(2)
    for rows, cols, groups, m, k, n in shapes(rng, 40, 20):
        sums = int(rng.integers(1, 24))
        design = _array("a=int2,acc=int:8", rows, cols, dataflow, sums)
        work = program(design, np.ones((groups, m, k), int), np.ones((groups, k, n), int))
        passage = work.passage(design)
        schedule = design.unit.schedule(Workload(site="s", m=m, k=k, n=n, groups=groups))
        assert schedule.cycles == passage.cycles["o"][-1] + 1
        assert schedule.slots == schedule.cycles * rows * cols
        assert schedule.macs == groups * m * k * n
        assert schedule.reads_a == work.columns["data"].size
        assert schedule.reads_b == work.columns["weights"].size
        assert schedule.writes == groups * m * n
        assert 0 < schedule.utilization <= 1


@pytest.mark.parametrize(("rows", "cols", "m"), [(1, 1, 1), (4, 3, 7), (2, 5, 1), (8, 8, 64)])
def test_a_tile_takes_the_cycles_of_the_textbook(rows: int, cols: int, m: int) -> None:
    """Cycle 0 accepts the first vector, or step; the first injection is in cycle 1."""
    design = _array("a=int4,acc=int:16", rows, cols, "ws")
    ones = np.ones((1, m, rows), int), np.ones((1, rows, cols), int)
    cycles = program(design, *ones).passage(design).cycles
    injected = cycles["a"][0] + 1
    # The last sum leaves its column in cycle M + R + C - 2 from the injection on; cycle 1 is it.
    assert cycles["o"][-1] - injected == m + rows + cols - 2
    assert cycles["a"].tolist() == list(range(rows, rows + m))
    design = _array("a=int4,acc=int:16", rows, cols, "os")
    ones = np.ones((1, rows, m), int), np.ones((1, m, cols), int)
    cycles = program(design, *ones).passage(design).cycles
    # The last sum ends in cycle K + R + C - 2, and R more cycles drain the array.
    assert cycles["o"][-1] - cycles["a"][0] == m + rows + cols - 2 + rows


def test_large_products_keep_the_array_busy() -> None:
    for dataflow in ("ws", "os"):
        unit = _array("a=int8,acc=int:32", 16, 16, dataflow).unit
        assert unit.schedule(Workload(site="s", m=64, k=64, n=64, groups=8)).utilization > 0.99
        assert unit.schedule(Workload(site="s", m=640, k=640, n=64)).utilization > 0.99


def test_what_cannot_be_computed_is_refused() -> None:
    design = _array("a=int4,acc=int:16", 2, 2, "ws", 1)
    weights, data = np.ones((1, 2, 2), int), np.ones((2, 2), int)
    yes, no = np.ones(2, bool), np.zeros(2, bool)
    once = np.array([True, False])
    for swap, first, last, reason in [
        (no, yes, yes, "vector 0 finds no weights"),
        (yes, yes, yes, "vector 1 finds no weights"),
        (once, no, yes, "vector 0 goes on with sums, none are kept"),
        (once, yes, no, "vector 1 leaves sums, 1 are kept already"),
    ]:
        with pytest.raises(ShapeError, match=reason):
            weight_stationary(design, weights, data, swap, first, last)
    steps = _array("a=int4,acc=int:16", 2, 2, "os")
    assert len(output_stationary(steps, data, data, no).results) == 0
