"""A search in a sweep: what is measured, kept and shown."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from explore_fakes import FakeEvaluator, FakeGenerator, evaluation

from hwdse.cli import main
from hwdse.cost import estimate
from hwdse.errors import FailedDesignsError, SearchError, SpaceError
from hwdse.explore import prices
from hwdse.explore.aims import Aims
from hwdse.explore.budget import SAMPLERS, measurements
from hwdse.explore.database import STORE_NAME
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.hypervolume import volume
from hwdse.explore.run import sweep
from hwdse.explore.rungs import LowerRung, usual_rungs
from hwdse.explore.searching import SEARCHES
from hwdse.explore.space import Space
from hwdse.explore.store import Store
from hwdse.networks import load
from hwdse.networks.ladder import layer_sqnr
from hwdse.spec import Design

FORMATS = ("int4", "int6", "int8", "e2m1fn", "e3m2fn", "e4m3fn", "e5m2", "posit8_1")
DESIGNS = tuple(
    Design.parse(f"a={a},acc={acc},unit=dot,lanes={lanes}")
    for a in FORMATS
    for acc in ("kulisch", "fp:fp32")
    for lanes in (1, 2, 4, 8)
)


@dataclass(frozen=True, kw_only=True)
class Known(FakeEvaluator):
    """Costs and qualities that follow a rule: more bits and more lanes are better."""

    def costs(self, designs):
        return pd.DataFrame(
            {"energy_pj": [self._energy(d) for d in designs], "delay_ns": [1.0] * len(designs)}
        )

    def _energy(self, design):
        return design.a.bits**1.5 / (1 + design.unit.group) ** 0.1

    def __call__(self, design):
        found = super().__call__(design)
        ratio = 6.0 * design.a.bits - 10 + np.log2(design.unit.group)
        return replace(
            found,
            cost={**found.cost, "energy_pj": self._energy(design)},
            accuracy={**found.accuracy, "sqnr_db": ratio},
        )


def space(designs=DESIGNS, **settings):
    return Space(name="test", designs=designs, **settings)


def swept(folder, given=None, *, jobs=1, budget="20", log="log", **behaviour):
    evaluator = Known(log=folder.parent / log, **behaviour)
    generator = FakeGenerator(log=folder.parent / "proofs")
    given = given or space()
    result = sweep(
        given, folder, jobs=jobs, budget=budget, evaluator=evaluator, generator=generator
    )
    return result, evaluator.calls()


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A finished search: its folder, its result, and the specs in the order of measurement."""
    folder = tmp_path_factory.mktemp("search") / "out"
    return folder, *swept(folder)


def hypervolume(frame):
    return volume(np.stack([10 - np.log(frame["energy_pj"]), frame["sqnr_db"]], 1))


@pytest.mark.parametrize(
    ("budget", "designs", "expected"),
    [("10%", 200, 20), ("7", 200, 7), (" 2.5 % ", 200, 5), ("300", 200, 200), ("100%", 3, 3)],
)
def test_budgets(budget, designs, expected):
    assert measurements(budget, designs) == expected


@pytest.mark.parametrize("budget", ["", "many", "-3", "0", "0%", "1%", "101%", "3 designs"])
def test_no_budgets(budget):
    with pytest.raises(SearchError, match="budget"):
        measurements(budget, 50)


def test_a_part_of_the_designs_is_measured_and_finds_the_front(tmp_path, searched):
    _, result, calls = searched
    assert len(calls) == len(set(calls)) == len(result.frame) == 20
    assert (result.computed, result.reused, result.unmeasured) == (20, 0, len(DESIGNS) - 20)
    whole = pd.DataFrame(
        {
            "energy_pj": Known(log=tmp_path / "x").costs(DESIGNS)["energy_pj"],
            "sqnr_db": [6.0 * d.a.bits - 10 + np.log2(d.unit.group) for d in DESIGNS],
        }
    )
    assert hypervolume(result.frame) > 0.99 * hypervolume(whole)
    # Rows have the order of the space.
    specs = [str(design) for design in DESIGNS]
    assert list(result.frame["spec"]) == [s for s in specs if s in set(result.frame["spec"])]


@pytest.mark.usefixtures("no_files")
def test_a_search_ends_when_nothing_more_can_gain(tmp_path):
    result, _ = swept(tmp_path / "out", space(DESIGNS[::4]), budget="100%")
    assert result.unmeasured == len(DESIGNS[::4]) - len(result.frame)


