"""The explorer page in a real browser."""

import re
import shutil
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from explore_fakes import by_key, evaluation, filled, space
from explore_served import served

from hwdse.explore.space import Space
from hwdse.explore.store import Store

pytestmark = pytest.mark.long

DESIGNS = space().designs
_COUNT = "text => document.querySelector('#count').textContent.startsWith(text)"
_DRAWN = """() => document.querySelector('#scatter canvas')
    && document.querySelector('#count').textContent"""
_TESTED = "() => document.querySelector('#lead').textContent.endsWith('designs.')"
_ROWS = """count => count == [...document.querySelectorAll("#table .ag-cell[col-id='rank']")]
    .filter(cell => cell.textContent).length"""


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "Chromium is needed to look at the page: apt-get install chromium"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def store(tmp_path):
    with Store.create(tmp_path / "store.sqlite") as store:
        yield filled(store, DESIGNS)


@contextmanager
def opened(browser, address, designs=12):
    """The page, once it is drawn. Nothing may go wrong in the browser, or be loaded elsewhere."""
    page = browser.new_page(viewport={"width": 1400, "height": 2600})
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda answer: answer.status >= 400 and wrong.append(answer.url))
    page.on(
        "request",
        lambda asked: (
            urlsplit(asked.url).hostname not in ("127.0.0.1", "")
            and asked.url.startswith("http")
            and wrong.append(asked.url)
        ),
    )
    page.goto(address)
    page.wait_for_function(_DRAWN)
    page.wait_for_function(_COUNT, arg=f"{designs} of")
    page.wait_for_function(_TESTED)
    yield page
    page.close()
    assert wrong == []


def test_words_limits_and_objectives_select(store, browser):
    with served(store.path) as address, opened(browser, address) as page:
        page.wait_for_function(_ROWS, arg=12)
        page.fill("#only", "int8")
        page.wait_for_function(_COUNT, arg="3 of 12 designs")
        page.wait_for_function(_ROWS, arg=3)
        assert parse_qs(urlsplit(page.url).query) == {"only": ["int8"]}
        page.fill("#only", "size <= 3")
        page.wait_for_function("() => document.querySelector('#wrong').textContent")
        assert "unknown column 'size'" in page.inner_text("#wrong")
        page.fill("#only", "")
        page.wait_for_function("() => !document.querySelector('#wrong').textContent")
        page.wait_for_function(_COUNT, arg="12 of 12 designs")


def test_a_link_shows_what_it_was_copied_from(store, browser):
    with served(store.path) as address:
        link = f"{address}?x=area_um2&y=accuracy&only=e4m3fn&front=1"
        with opened(browser, link, designs=3) as page:
            assert page.url == link
            assert page.input_value("#only") == "e4m3fn"
            title = page.text_content("#scatter .xtitle")
            assert title == "Area (µm²)"
            assert page.is_checked("#front input")


def test_a_box_in_the_plot_becomes_limits(store, browser):
    with served(store.path) as address, opened(browser, address) as page:
        plot = page.locator("#scatter .nsewdrag").first.bounding_box()
        x, y, width, height = (plot[name] for name in ("x", "y", "width", "height"))
        page.mouse.move(x + 2, y + 2)
        page.mouse.down()
        page.mouse.move(x + width / 2, y + height - 2, steps=8)
        page.mouse.up()
        page.wait_for_function("() => document.querySelector('#only').value.includes('<=')")
        found = dict(re.findall(r"(energy_pj|sqnr_db) (?:<=) (\S+)", page.input_value("#only")))
        frame = store.frame()
        kept = frame[frame["energy_pj"] <= float(found["energy_pj"])]
        assert 0 < len(kept) < 12
        page.wait_for_function(_COUNT, arg=f"{len(kept)} of 12 designs")


def test_two_designs_are_compared(store, browser):
    with served(store.path) as address, opened(browser, address) as page:
        page.wait_for_function(_ROWS, arg=12)
        rows = page.locator("#table .ag-cell[col-id='rank']")
        rows.nth(1).click()
        page.wait_for_function("() => document.querySelectorAll('#compared th').length == 2")
        rows.nth(4).click()
        page.wait_for_function("() => document.querySelectorAll('#compared th').length == 4")
        head = page.locator("#compared th").all_inner_texts()
        frame = store.frame()
        assert head == ["", frame["design"][1], frame["design"][4], "difference"]
        first, second = frame["energy_pj"][1], frame["energy_pj"][4]
        line = page.locator("#compared tbody tr").first.inner_text().split("\t")
        assert line[0] == "Energy per MAC (pJ)"
        assert float(line[1]) == pytest.approx(first, rel=1e-3)
        assert line[3] == f"{100 * (second / first - 1):+.1f} %"
        assert page.inner_text("#blocks-title") == "Two designs"


def test_the_table_sorts_all_designs(store, browser):
    with served(store.path) as address, opened(browser, address) as page:
        page.wait_for_function(_ROWS, arg=12)
        page.locator("#table .ag-header-cell[col-id='energy_pj'] .ag-header-cell-label").click()
        least = store.frame()["energy_pj"].min()
        page.wait_for_function(
            "least => Math.abs(parseFloat(document.querySelector(\"#table [row-index='0'] "
            "[col-id='energy_pj']\").textContent) - least) < 1e-3 * least",
            arg=float(least),
        )


def test_the_selection_is_taken_away(store, browser, tmp_path):
    with served(store.path) as address, opened(browser, f"{address}?only=int8", designs=3) as page:
        for button, name in (("#csv", "selection.csv"), ("#space", "selection.toml")):
            with page.expect_download() as waiting:
                page.click(button)
            assert waiting.value.suggested_filename == name
            waiting.value.save_as(tmp_path / name)
    frame = store.frame()
    specs = frame["spec"][frame["a"] == "int8"].tolist()
    assert pd.read_csv(tmp_path / "selection.csv")["spec"].tolist() == specs
    designs = Space.load(tmp_path / "selection.toml").designs
    assert [str(design) for design in designs] == specs


def test_it_is_live(store, browser):
    store.select(by_key(DESIGNS[:5]))
    with served(store.path) as address, opened(browser, address, designs=5) as page:
        store.select(by_key(space(16).designs))
        page.wait_for_function(
            "() => document.querySelector('#lead').textContent.includes('of 16')"
        )
        page.wait_for_function(_COUNT, arg="12 of 12 designs")
        for design in space(16).designs[12:]:
            store.add(f"key of {design}", evaluation(design))
        page.wait_for_function(_COUNT, arg="16 of 16 designs")
