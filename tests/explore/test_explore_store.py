import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from explore_fakes import by_key, evaluation, filled, space
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sampled import some

from hwdse.cli import main
from hwdse.errors import HwdseError, StoreError
from hwdse.explore import pareto
from hwdse.explore.database import STORE_NAME, sqlite_errors
from hwdse.explore.database.schema import REVISION
from hwdse.explore.reporting import report
from hwdse.explore.store import Store

DESIGNS = space(4).designs
KEYS = list(by_key(DESIGNS))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / STORE_NAME
    with Store.create(path) as store:
        filled(store, DESIGNS)
    return path


def test_rows_are_in_the_order_of_the_space(tmp_path):
    with Store.create(tmp_path / STORE_NAME) as store:
        store.select(by_key(DESIGNS))
        for key, design in reversed(by_key(DESIGNS).items()):
            store.add(key, evaluation(design))
        assert len(store) == store.selected() == 4
        assert [row.spec for row in store.rows()] == [str(design) for design in DESIGNS]
        assert store.rows()[0].cost == evaluation(DESIGNS[0]).cost
        assert store.frame()["spec"].tolist() == [str(design) for design in DESIGNS]


def test_only_the_latest_selection_is_given(path):
    with Store.create(path) as store:
        unfinished = space().designs[5]
        store.select(by_key([DESIGNS[2], unfinished, DESIGNS[1]]))
        assert store.frame()["spec"].tolist() == [str(DESIGNS[2]), str(DESIGNS[1])]
        assert (store.selected(), len(store)) == (3, 4)


def test_a_key_has_one_row(path):
    with Store.create(path) as store:
        store.add(KEYS[0], evaluation(DESIGNS[1]))
        assert len(store) == 4
        assert store.rows()[0].cost == evaluation(DESIGNS[0]).cost


def test_frame_has_spec_costs_and_accuracy(path):
    with Store.open(path.parent) as store:
        store.certify(KEYS[1], {"vectors": 3})
        row = store.frame().iloc[1]
        assert store.rows()[1].certificate == {"vectors": 3}
    assert (row["a"], row["acc"], row["unit"], row["stages"]) == ("int4", "kulisch", "mac", 0)
    assert row["area_per_mac_um2"] == row["area_um2"] == pytest.approx(900 * row["energy_pj"])
    assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
    assert row["verified"]
    assert row["failure"] == ""


def test_a_failure_is_kept_until_the_design_is_finished(tmp_path):
    with Store.create(tmp_path / STORE_NAME) as store:
        store.select(by_key(DESIGNS[:1]))
        store.fail(KEYS[0], "evaluation", "first")
        store.fail(KEYS[0], "evaluation", "no\nmemory")
        assert (len(store), KEYS[0] in store) == (0, False)
        frame = store.frame()
        assert frame["failure"].tolist() == [r"evaluation failed: no\nmemory"]
        assert frame[["energy_pj", "accuracy", "samples"]].isna().all(axis=None)
        store.add(KEYS[0], evaluation(DESIGNS[0]))
        assert store.frame()["failure"].tolist() == [""]


def test_a_failed_proof_ends_an_earlier_certificate(path):
    with Store.open(path) as store:
        store.certify(KEYS[0], {})
        store.fail(KEYS[0], "verification", "differs")
        row = store.rows()[0]
        assert (row.certificate, row.failure) == (None, "verification failed: differs")
        assert row.cost
        store.forget_failures("verification")
        assert store.rows()[0].failure == ""


def test_only_finished_designs_are_certified(path):
    with Store.open(path) as store, pytest.raises(StoreError, match="no finished design"):
        store.certify("unknown", {})


def test_empty_store_has_an_empty_frame(tmp_path):
    with Store.create(tmp_path / STORE_NAME) as store:
        assert store.frame().empty


@pytest.mark.parametrize(
    ("cost", "accuracy", "message"),
    [
        ({"energy_pj": float("nan")}, {}, "cost.energy_pj is nan, not a finite number"),
        ({"breakdown": None}, {}, "cost.breakdown is None, not a list of blocks"),
        ({}, {"value": 98}, "accuracy.value is 98, not a number from 0 to 1"),
        ({}, {"samples": 0}, "accuracy.samples is 0, not a whole number above 0"),
    ],
)
def test_impossible_results_are_refused(path, cost, accuracy, message):
    done = evaluation(DESIGNS[0])
    done = replace(done, cost={**done.cost, **cost}, accuracy={**done.accuracy, **accuracy})
    with Store.open(path) as store, pytest.raises(ValueError, match=message):
        store.add("new", done)