@pytest.mark.usefixtures("no_files")
def test_the_same_search_again_measures_nothing(searched):
    folder, first, _ = searched
    second, calls = swept(folder, log="again")
    assert (second.computed, second.reused, calls) == (0, 20, [])
    pd.testing.assert_frame_equal(first.frame, second.frame)


@pytest.mark.usefixtures("no_files")
def test_an_interrupted_search_goes_on_where_it_stopped(tmp_path, searched):
    _, whole, order = searched
    known = Known(log=tmp_path / "known")
    (tmp_path / "out").mkdir()
    with Store.create(tmp_path / "out" / STORE_NAME) as store:
        half = {known.key(Design.parse(spec)): Design.parse(spec) for spec in order[:9]}
        store.select(half)
        for key, design in half.items():
            store.add(key, known(design))
    again, calls = swept(tmp_path / "out", log="again")
    assert set(calls) == set(order[9:])
    pd.testing.assert_frame_equal(whole.frame, again.frame)


@pytest.mark.long
def test_number_of_jobs_changes_nothing(tmp_path):
    one, _ = swept(tmp_path / "one", budget="9")
    two, _ = swept(tmp_path / "two", budget="9", jobs=2)
    pd.testing.assert_frame_equal(one.frame, two.frame)


@pytest.mark.usefixtures("no_files")
def test_designs_that_fail_are_told_and_not_asked_for_again(tmp_path):
    with pytest.raises(FailedDesignsError) as raised:
        swept(tmp_path / "out", broken="e4m3fn")
    frame = raised.value.result.frame
    failed = frame[frame["failure"] != ""]
    assert len(failed)
    assert set(failed["a"]) == {"e4m3fn"}
    assert len(frame) <= 20


@pytest.mark.usefixtures("no_files")
def test_designs_that_break_a_limit_of_costs_are_never_measured(tmp_path):
    given = space(aims=Aims.of(where=["energy_pj <= 10"]))
    result, _ = swept(tmp_path / "out", given)
    assert (result.frame["energy_pj"] <= 10).all()


@pytest.mark.usefixtures("no_files")
def test_accuracies_are_searched_by_their_error(tmp_path):
    given = space(aims=Aims.of("energy_pj", "accuracy"))
    result, calls = swept(tmp_path / "out", given, budget="12")
    assert len(calls) == len(result.frame) == 12


def test_every_sampler_has_a_search():
    assert tuple(SEARCHES) == SAMPLERS


@pytest.mark.parametrize("sampler", SAMPLERS[1:])
@pytest.mark.usefixtures("no_files")
def test_a_study_of_optuna_may_choose(tmp_path, sampler):
    given = space(sampler=sampler, budget="12")
    evaluator = Known(log=tmp_path / "log")
    generator = FakeGenerator(log=tmp_path / "proofs")
    arguments = {"jobs": 1, "evaluator": evaluator, "generator": generator}
    result = sweep(given, tmp_path / "out", **arguments)
    assert (len(result.frame), result.unmeasured) == (12, len(DESIGNS) - 12)
    assert len(evaluator.calls()) == len(set(evaluator.calls())) == 12
    # The same search again finds all that it asks for.
    again = sweep(given, tmp_path / "out", **arguments)
    assert (again.computed, again.reused) == (0, 12)
    pd.testing.assert_frame_equal(again.frame, result.frame)


@dataclass(frozen=True, kw_only=True)
class Rough(Known):
    """`Known` with a different small error in each quality."""

    def key(self, design):
        return "rough " + super().key(design)

    def identity(self, design):
        return self.key(design)

    def with_accuracy(self, design, known):
        raise NotImplementedError("technologies are not compared here")

    def __call__(self, design):
        found = super().__call__(design)
        error = sum(map(ord, str(design))) % 7 / 3 - 1
        accuracy = {**found.accuracy, "sqnr_db": found.accuracy["sqnr_db"] + error}
        return replace(found, accuracy=accuracy, identity=self.identity(design))


@dataclass(frozen=True, kw_only=True)
class Ladder(Known):
    """`Known` with a rung of few samples."""

    def lower_rungs(self, samples):
        rough = Rough(log=self.log.with_name("rough"), broken=self.broken)
        wanted = (10,) if samples is None else samples
        return tuple(
            LowerRung(name=f"{number} samples", share=number / 100, evaluator=rough)
            for number in wanted
        )


