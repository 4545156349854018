"""Components for other tools: units, error bars, and what a file says about itself."""

import ast
import math
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from hwdse import Design
from hwdse.cost import BlockCost, Cost, Technology, estimate, export
from hwdse.cost.export import PricedDesign
from hwdse.cost.export.statement import figure
from hwdse.errors import OutputError, SpecError, TechnologyError

#: Four lanes and two register ranks: the output follows the input by three cycles.
DOT = "a=int8,acc=int:32,unit=dot,lanes=4,stages=2"
BARE = "a=e2m1fn,out=e4m3fn,unit=mul"

TOY = Technology(
    name="toy",
    node_nm=45.0,
    voltage=0.9,
    library="ToyLibrary",
    corner="slow, 125 C",
    method={"energy_pj": "counted on fingers"},
    laws={},
    adjustments={},
    leakage_uw_per_um2=0.0,
)


def priced(spec: str = DOT, lanes: int = 4, **changes: Any) -> PricedDesign:
    """A design with round numbers: 1200 um2, 2.5 pJ per MAC and 4 ns."""
    cost = Cost(
        area_um2=1200.0,
        energy_pj=2.5,
        delay_ns=4.0,
        stage_delays_ns=(4.0,),
        macs_per_cycle=lanes,
        breakdown=(
            BlockCost(name="multiply", area_um2=700.0, energy_pj=1.5, delay_ns=2.0),
            BlockCost(name="accumulate", area_um2=500.0, energy_pj=1.0, delay_ns=1.5),
        ),
        technology="toy",
        method="analytic",
        clock_ns=4.0,
        register_pj=0.5,
        leakage_pj=0.1,
        area_error=0.1,
        energy_error=0.19,
        delay_error=None,
    )
    return PricedDesign(design=Design.parse(spec), cost=replace(cost, **changes), technology=TOY)


def text_of(tool: str, given: PricedDesign, ending: str = "") -> str:
    (text,) = [
        text for name, text in export.files([tool], [given]).items() if name.endswith(ending)
    ]
    return text


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(0.0)
@example(1e-5)
@example(1e20)
@example(123456.0)
@example(1.5e-9)
def test_figures_are_floats_in_yaml_and_python(value: float) -> None:
    text = figure(value)
    for read in (yaml.safe_load(text), ast.literal_eval(text)):
        assert isinstance(read, float)
        # Six significant digits: off by at most half a unit of the sixth, which is 5e-6 of the
        # first. The smallest numbers have fewer digits than that, the largest may round to inf.
        assert math.isclose(read, value, rel_tol=5.1e-6, abs_tol=1e-320) or math.isinf(read)


def test_a_component_is_one_lane_of_the_unit() -> None:
    given = priced()
    assert given.lanes == 4
    assert given.lane_area_um2 == 300.0
    assert given.macs_per_second == 250e6
    assert given.latency_ns == 3 * 4.0
    assert priced(BARE, lanes=1).latency_ns == 4.0  # combinational: no cycle, but one delay
    assert given.name == given.design.slug


def test_an_estimated_design_has_the_estimate() -> None:
    design = Design.parse(DOT)
    given = PricedDesign.estimate(design)
    assert given.cost == estimate(design)
    assert given.technology.name == "nangate45"
    assert given.lanes == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delay_ns": 0.0}, "a clock period in ns of 0: .* above 0"),
        ({"delay_ns": math.inf}, "a clock period in ns of inf"),
        ({"energy_pj": -1.0}, "an energy per MAC in pJ of -1: .* 0 or more"),
        ({"area_um2": math.nan}, "an area in um2 of nan"),
        ({"technology": "other"}, "the cost is of technology other, not of toy"),
    ],
)
def test_costs_that_no_tool_can_use_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TechnologyError, match=message):
        priced(**changes)


def test_a_technology_without_feature_size_is_refused() -> None:
    given = priced()
    with pytest.raises(TechnologyError, match="a feature size in nm of 0"):
        replace(given, technology=replace(TOY, node_nm=0.0))