# --- files that are no store -------------------------------------------------------------------


def test_a_file_that_a_killed_process_left_empty_is_filled(tmp_path):
    path = tmp_path / STORE_NAME
    path.touch()
    with Store.create(path) as store:
        assert len(store) == 0


def test_a_process_killed_at_any_write_leaves_a_store_that_goes_on(tmp_path):
    # The n-th write to the file, or its journal, is the last thing the process does.
    code = (
        "import os, sys, signal, sqlite3\n"
        "from pathlib import Path\n"
        "from hwdse.explore import store\n"
        "statements, left = [], [int(sys.argv[2])]\n"
        "def step(*_):\n"
        "    left[0] -= 1\n"
        "    left[0] or os.kill(os.getpid(), signal.SIGKILL)\n"
        "connect = sqlite3.connect\n"
        "def watched(*a, **k):\n"
        "    c = connect(*a, **k)\n"
        "    c.set_progress_handler(step, 20)\n"
        "    return c\n"
        "sqlite3.connect = watched\n"
        "store.Store.create(Path(sys.argv[1])).close()\n"
    )
    killed = 0
    for steps in (1, 10, 20):
        path = tmp_path / str(steps) / STORE_NAME
        path.parent.mkdir()
        done = subprocess.run([sys.executable, "-c", code, path, str(steps)], check=False)
        killed += done.returncode == -9
        with Store.create(path) as store:
            assert len(store) == 0
    assert killed >= 2


FOREIGN = [b"x", b"\0", b"hello\n", b"SQLite format 3\0", b"SQLite format 3\0" + bytes(84)]
FOREIGN += [bytes(4096), b"no database" * 1000]


