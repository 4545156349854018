"""Measures that plug in: their columns, their place in the store, and what is refused."""

import importlib
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from explore_fakes import FakeEvaluator, FakeGenerator, space
from explore_plugged import PORTS, Elsewhere, Ports
from sampled import some

from hwdse.cli import main
from hwdse.errors import FailedDesignsError, HwdseError, SearchError, SpaceError, StoreError
from hwdse.explore import columns, measures
from hwdse.explore.aims import Aims
from hwdse.explore.columns import Column
from hwdse.explore.database import STORE_NAME
from hwdse.explore.evaluation import DesignEvaluator
from hwdse.explore.measures import measure_named, register
from hwdse.explore.page.catalogue import Catalogue
from hwdse.explore.run import sweep
from hwdse.explore.space import Space
from hwdse.explore.store import Store

DOCUMENT = Path(__file__).parents[2] / "docs" / "measures.md"


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    """No measure and no column of one is known before or after a test."""
    monkeypatch.setattr(measures, "_REGISTERED", {})
    monkeypatch.setattr(columns, "_ADDED", {})


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package that offers the measure."""
    folder = tmp_path / "site"
    described = folder / "plugged-1.0.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text(
        "[hwdse.measures]\nports = explore_plugged:PORTS\nnone = explore_plugged:NONE\n"
        "other = explore_plugged:PORTS\n"
    )
    monkeypatch.syspath_prepend(folder)
    importlib.invalidate_caches()


def swept(folder, measure, *, given=None, jobs=1, **more):
    folder.mkdir(exist_ok=True)
    register(measure)
    settings = {"evaluator": FakeEvaluator(log=folder / "log")} | more
    given = replace(given or space(6), measures=("ports",))
    generator = FakeGenerator(log=folder / "proofs")
    return sweep(given, folder / "out", jobs=jobs, generator=generator, **settings)


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("jobs", some([2, 1], 2))
def test_a_sweep_has_the_columns_of_its_measures(tmp_path, installed, jobs):
    file = tmp_path / "space.toml"
    designs = "\n".join(f'"{design}",' for design in space(6).designs)
    file.write_text(
        f'measures = ["ports"]\nobjectives = ["port_bits", "sqnr_db"]\ndesigns = [{designs}]\n'
    )
    given = Space.load(file)
    assert Space.parse(given.to_toml(), str(file)) == given
    result = sweep(
        *(given, tmp_path / "out"),
        jobs=jobs,
        evaluator=FakeEvaluator(log=tmp_path / "log"),
        generator=FakeGenerator(log=tmp_path / "proofs"),
    )
    table = pd.read_csv(result.files["results"])
    for frame in (result.frame, table):
        for design, bits, codes in zip(
            given.designs, frame["port_bits"], frame["codes"], strict=True
        ):
            found = PORTS(design)
            assert bits == found["port_bits"]
            assert codes == found["codes"] or (pd.isna(codes) and found["codes"] is None)
    assert {"port_bits", "codes"} < set(result.frame.select_dtypes("float64"))
    assert "Bits of all ports" in result.files["report"].read_text()
    assert "Bits of all ports" in result.files["plot_svg"].read_text()
    # Fewest bits of ports are on the front.
    assert result.front["port_bits"].min() == result.frame["port_bits"].min()


@pytest.mark.usefixtures("no_files")
def test_nothing_is_measured_twice(tmp_path):
    measure = Ports(log=tmp_path / "measured")
    first = swept(tmp_path / "sweep", measure)
    interfaces = {measure.identity(design) for design in space(6).designs}
    before = lines(measure.log)
    assert len(before) == len(set(before)) >= len(interfaces)
    again = swept(tmp_path / "sweep", measure)
    pd.testing.assert_frame_equal(first.frame, again.frame)
    # Other keys, as of another clock: what was measured holds for the same interfaces.
    evaluator = Elsewhere(log=tmp_path / "other")
    other = swept(tmp_path / "sweep", measure, evaluator=evaluator, name="other")
    assert other.frame["port_bits"].tolist() == first.frame["port_bits"].tolist()
    assert lines(measure.log) == before


@pytest.mark.usefixtures("no_files")
def test_another_identity_is_measured_anew(tmp_path):
    measure = Ports(log=tmp_path / "measured")
    swept(tmp_path / "sweep", measure)
    before = len(lines(measure.log))

    class Newer(Ports):
        def identity(self, design):
            return f"second version {design}"

    swept(tmp_path / "sweep", Newer(log=measure.log))
    assert len(lines(measure.log)) == before + 6


@pytest.mark.usefixtures("no_files")
def test_who_reads_a_store_needs_no_measure(tmp_path, monkeypatch, capsys):
    swept(tmp_path / "sweep", PORTS)
    monkeypatch.setattr(measures, "_REGISTERED", {})
    monkeypatch.setattr(columns, "_ADDED", {})
    store = str(tmp_path / "sweep" / "out")
    assert main(["pareto", store, "--x", "port_bits", "--where", "codes >= 2"]) == 0
    assert capsys.readouterr().out.startswith("Pareto front of bits of all ports and rank")
    monkeypatch.setattr(columns, "_ADDED", {})
    shown = Catalogue(place=store).now.columns
    assert {"port_bits", "codes"} < {column.name for column in shown}
    with Store.open(store) as opened:
        assert [column.name for column in opened.asked().columns] == ["port_bits", "codes"]
        assert opened.frame()["port_bits"].dtype == "float64"
    assert main(["report", store, "-o", str(tmp_path / "r.html")]) == 0
    assert main(["store", "show", store, str(space(1).designs[0])]) == 0
    assert "port_bits" in capsys.readouterr().out


@pytest.mark.usefixtures("no_files")
def test_sweeps_of_other_measures_show_their_own(tmp_path):
    swept(tmp_path / "sweep", PORTS)
    evaluator, generator = FakeEvaluator(log=tmp_path / "l"), FakeGenerator(log=tmp_path / "p")
    store = tmp_path / "sweep" / "out" / STORE_NAME
    plain = sweep(
        *(space(6), tmp_path / "plain"),
        **{"store": store, "name": "plain", "jobs": 1},
        **{"evaluator": evaluator, "generator": generator},
    )
    assert plain.reused == 6
    assert "port_bits" not in plain.frame


@pytest.mark.usefixtures("no_files")
def test_stores_that_are_joined(tmp_path):
    with pytest.raises(FailedDesignsError):
        swept(tmp_path / "failed", Ports(broken="a=e4m3fn"))
    swept(tmp_path / "whole", PORTS)
    places = [tmp_path / name / "out" / STORE_NAME for name in ("failed", "whole")]
    with Store.create(places[0]) as first, Store.open(places[1]) as second:
        assert first.take(second) == 6
        wanted, found = second.frame(), first.frame()
    assert found["failure"].eq("").all()
    pd.testing.assert_frame_equal(found, wanted)


@pytest.mark.usefixtures("no_files")
def test_failures_are_told_and_tried_again(tmp_path):
    with pytest.raises(FailedDesignsError, match="no ports today") as raised:
        swept(tmp_path / "sweep", Ports(broken="a=e4m3fn"))
    frame = raised.value.result.frame
    failed = frame[frame["failure"] != ""]
    assert set(failed["a"]) == {"e4m3fn"}
    assert (raised.value.result.computed, raised.value.result.reused) == (6, 0)
    assert failed["failure"].str.startswith("measurement of ports failed: no ports today").all()
    assert frame[frame["failure"] == ""]["port_bits"].notna().all()
    assert swept(tmp_path / "sweep", Ports()).failures.empty


@pytest.mark.parametrize(
    "values", [{"port_bits": 3}, {"port_bits": 3, "codes": float("nan")}, {}, None]
)
@pytest.mark.usefixtures("no_files")
def test_wrong_values_are_failures(tmp_path, values):
    class Wrong(Ports):
        def __call__(self, design):
            return values

    with pytest.raises(FailedDesignsError, match=r"unusable result: ports gave"):
        swept(tmp_path / "sweep", Wrong())


@pytest.mark.usefixtures("no_files")
def test_a_damaged_measurement_names_its_row(tmp_path):
    swept(tmp_path / "sweep", PORTS)
    path = tmp_path / "sweep" / "out"
    with Store.create(path / STORE_NAME) as store, store._tables.transaction():
        store._tables.change("UPDATE measurement SET document = '{}'", [{}])
    with Store.open(path) as store, pytest.raises(StoreError, match="of table measurement"):
        store.rows()


def test_measures_that_are_none(installed):
    for name, why in (
        ("nothing", "unknown measure 'nothing': installed are none, other, ports"),
        ("none", "measure none cannot be loaded: "),
        ("other", "measure other: explore_plugged:PORTS is called otherwise"),
    ):
        with pytest.raises(HwdseError, match=why):
            measure_named(name)
        with pytest.raises(SpaceError, match=rf"^file:1: {why}"):
            Space.parse(f'measures = ["{name}"]', "file")


def named(name, title="Title"):
    return Ports(columns=(Column(name=name, title=title, unit=""),))


def test_columns_that_cannot_be(tmp_path):
    register(PORTS)
    register(PORTS)
    for measure, why in (
        (named("energy_pj"), "measure ports: column energy_pj is one of every table"),
        (named("rank"), "column rank is one of every table"),
        (named("Port bits"), "a name of small letters, digits and _"),
        (named("port_bits"), "column port_bits has the name of another column"),
        (
            Ports(columns=(Column(name="x", title="Bits", unit="", margin="delay_error"),)),
            "column x: delay_error is no column of the same measure",
        ),
        (Ports(columns=()), "measure ports: no columns"),
        (Ports(name="my ports"), "a measure cannot be called 'my ports'"),
        (object(), "is no measure: it lacks name, columns, identity, __call__"),
    ):
        with pytest.raises(HwdseError, match=why):
            register(measure)
    with pytest.raises(SpaceError, match="the key measures is missing, which port_bits needs"):
        Space.parse(
            'objectives = ["port_bits", "sqnr_db"]\ndesigns = ["a=int8,acc=int:32"]', "file"
        )


@pytest.mark.long
def test_the_commands_of_the_documentation(tmp_path, monkeypatch, capsys):
    text = DOCUMENT.read_text()
    module, points, wanted = re.findall(r"```(?:python|toml)\n(.*?)```", text, re.DOTALL)
    site = tmp_path / "site"
    (site / "mine-1.dist-info").mkdir(parents=True)
    (site / "my_measures.py").write_text(module)
    (site / "mine-1.dist-info" / "METADATA").write_text("Name: mine\nVersion: 1\n")
    table = tomllib.loads(points)["project"]["entry-points"]["hwdse.measures"]
    (site / "mine-1.dist-info" / "entry_points.txt").write_text(
        "[hwdse.measures]\n" + "".join(f"{name} = {value}\n" for name, value in table.items())
    )
    monkeypatch.syspath_prepend(site)
    (tmp_path / "space.toml").write_text('network = "digits"\nsamples = 20\n' + wanted)
    register(PORTS)
    folder = tmp_path / "out"
    assert main(["explore", str(tmp_path / "space.toml"), "-o", str(folder), "--jobs", "2"]) == 0
    frame = pd.read_csv(folder / "results.csv")
    assert frame["price_ct"].tolist() == pytest.approx(frame["area_um2"] * 9e-3)
    assert "price of 1,000 units" in capsys.readouterr().out


@pytest.mark.usefixtures("no_files")
def test_a_search_refuses_them(tmp_path):
    register(PORTS)
    evaluator = DesignEvaluator.prepare("digits", 9, "nangate45")
    for objectives, why in (
        (("port_bits", "sqnr_db"), "port_bits: a search needs a cost that is known"),
        (("energy_pj", "codes"), "codes: a search needs a quality that every evaluation has"),
    ):
        given = replace(space(6), aims=Aims.of(*objectives), budget="3")
        with pytest.raises(SearchError, match=why):
            swept(tmp_path / "sweep", PORTS, given=given, evaluator=evaluator)
