"""Several sweeps in one store, stores of earlier versions, and sweeps that go on by themselves."""

import json
import sqlite3
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from explore_fakes import FakeEvaluator, FakeGenerator, by_key, evaluation, filled, space

from hwdse.cli import explore as command
from hwdse.cli import main
from hwdse.errors import StoreError
from hwdse.explore.aims import Aims
from hwdse.explore.asked import Asked
from hwdse.explore.database import STORE_NAME, versions
from hwdse.explore.database.schema import REVISION
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.explore.store import Store

DESIGNS = space(6).designs
MODELS = Path(__file__).parents[2] / "models" / "spaces"


@pytest.fixture
def faked(tmp_path, monkeypatch):
    """`hwdse explore` with stand-ins, and what they were asked for."""
    evaluator = FakeEvaluator(log=tmp_path / "evaluated")
    stand_ins = {"evaluator": evaluator, "generator": FakeGenerator(log=tmp_path / "generated")}
    monkeypatch.setattr(command, "run_sweep", partial(sweep, **stand_ins))
    return evaluator


def test_sweeps_lie_side_by_side(tmp_path):
    aims = Aims.of("area_um2", "accuracy", where=["delay_ns <= 2"])
    with Store.create(tmp_path / STORE_NAME) as store:
        filled(store, DESIGNS[:4])
        store.select(by_key(DESIGNS[2:]), Asked(sweep="other", aims=aims, data_dir="/data"))
        store.add(list(by_key(DESIGNS))[5], evaluation(DESIGNS[5]))
        assert store.sweeps() == ["sweep", "other"]
        # The latest is read, and the designs of both are stored once.
        assert store.frame()["spec"].tolist() == [str(DESIGNS[k]) for k in (2, 3, 5)]
        assert (store.selected(), len(store), store.aims()) == (4, 5, aims)
        assert store.asked().data_dir == "/data"
    with Store.open(tmp_path, "sweep") as store:
        assert store.frame()["spec"].tolist() == [str(design) for design in DESIGNS[:4]]
        assert (store.selected(), store.aims()) == (4, Aims())
    with Store.open(tmp_path) as store:
        assert store.sweep == "other"
        store.select(by_key(DESIGNS[:2]))
    with Store.open(tmp_path) as store:
        # The same name again replaces the sweep, which is the latest then.
        assert store.sweeps() == ["other", "sweep"]
        assert (store.sweep, store.selected()) == ("sweep", 2)


def test_a_sweep_forgets_its_own_failures_alone(tmp_path):
    (first, one), (second, other) = list(by_key(DESIGNS).items())[:2]
    with Store.create(tmp_path / STORE_NAME) as store:
        for name, key, design in (("a", first, one), ("b", second, other)):
            store.select({key: design}, Asked(sweep=name))
            store.fail(key, "verification", "found a mismatch")
        store.forget_failures("verification")
        assert store.rows() == []
        assert len(store.reading("a").rows()) == 1


def test_a_sweep_that_is_missing_or_cannot_be_named(tmp_path):
    with Store.create(tmp_path / STORE_NAME) as store:
        filled(store, DESIGNS)
        for name in ("", "two\nlines", "caf\udce9"):
            with pytest.raises(StoreError, match="a sweep cannot be called"):
                store.select(by_key(DESIGNS), Asked(sweep=name))
    with pytest.raises(StoreError, match=r"has no sweep 'none': it has sweep$"):
        Store.open(tmp_path, "none")


