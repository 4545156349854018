"""What a stimulus reaches is counted, and one that misses what it is for fails."""

import dataclasses

import numpy as np
import pytest

from hwdse import Design
from hwdse.errors import VerificationError
from hwdse.formats import get
from hwdse.verify.coverage import Coverage, coverage
from hwdse.verify.expected import expected_outputs
from hwdse.verify.stimulus import Block, Stimulus, stimulus


def covered(spec: str, level: str = "quick") -> Coverage:
    design = Design.parse(spec)
    fed = stimulus(design.unit, design, level, 0)
    return coverage(design, fed, expected_outputs(design, fed))


@pytest.mark.parametrize(
    ("spec", "never"),
    [
        ("a=e5m2,unit=fma", set()),
        ("a=e4m3fn,unit=fma,rounding=down", set()),
        ("a=e2m1fn,acc=fp:e4m3fn", {"nan", "negative_zero", "subnormal"}),
        ("a=e4m3fn,acc=fp:e4m3fn", set()),
        ("a=int8,acc=int:20", {"inexact", "tie", "largest"}),
        ("a=posit8_0,acc=kulisch,out=posit8_0", {"overflow"}),
        ("a=bf16,unit=mul", {"cancelled", "cancelled_to_zero"}),
    ],
)
def test_the_stimulus_reaches_all_that_can_be_reached(spec: str, never: set[str]) -> None:
    found = covered(spec)
    assert set(found.unreached) <= never
    assert found.steps["all"] > 500


def test_classes_are_those_of_the_outputs_and_steps() -> None:
    design = Design.parse("a=e4m3fn,c=e4m3fn,unit=fma")
    number_format = get("e4m3fn")
    # 1.125 * 1.125 lies between; 1 * 1 - 1 = 0; 448 * 2 overflows; 1 + 1/16 is a tie.
    cases = [(1.125, 1.125, 0.0), (1, 1, -1), (448, 2, 0), (1, 0.0625, 1), (1, -1.125, 1.25)]
    a, b, c = (number_format.encode(np.array(x, float)) for x in zip(*cases, strict=True))
    nan = number_format.nan_code
    codes = [np.append(x.astype(np.int64), nan)[:, None, None] for x in (a, b, c)]
    block = Block(purpose="corners", a=codes[0], b=codes[1], c=codes[2])
    fed = dataclasses.replace(stimulus(design.unit, design, "quick", 0), blocks=(block,))
    found = coverage(design, fed, expected_outputs(design, fed))
    assert found.steps == {
        "all": 6, "inexact": 2, "tie": 1, "overflow": 1, "cancelled": 1, "cancelled_to_zero": 1,
    }  # fmt: skip
    assert found.outputs == {
        "nan": 1, "inf": 0, "zero": 1, "negative_zero": 0, "negative": 0, "subnormal": 0,
        "largest": 1,
    }  # fmt: skip
    assert set(found.unreached) == {"negative_zero", "negative", "subnormal"}


@pytest.mark.parametrize(
    ("spec", "missing"), [("a=e4m3fn,acc=fp:fp32", "nan"), ("a=e5m2,acc=kulisch", "nan or inf")]
)
def test_a_stimulus_without_special_values_fails(spec: str, missing: str) -> None:
    design = Design.parse(spec)
    ones = np.full((5, 2, 1), int(design.a.encode(1.0)))
    fed: Stimulus = dataclasses.replace(
        stimulus(design.unit, design, "quick", 0),
        blocks=(Block(purpose="operand_pairs", a=ones, b=ones),),
    )
    with pytest.raises(VerificationError, match=f"no expected output is {missing}"):
        coverage(design, fed, expected_outputs(design, fed))