def climbed(folder, given, **behaviour):
    evaluator = Ladder(log=folder / "log", **behaviour)
    generator = FakeGenerator(log=folder / "proofs")
    result = sweep(
        *(given, folder / "out"),
        **{"jobs": 1, "budget": "8", "evaluator": evaluator, "generator": generator},
    )
    rough = evaluator.lower_rungs(None)[0].evaluator
    return result, evaluator.calls(), rough.calls()


@pytest.mark.usefixtures("no_files")
def test_few_samples_come_first_and_are_kept_but_not_shown(tmp_path):
    result, full, few = climbed(tmp_path, space())
    assert len(few) == len(set(few)) > len(full) == len(result.frame)
    assert len(full) + len(few) / 10 <= 8
    assert set(full) <= set(few)
    assert list(result.frame["spec"]) == [str(d) for d in DESIGNS if str(d) in set(full)]
    exact = [6.0 * d.a.bits - 10 + np.log2(d.unit.group) for d in DESIGNS if str(d) in set(full)]
    assert result.frame["sqnr_db"].tolist() == pytest.approx(exact)
    assert result.unmeasured == len(DESIGNS) - len(full)
    # The same search again finds all that it asks for, on both rungs.
    again, full_again, few_again = climbed(tmp_path, space())
    assert (full_again, few_again) == (full, few)
    pd.testing.assert_frame_equal(result.frame, again.frame)
    with Store.open(tmp_path / "out") as store:
        assert len(store) == len(full) + len(few)
        assert store.sweeps() == ["sweep"]


@pytest.mark.usefixtures("no_files")
def test_rungs_of_the_space(tmp_path):
    _, full, few = climbed(tmp_path, space(rungs=(), budget="8"))
    assert (len(full), few) == (8, [])
    given = space(rungs=(5, 20), budget="8")
    assert Space.parse(given.to_toml(), "test") == given
    assert Space.parse(space(budget="8").to_toml(), "test").rungs is None
    for settings in (
        {"rungs": (0,), "budget": "8"},
        {"rungs": (64,)},
        {"rungs": (64,), "budget": "8", "sampler": "optuna"},
    ):
        with pytest.raises(SpaceError, match=r"rungs = \[\d+\]: numbers of samples of a search"):
            space(**settings)
    wrong = r"test:1: rungs holds 'few': must be a number of samples, or tensors or layers"
    with pytest.raises(SpaceError, match=wrong):
        Space.parse('rungs = ["few"]\n', "test")
    named = space(rungs=("layers", 20), budget="8")
    assert Space.parse(named.to_toml(), "test") == named


@pytest.mark.usefixtures("no_files")
def test_a_failure_on_few_samples_is_told(tmp_path):
    with pytest.raises(FailedDesignsError) as raised:
        climbed(tmp_path, space(), broken="e4m3fn")
    frame = raised.value.result.frame
    assert set(frame[frame["failure"] != ""]["a"]) == {"e4m3fn"}


def test_few_samples_of_a_network_give_nearly_the_same():
    whole = DesignEvaluator.prepare("digits", None, "nangate45")
    assert [rung.name for rung in whole.lower_rungs(None)] == ["64 samples"]
    assert [rung.name for rung in whole.lower_rungs([500, 40, 40])] == ["40 samples"]
    (rung,) = whole.lower_rungs([40])
    assert rung.share == 40 / 445
    designs = [Design.parse(f"a={a},acc=kulisch") for a in ("int8", "int4", "e4m3fn")]
    for design in designs:
        few, full = rung.evaluator(design), whole(design)
        assert len(few.errors) == 40
        assert few.accuracy["sqnr_db"] == pytest.approx(full.accuracy["sqnr_db"], abs=2)
        assert len({few.identity, full.identity, rung.evaluator.key(design)}) == 3
    assert [usual_rungs(n) for n in (94, 95, 100, 1195)] == [(), (14,), (14,), (64,)]


