import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.errors import HwdseError, ShapeError
from hwdse.explore.aims import Aims
from hwdse.explore.front import nondominated, pareto, pareto_mask

# Few distinct values, so that ties and duplicates are common.
NUMBERS = st.sampled_from([0.0, 1.0, 2.0, 3.0, -1.0, float("inf"), float("nan")])


@st.composite
def tables(draw):
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(NUMBERS, min_size=width, max_size=width), max_size=12))
    maximize = tuple(draw(st.booleans()) for _ in range(width))
    return np.array(rows, dtype=float).reshape(-1, width), maximize


def brute_force(table, maximize):
    """Straight from the definition, a row and a pair at a time."""

    def as_good(p, q, larger):
        return p >= q if larger else p <= q

    def dominates(p, q):
        pairs = list(zip(p, q, maximize, strict=True))
        return all(as_good(*pair) for pair in pairs) and any(a != b for a, b, _ in pairs)

    whole = [row for row in table if not any(np.isnan(row))]
    return [
        not any(np.isnan(row)) and not any(dominates(other, row) for other in whole)
        for row in table
    ]


@given(tables())
def test_front_is_what_the_definition_says(case):
    table, maximize = case
    assert nondominated(table, maximize).tolist() == brute_force(table, maximize)


@settings(max_examples=3)
@given(st.integers(0, 2**32 - 1))
def test_front_of_many_rows_is_independent_of_blocks(seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 40, (700, 2)).astype(float)
    assert nondominated(table, (False, True)).tolist() == brute_force(table, (False, True))


@given(tables())
def test_order_of_rows_does_not_matter(case):
    table, maximize = case
    flipped = nondominated(table[::-1], maximize)[::-1]
    assert nondominated(table, maximize).tolist() == flipped.tolist()


def test_ties_are_kept():
    table = [[1.0, 0.9], [1.0, 0.9], [2.0, 0.9]]
    assert nondominated(table, (False, True)).tolist() == [True, True, False]


def test_empty_table():
    assert nondominated(np.empty((0, 2)), (False, True)).shape == (0,)


@pytest.mark.parametrize("values", [[1.0, 2.0], [[1.0]]])
def test_wrong_shape(values):
    with pytest.raises(ShapeError, match="2 directions"):
        nondominated(values, (False, True))


def test_pareto_uses_the_direction_of_each_column():
    frame = pd.DataFrame(
        {
            "energy_pj": [1.0, 2.0, 3.0, 3.0],
            "rank": pd.array([2, 1, 1, None], "Int64"),
            "sqnr_db": [10.0, 20.0, 21.0, None],
            "accuracy": [0.5, 0.9, 0.8, None],
            "area_um2": [5.0, 9.0, 4.0, 1.0],
        }
    )
    assert pareto(frame, Aims.of("energy_pj", "accuracy")).index.tolist() == [1, 0]
    assert pareto(frame, Aims.of("energy_pj", "area_um2")).index.tolist() == [0, 3]
    assert pareto_mask(frame, Aims.of("energy_pj", "accuracy")).tolist() == [
        True,
        True,
        False,
        False,
    ]


def test_what_tests_do_not_tell_apart_is_no_reason_to_pay_more():
    frame = pd.DataFrame(
        {
            "energy_pj": [1.0, 2.0, 3.0, 3.0],
            "rank": pd.array([3, 1, 1, None], "Int64"),
            "sqnr_db": [10.0, 20.0, 21.0, None],
        }
    )
    assert pareto(frame).index.tolist() == [1, 0]
    assert pareto_mask(frame).tolist() == [True, True, False, False]


def test_unknown_column():
    with pytest.raises(HwdseError, match="unknown column 'speed': one of energy_pj"):
        Aims.of("speed", "accuracy")
