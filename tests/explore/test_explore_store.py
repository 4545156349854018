import hashlib
import sqlite3

import pytest
from explore_fakes import evaluation, space

from hwdse.errors import StoreError
from hwdse.explore.store import SCHEMA_VERSION, STORE_NAME, Store

DESIGNS = space(4).designs


@pytest.fixture
def path(tmp_path):
    path = tmp_path / STORE_NAME
    with Store.create(path) as store:
        store.select(map(str, DESIGNS))
        for design in reversed(DESIGNS):
            store.add(str(design), evaluation(design))
    return path


def test_rows_are_in_the_order_of_the_space(path):
    with Store.open(path) as store:
        assert len(store) == store.selected() == 4
        assert [row.spec for row in store.rows()] == [str(design) for design in DESIGNS]
        assert store.rows()[0].cost == evaluation(DESIGNS[0]).cost
        assert store.frame()["spec"].tolist() == [str(design) for design in DESIGNS]


def test_only_the_latest_selection_is_given(path):
    with Store.create(path) as store:
        store.select([str(DESIGNS[2]), "not finished", str(DESIGNS[1])])
        assert store.frame()["spec"].tolist() == [str(DESIGNS[2]), str(DESIGNS[1])]
        assert (store.selected(), len(store)) == (3, 4)


def test_a_key_has_one_row(path):
    with Store.create(path) as store:
        store.add(str(DESIGNS[0]), evaluation(DESIGNS[1]))
        assert len(store) == 4
        assert store.rows()[0].spec == str(DESIGNS[0])


def test_frame_has_spec_costs_and_accuracy(path):
    with Store.open(path.parent) as store:
        store.certify(str(DESIGNS[1]), {"vectors": 3})
        row = store.frame().iloc[1]
        assert store.rows()[1].certificate == {"vectors": 3}
    assert (row["a"], row["acc"], row["unit"], row["stages"]) == ("int4", "kulisch", "mac", 0)
    assert row["area_per_mac_um2"] == row["area_um2"] == pytest.approx(900 * row["energy_pj"])
    assert row["accuracy_low"] < row["accuracy"] < row["accuracy_high"]
    assert row["verified"]


def test_only_finished_designs_are_certified(path):
    with Store.open(path) as store, pytest.raises(StoreError, match="no finished design"):
        store.certify("unknown", {})


def test_empty_store_has_an_empty_frame(tmp_path):
    with Store.create(tmp_path / STORE_NAME) as store:
        assert store.frame().empty


def test_a_file_that_a_killed_process_left_empty_is_filled(tmp_path):
    path = tmp_path / STORE_NAME
    path.touch()
    with Store.create(path) as store:
        assert len(store) == 0


def foreign(path):
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE design (key TEXT)")
    connection.close()


def newer(path):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()


def text(path):
    path.write_text("not a database, whatever its name " * 100)


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scrambled(path):
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(range(256)) * 16
    path.write_bytes(bytes(content))


def row_that_is_no_json(path):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE design SET cost = '{'")
    connection.close()


DAMAGE = {
    foreign: "another program",
    newer: "schema 2, this version reads schema 1",
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


def test_damaged_row_is_an_error(path):
    row_that_is_no_json(path)
    with Store.open(path) as store, pytest.raises(StoreError, match="not a usable hwdse store"):
        store.frame()


def test_missing_store(tmp_path):
    for missing in (tmp_path, tmp_path / "none.sqlite"):
        with pytest.raises(StoreError, match=r"is not a store: give a store\.sqlite"):
            Store.open(missing)
    assert not list(tmp_path.iterdir())


def test_store_in_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="unable to open"):
        Store.create(tmp_path / "file" / STORE_NAME)
