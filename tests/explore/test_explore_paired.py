"""What other samples would say: bootstraps of ratios and of ranks."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon

from hwdse.explore.aims import Aims
from hwdse.explore.paired import Paired
from hwdse.explore.record import Row
from hwdse.explore.standing import standing
from hwdse.networks.accuracy import AGREES, RIGHT

SAMPLES = 200
RNG = np.random.default_rng(11)
RIGHT_HALF = (np.arange(SAMPLES) % 2).astype(np.uint8) * (RIGHT | AGREES)


def row(errors=None, outcomes=None):
    if errors is None:
        errors = np.ones(SAMPLES)
    return Row(key="", facts={}, errors=np.asarray(errors, np.float32), outcomes=outcomes)


def frame(rows, **columns):
    given = {
        "spec": "a=int8,acc=int:32", "energy_pj": 1.0, "energy_error": 0.0, "sqnr_db": 1.0,
        "rank": 1, "accuracy": 0.5, "technology": "nangate45",
    }  # fmt: skip
    return pd.DataFrame(given | columns, index=range(len(rows)))


def draw(rows, name="accuracy", count=4000, **columns):
    return Paired.of(rows).draw_ratios(
        frame(rows, **columns), name, count, np.random.default_rng(1)
    )


def test_ratios_vary_as_a_binomial_does():
    drawn = draw([row(outcomes=RIGHT_HALF)])
    assert drawn.mean() == pytest.approx(0.5, abs=0.005)
    assert drawn.std() == pytest.approx(np.sqrt(0.25 / SAMPLES), rel=0.05)


def test_designs_that_answer_alike_are_tied_in_every_draw():
    drawn = draw([row(outcomes=RIGHT_HALF), row(outcomes=RIGHT_HALF.copy())])
    assert (drawn[:, 0] == drawn[:, 1]).all()


def test_the_difference_of_two_has_the_variance_of_their_discordant_answers():
    other = RIGHT_HALF.copy()
    other[:12] ^= RIGHT  # 6 right ones become wrong, 6 wrong ones right
    drawn = draw([row(outcomes=RIGHT_HALF), row(outcomes=other)])
    difference = drawn[:, 0] - drawn[:, 1]
    # As in McNemar's test.
    assert difference.std() == pytest.approx(np.sqrt(12) / SAMPLES, rel=0.05)
    agreement = draw([row(outcomes=RIGHT_HALF), row(outcomes=other)], "agreement")
    assert (agreement[:, 0] == agreement[:, 1]).all()


def test_without_outcomes_accuracy_is_as_measured():
    assert draw([row(), row(outcomes=RIGHT_HALF)]) is None
    rows = [row(), row()]
    table = frame(rows, accuracy=[0.9, 0.91], energy_pj=[1.0, 2.0])
    places = standing(table, Aims.of("energy_pj", "accuracy"), Paired.of(rows))
    assert places.classes.tolist() == ["certain", "certain"]


def test_one_more_right_answer_is_not_worth_more_for_sure():
    other = RIGHT_HALF.copy()
    other[[0, 2, 4]] |= RIGHT
    other[[1, 3]] &= ~np.uint8(RIGHT)
    rows = [row(outcomes=RIGHT_HALF), row(outcomes=other)]
    table = frame(rows, accuracy=[0.5, 0.505], energy_pj=[1.0, 2.0])
    aims = Aims.of("energy_pj", "accuracy")
    assert standing(table, aims).classes.tolist() == ["certain", "certain"]
    places = standing(table, aims, Paired.of(rows))
    assert places.classes.tolist() == ["certain", "undecided"]
    # A limit is kept by some samples, and not by others.
    limited = standing(
        table, Aims.of("energy_pj", "accuracy", where=["accuracy >= 0.5"]), Paired.of(rows)
    )
    assert limited.probability[0] == pytest.approx(0.5, abs=0.05)


def test_ranks_vary_where_a_test_is_close():
    errors = RNG.lognormal(size=SAMPLES)
    noise = RNG.normal(size=SAMPLES)
    # The second is clearly worse, the third about at the cut.
    close = next(
        errors * np.exp(0.1 * noise + shift)
        for shift in np.arange(0, 0.1, 0.0005)
        if wilcoxon(errors, errors * np.exp(0.1 * noise + shift)).pvalue < 0.02
    )
    rows = [row(errors), row(errors * 2), row(close)]
    drawn = Paired.of(rows).draw_ranks(frame(rows), 4000, np.random.default_rng(2))
    assert (drawn[:, 0] == 1).all()
    assert (drawn[:, 1] > drawn[:, 2]).all()
    # Bootstraps of the samples themselves, tested at the level that Holm asks of the last pair.
    tests = []
    for _ in range(300):
        chosen = RNG.integers(0, SAMPLES, SAMPLES)
        result = wilcoxon((errors - close)[chosen], method="asymptotic", alternative="less")
        tests.append(result.zstatistic < -1.96)
    assert 0.3 < np.mean(drawn[:, 2] == 2) < 0.9
    assert np.mean(drawn[:, 2] == 2) == pytest.approx(np.mean(tests), abs=0.12)


def test_designs_of_other_samples_are_not_compared():
    rows = [row(), row()]
    table = frame(rows, rank=[1, None]).astype({"rank": "Int64"})
    table.index = [0, 5]
    drawn = Paired.of(rows).draw_ranks(table, 3, np.random.default_rng(2))
    assert drawn.shape == (3, 2)
    assert np.isnan(drawn[:, 1]).all()
    assert Paired.of([]).draw_ranks(table, 3, np.random.default_rng(2)) is None
