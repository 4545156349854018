"""The fidelity ladder: each rung against another way to compute it."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from hwdse import Design, kernels, networks
from hwdse.cli import main
from hwdse.errors import NetworkError, SpecError
from hwdse.networks import ladder
from hwdse.networks.calibration import observed
from hwdse.networks.evaluate import evaluate
from hwdse.networks.ladder import climb, layer_sqnr, rank_correlations, tensor_sqnr
from hwdse.networks.named import NamedImages
from hwdse.networks.planning import plan_network
from hwdse.networks.rung_names import RUNGS
from hwdse.networks.scales import OUTPUT

EXACT = Design.parse("a=int4,acc=kulisch,out=fp32")


@pytest.fixture(scope="module")
def network():
    return networks.load("digits")


@pytest.fixture(scope="module")
def climbed(network):
    return climb(EXACT, network, few=20, samples=100)


def test_rungs_of_exact_sums_are_those_of_rounded_operands(network):
    data = NamedImages.of(network)
    plans = plan_network(EXACT, network, data, kernels.matmul, OUTPUT)
    tensors, layers = [], []
    for site, seen in observed(network, data).items():
        rows, matrix = seen.rows[:, :64], seen.matrices
        assert matrix.shape[2] <= 64  # so that no column is left out
        left, right = plans[site].first.values(rows), plans[site].second.values(matrix)
        tensors.append(
            sum(
                np.square(found - real).mean() / np.square(real).mean()
                for found, real in ((left, rows), (right, matrix))
            )
        )
        expected = rows.astype(float) @ matrix
        layers.append(np.square(left @ right - expected).mean() / np.square(expected).mean())
    found = tensor_sqnr(EXACT, network), layer_sqnr(EXACT, network)
    expected = [-10 * math.log10(np.mean(noise)) for noise in (tensors, layers)]
    assert found == pytest.approx(expected, abs=1e-3)


def test_upper_rungs_are_evaluations(network, climbed):
    whole, few = (evaluate(EXACT, network, count) for count in (100, 20))
    assert climbed.decibels["network"] == whole.sqnr_db
    assert climbed.decibels["logits"] == few.sqnr_db
    assert climbed.accuracy.value == whole.value
    assert tuple(climbed.decibels) == RUNGS


def test_a_rung_sees_what_the_one_below_does_not(network):
    """A coarse accumulator spoils sums of operands that are held well."""
    narrow, wide = (Design.parse(f"a=bf16,acc={acc}") for acc in ("fp:e5m3", "fp:fp32"))
    assert tensor_sqnr(narrow, network) == tensor_sqnr(wide, network) > 50
    assert layer_sqnr(narrow, network) < 25 < 50 < layer_sqnr(wide, network)


def test_blocks_have_all_rungs(network):
    found = climb(Design.parse("a=mxfp4,acc=fp:fp32,unit=mx"), network, few=10, samples=50)
    assert 5 < found.decibels["network"] < found.decibels["layers"] < 25
    assert 5 < found.decibels["tensors"] < 25


def test_results_that_are_no_numbers_are_at_the_bottom(climbed):
    assert ladder._noise(np.array([np.nan, 1.0]), np.array([1.0, 1.0])) == math.inf
    assert ladder._bounded(-math.inf) == ladder._bounded(math.nan) == -300
    assert ladder._bounded(math.inf) == 300


def test_rank_correlations(climbed):
    def designs(*rows):
        return [replace(climbed, decibels=dict(zip(RUNGS, row, strict=True))) for row in rows]

    found = rank_correlations(designs((1, 9, 1, 5), (2, 5, 1, 6), (3, 2, 1, 9)))
    assert len(found) == 6
    assert found["tensors", "layers"] == found["layers", "network"] == -1
    assert found["tensors", "network"] == 1
    assert math.isnan(found["layers", "logits"])
    with pytest.raises(NetworkError, match="2 designs: a rank correlation needs at least 3"):
        rank_correlations(designs((1, 2, 3, 4), (1, 2, 3, 4)))


def test_what_cannot_be_measured_is_refused(network):
    with pytest.raises(NetworkError, match="few=100: 1 to 99 are allowed"):
        climb(EXACT, network, few=100, samples=100)
    with pytest.raises(SpecError, match="sum"):
        layer_sqnr(Design.parse("a=int8,out=int16,unit=mul"), network)


def test_command(tmp_path, capsys):
    space = tmp_path / "space.toml"
    specs = ["a=int4,acc=kulisch", "a=int6,acc=kulisch", "a=int8,acc=kulisch"]
    space.write_text(f"network = ['digits', 'digits-cnn']\ndesigns = {specs}\n")
    words = ["ladder", str(space), "--jobs", "1", "--few", "5", "--samples", "30"]
    assert main([*words, "--plot", str(tmp_path / "l.png")]) == 0
    out = capsys.readouterr().out
    assert "design on digits-cnn" in out
    assert (tmp_path / "l.png").stat().st_size > 10_000
    broken = "a=mxfp8_e5m2,acc=fp:fp32:kahan,unit=mx"
    space.write_text(f"designs = {[*specs, broken]}\n")
    assert main([*words, "--network", "digits", "--json"]) == 1
    out, err = capsys.readouterr()
    (document,) = json.loads(out)["networks"]
    assert [each["samples"] for each in document["designs"]] == [30] * 3
    assert document["rank_correlations"][-1] == {
        "lower": "logits",
        "upper": "network",
        "spearman": 1.0,
    }
    assert "mxfp8_e5m2,acc=fp:fp32:kahan,unit=mx on digits: " in err
    assert "no fast kernel" in err
    assert "1 measurement failed" in err