@pytest.mark.parametrize("content", FOREIGN, ids=lambda content: f"{content[:7]!r}{len(content)}")
@pytest.mark.parametrize("opener", [Store.create, Store.open], ids=["create", "open"])
def test_a_foreign_file_of_any_length_is_never_touched(tmp_path, content, opener):
    path = tmp_path / STORE_NAME
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"not a database|another program"):
        opener(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_database_of_another_program_is_never_touched(tmp_path):
    path = tmp_path / STORE_NAME
    connection = sqlite3.connect(path)
    connection.execute("VACUUM")
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    before = path.read_bytes()
    assert before
    with pytest.raises(StoreError, match="another program"):
        Store.create(path)
    assert path.read_bytes() == before


def test_a_pipe_is_no_store(tmp_path):
    os.mkfifo(tmp_path / STORE_NAME)
    with pytest.raises(StoreError, match="is no regular file"):
        Store.create(tmp_path / STORE_NAME)
    with pytest.raises(StoreError, match="is not a store"):
        Store.open(tmp_path / STORE_NAME)


def foreign(path):
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE design (key TEXT)")
    connection.close()


def changed(path, statement, *parameters):
    with sqlite3.connect(path) as connection:
        connection.execute(statement, parameters)
    connection.close()


def newer(path):
    changed(path, f"PRAGMA user_version = {int(REVISION) + 1}")


def older(path):
    changed(path, "PRAGMA user_version = 1")


def text(path):
    path.write_text("not a database, whatever its name " * 100)


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scrambled(path):
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(range(256)) * 16
    path.write_bytes(bytes(content))


DAMAGE = {
    foreign: "another program",
    newer: f"schema {int(REVISION) + 1}, of a later version; this version reads schema 4 to "
    f"{int(REVISION)}",
    older: f"schema 1, of an earlier version; this version reads schema 4 to {int(REVISION)}",
    text: "not a database",
    truncated: "not a usable hwdse store|damaged",
    scrambled: "not a usable hwdse store|damaged",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("opener", [Store.create, Store.open], ids=["create", "open"])
def test_damaged_or_foreign_file_is_refused_and_kept(path, damage, opener):
    damage(path)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(StoreError, match=DAMAGE[damage]) as raised:
        opener(path)
    assert "\n" not in str(raised.value)
    assert str(path) in str(raised.value)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_missing_store(tmp_path):
    for missing in (tmp_path, tmp_path / "none.sqlite"):
        with pytest.raises(StoreError, match=r"is not a store: give a store\.sqlite"):
            Store.open(missing)
    assert not list(tmp_path.iterdir())


def test_store_in_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be opened: Not a directory"):
        Store.create(tmp_path / "file" / STORE_NAME)


# --- rows that are damaged ---------------------------------------------------------------------


COLUMNS = [
    ("design", "facts"),
    ("evaluation", "cost"),
    ("evaluation", "accuracy"),
    ("evaluation", "version"),
    ("certificate", "certificate"),
    ("failure", "stage"),
    ("failure", "reason"),
]
NOT_JSON = ["", "{", "nul", '{"a": 1', "[" * 50_000, "{'a': 1}", "9" * 5000, b"\xff\xfe", None, 7]
OTHER_SHAPE = ["null", "[]", "3", '"text"', "{}", '{"spec": 3}', '{"area_um2": null}']


def loosened(path):
    """The same store with columns that take anything, as an editor may leave it."""
    connection = sqlite3.connect(path)
    select = "SELECT name FROM sqlite_schema WHERE type = 'table'"
    for (table,) in connection.execute(select).fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        connection.execute(f"CREATE TABLE loose ({', '.join(columns)})")
        connection.execute(f"INSERT INTO loose SELECT * FROM {table}")
        connection.execute(f"DROP TABLE {table}")
        connection.execute(f"ALTER TABLE loose RENAME TO {table}")
    connection.commit()
    connection.close()


def complains(path, capsys, *names):
    """Every way to read the store gives one line that names the row; what it says."""
    lines = set()
    with Store.open(path) as store:
        for read in (store.rows, store.frame, lambda: report(store, path.parent / "r.html")):
            with pytest.raises(StoreError) as raised:
                read()
            lines.add(str(raised.value))
    for command in ("pareto", "report"):
        assert main([command, str(path), *(["-o", f"{path}.html"] if command == "report" else [])])
        out, err = capsys.readouterr()
        assert out == ""
        lines.add(err.removeprefix("hwdse: error: ").removesuffix("\n"))
    (line,) = lines
    assert "\n" not in line
    assert all(name in line for name in names), line
    assert "run hwdse explore again" in line
    assert len(line) < 1000
    return line


@pytest.fixture
def loose(tmp_path):
    """A loose store in which the second design failed its proof."""
    path = tmp_path / STORE_NAME
    with Store.create(path) as store:
        filled(store, DESIGNS)
        store.certify(KEYS[1], {"vectors": 1})
    changed(path, "INSERT INTO failure VALUES (?, 'verification', 'x')", KEYS[1])
    loosened(path)
    return path


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_damaged_row_is_named(loose, capsys, table, column):
    texts = column in ("version", "stage", "reason")
    for content in [b"\xff", None, 7] if texts else [*NOT_JSON, *OTHER_SHAPE]:
        if table == "certificate" and content in ("{}", '{"spec": 3}', '{"area_um2": null}'):
            continue  # any object is one
        changed(loose, f"UPDATE {table} SET {column} = ? WHERE key = ?", content, KEYS[1])
        known = [] if table == "design" else [f"({DESIGNS[1]})"]
        line = complains(loose, capsys, f"row {KEYS[1]} of table {table}", *known)
        assert column in line or table == "certificate"


#: Numbers that are null where they would be infinite or NaN.
MAY_LACK = ("sqnr_db", "kl_divergence")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no numbers of four bytes"),
        ("text", "no numbers of four bytes"),
        (b"123", "no numbers of four bytes"),
        (b"\0" * 400, "errors of shape (100,) for 360 samples"),
        (b"\0\0\x80\xbf" * 360, "errors below 0 or NaN"),
        (b"\0\0\xc0\x7f" * 360, "errors below 0 or NaN"),
    ],
)
def test_damaged_errors_are_named(loose, capsys, content, said):
    changed(loose, "UPDATE evaluation SET errors = ? WHERE key = ?", content, KEYS[1])
    assert said in complains(loose, capsys, f"row {KEYS[1]} of table evaluation", f"({DESIGNS[1]})")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "aims is no JSON"),
        ("{}", "aims lacks objectives"),
        ('{"objectives": 3, "where": []}', "aims.objectives is 3, not a list of texts"),
        ('{"objectives": ["speed", "area_um2"], "where": []}', "unknown column 'speed'"),
        ('{"objectives": ["energy_pj"], "where": []}', "at least two different ones"),
        ('{"objectives": ["energy_pj", "accuracy"], "where": ["x"]}', "'x' is no limit"),
    ],
)
def test_damaged_aims_are_told(loose, capsys, content, said):
    changed(loose, "UPDATE sweep SET aims = ?", content)
    for command in (["pareto", str(loose)], ["report", str(loose), "-o", f"{loose}.html"]):
        assert main(command) == 2
        assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text", "outcomes are no bytes"),
        (b"\1" * 100, "outcomes of shape (100,) for 360 samples"),
        (b"\4" * 360, "outcomes with unknown bits"),
    ],
)
def test_damaged_outcomes_are_named(loose, capsys, content, said):
    changed(loose, "UPDATE evaluation SET outcomes = ? WHERE key = ?", content, KEYS[1])
    assert said in complains(loose, capsys, f"row {KEYS[1]} of table evaluation", f"({DESIGNS[1]})")


