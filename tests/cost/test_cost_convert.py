"""Cost of converters, which have neither a second operand nor a multiplier."""

import pandas as pd
import pytest

from hwdse import Design
from hwdse.cost import estimate, estimate_many
from hwdse.cost.export.priced import PricedDesign
from hwdse.cost.families import categories, lane_measures
from hwdse.errors import SpecError

SPECS = [
    "a=int4,out=e4m3fn",
    "a=fp32,out=e4m3fn",
    "a=lns8_g8,out=bf16",
    "a=posit8_0,out=fp32,stages=1",
]


@pytest.mark.parametrize("spec", SPECS)
def test_lanes_cost_the_same_each(spec: str) -> None:
    one, four = (estimate(Design.parse(f"{spec},unit=convert,lanes={lanes}")) for lanes in (1, 4))
    # No converter was among the designs to which the technology was fitted.
    assert (one.area_error, one.energy_error, one.delay_error) == (None, None, None)
    assert 0 < one.energy_pj < 2
    if "stages" not in spec:  # placed registers differ a little
        # A table of few inputs takes the place of the logic in all lanes, or in none.
        assert four.area_um2 / 4 == pytest.approx(one.area_um2, rel=0.15)
        assert [block.name for block in four.breakdown] == [block.name for block in one.breakdown]


def test_traits_name_only_what_is_there() -> None:
    design = Design.parse("a=fp32,out=e4m3fn,unit=convert")
    named = categories(design)
    assert (named["mul"], named["acc"], named["b"]) == ("none", "convert", "none")
    assert lane_measures(design.a, design.b).keys() == {"switching a", "products"}


def test_other_tools_take_units_that_multiply() -> None:
    design = Design.parse("a=fp32,out=e4m3fn,unit=convert")
    with pytest.raises(SpecError, match="unit convert does not"):
        PricedDesign.estimate(design)


def test_a_table_may_hold_converters_among_other_units() -> None:
    specs = pd.DataFrame(
        {
            "a": ["int8", "fp32", "fp32"],
            "mul": ["exact", "", "exact"],
            "acc": ["int:32", "", ""],
            "out": ["", "e4m3fn", "e4m3fn"],
            "unit": ["mac", "convert", "convert"],
        }
    )
    found = estimate_many(specs)
    alone = estimate(Design.parse("a=fp32,out=e4m3fn,unit=convert"))
    assert found["energy_pj"][1] == pytest.approx(alone.energy_pj)
    assert list(found["error"] != "") == [False, False, True]
    assert "unit convert does not use mul" in found["error"][2]


def test_narrow_inputs_cost_what_their_results_have_in_common() -> None:
    """Logarithms as bf16 are mostly wires: 22 um2 when synthesised for NanGate 45 nm."""
    cost = estimate(Design.parse("a=lns8_g8,out=bf16,unit=convert"))
    assert cost.breakdown[0].name == "table"
    assert 22.1 / 2 < cost.area_um2 < 22.1 * 2