def test_a_free_unit_can_be_exported() -> None:
    free = priced(energy_pj=0.0, area_um2=0.0)
    assert yaml.safe_load(text_of("zigzag", free))["operational_array"]["unit_energy"] == 0.0


def loaded_by_accelforge(text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The component, made by a stand-in for hwcomponents that only records."""

    class ComponentModel:
        def __init__(self, leak_power: float, area: float) -> None:
            self.leak_power, self.area, self.scaled = leak_power, area, []

        def scale_tech_node(self, target: float, default: float) -> float:
            self.scaled.append((target, default))
            return target

    stand_in: Any = ModuleType("hwcomponents")
    stand_in.ComponentModel, stand_in.ActionCost, stand_in.action = (
        ComponentModel,
        dict,
        lambda f: f,
    )
    monkeypatch.setitem(sys.modules, "hwcomponents", stand_in)
    space: dict[str, Any] = {}
    exec(compile(text, "component.py", "exec"), space)
    (model,) = [
        value
        for value in space.values()
        if isinstance(value, type) and issubclass(value, ComponentModel)
        if value is not ComponentModel
    ]
    return model


def test_accelforge_gets_joule_square_metres_and_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    given = priced()
    model = loaded_by_accelforge(text_of("accelforge", given), monkeypatch)
    assert model.__name__ == model.component_name == given.name
    made = model()
    assert made.area == pytest.approx(300e-12)
    assert made.leak_power == 0.0
    assert made.compute() == {
        "energy": pytest.approx(2.5e-12),
        "latency": pytest.approx(12e-9),
        "throughput": pytest.approx(250e6),
    }
    # An architecture without a node must not scale: both are the same number.
    assert made.scaled == [(45e-9, 45e-9)]
    assert model(7e-9).scaled == [(7e-9, 45e-9)]


def test_zigzag_gets_picojoule_and_square_millimetres_for_each_lane() -> None:
    given = priced()
    accelerator = yaml.safe_load(text_of("zigzag", given))
    assert accelerator["name"] == given.name
    array = accelerator["operational_array"]
    assert array == {
        "unit_energy": 2.5,
        "unit_area": pytest.approx(300e-6),
        "dimensions": ["D1"],
        "sizes": [4],
    }
    assert array["unit_area"] * 4 == pytest.approx(1200e-6)


def test_the_memory_beside_it_costs_nothing_and_moves_all_operands() -> None:
    (memory,) = yaml.safe_load(text_of("zigzag", priced()))["memories"].values()
    assert [memory[key] for key in ("r_cost", "w_cost", "area")] == [0.0, 0.0, 0.0]
    moves = [move for port in memory["ports"] for move in port["allocation"]]
    assert sorted(moves) == ["I1, tl", "I2, tl", "O, fl", "O, tl"]
    kinds = {port["allocation"][0]: port["type"] for port in memory["ports"]}
    assert kinds["O, fl"] == "write"
    assert {kinds[move] for move in moves if move.endswith("tl")} == {"read"}


def test_accelergy_gets_picojoule_and_square_micrometres() -> None:
    given = priced()
    energies = yaml.safe_load(text_of("accelergy", given, "ERT.yaml"))["ERT"]
    areas = yaml.safe_load(text_of("accelergy", given, "ART.yaml"))["ART"]
    assert energies == {
        "version": 0.4,
        "tables": [
            {
                "name": given.name,
                "actions": [{"name": "compute", "arguments": {}, "energy": 2.5}],
            }
        ],
    }
    assert areas == {"version": 0.4, "tables": [{"name": given.name, "area": 300.0}]}


def comment(text: str) -> list[str]:
    return [line[2:] for line in text.splitlines() if line.startswith("# ")]


@pytest.mark.parametrize("tool", export.names())
@pytest.mark.parametrize("spec", [DOT, BARE])
def test_every_file_says_where_its_numbers_come_from(tool: str, spec: str) -> None:
    given = priced(spec, lanes=4 if spec == DOT else 1)
    texts = export.files([tool], [given])
    assert texts
    assert all(name.startswith(given.name) for name in texts)
    for text in texts.values():
        lines = comment(text)
        facts = dict(
            line.strip().split(": ", 1) for line in lines if line.startswith("  ") and ": " in line
        )
        assert Design.parse(facts["spec"]) == given.design
        assert facts["technology"] == "toy, 45 nm, 0.9 V, ToyLibrary, slow, 125 C"
        assert facts["method"] == "analytic"
        assert facts["energy"] == "2.5 pJ per MAC, +-19 %"
        assert facts["area"] == "1200.0 um2, +-10 %"
        assert facts["shortest clock period"] == "4.0 ns, error bar not measured"
        assert facts["multiply"] == "700.0 um2, 1.5 pJ per MAC, 2.0 ns"
        assert "energy_pj: counted on fingers." in lines
        assert any("1/4 of the area" in line for line in lines) == (spec == DOT)


@pytest.mark.parametrize("tool", export.names())
def test_words_of_a_table_stay_in_the_comment(tool: str) -> None:
    hostile = "lib\"\"\"\nname: stolen\nimport os  # '''\r\u2028stop"
    plain, odd = priced(), priced()
    odd = replace(odd, technology=replace(TOY, library=hostile, method={hostile: hostile}))
    for name, text in export.files([tool], [plain]).items():
        other = export.files([tool], [odd])[name]
        assert "import os" in other
        if name.endswith(".py"):
            assert ast.dump(ast.parse(other)) == ast.dump(ast.parse(text))
        else:
            assert yaml.safe_load(other) == yaml.safe_load(text)


def test_a_new_tool_registers_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_EXPORTERS", dict(export._EXPORTERS))

    @export.exporter("abacus")
    def files(given: PricedDesign) -> dict[str, str]:
        return {f"{given.name}.abacus": "one bead\n"}

    assert "abacus" in export.names()
    given = priced()
    texts = export.files(["abacus", "zigzag", "abacus"], [given, priced(BARE, lanes=1)])
    assert len(texts) == 4
    assert texts[f"{given.name}.abacus"] == "one bead\n"
    with pytest.raises(SpecError, match=r"unknown tool to export for 'abakus': near abacus; known"):
        export.files(["zigzag", "abakus"], [given])


def test_files_go_into_a_folder_or_one_into_a_file(tmp_path: Any) -> None:
    texts = {"x.ERT.yaml": "a: 1\n", "x.ART.yaml": "b: 2\n"}
    written = export.write(texts, tmp_path / "new" / "folder")
    assert [path.name for path in written] == list(texts)
    assert [path.read_text() for path in written] == list(texts.values())
    one = {"x.ERT.yaml": "a: 1\n"}
    path = tmp_path / "other" / "mine.yaml"
    assert export.write(one, path) == [path]
    assert path.read_text() == "a: 1\n"
    # Another ending, or a folder that is there, is a folder.
    assert export.write(one, tmp_path / "v1.2") == [tmp_path / "v1.2" / "x.ERT.yaml"]
    (tmp_path / "folder.yaml").mkdir()
    assert export.write(one, tmp_path / "folder.yaml") == [tmp_path / "folder.yaml" / "x.ERT.yaml"]


def test_two_files_do_not_fit_into_one(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("before")
    with pytest.raises(
        OutputError, match=r"is one file, but there are 2 to write \(a.yaml, b.yaml"
    ):
        export.write({"a.yaml": "", "b.yaml": ""}, path)
    assert path.read_text() == "before"
    with pytest.raises(OutputError, match="cannot be written: Not a directory"):
        export.write({"a.yaml": ""}, path / "below")
    assert list(tmp_path.iterdir()) == [path]
