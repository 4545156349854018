"""Assignments of designs to layers beside designs in a sweep."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from explore_fakes import FakeGenerator

from hwdse import networks
from hwdse.cli import main
from hwdse.cost.system import estimate_system, load_machine
from hwdse.errors import FailedDesignsError, SpaceError
from hwdse.explore.advice import advise
from hwdse.explore.candidates import candidate_of, parse_candidate, row_test
from hwdse.explore.columns import column
from hwdse.explore.cost_errors import CostErrors
from hwdse.explore.database import STORE_NAME
from hwdse.explore.layer_designs import LayerDesigns
from hwdse.explore.page.exports import space_file
from hwdse.explore.page.layers import layer_tables
from hwdse.explore.reporting import report
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.explore.store import Store
from hwdse.networks.assignment import Assignment
from hwdse.spec import Design

INT8, BF16, E4M3 = "a=int8,acc=int:32", "a=bf16,acc=fp:fp32", "a=e4m3fn,acc=fp:bf16"
FILES = {
    "mixed.toml": f'default = "{INT8}"\nfirst = "{BF16}"\n',
    "uniform.toml": f'default = "{INT8}"\n',
}
LAYERS = {"gemm0.out": 4096, "gemm2.out": 2048, "gemm4.out": 320}
"""MACs of the layers of `digits`."""
SETTINGS = 'network = "digits"\nsamples = 40\nmachine = "edge"\nfabric = "ecp5"\n'
TEXT = f'{SETTINGS}designs = ["{INT8}", "{BF16}"]\nassignments = ["mixed.toml", "uniform.toml"]\n'


def spec(text):
    return str(Design.parse(text))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the files of two assignments."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text)
    return tmp_path


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A finished sweep of two designs and two assignments, whose files are then gone."""
    folder = tmp_path_factory.mktemp("assigned")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, text in FILES.items():
            Path(name).write_text(text)
        space = Space.parse(TEXT, "space.toml")
        generator = FakeGenerator(log=folder / "generated")
        result = sweep(space, folder / "out", jobs=1, generator=generator)
        for name in FILES:
            Path(name).unlink()
    with Store.open(folder / "out") as store:
        rows, asked = store.rows(), store.asked()
    frame = result.frame.set_index("design", drop=False)
    return SimpleNamespace(
        folder=folder / "out",
        result=result,
        frame=frame,
        rows=dict(zip(frame["design"], rows, strict=True)),
        every=rows,
        asked=asked,
        generator=generator,
    )


def test_a_space_holds_assignments_that_stand_by_themselves(here):
    space = Space.parse(TEXT, "space.toml")
    assert [one.name for one in space.assignments] == ["mixed.toml", "uniform.toml"]
    assert space.candidates == (*space.designs, *space.assignments)
    for name in FILES:
        Path(name).unlink()
    again = Space.parse(space.to_toml(), "space.toml")
    assert again == space
    for one in space.candidates:
        assert parse_candidate(str(one)) == one
    alone = replace(space, designs=())
    assert Space.parse(alone.to_toml(), "space.toml") == alone
    # A store of a sweep without assignments says what it said before.
    assert "assignments" not in replace(space, assignments=()).to_toml()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('assignments = ["none.toml"]', r"space\.toml:1: .*none\.toml"),
        ('assignments = ["mixed"]', r"space\.toml:1: assignments holds 'mixed': must be a file"),
        ("assignments = [3]", r"assignments holds 3: must be text"),
        ('assignments = ["mixed.toml", "sub/mixed.toml"]', "several assignments are called mixed"),
        ('assignments = ["mixed.toml"]\nrequantize = true', "requantize takes one design"),
        ('assignments = ["bad.toml"]', r"bad\.toml: unknown key 'defualt'"),
        ('assignments = ["mixed.toml"]\nbudget = "1"', "a search needs `designs`"),
        ("assignments = []", "no designs; give `designs`, `assignments`"),
    ],
)
def test_what_is_no_assignment_is_refused_in_one_line(here, text, message):
    Path("bad.toml").write_text(f'defualt = "{INT8}"\n')
    Path("sub").mkdir()
    Path("sub/mixed.toml").write_text(FILES["uniform.toml"])
    with pytest.raises(SpaceError, match=message) as error:
        Space.parse(text, "space.toml")
    assert "\n" not in str(error.value)


