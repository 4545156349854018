"""The spread of sums over orders of their terms, against sums added in NumPy."""

import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from hwdse import Design, networks
from hwdse.cli import main
from hwdse.errors import NetworkError, SpecError
from hwdse.networks import summation_order
from hwdse.networks.summation_order import order_spread_of_network, order_spread_of_normal

EXACT = (
    "a=e4m3fn,acc=kulisch",
    "a=int8,acc=int:32",
    "a=posit8_1,acc=kulisch,out=fp32",
    "a=mxfp4,acc=kulisch,out=fp32,unit=mx",
)


@pytest.mark.parametrize("spec", EXACT)
def test_exact_sums_do_not_depend_on_the_order(spec):
    found = order_spread_of_normal(Design.parse(spec), 96, orders=5)
    assert (found.changing, found.spread, found.largest, found.deviation) == (0, 0, 0, 0)
    assert (found.terms, found.sums, found.orders) == (96, 4096, 5)


def test_spread_is_that_of_float32_sums():
    """Products of bf16 are exact in float32, so that NumPy adds as the accumulator does."""
    terms, orders = 40, 6
    found = order_spread_of_normal(Design.parse("a=bf16,acc=fp:fp32"), terms, orders=orders)
    rng = np.random.default_rng(summation_order._SEED)
    rows, columns = (
        Design.parse("a=bf16,acc=fp:fp32").a.quantize(rng.standard_normal(shape, np.float32))
        for shape in ((64, terms), (terms, 64))
    )
    every = [np.arange(terms)]
    rng = np.random.default_rng((summation_order._SEED, terms))
    every += [rng.permutation(terms) for _ in range(orders - 1)]
    products = (rows[:, :, None] * columns).astype(np.float32)
    results = []
    for order in every:
        total = np.zeros((64, 64), np.float32)
        for k in order:
            total += products[:, k]
        results.append(total.astype(np.float64))
    exact = products.astype(np.float64).sum(axis=1)
    rms = math.sqrt(np.square(exact).mean())
    ranges = (np.max(results, axis=0) - np.min(results, axis=0)) / rms
    assert found.changing == np.mean(ranges > 0) > 0.2
    assert found.spread == pytest.approx(math.sqrt(np.square(ranges).mean()), rel=1e-12)
    assert found.largest == pytest.approx(ranges.max(), rel=1e-12)
    error = math.sqrt(np.square(results[0] - exact).mean()) / rms
    assert found.error == pytest.approx(error, rel=1e-9)
    deviation = math.sqrt(np.square(results - np.mean(results, axis=0)).mean()) / rms
    assert found.deviation == pytest.approx(deviation, rel=1e-9)


def test_a_narrower_accumulator_spreads_more_at_every_site():
    network = networks.load("digits-cnn")
    wide, narrow, blocks = (
        order_spread_of_network(Design.parse(spec), network, orders=4)
        for spec in (
            "a=bf16,acc=fp:fp32",
            "a=bf16,acc=fp:bf16",
            "a=mxfp4,acc=fp:bf16,unit=mx",
        )
    )
    assert [each.site for each in wide] == [each.site for each in narrow]
    assert len(wide) == 5
    for one, other in zip(wide, narrow, strict=True):
        assert 0 < 1000 * one.spread < other.spread
    # Sums of one block have one order.
    assert [each.spread == 0 for each in blocks] == [each.terms <= 32 for each in blocks]


def test_results_without_a_value_spread_without_limit():
    found = order_spread_of_normal(Design.parse("a=bf16,acc=fp:e3m4"), 512, orders=3, policy="mse")
    again = order_spread_of_normal(Design.parse("a=bf16,acc=fp:e3m4"), 512, orders=3, policy="mse")
    assert asdict(found) == asdict(again)
    assert found.changing > 0


@pytest.mark.parametrize(
    ("spec", "arguments", "error", "message"),
    [
        ("a=bf16,acc=fp:fp32", {"terms": 1}, NetworkError, "terms=1: 2 to 65536 are allowed"),
        ("a=bf16,acc=fp:fp32", {"orders": 1}, NetworkError, "orders=1: 2 to 10000 are allowed"),
        ("a=int8,out=int16,unit=mul", {}, SpecError, "sum"),
    ],
)
def test_what_cannot_be_measured_is_refused(spec, arguments, error, message):
    with pytest.raises(error, match=message):
        order_spread_of_normal(Design.parse(spec), **arguments)


def test_command(tmp_path, capsys):
    words = ["orders", "a=e4m3fn,acc=kulisch", "a=e4m3fn,acc=fp:bf16", "--orders", "3"]
    assert main([*words, "--network", "digits", "--plot", str(tmp_path / "o.png")]) == 0
    out = capsys.readouterr().out
    assert "gemm0.out" in out
    assert (tmp_path / "o.png").stat().st_size > 10_000
    assert (tmp_path / "o.svg").exists()
    assert main([*words, "--terms", "16", "--json"]) == 0
    exact, rounded = json.loads(capsys.readouterr().out)["orders"]
    assert (exact["spread"], exact["terms"], exact["orders"]) == (0, 16, 3)
    assert rounded["spread"] > 0
    assert main([*words, "--terms", "16", "--network", "digits"]) == 2
    assert "--terms is for normal data" in capsys.readouterr().err
