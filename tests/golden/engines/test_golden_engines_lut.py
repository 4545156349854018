"""Golden schedule of the table-lookup engine, beside exact products and formulas of its cycles."""

from fractions import Fraction

import numpy as np
import pytest
from lut_programs import program

from hwdse import Design
from hwdse.golden.engines.lut import slices
from hwdse.spec import Workload


def _exact(codes: np.ndarray, number_format: object) -> np.ndarray:
    """Fractions of codes."""
    values = np.asarray(number_format.decode(codes), np.float64)
    return np.frompyfunc(Fraction, 1, 1)(values)


def _finite(rng: np.random.Generator, number_format: object, shape: tuple[int, ...]) -> np.ndarray:
    codes = rng.integers(0, 1 << number_format.bits, shape)
    values = np.asarray(number_format.decode(codes), np.float64)
    return np.where(np.isfinite(values), codes, int(number_format.encode(1.0)))


@pytest.mark.parametrize(
    "keys",
    [
        "a=int8,b=int2,acc=int:32",
        "a=int5,b=binary,acc=int:10",
        "a=uint4,b=uint3,acc=int:14:wrap",
        "a=int8,b=ternary,acc=int:13:sat",
        "a=e4m3fn,b=int4,acc=kulisch,out=fp32",
        "a=e5m2,b=bipolar2,acc=kulisch,out=bf16",
    ],
)
def test_products_of_random_shapes_are_exact(keys: str) -> None:
    """Integers are summed slice by slice, and wrapped or saturated; other sums are rounded once."""
    rng = np.random.default_rng(1)
    compared = 0
    for _ in range(8):
        group, rows, cols = (int(rng.integers(1, 6)) for _ in range(3))
        groups, m, k, n = (int(rng.integers(1, most)) for most in (3, 7, 14, 7))
        k += -k % group
        design = Design.parse(f"{keys},unit=lut,group={group},rows={rows},cols={cols}")
        a, b = _finite(rng, design.a, (groups, m, k)), _finite(rng, design.b, (groups, k, n))
        work = program(design, a, b)
        found = work.gathered(work.passage(design).results, (groups, m, n))
        x, y = _exact(a, design.a), _exact(b, design.b)
        terms = x[:, :, :, None] * y[:, None]
        total = np.full((groups, m, n), Fraction(0), object)
        for begin in range(0, k, group):
            total = total + terms[:, :, begin : begin + group].sum(axis=2)
            if keys.endswith("sat"):
                total = np.clip(total, -4096, 4095)
        if "acc=int" in keys:
            assert np.array_equal(found, total.astype(np.int64) & ((1 << design.out.bits) - 1))
        else:
            # These sums have less than 53 bits.
            assert np.array_equal(found, design.out.encode(total.astype(np.float64)))
        compared += found.size
    assert compared > 100


def test_a_float_accumulator_rounds_once_per_slice() -> None:
    design = Design.parse("a=e4m3fn,b=int3,acc=fp:bf16,unit=lut,group=3,rows=2,cols=2")
    rng = np.random.default_rng(2)
    a, b = _finite(rng, design.a, (40, 2, 12)), _finite(rng, design.b, (40, 12, 2))
    work = program(design, a, b)
    found = work.gathered(work.passage(design).results, (40, 2, 2))
    x, y = design.a.decode(a), design.b.decode(b)
    total = np.zeros((40, 2, 2))
    for begin in range(0, 12, 3):
        part = slice(begin, begin + 3)
        total = design.out.decode(design.out.encode(total + x[:, :, part] @ y[:, part]))
    assert np.array_equal(design.out.decode(found), total)


def test_the_known_answer_of_the_specification() -> None:
    """Formats and datapaths, section 13.1: a = 1, 2, 3, 4 and u = 3, 0, 1, 2 with two bits.

    q' = 2 u - 3 = 3, -3, -1, 1 is bipolar2; u itself is uint2.
    """
    a, u = np.array([[[1, 2, 3, 4]]]), np.array([[[3], [0], [1], [2]]])
    for weights, answer in (("bipolar2", -2), ("uint2", 3 + 3 + 8)):
        design = Design.parse(f"a=int8,b={weights},acc=int:16,unit=lut,rows=1,cols=1")
        results = slices(design, u, a, np.array([True])).results
        assert results.tolist() == [[answer & 0xFFFF]]


def test_the_schedule_is_that_of_the_walk() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        group, rows, cols = (int(rng.integers(1, 6)) for _ in range(3))
        groups, m, k, n = (int(rng.integers(1, most)) for most in (3, 20, 20, 20))
        weights = rng.choice(["binary", "int2", "uint4"])
        keys = f"a=int4,b={weights},acc=int:16,unit=lut,group={group},rows={rows},cols={cols}"
        design = Design.parse(keys)
        work = program(design, np.ones((groups, m, k), int), np.ones((groups, k, n), int))
        passage = work.passage(design)
        schedule = design.unit.schedule(Workload(site="s", m=m, k=k, n=n, groups=groups))
        assert schedule.cycles == passage.cycles["o"][-1] + 1
        planes = design.unit.initiation_interval
        assert schedule.slots == schedule.cycles * rows * cols * group // planes
        assert schedule.macs == groups * m * k * n
        assert schedule.reads_a == work.columns["data"].size
        assert schedule.reads_b == work.columns["weights"].size
        assert schedule.writes == groups * m * n
        assert 0 < schedule.utilization <= 1


def test_a_slice_takes_a_cycle_for_each_bit_plane() -> None:
    for weights, planes in (("binary", 1), ("int2", 2), ("int4", 4)):
        design = Design.parse(f"a=int4,b={weights},acc=int:16,unit=lut,rows=1,cols=1")
        codes = np.zeros((6, 4, 1), int), np.zeros((6, 1, 4), int)
        cycles = slices(design, *codes, np.arange(6) % 3 == 2).cycles
        assert cycles["a"].tolist() == cycles["w"].tolist() == list(range(0, 6 * planes, planes))
        assert cycles["o"].tolist() == [3 * planes + 1, 6 * planes + 1]
    # Three rows leave before the sums that follow are added to.
    design = Design.parse("a=int4,b=int2,acc=int:16,unit=lut,rows=3,cols=1")
    codes = np.zeros((3, 4, 1), int), np.zeros((3, 3, 4), int)
    cycles = slices(design, *codes, np.ones(3, bool)).cycles
    assert cycles["a"].tolist() == [0, 2, 5]
    assert cycles["o"].tolist() == [3, 4, 5, 6, 7, 8, 9, 10, 11]