def test_costs_are_sums_and_means_over_the_layers(swept):
    int8, bf16, mixed = (swept.frame.loc[name] for name in (INT8, BF16, "mixed.toml"))
    macs = {INT8: 2048 + 320, BF16: 4096}
    share = {name: number / sum(macs.values()) for name, number in macs.items()}
    assert mixed["area_um2"] == int8["area_um2"] + bf16["area_um2"]
    assert mixed["energy_pj"] == pytest.approx(
        share[INT8] * int8["energy_pj"] + share[BF16] * bf16["energy_pj"], rel=1e-12
    )
    assert mixed["delay_ns"] == mixed["clock_ns"] == max(int8["delay_ns"], bf16["delay_ns"])
    assert mixed["meets_clock"]
    assert mixed["area_per_mac_um2"] == mixed["area_um2"]  # both start one MAC per cycle
    assert mixed["bits_per_element"] == pytest.approx(8 * share[INT8] + 16 * share[BF16])
    area = {name: swept.frame.loc[name, "area_um2"] / mixed["area_um2"] for name in macs}
    energy = {
        name: share[name] * swept.frame.loc[name, "energy_pj"] / mixed["energy_pj"] for name in macs
    }
    for key, weights in (("area_error", area), ("energy_error", energy)):
        wanted = sum(weights[name] * swept.frame.loc[name, key] for name in macs)
        assert mixed[key] == pytest.approx(wanted)
    assert mixed["delay_error"] >= bf16["delay_error"]
    # On a fabric and on a machine, likewise.
    assert mixed["luts"] == pytest.approx(int8["luts"] + bf16["luts"])
    assert mixed["fmax_mhz"] == bf16["fmax_mhz"]
    assert mixed["array_area_um2"] == int8["array_area_um2"] + bf16["array_area_um2"]
    workloads = networks.profile(networks.load("digits")).workloads
    machine = replace(load_machine("edge"), clock_ns=float(bf16["delay_ns"]))
    first = estimate_system(Design.parse(BF16), workloads[:1], machine)
    rest = estimate_system(Design.parse(INT8), workloads[1:], machine)
    assert mixed["latency_us"] == pytest.approx((first.time_ns + rest.time_ns) / 1e3)
    assert mixed["inference_nj"] == pytest.approx((first.total_pj + rest.total_pj) / 1e3)
    # Breakdowns add up to the whole.
    cost = swept.rows["mixed.toml"].cost
    for quantity in ("area_um2", "energy_pj"):
        whole = sum(block[quantity] for block in cost["breakdown"])
        assert whole == pytest.approx(cost[quantity])


def test_a_uniform_assignment_is_its_design(swept):
    design, uniform = swept.frame.loc[INT8], swept.frame.loc["uniform.toml"]
    differ = {name for name in swept.frame if not _same(design[name], uniform[name])}
    assert differ <= {"spec", "design", "by_layer", "front_probability", "verified", "verilog"}
    np.testing.assert_array_equal(
        swept.rows[INT8].errors, swept.rows["uniform.toml"].errors, strict=True
    )
    assert swept.rows["uniform.toml"].cost["breakdown"] == swept.rows[INT8].cost["breakdown"]


def _same(first, second):
    return first == second or (pd.isna(first) and pd.isna(second))


