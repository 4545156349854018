"""Sweeps into a database of a real PostgreSQL server."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from explore_fakes import FakeEvaluator, FakeGenerator, by_key, evaluation, filled, space
from explore_plugged import PORTS
from postgresql_server import Server, server

from hwdse.cli import explore as command
from hwdse.cli import main
from hwdse.errors import StoreError
from hwdse.explore import columns, measures
from hwdse.explore.database import STORE_NAME, versions
from hwdse.explore.database.schema import METADATA, REVISION, VERSION_TABLE
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.explore.store import Store

CHILD = Path(__file__).with_name("explore_child.py")
RESULTS = ("results.csv", "pareto.svg")


@pytest.fixture(scope="module")
def postgresql():
    with server() as running:
        yield running


@pytest.fixture
def url(postgresql: Server) -> str:
    return postgresql.database()


def swept(folder, place, designs=None, name="sweep"):
    return sweep(
        designs or space(),
        folder,
        store=place,
        name=name,
        jobs=1,
        evaluator=FakeEvaluator(log=folder.parent / f"{folder.name}.log"),
        generator=FakeGenerator(log=folder.parent / f"{folder.name}.rtl"),
    )


def engine_of(url):
    return sa.create_engine(
        url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool
    )


def execute(url, statement):
    with engine_of(url).begin() as connection:
        found = connection.execute(sa.text(statement))
        return found.fetchall() if found.returns_rows else None


def test_results_are_those_of_a_file(url, tmp_path, monkeypatch):
    monkeypatch.setattr(measures, "_REGISTERED", {})
    monkeypatch.setattr(columns, "_ADDED", {})
    measures.register(PORTS)
    given = replace(space(), measures=("ports",))
    there = swept(tmp_path / "there", url, given)
    here = swept(tmp_path / "here", None, given)
    assert here.frame["port_bits"].notna().all()
    pd.testing.assert_frame_equal(there.frame, here.frame)
    for name in RESULTS:
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()
    assert not (tmp_path / "there" / STORE_NAME).exists()
    assert there.files["store"] == url
    with Store.open(url) as store:
        assert store.path is None
        assert store.size_bytes > 10_000
        assert [row.certificate for row in store.rows()].count(None) < 12
    again = swept(tmp_path / "there", url, given)
    assert (again.computed, again.reused) == (0, 12)


def test_commands_take_the_url(url, tmp_path, capsys):
    swept(tmp_path / "there", url)
    file = tmp_path / "all.sqlite"
    for words in (
        ["pareto", url],
        ["report", url, "-o", str(tmp_path / "r.html")],
        ["advise", url],
        ["store", "ls", url],
        ["store", "show", url, "a=int8,acc=kulisch"],
        ["store", "merge", url, "-o", str(file)],
        ["store", "diff", url, str(file)],
        ["store", "rm", url, "a=int8,acc=kulisch"],
    ):
        assert main(words) == 0, capsys.readouterr().err
    assert "Equal: 12 designs." in capsys.readouterr().out
    with Store.open(url) as store, Store.open(file) as merged:
        assert (len(store), len(merged)) == (11, 12)


def test_two_sweeps_at_once_in_one_store(url, tmp_path):
    """Each in its own thread, with designs that both evaluate."""
    spaces = {"first": space(12), "second": Space(name="other", designs=space(16).designs[6:])}
    threads = [
        threading.Thread(target=swept, args=(tmp_path / name, url, one, name))
        for name, one in spaces.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store.open(url) as store:
        assert sorted(store.sweeps()) == ["first", "second"]
        assert len(store) == 16
    for name, one in spaces.items():
        alone = swept(tmp_path / f"alone {name}", None, one)
        with Store.open(url, name) as store:
            found = store.frame()
        # What is verified for one sweep is so for the other.
        found = found.drop(columns=["verified"])
        expected = alone.frame[found.columns].astype(found.dtypes.to_dict())
        pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("lines", [5, *(pytest.param(k, marks=pytest.mark.long) for k in (1, 9))])
def test_kill_9_and_again_gives_the_rows_of_an_uninterrupted_run(url, tmp_path, lines):
    log = tmp_path / "evaluated"
    words = [sys.executable, CHILD, tmp_path / "out", log, "0.1", "0.1", "2", "--store", url]
    path = os.pathsep.join([str(CHILD.parent), *filter(None, sys.path)])
    process = subprocess.Popen(words, env=os.environ | {"PYTHONPATH": path})
    deadline = time.monotonic() + 60
    while not log.exists() or len(log.read_text().splitlines()) < lines:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Store.open(url) as store:
        finished = len(store)
    result = swept(tmp_path / "out", url)
    assert result.reused == finished < 12
    swept(tmp_path / "whole", None)
    for name in RESULTS:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_lost_server_loses_nothing_that_was_finished(postgresql, url, tmp_path):
    with Store.create(url) as store:
        filled(store, space(2).designs)
        postgresql.stop()
        try:
            with pytest.raises(StoreError, match=r"cannot be reached: .*what is finished is kept"):
                store.add("more", evaluation(space(3).designs[2]))
            with pytest.raises(StoreError, match="cannot be reached"):
                Store.open(url)
        finally:
            postgresql.start()
    assert swept(tmp_path / "out", url).reused == 2


def test_resume_goes_on_without_the_space_file(url, tmp_path, monkeypatch, capsys):
    faked = partial(
        sweep,
        evaluator=FakeEvaluator(log=tmp_path / "log"),
        generator=FakeGenerator(log=tmp_path / "rtl"),
    )
    swept(tmp_path / "out", url)
    with Store.open(url) as store:
        store.remove(list(by_key(space().designs))[:3])
        store.select(by_key(space().designs), store.asked())
    monkeypatch.setattr(command, "run_sweep", faked)
    assert main(["resume", url]) == 2
    assert "a store on a server has no output folder: give -o" in capsys.readouterr().err
    status = main(["resume", url, "-o", str(tmp_path / "out"), "--jobs", "1"])
    assert status == 0, capsys.readouterr().err
    assert len(FakeEvaluator(log=tmp_path / "log").calls()) == 3
    with Store.open(url) as store:
        assert len(store.frame()) == 12


# --- what cannot be used -----------------------------------------------------------------------


def test_servers_and_urls_that_are_none(postgresql, tmp_path):
    for place, said in (
        ("mysql://localhost/sweeps", "a store is a file, a folder, or postgresql://"),
        ("postgresql://localhost:port/x", "is no URL like postgresql://"),
        (postgresql.url("none"), "cannot be opened: .*does not exist.*createdb"),
        (f"postgresql://postgres@/x?host={tmp_path}", "cannot be reached"),
        (postgresql.database(), "holds no store yet: run hwdse explore"),
    ):
        with pytest.raises(StoreError, match=said) as raised:
            Store.open(place)
        assert "\n" not in str(raised.value)


def test_passwords_are_not_shown():
    with pytest.raises(StoreError) as raised:
        Store.create("postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in str(raised.value)
    assert "me:***@127.0.0.1" in str(raised.value)


def test_other_tables_and_later_versions_are_never_touched(url):
    execute(url, "CREATE TABLE design (number integer)")
    with pytest.raises(StoreError, match=r"has tables of another program \(design\)"):
        Store.create(url)
    execute(url, "DROP TABLE design")
    Store.create(url).close()
    execute(url, f"UPDATE {VERSION_TABLE} SET version_num = '0099'")
    with pytest.raises(StoreError, match="schema 99, of a later version; this version reads"):
        Store.open(url)


def test_a_user_who_may_not_write(url):
    Store.create(url).close()
    name = sa.make_url(url).database
    execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with Store.open(url) as store, pytest.raises(StoreError, match="cannot be written"):
        filled(store, space(1).designs)


def test_a_damaged_row_is_deleted_as_told(url):
    with Store.create(url) as store:
        filled(store, space(3).designs)
        execute(url, "UPDATE evaluation SET cost = '{}' WHERE key LIKE '%e4m3fn%'")
        with pytest.raises(
            StoreError, match=r"lacks area_um2; delete it \(psql postgresql:"
        ) as told:
            store.rows()
        execute(url, str(told.value).split('"')[1])
        assert len(store.rows()) == 2


def test_migrations_make_the_tables_of_this_version(postgresql):
    made, migrated = postgresql.database(), postgresql.database()
    Store.create(made).close()
    with engine_of(migrated).begin() as connection:
        versions.upgrade(connection, "")
        assert versions.revision_of(connection) == REVISION
    first, second = (sa.inspect(engine_of(one)) for one in (made, migrated))
    assert set(first.get_table_names()) == {*METADATA.tables, VERSION_TABLE}
    for table in first.get_table_names():
        for facts in ("columns", "pk_constraint", "foreign_keys", "indexes"):
            one, other = (getattr(found, f"get_{facts}")(table) for found in (first, second))
            assert str(one) == str(other), table
