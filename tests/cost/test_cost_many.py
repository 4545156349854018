"""Costs of many designs equal the costs of each."""

import numpy as np
import pandas as pd
import pytest

from hwdse import Design
from hwdse.cost import estimate, estimate_many
from hwdse.cost.joint import NUMBERS
from hwdse.cost.known import MISSING, Known, joined
from hwdse.errors import HwdseError, SpecError, TechnologyError
from hwdse.primitives import Technology, load_technology

CHOICES = {
    "a": ["int4", "int8", "e4m3fn", "e5m2", "posit8_1", "bf16", "e2m1fn", "nf4", "lns8_g8", "x"],
    "b": ["", "int8", "e4m3fn", "pot4_k1"],
    "mul": ["", "exact", "lmul", "mitchell", "shift-add", "log", "lut", "xnor"],
    "acc": [
        *("kulisch", "fp:fp32", "fp:bf16:an1-2", "fp:fp16:kahan", "fp:fp32:tree", "fp:bf16:sr8"),
        *("int:32", "int:16", "aligned:hopper-fp8", "bins", "lns:lns8_g8", "", "sum"),
    ],
    "out": ["", "", "bf16", "int8", "uint8", "posit8_1", "e4m3fn"],
    "rounding": ["", "rtz", "up", "odd"],
    "unit": ["", "mac", "dot", "dot", "mul", "fma"],
    "lanes": [np.nan, 2, 7],
}
COUNT = 4000


def table(seed: int, count: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    drawn = {
        key: [values[i] for i in rng.integers(0, len(values), count)]
        for key, values in CHOICES.items()
    }
    frame = pd.DataFrame(drawn, index=pd.RangeIndex(5, count + 5))
    frame.loc[~frame["unit"].isin(["dot"]), "lanes"] = np.nan
    return frame


def text_of(row: pd.Series) -> str:
    given = {key: value for key, value in row.items() if value != "" and value == value}
    return ",".join(f"{k}={int(v) if k == 'lanes' else v}" for k, v in given.items())


@pytest.mark.parametrize("clock_ns", [None, 2.5])
def test_every_row_is_the_cost_of_its_design(clock_ns: float | None) -> None:
    frame = table(1, COUNT)
    costs = estimate_many(frame, clock_ns=clock_ns)
    assert list(costs.index) == list(frame.index)
    good = [i for i in costs.index if costs["error"][i] == ""]
    chosen = [*good[:120], *[i for i in costs.index if costs["error"][i]][:200]]
    equal = refused = 0
    for i in chosen:
        spec = text_of(frame.loc[i])
        if costs["error"][i]:
            with pytest.raises(HwdseError) as refusal:
                estimate(Design.parse(spec), clock_ns=clock_ns)
            assert costs["error"][i] in str(refusal.value), spec
            assert costs.loc[i, list(NUMBERS)].isna().all(), spec
            refused += 1
            continue
        one = estimate(Design.parse(spec), clock_ns=clock_ns)
        for name in NUMBERS:
            assert costs[name][i] == pytest.approx(getattr(one, name), rel=1e-9), (spec, name)
        assert costs["tops_per_mm2"][i] == pytest.approx(one.tops_per_mm2)
        assert costs["tops_per_w"][i] == pytest.approx(one.tops_per_w)
        assert bool(costs["meets_clock"][i]) == one.meets_clock
        equal += 1
    assert equal == 120
    assert refused == 200


def test_units_with_registers_and_bare_units_are_there_too() -> None:
    frame = pd.DataFrame(
        {
            "a": "int8",
            "acc": ["int:32", None, "int:32"],
            "unit": ["mac", "mul", "dot"],
            "stages": [1, 0, 0],
            "lanes": [None, None, 4],
        }
    )
    costs = estimate_many(frame)
    assert list(costs["error"]) == ["", "", ""]
    specs = ["a=int8,acc=int:32,stages=1", "a=int8,unit=mul", "a=int8,acc=int:32,unit=dot"]
    for spec, energy in zip(specs, costs["energy_pj"], strict=True):
        assert energy == pytest.approx(estimate(Design.parse(spec)).energy_pj)


def test_a_technology_without_adjustments_has_no_intervals() -> None:
    table45 = load_technology("nangate45")
    plain = Technology(**{**vars(table45), "name": "plain", "adjustments": {}})
    costs = estimate_many(pd.DataFrame({"a": ["int8"], "acc": ["int:32"]}), plain)
    one = estimate(Design.parse("a=int8,acc=int:32"), plain)
    assert costs["area_um2"][0] == pytest.approx(one.area_um2)
    assert costs["delay_ns"][0] == pytest.approx(one.delay_ns)
    assert np.isnan(costs["area_error"][0])
    assert one.area_error is None


def test_no_rows_no_costs() -> None:
    assert estimate_many(pd.DataFrame({"a": [], "acc": []})).empty


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"b": ["int8"]}, "no column a"),
        ({"a": ["int8"], "akk": ["int:32"]}, "column 'akk': allowed are a, b, c"),
    ],
)
def test_wrong_columns(columns: dict[str, list[str]], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        estimate_many(pd.DataFrame(columns))


def test_a_clock_period_is_positive() -> None:
    with pytest.raises(TechnologyError, match="clock_ns is 0"):
        estimate_many(pd.DataFrame({"a": ["int8"]}), clock_ns=0)


def test_joined_makes_each_combination_once() -> None:
    made = []

    def make(row: int) -> int:
        made.append(row)
        return 10 + row

    first, second = np.array([3, 3, MISSING, 4, 3]), np.array([0, 1, 1, 0, 0])
    assert joined((first, second), make).tolist() == [10, 11, MISSING, 13, 10]
    assert made == [0, 1, 3]


def test_known_keeps_errors() -> None:
    def fail() -> int:
        raise SpecError("no")

    known: Known[int] = Known()
    assert [known.number("x", lambda: 7), known.number("y", fail)] == [0, 1]
    assert known.number("y", lambda: 8) == 1
    numbers, errors = known.able(np.array([1, 0, MISSING]))
    assert (numbers.tolist(), errors.tolist()) == ([MISSING, 0, MISSING], ["no", "", ""])
    assert known.each("values", lambda item: item, -5).tolist() == [7, -5, -5]
    with pytest.raises(SpecError, match="no"):
        known[1]
