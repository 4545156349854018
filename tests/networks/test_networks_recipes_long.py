"""Recipes with the real packages: float baselines within their intervals, and designs that run."""

import json

import pytest

from hwdse import networks
from hwdse.cli import main
from hwdse.networks import recipes

pytestmark = pytest.mark.long

#: Values that were seen of each network with other code (other texts, or another length of
#: windows, for the last two), and the number of samples that are scored here.
SEEN = {
    "char-gpt": (5.27, 64),
    "efficientnet-lite0": (0.9, 20),
    "minilm": (0.729, 353),
    "ocr": (0.0022, 100),
    "smollm2-135m": (29.75, 8),
}


@pytest.fixture(scope="module", params=recipes.names())
def made(request):
    recipes.get(request.param)
    return request.param


def test_the_float_baseline_is_that_of_the_card(made):
    value, samples = SEEN[made]
    found = networks.float_accuracy(made, samples)
    card = recipes.find(made).card
    assert found.low <= value <= found.high
    assert found.low <= card.value <= found.high
    if samples == card.samples:
        assert (found.value, found.low, found.high) == pytest.approx(
            (card.value, card.low, card.high), rel=2e-3, abs=2e-3
        )


def test_a_design_runs_by_name_alone(made, capsys):
    count = {"minilm": 40, "efficientnet-lite0": 4, "ocr": 4, "char-gpt": 8, "smollm2-135m": 1}
    arguments = ["accuracy", "a=e4m3fn,acc=fp:fp32", "--network", made, "--json"]
    assert main([*arguments, "--samples", str(count[made])]) == 0
    (design,) = json.loads(capsys.readouterr().out)["designs"]
    assert design["network"] == made
    assert design["samples"] == count[made]
    assert design["sqnr_db"] > 0
