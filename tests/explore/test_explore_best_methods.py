"""A sweep that takes the best quantisation methods for each design, by calibration samples."""

import csv
import math
from types import SimpleNamespace

import pytest
from explore_fakes import FakeGenerator

from hwdse import networks
from hwdse.cli import main
from hwdse.errors import SpaceError, SpecError
from hwdse.explore.page.layers import methods_tables
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.explore.store import Store
from hwdse.explore.tried_methods import TriedMethods
from hwdse.networks.best_methods import best_of, try_methods
from hwdse.networks.layer_scores import CalibrationSamples
from hwdse.networks.named import NamedImages
from hwdse.spec import Design

INT4, MX = "a=int4,acc=int:16", "a=mxfp4,acc=fp:fp32,unit=mx"
TILES = "a=block:int8:4:e8m0,b=block:int8:4x4:e8m0,acc=fp:fp32,unit=mx"
TRIED = ("", "gptq", "bias")


def loaded(tmp_path, line):
    path = tmp_path / "space.toml"
    text = f'network = "digits"\nsamples = 40\n{line}\ndesigns = ["{INT4}", "{MX}"]\n'
    path.write_text(text)
    return Space.load(path)


@pytest.fixture
def best(tmp_path):
    return loaded(tmp_path, 'best_of_methods = ["", "gptq", "bias"]')


@pytest.fixture
def swept(best, tmp_path):
    return sweep(best, tmp_path / "out", jobs=1, generator=FakeGenerator(log=tmp_path / "made"))


def test_the_choice_sees_calibration_samples_alone():
    network = networks.load("digits")
    data = NamedImages.of(network)
    tried = try_methods(Design.parse(INT4), network, data, TRIED)
    assert tuple(tried) == TRIED
    for methods, decibels in tried.items():
        on_calibration = networks.evaluate(
            Design.parse(INT4), network, data=CalibrationSamples(of=data), methods=methods
        )
        assert decibels == pytest.approx(on_calibration.sqnr_db)
    assert best_of(tried) == max(tried, key=lambda each: tried[each])
    assert best_of({"a": 1.0, "b": 1.0, "c": None}) == "a"
    assert best_of({"a": None, "b": -300.0}) == "b"


def test_each_row_says_what_was_taken_and_what_the_others_gave(swept, best, tmp_path):
    assert Space.parse(best.to_toml(), best.name) == best
    with Store.open(tmp_path / "out") as store:
        rows = store.rows()
    for row in rows:
        tried = row.accuracy["methods_tried"]
        assert set(tried) == set(TRIED)
        assert row.accuracy["methods"] == max(tried, key=lambda each: tried[each])
        plain = networks.evaluate(
            Design.parse(row.spec), "digits", 40, methods=row.accuracy["methods"]
        )
        assert row.accuracy["value"] == plain.value
        assert row.accuracy["sqnr_db"] == plain.sqnr_db
    with (tmp_path / "out" / "results.csv").open(newline="") as file:
        for line, row in zip(csv.DictReader(file), rows, strict=True):
            again = TriedMethods.read(line["methods_tried"], line["methods"])
            assert again.taken == row.accuracy["methods"]
            assert again.decibels == pytest.approx(row.accuracy["methods_tried"], abs=0.006)
    report = (tmp_path / "out" / "report.html").read_text()
    assert "The best methods for each design" in report
    assert report.count('class="taken"') == 2
    assert "of nearest, bias, gptq" in report


def test_results_of_other_choices_are_never_mixed(swept, tmp_path):
    made = FakeGenerator(log=tmp_path / "made")

    def computed(line):
        return sweep(loaded(tmp_path, line), tmp_path / "out", jobs=1, generator=made).computed

    assert swept.computed == 2
    assert computed('best_of_methods = ["", "gptq", "bias"]') == 0
    assert computed('best_of_methods = ["", "gptq"]') == 2
    assert computed('methods = "gptq"') == 2
    assert computed("") == 2


def test_methods_that_cannot_serve_a_design_lose(tmp_path, monkeypatch):
    network = networks.load("digits")
    data = NamedImages.of(network)
    # Tiles of two axes share a scale, which no method takes.
    design = Design.parse(TILES)
    tried = try_methods(design, network, data, ("gptq", ""))
    assert tried["gptq"] is None
    assert best_of(tried) == ""
    with pytest.raises(SpecError, match="blocks along one axis are needed"):
        try_methods(design, network, data, ("gptq", "hadamard"))


def test_the_command_and_the_page_say_so(swept, best, tmp_path, capsys):
    assert main(["explore", str(best.name), "-o", str(tmp_path / "out"), "--jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "Methods, by the error on calibration samples: dB" in out
    head = next(line for line in out.splitlines() if "nearest" in line and "taken" in line)
    assert head.split() == ["design", "taken", *("nearest", "bias", "gptq")]
    chosen = SimpleNamespace(now=SimpleNamespace(frame=swept.frame))
    (table,) = methods_tables(chosen, [0])
    assert f"{INT4}: the best methods" in str(table)
    assert "taken" in str(table)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('best_of_methods = ["gptq"]', "best_of_methods = .*: needs at least two"),
        (
            'best_of_methods = ["gptq", "gptq"]',
            "best_of_methods = .*: needs at least two different",
        ),
        ('best_of_methods = ["gptq", "magic"]', "unknown method 'magic'"),
        ('best_of_methods = "gptq"', "best_of_methods = 'gptq': must be a list"),
        ('methods = "gptq"\nbest_of_methods = ["", "gptq"]', "give methods or best_of_methods"),
    ],
)
def test_wrong_choices_are_refused(tmp_path, line, message):
    with pytest.raises(SpaceError, match=message) as caught:
        loaded(tmp_path, line)
    assert "\n" not in str(caught.value)


def test_a_line_of_methods_is_read_back():
    tried = TriedMethods(
        decibels={"": 31.2, "smoothquant:0.5,gptq": 33.05, "reorder": None}, taken=""
    )
    assert tried.text == "nearest 31.20; smoothquant:0.5,gptq 33.05; reorder -"
    assert TriedMethods.read(tried.text, math.nan) == tried
    assert TriedMethods.read(math.nan, math.nan) is None
