"""`hwdse serve`: the page is served, and errors are one line."""

import json
import socket
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from hwdse.cli import main
from hwdse.explore.store import Store

sys.path.insert(0, str(Path(__file__).parents[1] / "explore"))
from explore_fakes import filled, space
from explore_served import served


@pytest.fixture
def place(tmp_path):
    with Store.create(tmp_path / "store.sqlite") as store:
        filled(store, space().designs)
    return tmp_path


def test_it_serves_the_page_of_a_store(place):
    with served(place) as address:
        with urlopen(address) as answer:
            assert "<title>hwdse explorer</title>" in answer.read().decode()
        with urlopen(f"{address}_dash-layout") as answer:
            layout = json.dumps(json.load(answer))
        assert '"id": "scatter"' in layout
        with urlopen(f"{address}assets/page.css") as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--port", "80000"], "80000 is not in the range"), (["--sweep", "x"], "has no sweep 'x'")],
)
def test_wrong_options_are_one_line(place, capsys, arguments, said):
    assert main(["serve", str(place), *arguments]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "rror" in line]
    assert said in line


def test_a_port_in_use_is_one_line(place, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", str(place), "--port", str(port)]) == 2
    said = capsys.readouterr().err
    assert said.splitlines() == [
        f"hwdse: error: cannot serve on 127.0.0.1:{port}: Address already in use; give another "
        "--host or --port"
    ]


def test_without_dash_it_says_how_to_get_it(place, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("hwdse.explore.page.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "dash", None)
    assert main(["serve", str(place)]) == 2
    assert "needs dash, which is missing: pip install 'hwdse[page]'" in capsys.readouterr().err
