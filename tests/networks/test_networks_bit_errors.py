"""Accuracy with random bit errors, against networks whose matrix products see flipped codes."""

import json

import numpy as np
import pytest

from hwdse import Design, kernels, networks
from hwdse.cli import main
from hwdse.errors import NetworkError
from hwdse.networks import bit_errors, execute, scales
from hwdse.networks.bit_errors import bit_error_accuracy
from hwdse.networks.blocks import BlockArithmetic
from hwdse.networks.evaluate import Scoring
from hwdse.networks.float_outputs import float_outputs_of
from hwdse.networks.planning import plan_blocks, plan_network
from hwdse.networks.quantize import DesignArithmetic

ELEMENTS = Design.parse("a=e4m3fn,b=int4,acc=fp:bf16")
BLOCKS = Design.parse("a=mxfp4,acc=fp:fp32,unit=mx")
SAMPLES = 100


@pytest.fixture(scope="module")
def network():
    return networks.load("digits")


def value(test, arithmetic):
    return test.scores(execute.Executor(test.network, arithmetic), test.count, None).value()


def flipped(codes, bit):
    return codes ^ codes.dtype.type(1 << bit)


@pytest.mark.parametrize("place", bit_errors.PLACES)
def test_every_code_flipped_is_what_a_flipping_product_gives(network, place):
    found = bit_error_accuracy(ELEMENTS, network, place=place, rate=1.0, draws=2, samples=SAMPLES)
    test = Scoring.of(network, SAMPLES, None, None, "top1")
    fmt = ELEMENTS.b if place == "weights" else ELEMENTS.a
    assert [each.bit for each in found] == list(range(fmt.bits - 1, -1, -1))
    for each in found:
        # Scales are chosen with the product as it is.
        plans = plan_network(ELEMENTS, network, test.data, kernels.matmul, scales.get("output"))

        def product(design, a, b, bit=each.bit):
            a, b = (a, flipped(b, bit)) if place == "weights" else (flipped(a, bit), b)
            return kernels.matmul(design, a, b)

        arithmetic = DesignArithmetic(ELEMENTS, plans, product)
        right = value(test, arithmetic)
        assert each.value == each.low == each.high == right
        assert each.loss == each.clean - right


@pytest.mark.parametrize("place", bit_errors.PLACES)
def test_blocks_have_errors_in_elements_and_scales(network, place):
    found = bit_error_accuracy(BLOCKS, network, place=place, rate=1.0, draws=2, samples=SAMPLES)
    assert [(each.field, each.bit) for each in found] == [
        *(("element", bit) for bit in (3, 2, 1, 0)),
        *(("scale", bit) for bit in range(7, -1, -1)),
    ]
    test = Scoring.of(network, SAMPLES, None, None, "top1")
    plans = plan_blocks(BLOCKS, network, test.data)
    for each in found:

        def product(design, *operands, one=each):
            taken = list(operands)
            which = 2 * (place == "weights") + (one.field == "scale")
            taken[which] = flipped(taken[which], one.bit)
            return kernels.block_matmul(design, *taken)

        arithmetic = BlockArithmetic(BLOCKS, plans, product)
        assert each.value == value(test, arithmetic)


@pytest.mark.parametrize("design", [ELEMENTS, BLOCKS], ids=["elements", "blocks"])
def test_batches_do_not_decide_which_codes_are_hit(network, monkeypatch, design):
    def found():
        float_outputs_of.cache_clear()  # those of other batches
        return bit_error_accuracy(
            design, network, place="activations", rate=0.05, draws=2, samples=SAMPLES
        )

    together = found()
    monkeypatch.setattr(execute, "_MAX_BATCH", 7)
    assert found() == together
    assert len({each.value for each in together}) > 2


def test_errors_come_at_their_rate_in_their_bit():
    flips = bit_errors._Flips("weights", "element", 5, 0.1, (0, 0, 5))
    codes = np.arange(100_000, dtype=np.uint32).astype(np.uint8)
    changed = flips(codes, "one") ^ codes
    assert set(np.unique(changed)) == {0, 32}
    # Four standard deviations of a binomial count.
    assert abs(np.count_nonzero(changed) - 10_000) < 4 * np.sqrt(9_000)
    assert np.any(flips(codes, "other") ^ codes != changed)


def test_the_top_exponent_bit_costs_more_than_the_last_bit(network):
    found = {each.bit: each for each in bit_error_accuracy(ELEMENTS, network, place="activations")}
    assert found[6].loss > 0.3 > 0.02 > found[0].loss
    assert found[6].high < found[0].low


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"place": "sums"}, "place of bit errors.*sums.*weights"),
        ({"rate": 0.0}, "rate=0.0: a probability above 0"),
        ({"rate": float("nan")}, "rate=nan: a probability above 0"),
        ({"draws": 1}, "draws=1: 2 to 1000 are allowed"),
    ],
)
def test_what_cannot_be_measured_is_refused(network, arguments, message):
    with pytest.raises(NetworkError, match=message):
        bit_error_accuracy(ELEMENTS, network, **arguments)


def test_command(tmp_path, capsys):
    words = ["bit-errors", str(ELEMENTS), str(BLOCKS), "--network", "digits", "--samples", "50"]
    words += ["--draws", "2", "--rate", "0.1"]
    assert main([*words, "--plot", str(tmp_path / "b.png")]) == 0
    out = capsys.readouterr().out
    assert "scale 7" in out
    assert (tmp_path / "b.png").stat().st_size > 10_000
    assert (tmp_path / "b.svg").exists()
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["bit_errors"]
    assert len(found) == 4 + 12
    assert found[0]["loss"] == found[0]["clean"] - found[0]["value"]