def test_outcomes_are_kept_and_may_lack(tmp_path):
    done = evaluation(DESIGNS[0])
    with Store.create(tmp_path / "store.sqlite") as store:
        store.select({"with": DESIGNS[0], "without": DESIGNS[1]})
        store.add("with", done)
        store.add("without", replace(evaluation(DESIGNS[1]), outcomes=None))
        kept, none = store.rows()
        assert kept.outcomes.tolist() == done.outcomes.tolist()
        assert none.outcomes is None
        for wrong in (done.outcomes.astype(int), done.outcomes[1:], done.outcomes + np.uint8(4)):
            with pytest.raises(ValueError, match="outcomes"):
                store.add("other", replace(done, outcomes=wrong))


def test_errors_are_kept_bit_for_bit(tmp_path):
    with Store.create(tmp_path / "s.sqlite") as store:
        filled(store, DESIGNS)
        for row, design in zip(store.rows(), DESIGNS, strict=True):
            assert row.errors.dtype == np.float32
            assert np.array_equal(row.errors, evaluation(design).errors)


@pytest.mark.parametrize("document", ["facts", "cost", "accuracy"])
def test_every_member_is_checked(loose, capsys, document):
    table = "design" if document == "facts" else "evaluation"
    connection = sqlite3.connect(loose)
    select = f"SELECT {document} FROM {table} WHERE key = ?"
    (whole,) = connection.execute(select, (KEYS[1],)).fetchone()
    connection.close()
    whole = json.loads(whole)
    checked = 0
    for member in whole:
        for value in (..., None, [], {}, -1, "x", True, 1e999, 10**400, ["x"]):
            if value is None and (member.endswith("_error") or member in MAY_LACK):
                continue
            if value == -1 and member == "sqnr_db":
                continue
            if value is True and isinstance(whole[member], bool):
                continue
            if value == "x" and isinstance(whole[member], str):
                continue
            if value == [] and member == "breakdown":
                continue
            damaged = {k: v for k, v in whole.items() if k != member}
            if value is not ...:
                damaged[member] = value
            statement = f"UPDATE {table} SET {document} = ? WHERE key = ?"
            changed(loose, statement, json.dumps(damaged), KEYS[1])
            with (
                Store.open(loose) as store,
                pytest.raises(StoreError, match=f"{document}.*{member}"),
            ):
                store.rows()
            checked += 1
    assert checked > 30
    changed(loose, f"UPDATE {table} SET {document} = '{{}}' WHERE key = ?", KEYS[1])
    complains(loose, capsys, "lacks")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.sampled_from(["facts", "cost", "accuracy"]), st.data())
def test_whatever_a_document_holds_it_is_shown_or_named(loose, document, data):
    table = "design" if document == "facts" else "evaluation"
    connection = sqlite3.connect(loose)
    select = f"SELECT {document} FROM {table} WHERE key = ?"
    (kept,) = connection.execute(select, (KEYS[2],)).fetchone()
    (whole,) = connection.execute(select, (KEYS[3],)).fetchone()
    connection.close()
    members = json.loads(whole)
    for member in data.draw(st.lists(st.sampled_from(sorted(members)), min_size=1, max_size=2)):
        members[member] = data.draw(ANYTHING)
    statement = f"UPDATE {table} SET {document} = ? WHERE key = ?"
    changed(loose, statement, json.dumps(members), KEYS[2])
    said = []
    try:
        with Store.open(loose) as store:
            report(store, loose.parent / "report.html")
            store.frame().to_csv().encode()
    except StoreError as error:
        said.append(str(error))
    finally:
        changed(loose, statement, kept, KEYS[2])
    assert all(f"row {KEYS[2]} of table" in line and line.isprintable() for line in said)


