"""Learned codebooks."""

import itertools
import json

import numpy as np
import pytest

from hwdse import Design, formats, networks
from hwdse.cli import main
from hwdse.errors import NetworkError
from hwdse.networks import Options
from hwdse.networks.calibration import observed
from hwdse.networks.data import own_data
from hwdse.networks.learned_codebook import k_means, learn_codebook

RNG = np.random.default_rng(0)


def cost(points, weights, levels) -> float:
    nearest = np.abs(points[:, np.newaxis] - levels).min(axis=1)
    return float((weights * nearest**2).sum())


def test_k_means_is_the_best_partition_that_has_a_zero() -> None:
    for _ in range(20):
        points, weights = np.sort(RNG.normal(size=9)), RNG.random(9)
        least = np.inf
        for ends in itertools.combinations(range(1, 9), 2):
            groups = np.split(np.arange(9), ends)
            means = np.array([np.average(points[g], weights=weights[g]) for g in groups])
            means[np.abs(means).argmin()] = 0
            least = min(least, cost(points, weights, means))
        starts = itertools.combinations(points, 3)
        found = [k_means(points, weights, np.array(start)) for start in starts]
        assert min(cost(points, weights, one) for one in found) == pytest.approx(least)
        assert all(0 in one and (np.diff(one) >= 0).all() for one in found)


def test_points_that_weigh_nothing_move_no_level() -> None:
    points = np.array([-1.0, -0.9, 0.0, 0.5, 0.9])
    weights = np.array([1.0, 1.0, 1.0, 0.0, 1.0])
    found = k_means(points, weights, np.array([-1.0, 0.0, 1.0]))
    np.testing.assert_allclose(found, [-0.95, 0.0, 0.9])


def learned(**how):
    network = networks.load("digits")
    data, _ = own_data(network, Options())
    return learn_codebook(network, data, observed(network, data), **how)


@pytest.mark.parametrize("bits", [2, 4])
def test_a_learned_table_beats_equal_steps(bits: int) -> None:
    found = learned(bits=bits)
    levels = found.codebook.levels
    assert found.noise < found.uniform_noise
    assert len(levels) <= 2**bits
    assert 0 in levels
    assert all(level == int(level) for level in levels)
    assert max(map(abs, levels)) == 127
    assert learned(bits=bits) == found


def test_layers_have_tables_of_their_own() -> None:
    every, last = learned(), learned(layers=["gemm4*"])
    assert last.layers == ("gemm4.out",)
    assert len(every.layers) == 3
    assert last.codebook.levels != every.codebook.levels
    assert max(map(abs, learned(level_bits=6).codebook.levels)) == 31


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"layers": ["conv*"]},
            r"no layer of digits with weights .* 'conv\*': .* gemm0",
        ),
        ({"bits": 9}, "a codebook of 9 bits: 2 to 8 are allowed"),
        ({"bits": 8, "level_bits": 8}, "levels of 8 bits for codes of 8: 9 to 16 are allowed"),
    ],
)
def test_what_cannot_be_learned(how, message) -> None:
    with pytest.raises(NetworkError, match=message):
        learned(**how)


def test_designs_take_the_file(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["learn-codebook", "--network", "digits", "--bits", "3", "-o", "t.json"]
    assert main(arguments) == 0
    assert "8 levels: " in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    book = formats.parse("codebook:t.json")
    assert list(book.levels) == told["levels"]
    assert told["noise"] < told["uniform_noise"]
    # The table is learned for scales that do not clip.
    how = {"samples": 60, "scales": "absmax", "compare_scales": False}
    runs = [
        networks.evaluate(Design.parse(f"a=int8,b={b},acc=int:32"), "digits", **how)
        for b in ("codebook:t.json", "int3")
    ]
    assert runs[0].sqnr_db > runs[1].sqnr_db
    assert main([*arguments, "--layer", "x"]) == 2
    assert "no layer of digits" in capsys.readouterr().err
