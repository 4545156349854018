"""Comparison of estimates with synthesis: operands, errors, report."""

from random import Random

import numpy as np
import pytest
from click.testing import CliRunner

from hwdse import formats
from hwdse.cost import validate

COMPARISON = validate.Comparison(
    spec="a=int8,acc=int:32",
    estimated={"area_um2": 150.0, "energy_pj": 0.9, "delay_ns": 2.0},
    measured={"area_um2": 100.0, "energy_pj": 1.0, "delay_ns": 2.0},
)


@pytest.mark.parametrize(
    ("name", "deviation"), [("int8", 127 / 4), ("e4m3fn", 1.0), ("e2m1fn", 1.5), ("bf16", 1.0)]
)
def test_operands_are_normal_codes(name, deviation):
    fmt = formats.get(name)
    draw = validate.operands(fmt, 2)
    random = Random(1)
    words = np.array([draw(random, 0) for _ in range(4000)])
    low = fmt.decode(words & ((1 << fmt.bits) - 1))
    high = fmt.decode(words >> fmt.bits)
    for values in (low, high):
        assert np.std(values) == pytest.approx(deviation, rel=0.15)
    assert abs(np.corrcoef(low, high)[0, 1]) < 0.1


def test_errors_are_relative_to_the_measurement():
    assert COMPARISON.error("area_um2") == pytest.approx(0.5)
    assert COMPARISON.error("energy_pj") == pytest.approx(-0.1)
    assert COMPARISON.error("delay_ns") == 0.0


def test_report_shows_specs_and_mean_errors():
    lines = validate.report([COMPARISON, COMPARISON]).splitlines()
    assert len(lines) == 4
    assert COMPARISON.spec in lines[1]
    assert "+50%" in lines[1]
    assert "10%" in lines[3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--liberty", "none.lib", "a=int8,acc=int:32"], "none.lib: No such file or directory"),
        (["--liberty", "none.lib", "--technology", "none", "a=int8"], "unknown technology"),
        (["--liberty", "none.lib", "a=float"], "float"),
    ],
)
def test_bad_arguments(arguments, message):
    result = CliRunner().invoke(validate.main, arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stdout == ""