def test_a_damaged_row_is_deleted_as_told_and_evaluated_again(loose, capsys):
    changed(loose, "UPDATE evaluation SET cost = '{}' WHERE key = ?", KEYS[1])
    line = complains(loose, capsys)
    statement = line.split('"')[1]
    assert statement.startswith("DELETE FROM evaluation WHERE key = ")
    changed(loose, statement)
    with Store.open(loose) as store:
        assert KEYS[1] not in store
        store.add(KEYS[1], evaluation(DESIGNS[1]))
        assert len(store.frame()) == 4


def test_tables_that_are_missing_or_others(path):
    for statement in ("DROP TABLE failure", "ALTER TABLE evaluation RENAME COLUMN cost TO price"):
        changed(path, statement)
        with Store.open(path) as store, pytest.raises(StoreError, match="not a usable hwdse store"):
            store.frame()


# --- what the system refuses -------------------------------------------------------------------


def refusal(action):
    with pytest.raises(StoreError) as raised:
        action()
    assert "move it away" not in str(raised.value)
    assert str(raised.value).isprintable()
    return str(raised.value)


def test_a_store_that_may_not_grow_is_full_not_damaged(path):
    with Store.open(path) as store:
        run = store._tables.connection.exec_driver_sql
        run(f"PRAGMA max_page_count = {run('PRAGMA page_count').scalar_one()}")

        def fill():
            for number in range(1000):
                store.add(f"more {number}", evaluation(DESIGNS[0]))

        assert "the disk is full; what is finished is kept" in refusal(fill)
        # The store goes on when there is room.
        run("PRAGMA max_page_count = 100000")
        store.add("later", evaluation(DESIGNS[0]))


@pytest.mark.parametrize("how", some(["disk", "limit"], 2))
def test_a_full_disk_is_called_so(tmp_path, how):
    # A disk of its own where the system allows one; a limit on the size of files anywhere.
    child = [sys.executable, Path(__file__).with_name("explore_full_disk.py"), tmp_path]
    mount = ["unshare", "--mount", "--map-root-user", *child, "disk"]
    tried = shutil.which("unshare") and subprocess.run([*mount[:3], "true"], check=False)
    allowed = tried and tried.returncode == 0
    command = mount if how == "disk" and allowed else [*child, "limit"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    for what in ("store", "report", "write", "generate", "temporary"):
        assert "disk is full" in said[what] or "largest size of a file" in said[what], said
        assert "move it away" not in said[what]
    assert said["finished"] > 0


def test_a_locked_store_is_in_use(path, monkeypatch):
    monkeypatch.setattr(sqlite_errors, "LOCK_SECONDS", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    with Store.open(path) as store:
        other.execute("BEGIN EXCLUSIVE")
        message = refusal(lambda: store.add("more", evaluation(DESIGNS[0])))
        assert "is in use by another process" in message
        assert "is in use by another process" in refusal(lambda: Store.create(path))
        other.execute("ROLLBACK")
        store.add("more", evaluation(DESIGNS[0]))
    other.close()


def test_two_processes_may_make_a_store_at_once(tmp_path):
    failures = []

    def make():
        try:
            Store.create(tmp_path / STORE_NAME).close()
        except HwdseError as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_store_that_is_read_only(path):
    with Store.open(path) as store:
        store._tables.connection.exec_driver_sql("PRAGMA query_only = 1")
        assert "read-only" in refusal(lambda: store.add("more", evaluation(DESIGNS[0])))


def test_names_that_are_not_utf_8(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    with Store.create(folder / STORE_NAME) as store:
        filled(store, DESIGNS)
    with Store.open(folder) as store:
        assert len(store.frame()) == 4
    (folder / STORE_NAME).write_bytes(b"x")
    with pytest.raises(StoreError) as raised:
        Store.open(folder)
    assert r"caf\xe9/store.sqlite" in str(raised.value)
    assert str(raised.value).isprintable()


def test_a_table_without_lines_has_the_columns_of_any_other(tmp_path):
    with Store.create(tmp_path / "s.sqlite") as store:
        empty = store.frame()
        filled(store, space(2).designs)
        # Keys of a design that no design of the table has are the only columns to differ.
        assert set(empty.columns) ^ set(store.frame().columns) <= {"b", "acc", "out", "unit"}
        assert list(empty.dtypes[["energy_pj", "correct"]].astype(str)) == ["float64", "Int64"]
    assert empty.empty
    assert pareto(empty).empty
