"""Which places on a front the errors of estimates leave open."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from hwdse.explore import undecided
from hwdse.explore.aims import Aims
from hwdse.explore.undecided import undecided_mask
from hwdse.primitives import load_technology

SPECS = [
    "a=int8,acc=int:32",
    "a=int4,acc=int:32",
    "a=e4m3fn,acc=kulisch",
    "a=posit8_1,acc=fp:fp32",
]


@pytest.fixture
def pairs(monkeypatch):
    """Sets the ratios that order pairs: by default a factor of 2, or 1.1 if 6 things are shared."""

    def put(**ratios):
        table = load_technology("nangate45")
        energy = dataclasses.replace(
            table.adjustment("energy_pj"),
            pairs={int(k[1:]): np.log(v) for k, v in ratios.items()},
        )
        changed = dataclasses.replace(table, adjustments={**table.adjustments, "energy_pj": energy})
        monkeypatch.setattr(undecided, "load_technology", lambda name: changed)

    put(_0=2.0, _6=1.1)
    return put


def frame(energies, ranks, **more):
    return pd.DataFrame(
        {
            "spec": SPECS[: len(ranks)], "energy_pj": energies, "rank": ranks, "sqnr_db": 1.0,
            "technology": "nangate45", **more,
        }
    )  # fmt: skip


def mask(*given, **more):
    return undecided_mask(frame(*given, **more)).tolist()


def test_designs_that_share_much_are_ordered_at_small_differences(pairs):
    # int8 and int4 share all but nothing: the same families, parts and unit.
    assert mask([1.0, 1.2], [1, 1]) == [False, False]
    assert mask([1.0, 1.05], [1, 1]) == [True, True]


def test_nothing_is_sure_of_units_that_were_never_measured(pairs):
    known = {"energy_error": [0.2, 0.2]}
    assert mask([1.0, 9.0], [1, 1], **known) == [False, False]
    assert mask([1.0, 9.0], [1, 1], energy_error=[0.2, np.nan]) == [True, True]


def test_designs_that_share_little_need_a_factor_of_two(pairs):
    # int8 and e4m3fn with Kulisch: the multiplier and the unit.
    assert mask([1.0, 9.0, 1.9, 9.0], [2, 2, 2, 2]) == [True, False, True, False]
    assert mask([1.0, 9.0, 2.1, 9.0], [2, 2, 2, 2]) == [False, False, False, False]


def test_a_better_rank_is_sure(pairs):
    # The dearer design is better, so it is on the front for sure. If it is the cheaper one as
    # well, it beats the other.
    assert mask([1.0, 9.0, 1.5, 9.0], [3, 3, 1, 3]) == [True, False, False, False]
    # The dearer one is worse: it is on the front only if it is the cheaper one.
    assert mask([1.0, 9.0, 1.5, 9.0], [1, 3, 2, 3]) == [False, False, True, False]


def test_what_cannot_be_compared_is_not_undecided(pairs):
    late = [True, True, False, True]
    assert mask([1.0, np.nan, 1.5, 9.0], [1, 1, 1, 1], meets_clock=late) == [False] * 4


def test_without_pairs_in_the_table_nothing_is_marked(pairs):
    pairs()
    assert mask([1.0, 1.0], [1, 1]) == [False, False]
    unknown = frame([1.0, 1.0], [1, 1]).assign(technology="mine")
    assert not undecided_mask(unknown).any()


def test_other_quantities_have_no_estimates(pairs):
    accurate = frame([1.0, 1.0], [1, 1]).assign(accuracy=0.9)
    assert not undecided_mask(accurate, Aims.of("sqnr_db", "accuracy")).any()


def test_a_design_of_a_file_that_is_gone_shares_nothing(pairs):
    lost = frame([1.0, 1.5], [1, 1])
    lost.loc[1, "spec"] = "a=codebook:/gone.json,acc=fp:fp32"
    assert undecided_mask(lost).tolist() == [True, True]


def test_rows_are_compared_in_blocks(pairs, monkeypatch):
    rng = np.random.default_rng(4)
    many = pd.DataFrame(
        {
            "spec": rng.choice(SPECS, 60), "energy_pj": rng.uniform(1, 4, 60), "sqnr_db": 1.0,
            "rank": rng.integers(1, 5, 60), "technology": "nangate45",
        }
    )  # fmt: skip
    whole = undecided_mask(many)
    monkeypatch.setattr(undecided, "_BLOCK", 7)
    assert undecided_mask(many).tolist() == whole.tolist()
    assert 0 < whole.sum() < 60
