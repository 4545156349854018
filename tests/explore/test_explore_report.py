import base64
import gzip
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape
from html.parser import HTMLParser

import pytest
from explore_fakes import by_key, evaluation, filled, space

from hwdse.errors import OutputError, StoreError
from hwdse.explore.advice import advise
from hwdse.explore.aims import Aims
from hwdse.explore.front import pareto
from hwdse.explore.paired import Paired
from hwdse.explore.reporting import report
from hwdse.explore.standing import standing
from hwdse.explore.store import RTL_FOLDER, Store
from hwdse.spec import Design

DESIGNS = space().designs


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "store.sqlite") as store:
        yield filled(store, DESIGNS)


class Page(HTMLParser):
    """What a browser would load, and the cells of the table."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.rows, self.links, self.inside = [], [], [], ["", None]
        self.texts = {"data": "", "plotly": ""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.inside = [tag, attributes.get("id")]
        self.loaded += [v for k, v in attributes.items() if k in ("src", "srcset", "data")]
        if tag in ("link", "base", "iframe", "object"):
            self.loaded.append(tag)
        if tag == "a":
            self.links.append(attributes["href"])
        if tag == "tr":
            self.rows.append((attributes.get("class"), []))
        if tag in ("td", "th"):
            self.rows[-1][1].append("")

    def handle_endtag(self, tag):
        self.inside = ["", None]

    def unpacked(self, name):
        return gzip.decompress(base64.b64decode(self.texts[name])).decode()

    @property
    def data(self):
        return json.loads(self.unpacked("data"))

    def handle_data(self, data):
        if self.inside[0] == "script" and self.inside[1] in self.texts:
            self.texts[self.inside[1]] += data
        if self.inside[0] in ("td", "th", "button", "a") and self.rows:
            self.rows[-1][1][-1] += data


def test_page_is_complete_and_loads_nothing(store, tmp_path):
    path = report(store, tmp_path / "report.html")
    text = path.read_text()
    page = Page(text)
    assert page.loaded == []
    assert "@import" not in text.split("<script", 1)[0]
    assert "url(" not in text.split("<script", 1)[0]
    assert "plotly.js v" in page.unpacked("plotly")


def test_table_has_a_row_per_design_and_marks_the_front(store, tmp_path):
    page = Page(report(store, tmp_path / "report.html").read_text())
    (_, head), *rows = page.rows
    frame = store.frame()
    assert head[:4] == ["Design", "Rank", "On front (%)", "Energy per MAC (pJ)"]
    assert [cells[0] for _, cells in rows] == frame["design"].tolist()
    assert {len(cells) for _, cells in rows} == {len(head)}
    marked = [cells[0] for mark, cells in rows if mark == "front"]
    assert sorted(marked) == sorted(pareto(frame)["design"])
    accuracy = head.index("Accuracy (%)")
    assert [cells[accuracy] for _, cells in rows] == [f"{100 * a:.2f}" for a in frame["accuracy"]]


def test_data_holds_every_point_and_every_front(store, tmp_path):
    data = Page(report(store, tmp_path / "report.html").read_text()).data
    frame = store.frame()
    assert [d["energy_pj"] for d in data["designs"]] == frame["energy_pj"].tolist()
    assert list(data["fronts"]) == [""]
    for name, front in data["fronts"][""].items():
        x, y = name.split()
        assert set(frame["design"].iloc[front]) == set(pareto(frame, Aims.of(x, y))["design"])
        assert frame[x].iloc[front].is_monotonic_increasing
    assert len(data["fronts"][""]) == 21
    assert data["front"] in data["fronts"][""]
    assert [d["rank"] for d in data["designs"]] == frame["rank"].tolist()
    assert data["blocks"] == ["decode", "multiply", "accumulate", "encode", "registers"]
    assert data["designs"][0]["blocks"]["multiply"]["energy_pj"] == pytest.approx(
        0.4 * frame["energy_pj"][0]
    )


def test_facts_and_notes_say_what_the_numbers_are(store, tmp_path):
    text = report(store, tmp_path / "report.html").read_text()
    for fact in (
        "fake",
        "top-1 accuracy",
        "360",
        "98.06%",
        "95%",
        "nangate45",
        "analytic",
        "1.2.3",
    ):
        assert f"<dd>{fact}</dd>" in text
    assert "The error on whole designs is not measured yet" in text


def test_advice_is_that_of_the_command(store, tmp_path):
    text = report(store, tmp_path / "report.html").read_text()
    section = text.split('id="advice-title"')[1].split("</section>")[0]
    found = advise(store.rows(), store.aims())
    assert len(found) >= 3
    assert re.findall("<li>(.*)</li>", section) == [escape(item.text) for item in found]


def test_measured_error_is_stated(tmp_path):
    with Store.create(tmp_path / "store.sqlite") as store:
        store.select({"key": DESIGNS[0]})
        done = evaluation(DESIGNS[0])
        cost = {**done.cost, "area_error": 0.12, "delay_error": 0.2}
        store.add("key", replace(done, cost=cost))
        text = report(store, tmp_path / "report.html").read_text()
    assert "90 % lie within ±12% for area, ±20% for delay" in text


def test_everything_foreign_is_escaped(tmp_path):
    evil = "</script><script>alert(1)</script>\"'&<b>"
    with Store.create(tmp_path / "store.sqlite") as store:
        store.select({"key": DESIGNS[0]})
        done = evaluation(DESIGNS[0])
        breakdown = [{"name": evil, "area_um2": 1.0, "energy_pj": 1.0}]
        cost = {**done.cost, "technology": evil, "method": evil, "breakdown": breakdown}
        accuracy = {**done.accuracy, "network": evil, "metric": evil}
        store.add("key", replace(done, cost=cost, accuracy=accuracy, version=evil))
        text = report(store, tmp_path / "report.html").read_text()
    assert "alert(1)</script>" not in text
    assert "<script>alert" not in text
    assert Page(text).data["blocks"] == [evil]


def test_missing_values_are_shown_as_such(tmp_path):
    with Store.create(tmp_path / "store.sqlite") as store:
        store.select({"key": DESIGNS[0], "other": DESIGNS[1]})
        done = evaluation(DESIGNS[0])
        store.add("key", replace(done, accuracy={**done.accuracy, "agreement": float("nan")}))
        store.add("other", evaluation(DESIGNS[1]))
        text = report(store, tmp_path / "report.html").read_text()
    assert Page(text).rows[1][1][-2] == "–"
    assert Page(text).data["designs"][0]["agreement"] is None


def test_verilog_is_linked_relative_to_the_report(store, tmp_path):
    for design in DESIGNS[2:5]:
        store.certify(f"key of {design}", {"vectors": 5})
    # The second folder is an earlier design's of the same name, the third is gone.
    for design, vectors in zip(DESIGNS[2:4], (5, 6), strict=True):
        folder = tmp_path / RTL_FOLDER / design.slug
        folder.mkdir(parents=True)
        (folder / "certificate.json").write_text(json.dumps({"vectors": vectors}))
    (tmp_path / "elsewhere").mkdir()
    page = Page(report(store, tmp_path / "elsewhere" / "report.html").read_text())
    assert page.links == [f"../rtl/{DESIGNS[2].slug}/"]
    assert [cells[-1] for _, cells in page.rows[1:6]] == ["", "", *["verified"] * 3]


def test_unfinished_sweep_is_said_to_be_one(store, tmp_path):
    store.select(by_key([*DESIGNS, Design.parse("a=int4,acc=int:32")]))
    assert "12 of 13 designs" in report(store, tmp_path / "report.html").read_text()


def test_nothing_to_report_and_nowhere_to_write(store, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        report(store, tmp_path / "none" / "report.html")
    store.select({})
    with pytest.raises(StoreError, match="no finished design yet"):
        report(store, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.long
def test_report_in_chromium_shows_scatter_breakdown_and_table(store, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is needed to look at the report: apt-get install chromium"
    path = report(store, tmp_path / "report.html")
    done = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={tmp_path / 'chromium'}",
            "--window-size=1400,2400",
            "--virtual-time-budget=20000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    dom = done.stdout
    scatter = dom.split('id="scatter"')[1].split('id="blocks-area"')[0]
    front = len(pareto(store.frame()))
    # Plotly draws a path per point: the designs, and the circles of the front.
    assert len(re.findall(r'<path class="point"', scatter)) == len(DESIGNS) + front
    assert "Energy per MAC (pJ)" in scatter
    for chart in ("blocks-area", "blocks-energy"):
        bars = dom.split(f'id="{chart}"')[1].split("</section>")[0]
        assert len(re.findall(r'<g class="point"', bars)) >= 5 * front
    assert f"{len(DESIGNS)} of {len(DESIGNS)}" in dom
    body = dom.split("<tbody>")[1].split("</tbody>")[0]
    assert len(re.findall("<tr", body)) == len(DESIGNS)
    assert 'hidden=""' not in body


def test_designs_that_errors_of_estimates_could_move_are_marked(store, tmp_path):
    text = report(store, tmp_path / "report.html").read_text()
    unsure = int(standing(store.frame(), paired=Paired.of(store.rows())).undecided.sum())
    assert text.count("<tr") - text.count("<tr>") >= text.count(" data-undecided>") == unsure
    assert "is undecided (≈ before its name)" in text


@pytest.mark.long
def test_a_thousand_designs_take_less_than_5_mb(tmp_path):
    designs = [
        Design.parse(f"a={name},acc={acc},unit=dot,lanes={lanes},stages={stages}")
        for name in ("int8", "int4", "int6", "int5", "int7")
        for acc in ("int:32", "kulisch", "int:24:sat", "int:28")
        for lanes in range(2, 12)
        for stages in range(5)
    ]
    with Store.create(tmp_path / "store.sqlite") as store:
        filled(store, designs)
        assert len(store) == len(designs) == 1000
        assert report(store, tmp_path / "report.html").stat().st_size < 5e6
