"""Several networks, technologies and clocks in one space: like is compared with like."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from explore_fakes import FakeEvaluator, FakeGenerator, evaluation, space

from hwdse.cli import main
from hwdse.errors import SpaceError
from hwdse.explore import run
from hwdse.explore.aims import Aims
from hwdse.explore.asked import Asked
from hwdse.explore.combinations import alike, file_name
from hwdse.explore.database import STORE_NAME
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.front import pareto, pareto_mask
from hwdse.explore.record import Measured
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.explore.store import Store
from hwdse.spec import Design

DESIGNS = 'designs = ["a=int4,acc=int:16", "a=int8,acc=int:32"]\n'


def loaded(tmp_path, text):
    path = tmp_path / "space.toml"
    path.write_text(text + DESIGNS)
    return Space.load(path)


def test_lists_are_axes(tmp_path):
    given = loaded(
        tmp_path,
        'network = ["digits", "digits-cnn"]\ntechnology = "sg13g2"\nclock_ns = [1, 2.5]\n',
    )
    assert (given.network, given.technology, given.clock_ns) == ("digits", "sg13g2", 1.0)
    assert [name for name, _ in given.combinations] == [
        "digits, 1 ns", "digits, 2.5 ns", "digits-cnn, 1 ns", "digits-cnn, 2.5 ns",
    ]  # fmt: skip
    one = given.combinations[3][1]
    assert (one.network, one.clock_ns, one.axes) == ("digits-cnn", 2.5, {})
    assert one.designs == given.designs
    # An option of the command takes the place of the list.
    assert [name for name, _ in given.fixed(network="mine").combinations] == ["1 ns", "2.5 ns"]


def test_methods_are_an_axis_and_part_of_what_is_kept(tmp_path):
    """No two rows of other methods are one, and nothing is measured twice."""
    given = loaded(tmp_path, 'network = "digits"\nsamples = 40\nmethods = ["", "gptq,bias"]\n')
    assert [name for name, _ in given.combinations] == ["nearest", "gptq,bias"]
    assert Space.parse(given.to_toml(), given.name) == given
    made = FakeGenerator(log=tmp_path / "made")
    found = sweep(given, tmp_path / "out", generator=made)
    assert (found.computed, found.reused) == (4, 0)
    by_methods = found.frame.set_index(found.frame["methods"].fillna(""))
    coarse = by_methods[by_methods["a"] == "int4"]["sqnr_db"]
    assert coarse["gptq,bias"] > coarse[""]
    assert sweep(given, tmp_path / "out", generator=made).reused == 4
    plain = loaded(tmp_path, 'network = "digits"\nsamples = 40\n')
    assert sweep(plain, tmp_path / "out", generator=made).reused == 2
    report = (tmp_path / "out" / "report.html").read_text()
    assert "prepared by" not in report
    one = loaded(tmp_path, 'network = "digits"\nsamples = 40\nmethods = "gptq,bias"\n')
    assert sweep(one, tmp_path / "out", generator=made).computed == 0
    assert "prepared by gptq,bias" in (tmp_path / "out" / "report.html").read_text()


def test_one_value_is_no_axis(tmp_path):
    given = loaded(tmp_path, 'network = ["digits"]\n')
    assert (given.network, given.axes) == ("digits", {})
    assert [name for name, _ in given.combinations] == [""]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("network = []", ":1: network = .*: needs different values"),
        ('technology = ["sg13g2", "sg13g2"]', ":1: technology = .*: needs different values"),
        ("network = [1]", ":1: network = 1: must be text"),
        ('clock_ns = ["1"]', ":1: clock_ns = '1': must be a number"),
        ('methods = ["", "magic"]', "unknown method 'magic'"),
        ("clock_ns = [1, 0]", "clock_ns = 0.0 must be above 0"),
        ('scales = ["mse", "pow2"]', "scales = .*: must be text"),
        ('scales = "percentile:5"', "scales 'percentile:5': the form is percentile"),
    ],
)
def test_wrong_axes_are_refused(tmp_path, line, message):
    with pytest.raises(SpaceError, match=message):
        loaded(tmp_path, f"{line}\n")


def test_other_settings_have_one_value():
    with pytest.raises(SpaceError, match="scales has several values: allowed are network"):
        replace(space(1), axes={"scales": ("mse", "pow2")})


def test_names_group_rows_and_name_files():
    assert alike(["b", "a", "b"]) == [("b", [0, 2]), ("a", [1])]
    assert file_name("pareto", "") == "pareto"
    assert (
        file_name("pareto", "nets/mine.onnx, sg13g2, 1 ns") == "pareto-nets-mine.onnx-sg13g2-1-ns"
    )


def test_each_combination_has_a_front_of_its_own():
    table = pd.DataFrame(
        {
            "energy_pj": [1.0, 2.0, 3.0, 4.0], "accuracy": [0.9, 0.8, 0.7, 0.75],
            "combination": ["x", "x", "y", "y"],
        }
    )  # fmt: skip
    aims = Aims.of("energy_pj", "accuracy")
    assert pareto_mask(table, aims).tolist() == [True, False, True, True]
    # The best quality first, within each.
    assert pareto(table, aims).index.tolist() == [0, 3, 2]
    together = table.drop(columns="combination")
    assert pareto_mask(together, aims).tolist() == [True, False, False, False]


class Anywhere(FakeEvaluator):
    """A fake evaluator whose costs belong to a technology, and whose accuracies do not."""

    def key(self, design):
        return f"{self.log.name} {design}"

    def identity(self, design):
        return f"accuracy of {design}"

    def __call__(self, design):
        super().__call__(design)
        done = evaluation(design)
        known = Measured(accuracy=done.accuracy, errors=done.errors, outcomes=done.outcomes)
        return self.with_accuracy(design, known)

    def with_accuracy(self, design, known):
        done = evaluation(design)
        factor = 1.5 if self.log.name == "sg13g2" else 1.0
        cost = done.cost | {
            "technology": self.log.name, "energy_pj": factor * done.cost["energy_pj"],
            "energy_error": 0.2, "area_error": 0.2,
        }  # fmt: skip
        return replace(done, cost=cost, identity=self.identity(design), **vars(known))


@pytest.fixture
def swept(tmp_path, monkeypatch):
    """Sweeps four designs in two technologies, again when called again."""

    def prepare(one, data_dir):
        return Anywhere(log=tmp_path / one.technology)

    monkeypatch.setattr(run, "_evaluator", prepare)
    both = replace(
        space(4),
        axes={"technology": ("nangate45", "sg13g2")},
        aims=Aims.of("energy_pj", "accuracy", where=["area_um2 <= 1e6"]),
    )

    def go(designs=both):
        generator = FakeGenerator(log=tmp_path / "generated")
        return sweep(designs, tmp_path / "out", jobs=1, generator=generator), generator

    return go


def test_a_sweep_of_two_technologies(swept, tmp_path, capsys):
    result, generator = swept()
    frame = result.frame
    assert frame["combination"].tolist() == ["nangate45"] * 4 + ["sg13g2"] * 4
    assert frame["technology"].tolist() == frame["combination"].tolist()
    # The fakes differ by a factor only, so both fronts have the same designs, proven once.
    assert frame["front"][:4].tolist() == frame["front"][4:].tolist()
    assert sorted(generator.calls()) == sorted(set(result.front["spec"]))
    assert result.front["verified"].all()
    assert list(result.hypervolumes) == ["nangate45", "sg13g2"]
    names = sorted(path.name for path in (tmp_path / "out").glob("pareto*.png"))
    assert names == ["pareto-nangate45.png", "pareto-sg13g2.png"]
    # Nothing is measured or proven twice, accuracies not even once for each technology.
    calls = Anywhere(log=tmp_path / "nangate45").calls()
    assert sorted(calls) == sorted(str(design) for design in space(4).designs)
    assert not (tmp_path / "sg13g2").exists()
    assert frame["accuracy"][:4].tolist() == frame["accuracy"][4:].tolist()
    assert frame["energy_pj"][4:].tolist() == (1.5 * frame["energy_pj"][:4]).tolist()
    again, generator = swept()
    assert (again.computed, again.reused) == (0, 8)
    assert len(generator.calls()) == len(set(result.front["spec"]))
    again, _ = swept(replace(space(4), technology="sg13g2"))
    assert (again.computed, again.reused) == (0, 4)


def test_commands_show_each_combination_with_the_aims_of_the_space(swept, tmp_path, capsys):
    swept()
    out = str(tmp_path / "out")
    assert main(["pareto", out]) == 0
    text = capsys.readouterr().out
    heads = re.findall(r"^(nangate45|sg13g2)\n-+\nPareto front of (.*):", text, re.MULTILINE)
    volumes = re.findall(r"^Hypervolume [01]\.\d{3} \(90 % of draws: ", text, re.MULTILINE)
    assert len(volumes) == 2
    assert re.search(r"  (certain|undecided)  +\d+ %  verified$", text, re.MULTILINE)
    aims = "energy per MAC and accuracy where area_um2 <= 1000000"
    assert heads == [("nangate45", aims), ("sg13g2", aims)]
    assert main(["pareto", out, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["objectives"] == ["energy_pj", "accuracy"]
    assert document["where"] == ["area_um2 <= 1000000"]
    assert [each["combination"] for each in document["hypervolume"]] == ["nangate45", "sg13g2"]
    # Options take their place: objectives with limits, or limits alone.
    for options, objectives, where in (
        (["--x", "area_um2"], ["area_um2", "sqnr_db"], []),
        (["--where", "delay_ns <= 9"], ["energy_pj", "accuracy"], ["delay_ns <= 9"]),
    ):
        assert main(["pareto", out, *options, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["objectives"], document["where"]) == (objectives, where)
    assert main(["report", out, "-o", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text()
    assert "accuracy where area_um2 &lt;= 1000000" in page
    assert page.count("of the box from the reference point (") == 2
    assert '<option value="sg13g2">sg13g2</option></select>' in page
    assert '<button type="button">Combination</button>' in page


def test_the_store_keeps_the_aims_of_the_latest_sweep(tmp_path):
    aims = Aims.of("area_um2", "delay_ns", "accuracy", where=["area_um2 <= 1234567.25"])
    with Store.create(tmp_path / STORE_NAME) as store:
        assert store.aims() == Aims()
        designs = {str(design): design for design in space(2).designs}
        store.select(designs, Asked(aims=aims), dict.fromkeys(designs, "here"))
        assert store.aims() == aims
        store.select(designs)
        assert store.aims() == Aims()


def test_accuracy_has_an_identity_without_technology_clock_and_registers():
    one = DesignEvaluator(
        network="n", title="n", digest="1", data_digest="2", samples=5, technology="t",
        technology_digest="3",
    )  # fmt: skip
    design = Design.parse("a=e4m3fn,acc=fp:fp32,stages=2,interleave=2")
    plain = Design.parse("a=e4m3fn,acc=fp:fp32")
    other = replace(one, technology_digest="4", clock_ns=1.0, machine_digest="5")
    assert one.identity(design) == other.identity(plain)
    assert len({one.key(design), one.key(plain), other.key(plain)}) == 3
    for changed in (
        replace(one, samples=6), replace(one, digest="6"), replace(one, data_digest="6"),
        replace(one, scales="pow2"), replace(one, requantize=True), replace(one, version="6"),
    ):  # fmt: skip
        assert changed.identity(plain) != one.identity(plain)
    assert one.identity(Design.parse("a=e4m3fn,acc=fp:bf16")) != one.identity(plain)


def test_a_known_accuracy_is_found_unless_it_is_damaged(tmp_path):
    first, second = space(2).designs
    done = replace(evaluation(first), identity="same")
    with Store.create(tmp_path / STORE_NAME) as store:
        store.select({"1": first, "2": second})
        store.add("1", done)
        store.add("2", evaluation(second))
        known = store.measured("same")
        assert known.accuracy["value"] == done.accuracy["value"]
        assert known.errors.tolist() == done.errors.tolist()
        assert known.outcomes.tolist() == done.outcomes.tolist()
        assert store.measured("other") is None
        assert store.measured("") is None
        store._tables.connection.exec_driver_sql("UPDATE evaluation SET errors = x'00'")
        assert store.measured("same") is None
