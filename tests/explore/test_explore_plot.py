import xml.etree.ElementTree as ET

import numpy as np
import pytest
from explore_fakes import filled, space

from hwdse.errors import HwdseError, OutputError
from hwdse.explore import plotting
from hwdse.explore.aims import Aims
from hwdse.explore.axis import ChartAxis
from hwdse.explore.columns import COLUMNS, column
from hwdse.explore.front import pareto
from hwdse.explore.plotting import plot
from hwdse.explore.store import Store
from hwdse.explore.style import PALETTE, Style


@pytest.fixture
def frame(tmp_path):
    with Store.create(tmp_path / "store.sqlite") as store:
        return filled(store, space().designs).frame()


def test_png_and_svg_are_written(frame, tmp_path):
    png, svg = plot(frame, tmp_path / "pareto")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert png.stat().st_size > 20_000
    assert ET.parse(svg).getroot().tag.endswith("svg")
    assert (png.name, svg.name) == ("pareto.png", "pareto.svg")


def test_same_results_give_the_same_bytes(frame, tmp_path):
    first = [path.read_bytes() for path in plot(frame, tmp_path / "one")]
    second = [path.read_bytes() for path in plot(frame, tmp_path / "two")]
    assert first == second


def test_numbers_of_the_front_cover_neither_points_nor_each_other(frame):
    figure = plotting._draw(frame, Aims.of("energy_pj", "accuracy"))
    axes = figure.axes[0]
    front = pareto(frame)
    numbers = {text.get_text(): text for text in axes.texts if text.get_text().isdigit()}
    assert list(numbers) == [str(n) for n in range(1, len(front) + 1)]
    boxes = [text.get_window_extent() for text in numbers.values()]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])
        ys = ChartAxis.of(column("accuracy"), frame).place(front["accuracy"])
        for x, y in zip(np.log10(front["energy_pj"]), ys, strict=True):
            assert not box.contains(*axes.transData.transform((x, y)))


def test_key_names_the_designs_of_the_front(frame):
    figure = plotting._draw(frame, Aims.of("energy_pj", "accuracy"))
    texts = "\n".join(text.get_text() for text in figure.texts)
    for design in pareto(frame)["design"]:
        assert design in texts
    assert "12 designs · fake, 360 test samples, 95 % intervals · nangate45, analytic cost" in texts


def test_measured_error_of_the_cost_is_stated(frame):
    figure = plotting._draw(frame.assign(area_error=0.27), Aims.of("area_um2", "accuracy"))
    assert any("analytic cost (90 % within ±27%)" in text.get_text() for text in figure.texts)


def test_axes_are_titled_with_units_and_marked_with_values(frame):
    axes = plotting._draw(frame, Aims.of("energy_pj", "accuracy")).axes[0]
    assert axes.get_xlabel() == "Energy per MAC (pJ)"
    assert axes.get_ylabel() == "Accuracy (%), spread by error rate"
    for axis, transform in ((axes.xaxis, np.log10), (axes.yaxis, lambda p: -np.log10(100 - p))):
        texts = [float(text.get_text()) for text in axis.get_ticklabels()]
        assert len(texts) >= 3
        assert axis.get_ticklocs() == pytest.approx([transform(value) for value in texts])


def test_error_axis_places_right_answers_at_half_a_sample(frame):
    axis = ChartAxis.of(column("accuracy"), frame)
    assert axis.place([0.0, 0.9, 0.99]) == pytest.approx([-2, -1, 0])
    assert axis.place(1.0) == pytest.approx(-np.log10(50 / 360))
    assert sorted(axis.ticks(-2, 1)[1], key=float)[-2:] == ["99.8", "100"]


@pytest.mark.parametrize("x", [c.name for c in COLUMNS if not c.needs])
@pytest.mark.parametrize("y", ["agreement", "delay_ns"])
def test_any_two_quantities_can_be_drawn(frame, tmp_path, x, y):
    png, _ = plot(frame, tmp_path / "pareto", Aims.of(*dict.fromkeys([x, y, "area_um2"])))
    assert png.stat().st_size > 10_000


def test_one_design_can_be_drawn(frame, tmp_path):
    plot(frame[:1], tmp_path / "pareto")


ODD = ["$\\frac{$", "a$b", "$", "\\$x$", "_", "數😀", "<b>&"]


@pytest.mark.parametrize("name", ODD)
def test_no_name_is_a_formula(frame, tmp_path, name):
    odd = frame.assign(a=name, b=name, mul=name, design=name, network=name, technology=name)
    odd["method"] = odd["metric"] = odd["spec"] = name
    png, svg = plot(odd, tmp_path / "pareto")
    assert png.stat().st_size > 10_000
    ET.parse(svg)
    figure = plotting._draw(odd, Aims.of("energy_pj", "accuracy"))
    assert any(name in text.get_text() for text in figure.texts)


def test_designs_that_failed_are_counted_and_not_drawn(frame, tmp_path):
    failed = frame.copy()
    failed.loc[3:5, ["energy_pj", "area_um2", "accuracy", "samples", "network"]] = None
    figure = plotting._draw(failed, Aims.of("energy_pj", "accuracy"))
    texts = "\n".join(text.get_text() for text in figure.texts)
    assert "9 designs · fake, 360 test samples" in texts
    assert "3 designs failed" in texts
    failed["energy_pj"] = None
    png, _ = plot(failed.astype({"energy_pj": "float64"}), tmp_path / "none")
    assert png.stat().st_size > 1000


def test_what_has_no_place_on_an_axis_is_left_out(frame, tmp_path):
    frame.loc[0, "energy_pj"] = 0.0
    frame.loc[1, "accuracy"] = float("nan")
    plot(frame, tmp_path / "pareto")
    assert plotting._drawable(frame, column("energy_pj"), column("accuracy"))[0].index[0] == 2


def test_bad_column_and_bad_folder(frame, tmp_path):
    with pytest.raises(HwdseError, match="unknown column 'speed'"):
        plot(frame, tmp_path / "pareto", Aims.of("speed", "accuracy"))
    with pytest.raises(OutputError, match="cannot be written: No such file"):
        plot(frame, tmp_path / "none" / "pareto")


def test_more_formats_than_colours_start_over(frame):
    many = frame.loc[[0] * 12].assign(a=[f"int{n}" for n in range(2, 14)])
    many["b"] = many["a"]
    colours = Style.of(many).colours
    assert len(colours) == 12
    assert colours["int2"] == colours["int12"] == PALETTE[0]