def test_results_say_which_layer_has_which_design(swept):
    lines = swept.rows["mixed.toml"].layers.lines
    assert [line.layer for line in lines] == list(LAYERS)
    assert [line.design for line in lines] == [BF16, INT8, INT8]
    whole = sum(LAYERS.values())
    assert [line.macs_share for line in lines] == [macs / whole for macs in LAYERS.values()]
    assert sum(line.energy_share for line in lines) == pytest.approx(1)
    assert swept.rows[INT8].layers is None
    csv = pd.read_csv(swept.folder / "results.csv", keep_default_na=False)
    text = csv.set_index("design").loc["mixed.toml", "by_layer"]
    assert LayerDesigns.of_text(text) == swept.rows["mixed.toml"].layers
    assert csv.set_index("design").loc[INT8, "by_layer"] == ""


def test_verilog_of_each_design_is_made_once_and_shared(swept):
    calls = swept.generator.calls()
    assert len(calls) == len(set(calls)) <= 2
    for _, row in swept.result.front.iterrows():
        certificate = swept.rows[row["design"]].certificate
        for folder in row["verilog"].split():
            assert (swept.folder / folder / "unit.v").is_file()
        if isinstance(row["by_layer"], str):
            assert certificate["spec"] == row["spec"]
            slugs = [f"rtl/{one['slug']}" for one in certificate["designs"]]
            assert slugs == row["verilog"].split()
            for one in certificate["designs"]:
                kept = swept.folder / "rtl" / one["slug"] / "certificate.json"
                assert json.loads(kept.read_text()) == one["certificate"]


def test_a_front_of_assignments_alone_has_verilog_when_all_designs_do(here):
    # The one has less energy, the other less area.
    Path("mixed.toml").write_text(f'default = "{INT8}"\nlast = "{BF16}"\n')
    Path("uniform.toml").write_text(f'default = "{E4M3}"\n')
    text = (
        'network = "digits"\nsamples = 20\nobjectives = ["area_um2", "energy_pj"]\n'
        'assignments = ["mixed.toml", "uniform.toml"]\n'
    )
    alone = Space.parse(text, "space.toml")
    generator = FakeGenerator(log=here / "generated", broken="bf16")
    with pytest.raises(FailedDesignsError, match=r"mixed\.toml: .*a=bf16") as error:
        sweep(alone, here / "out", jobs=1, generator=generator)
    frame = error.value.result.frame.set_index("design")
    assert frame["front"].all()
    assert frame["verified"].tolist() == [False, True]
    assert generator.calls() == [spec(E4M3), spec(INT8)]
    generator = FakeGenerator(log=here / "again")
    frame = sweep(alone, here / "out", jobs=1, generator=generator).frame.set_index("design")
    assert frame["verified"].all()
    assert spec(E4M3) not in generator.calls()
    assert len(frame.loc["mixed.toml", "verilog"].split()) == 2


def test_a_sweep_goes_on_without_the_files_and_sees_changed_ones(swept, here):
    space = Space.parse(swept.asked.space, "stored")
    again = sweep(space, swept.folder, jobs=1, generator=swept.generator)
    assert (again.computed, again.reused) == (0, 4)
    assert again.frame["spec"].tolist() == swept.result.frame["spec"].tolist()
    # The same content under another name is measured once, other content is another candidate.
    Path("renamed.toml").write_text(FILES["mixed.toml"])
    Path("mixed.toml").write_text(f'default = "{INT8}"\nlast = "{BF16}"\n')
    text = f'{SETTINGS}assignments = ["mixed.toml", "renamed.toml"]\n'
    changed = Space.parse(text, "space.toml")
    place = swept.folder / STORE_NAME
    found = sweep(changed, here / "o", store=place, name="new", jobs=1, generator=swept.generator)
    assert (found.computed, found.reused) == (2, 0)
    first, second = found.frame.to_dict("records")
    assert second["accuracy"] == swept.frame.loc["mixed.toml", "accuracy"]
    assert second["sqnr_db"] == swept.frame.loc["mixed.toml", "sqnr_db"]
    assert first["energy_pj"] < second["energy_pj"]
    old, new = swept.result.frame["spec"], found.frame["spec"]
    assert not set(new) & set(old)
    evaluator = _evaluator()
    twins = [Assignment.parse(FILES["mixed.toml"], name) for name in ("one.toml", "two.toml")]
    assert len({evaluator.identity(one) for one in twins}) == 1
    assert len({evaluator.key(one) for one in twins}) == 2