def test_commands_read_the_sweep_that_they_are_told(tmp_path, faked, capsys):
    one, out = tmp_path / "one.toml", tmp_path / "out"
    one.write_text('designs = ["a=int8,acc=kulisch", "a=int4,acc=kulisch"]')
    assert main(["explore", str(one), "-o", str(out), "--jobs", "1", "--sweep", "first"]) == 0
    one.write_text('designs = ["a=int8,acc=kulisch", "a=e5m2,acc=kulisch"]')
    assert main(["explore", str(one), "-o", str(out), "--jobs", "1", "--sweep", "second"]) == 0
    assert len(faked.calls()) == 3
    for sweep_name, there in (("first", "int4"), ("second", "e5m2")):
        capsys.readouterr()
        assert main(["pareto", str(out), "--sweep", sweep_name, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert {row["a"] for row in found["front"]} <= {"int8", there}
        assert found["designs"] == 2
        words = ["store", "show", str(out), f"a={there},acc=kulisch", "--sweep", sweep_name]
        assert main(words) == 0
        page = tmp_path / f"{sweep_name}.html"
        assert main(["report", str(out), "--sweep", sweep_name, "-o", str(page)]) == 0
        assert f"a={there}" in page.read_text()
        assert main(["advise", str(out), "--sweep", sweep_name]) == 0
    capsys.readouterr()
    assert main(["store", "ls", str(out)]) == 0
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in table[-2:]] == ["first", "second"]
    both = ["store", "diff", str(out), str(out), "--sweep", "first", "--with-sweep", "second"]
    assert main([*both, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["both"], len(found["only_first"]), len(found["only_second"])) == (1, 1, 1)
    assert main(["store", "rm", str(out), "--sweep", "first", "a=e5m2,acc=kulisch"]) == 2


def test_merging_joins_sweeps_of_one_name(tmp_path):
    for name, sweeps in (("a", {"x": DESIGNS[:2], "y": DESIGNS[2:4]}), ("b", {"y": DESIGNS[3:]})):
        with Store.create(tmp_path / f"{name}.sqlite") as store:
            for sweep_name, designs in sweeps.items():
                store.select(by_key(designs), Asked(sweep=sweep_name))
                for key, design in by_key(designs).items():
                    store.add(key, evaluation(design))
    words = ["store", "merge", *(str(tmp_path / f"{name}.sqlite") for name in "ab")]
    assert main([*words, "-o", str(tmp_path / "all.sqlite")]) == 0
    for sweep_name, designs in (("x", DESIGNS[:2]), ("y", DESIGNS[2:])):
        with Store.open(tmp_path / "all.sqlite", sweep_name) as store:
            assert store.frame()["spec"].tolist() == [str(design) for design in designs]


# --- hwdse resume ------------------------------------------------------------------------------


def test_resume_needs_no_space_file(tmp_path, faked, capsys):
    file, out = tmp_path / "space.toml", tmp_path / "out"
    file.write_text('designs = ["a=int8,acc=kulisch", "a=int4,acc=kulisch"]\nsamples = 100\n')
    options = ["--sweep", "mine", "--scales", "pow2", "--data-dir", str(tmp_path)]
    assert main(["explore", str(file), "-o", str(out), "--jobs", "1", *options]) == 0
    whole = (out / "results.csv").read_bytes()
    file.unlink()
    with Store.open(out) as store:
        store.remove([store.rows()[1].key])
        asked = store.asked()
        assert store.selected() == 1
        store.select({f"key of {d}": d for d in Space.parse(asked.space, "").designs}, asked)
    resumed = Space.parse(asked.space, "")
    assert (resumed.samples, resumed.scales, asked.data_dir) == (100, "pow2", str(tmp_path))
    assert main(["resume", str(out), "--jobs", "1"]) == 0
    assert len(faked.calls()) == 3
    assert (out / "results.csv").read_bytes() == whole
    assert main(["resume", str(out), "--sweep", "other"]) == 2
    assert "has no sweep 'other': it has mine" in capsys.readouterr().err


def test_a_sweep_of_unknown_space_is_not_resumed(tmp_path, capsys):
    with Store.create(tmp_path / STORE_NAME) as store:
        filled(store, DESIGNS)
    assert main(["resume", str(tmp_path)]) == 2
    assert "does not say what sweep 'sweep' evaluates" in capsys.readouterr().err


@pytest.mark.parametrize("path", [None, *sorted(MODELS.glob("*.toml"))], ids=lambda p: p and p.stem)
def test_a_space_is_the_same_from_its_text(path):
    whole = Space.builtin() if path is None else Space.load(path)
    assert Space.parse(whole.to_toml(), whole.name) == replace(whole, skipped=0)


def test_settings_of_a_space_are_in_its_text():
    whole = Space(
        name="x",
        designs=DESIGNS,
        samples=7,
        scales="mse",
        requantize=True,
        fabric="ecp5",
        machine="edge",
        clock_ns=1.25,
        budget="50%",
        sampler="optuna",
        aims=Aims.of("latency_us", "luts", "accuracy", where=["area_um2 <= 5000.5"]),
        axes={"clock_ns": (1.25, 2.0), "network": ("digits-cnn", 'with "quotes"\\\n')},
        network="digits-cnn",
    )
    assert Space.parse(whole.to_toml(), "x") == whole


# --- stores of earlier versions ----------------------------------------------------------------

#: What `hwdse explore` made before sweeps had names.
SCHEMA_4 = """
CREATE TABLE design (key TEXT PRIMARY KEY NOT NULL, facts TEXT NOT NULL) STRICT;
CREATE TABLE evaluation (
    key TEXT PRIMARY KEY NOT NULL REFERENCES design(key), cost TEXT NOT NULL,
    accuracy TEXT NOT NULL, errors BLOB NOT NULL, outcomes BLOB, identity TEXT NOT NULL,
    version TEXT NOT NULL
) STRICT;
CREATE INDEX accuracies ON evaluation (identity);
CREATE TABLE certificate (
    key TEXT PRIMARY KEY NOT NULL REFERENCES design(key), certificate TEXT NOT NULL
) STRICT;
CREATE TABLE failure (
    key TEXT PRIMARY KEY NOT NULL REFERENCES design(key), stage TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TABLE selection (
    position INTEGER PRIMARY KEY NOT NULL, key TEXT NOT NULL REFERENCES design(key),
    combination TEXT NOT NULL
) STRICT;
CREATE TABLE aims (aims TEXT NOT NULL) STRICT;
PRAGMA application_id = 1752646739;
PRAGMA user_version = 4;
"""


def earlier(path, designs):
    """A store of schema 4 with the results of a sweep."""
    newer = path.with_name("newer.sqlite")
    with Store.create(newer) as store:
        filled(store, designs)
        frame = store.frame()
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA_4)
    connection.execute("ATTACH ? AS newer", (str(newer),))
    for table in ("design", "evaluation"):
        connection.execute(f"INSERT INTO {table} SELECT * FROM newer.{table}")
    columns = "position, key, combination"
    connection.execute(f"INSERT INTO selection SELECT {columns} FROM newer.selection")
    connection.execute("INSERT INTO aims SELECT aims FROM newer.sweep")
    connection.commit()
    connection.close()
    newer.unlink()
    return frame


def schema_of(path):
    """Columns, keys and indexes of all tables."""
    connection = sqlite3.connect(path)
    names = [
        n for (n,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    ]
    pragmas = ("table_info", "foreign_key_list", "index_list")
    found = {
        name: [sorted(connection.execute(f"PRAGMA {one}({name})")) for one in pragmas]
        for name in names
    }
    strict = dict(connection.execute("SELECT name, strict FROM pragma_table_list"))
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return {name: (strict[name], *facts) for name, facts in found.items()}, version


def test_an_earlier_store_opens_and_has_this_version_then(tmp_path):
    path = tmp_path / STORE_NAME
    frame = earlier(path, DESIGNS)
    with Store.open(path) as store:
        assert store.frame().equals(frame)
        assert store.sweeps() == ["sweep"]
        assert (store.selected(), store.aims(), store.asked().space) == (6, Aims(), "")
        store.select(by_key(DESIGNS[:1]), Asked(sweep="new"))
    Store.create(tmp_path / "new.sqlite").close()
    assert schema_of(path) == schema_of(tmp_path / "new.sqlite")
    assert schema_of(path)[1] == int(REVISION)


def test_an_earlier_store_of_no_sweep(tmp_path):
    connection = sqlite3.connect(tmp_path / STORE_NAME)
    connection.executescript(SCHEMA_4)
    connection.close()
    with Store.open(tmp_path) as store:
        assert (store.sweeps(), len(store), store.rows()) == ([], 0, [])


def test_a_step_that_fails_leaves_the_store_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / STORE_NAME
    frame = earlier(path, DESIGNS)
    before = schema_of(path)

    def failing(connection, revision):
        upgrade(connection, revision)
        raise KeyboardInterrupt

    upgrade = versions.upgrade
    monkeypatch.setattr(versions, "upgrade", failing)
    with pytest.raises(KeyboardInterrupt):
        Store.open(path)
    assert schema_of(path) == before
    monkeypatch.undo()
    with Store.open(path) as store:
        assert store.frame().equals(frame)


def test_an_earlier_store_that_may_not_be_written_says_so(tmp_path, monkeypatch):
    path = tmp_path / STORE_NAME
    earlier(path, DESIGNS)
    connect = sqlite3.connect

    def read_only(*arguments, **options):
        made = connect(*arguments, **options)
        made.execute("PRAGMA query_only = 1")
        return made

    monkeypatch.setattr(sqlite3, "connect", read_only)
    with pytest.raises(StoreError, match=r"cannot be written: .*read-only"):
        Store.open(path)