@pytest.mark.usefixtures("no_files")
def test_products_alone_foretell_the_network(tmp_path):
    whole = DesignEvaluator.prepare("digits", None, "nangate45")
    rungs = whole.lower_rungs([40, "layers", "tensors"])
    assert [rung.name for rung in rungs] == ["tensors", "layers", "40 samples"]
    assert [rung.objective for rung in rungs] == ["sqnr_db", "sqnr_db", ""]
    layers = rungs[1].evaluator
    design = Design.parse("a=int4,acc=kulisch")
    found = layers(design)
    assert found.accuracy["sqnr_db"] == layer_sqnr(design, load("digits"))
    assert len({found.identity, whole.identity(design), layers.key(design)}) == 3
    few = tuple(Design.parse(f"a=int{n},acc=kulisch") for n in range(3, 9))
    given = Space(name="six", designs=few, budget="4", rungs=("layers",), samples=40)
    generator = FakeGenerator(log=tmp_path / "proofs")
    result = sweep(given, tmp_path / "out", jobs=1, generator=generator)
    assert 0 < len(result.frame) < len(few)
    assert result.frame["sqnr_db"].notna().all()
    with Store.open(tmp_path / "out") as store:
        assert len(store) > len(result.frame)
    other = replace(given, aims=Aims.of("energy_pj", "accuracy"))
    with pytest.raises(SearchError, match="rung layers foretells sqnr_db alone: objectives are"):
        sweep(other, tmp_path / "other", jobs=1, generator=generator)


def test_refused(tmp_path):
    with pytest.raises(SpaceError, match=r"sampler 'genetic': allowed are ehvi, optuna"):
        space(sampler="genetic", budget="4")
    with pytest.raises(SpaceError, match=r"sampler 'optuna' needs a budget"):
        space(sampler="optuna")
    with pytest.raises(SearchError, match="a search needs one cost and one measure of accuracy"):
        swept(tmp_path / "a", space(aims=Aims.of("energy_pj", "delay_ns")))
    with pytest.raises(SpaceError, match=r"test: budget 'few': a number of designs or a share"):
        space(budget="few")
    evaluator, generator = FakeEvaluator(log=tmp_path / "l"), FakeGenerator(log=tmp_path / "p")
    with pytest.raises(SearchError, match="an evaluator that knows costs without measuring"):
        sweep(space(), tmp_path / "b", jobs=1, budget="5", evaluator=evaluator, generator=generator)


@pytest.mark.parametrize("settings", [{}, {"fabric": "ecp5"}, {"machine": "edge"}])
def test_costs_are_those_of_the_evaluation(settings):
    evaluator = DesignEvaluator.prepare("digits", 10, "nangate45", clock_ns=4.0, **settings)
    designs = DESIGNS[:3]
    frame = evaluator.costs(designs)
    for design, row in zip(designs, frame.to_dict("records"), strict=True):
        expected = estimate(design, "nangate45", clock_ns=4.0)
        assert row["energy_pj"] == pytest.approx(expected.energy_pj)
        assert row["area_per_mac_um2"] == pytest.approx(expected.area_um2 / expected.macs_per_cycle)
        assert row["meets_clock"] == (expected.delay_ns <= 4.0)
        assert bool(row.get("luts")) == ("fabric" in settings)
        assert bool(row.get("inference_nj")) == ("machine" in settings)


def test_a_design_without_cost_has_none(monkeypatch):
    evaluator = DesignEvaluator.prepare("digits", 10, "nangate45", fabric="ecp5")

    def fails(design, _):
        raise SearchError("no")

    monkeypatch.setattr(prices, "estimate_fabric", fails)
    assert evaluator.costs(DESIGNS[:1])["energy_pj"].isna().all()


def test_command(tmp_path, capsys):
    path = tmp_path / "space.toml"
    path.write_text(
        'network = "digits"\nsamples = 40\nbudget = "4"\n[[space]]\n'
        'a = ["int4", "int6", "int8", "e4m3fn"]\nacc = ["kulisch", "fp:fp32"]\n'
    )
    folder = tmp_path / "out"
    assert main(["explore", str(path), "-o", str(folder), "--jobs", "1"]) == 0
    assert "A search measured 4 of 8 designs." in capsys.readouterr().out
    assert len(pd.read_csv(folder / "results.csv")) == 4
    assert main(["explore", str(path), "--budget", "few", "-o", str(folder)]) == 2
    assert "budget 'few': a number of designs or a share" in capsys.readouterr().err
    path.write_text('budget = 4\ndesigns = ["a=int8,acc=int:32"]\n')
    assert main(["explore", str(path), "-o", str(folder)]) == 2
    assert "budget = 4: must be text" in capsys.readouterr().err


def test_fakes_follow_the_rule(tmp_path):
    found = Known(log=tmp_path / "l")(DESIGNS[0])
    assert found.accuracy["sqnr_db"] == 14.0
    assert evaluation(DESIGNS[0]).spec == found.spec