def _evaluator():
    from hwdse.explore.evaluation import DesignEvaluator

    return DesignEvaluator.prepare("digits", 40, "nangate45")


def test_an_assignment_that_does_not_fit_fails_in_one_line(here):
    Path("float.toml").write_text(f'default = "{INT8}"\nlast = "float"\n')
    Path("other.toml").write_text(f'default = "{INT8}"\n[layers]\n"conv9" = "{INT8}"\n')
    text = 'network = "digits"\nsamples = 20\nassignments = ["float.toml", "other.toml"]\n'
    with pytest.raises(FailedDesignsError) as error:
        sweep(Space.parse(text, "space.toml"), here / "out", jobs=1)
    lines = str(error.value).splitlines()
    assert lines[1] == "float.toml: layer gemm4.out stays float32: it has no cost"
    assert lines[2].startswith("other.toml: unknown layer of digits 'conv9'")
    assert len(lines) == 3


def test_a_search_measures_all_assignments(here):
    designs = ", ".join(f'"{one}"' for one in (INT8, BF16, E4M3))
    text = f'{SETTINGS}budget = "1"\ndesigns = [{designs}]\nassignments = ["uniform.toml"]\n'
    generator = FakeGenerator(log=here / "generated")
    found = sweep(Space.parse(text, "space.toml"), here / "out", jobs=1, generator=generator)
    assert len(found.frame) == 2
    assert found.frame["design"].iloc[1] == "uniform.toml"
    assert found.unmeasured == 2


def test_errors_of_an_assignment_are_those_of_its_designs(swept):
    frame = swept.frame.reset_index(drop=True)
    for name in ("energy_pj", "area_um2", "delay_ns", "luts"):
        errors = CostErrors.of(frame, column(name)).draw(50, np.random.default_rng(1))
        int8, bf16, mixed, uniform = errors.T
        np.testing.assert_allclose(uniform, int8, rtol=1e-12)
        quantity = "delay_ns" if name == "delay_ns" else name
        weights = swept.rows["mixed.toml"].layers.weights(quantity)
        wanted = weights[spec(INT8)] * int8 + weights[spec(BF16)] * bf16
        np.testing.assert_allclose(mixed, wanted, rtol=1e-12)
    # Without assignments, the draws are what they were.
    two = CostErrors.of(frame.iloc[:2], column("energy_pj"))
    assert two.mixing is None


def test_the_report_leads_from_a_row_to_its_layers(swept, tmp_path):
    with Store.open(swept.folder, "sweep") as store:
        text = report(store, tmp_path / "report.html").read_text()
    number = list(swept.frame["design"]).index("mixed.toml")
    assert f'<a href="#layers-{number}">mixed.toml</a>' in text
    assert f'<div class="assignment" id="layers-{number}">' in text
    assert f'<td>gemm0.out</td><td class="number">63.4</td><td>{BF16}</td>' in text
    assert f'data-words="{BF16} {INT8}"' in text
    assert "A design for each layer" in text
    assert (swept.folder / "pareto.svg").is_file()


def test_a_report_without_assignments_has_no_such_section(swept, tmp_path):
    with Store.open(swept.folder, "sweep") as store:
        rows = [row for row in store.rows() if row.layers is None]
    from hwdse.explore.layer_tables import layer_tables as section

    assert section(rows) == ""


def test_the_page_shows_layers_and_gives_the_space_back(swept):
    chosen = SimpleNamespace(now=SimpleNamespace(frame=swept.frame))
    (table,) = layer_tables(chosen, [0, 2])
    shown = str(table)
    assert "mixed.toml: a design for each layer" in shown
    assert "gemm0.out" in shown
    assert BF16 in shown
    space = Space.parse(space_file(swept.frame, swept.asked.space), "selection")
    assert space.candidates == Space.parse(swept.asked.space, "stored").candidates


def test_advice_that_cannot_apply_says_nothing(swept):
    aims = swept.asked.aims
    for item in advise(swept.every, aims):
        assert "mixed.toml ->" not in item.text
    found = advise(swept.every, aims, "gone/mixed.toml")
    assert "change" not in {item.kind for item in found}
    (bottleneck,) = [item.text for item in found if item.kind == "bottleneck"]
    assert bottleneck.startswith("mixed.toml: ")
    assert f"layer gemm0.out ({BF16}) takes" in bottleneck


def test_commands_know_assignments_by_name(swept, capsys):
    def run(*arguments):
        assert main([*map(str, arguments)]) == 0
        return capsys.readouterr().out

    place = swept.folder
    shown = json.loads(run("store", "show", place, "mixed.toml", "--sweep", "sweep", "--json"))
    (row,) = shown["rows"]
    assert row["facts"]["design"] == "mixed.toml"
    assert row["cost"]["by_layer"] == swept.rows["mixed.toml"].layers.to_json()
    assert "gemm0.out" in run("store", "show", place, "mixed.toml", "--sweep", "sweep")
    front = json.loads(run("pareto", place, "--sweep", "sweep", "--json"))
    assert front["designs"] == 4
    assert "mixed.toml" in run("advise", place, "--baseline", "mixed.toml", "--sweep", "sweep")
    name, test = row_test(str(parse_candidate(swept.rows["mixed.toml"].spec)))
    assert name == swept.rows["mixed.toml"].spec
    assert [test(one) for one in swept.every].count(True) == 1


def test_facts_of_designs_that_differ():
    one = Assignment.parse(FILES["mixed.toml"], "mixed.toml")
    facts = candidate_of(one).facts()
    assert facts["design"] == "mixed.toml"
    assert facts["keys"]["a"] == facts["keys"]["acc"] == "mixed"
    assert facts["keys"]["mul"] == "exact"
    uniform = candidate_of(Assignment.parse(FILES["uniform.toml"], "uniform.toml")).facts()
    own = candidate_of(Design.parse(INT8)).facts()
    assert {**uniform, "spec": "", "design": "", "slug": ""} == {
        **own,
        **{"spec": "", "design": "", "slug": ""},
    }
    floats = candidate_of(Assignment.parse('default = "float"', "float.toml"))
    assert floats.facts()["keys"] == {"a": "mixed"}
    with pytest.raises(TypeError, match="nothing that a sweep compares"):
        candidate_of("a=int8")


def test_a_network_on_arrays_of_several_designs(here, capsys):
    assert (
        main(["system", "uniform.toml", INT8, "mixed.toml", "--network", "digits", "--json"]) == 0
    )
    uniform, design, mixed = json.loads(capsys.readouterr().out)["designs"]
    assert uniform["total"] == design["total"]
    assert uniform["array_area_um2"] == design["array_area_um2"]
    assert [layer["spec"] for layer in mixed["layers"]] == [spec(BF16), spec(INT8), spec(INT8)]
    assert parse_candidate(mixed["spec"]).name == "mixed.toml"
    assert main(["system", "mixed.toml", "--network", "digits"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("mixed.toml: digits, 1 sample, on 2 arrays.\n")
    Path("float.toml").write_text(f'default = "{INT8}"\nlast = "float"\n')
    assert main(["system", "float.toml", "--network", "digits"]) == 2
    assert "layer gemm4.out stays float32: it has no cost" in capsys.readouterr().err
    assert main(["system", "mixed.toml", "--network", "digits", "--plot", "roof"]) == 2
    assert "the roofline of one array" in capsys.readouterr().err
