import xml.etree.ElementTree as ET

import pytest

from hwdse import Design
from hwdse.cost.system import estimate_system, load_machine
from hwdse.errors import OutputError
from hwdse.explore import roofline
from hwdse.explore.roofline import plot_roofline
from hwdse.spec import Workload


@pytest.fixture(scope="module")
def cost():
    workloads = [
        Workload(site=f"layers.{i}.attention.output.projection$x^2", m=i, k=64, n=64)
        for i in range(1, 31)
    ]
    return estimate_system(Design.parse("a=int8,acc=int:32"), workloads, load_machine("edge"))


def test_png_and_svg_are_written_and_the_same_each_time(cost, tmp_path):
    png, svg = plot_roofline(cost, "net", tmp_path / "one.two")
    assert (png.name, svg.name) == ("one.two.png", "one.two.svg")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert ET.parse(svg).getroot().tag.endswith("svg")
    again = plot_roofline(cost, "net", tmp_path / "again")
    assert [path.read_bytes() for path in again] == [png.read_bytes(), svg.read_bytes()]


def test_every_layer_is_drawn_at_its_place(cost):
    figure = roofline._draw(cost, "net")
    axes = figure.axes[0]
    drawn = {tuple(place) for points in axes.collections for place in points.get_offsets()}
    assert drawn == {(p.macs_per_byte, p.gmacs_per_s) for p in cost.roofline.points}
    # One colour for each limit, told in the legend.
    assert len(axes.collections) == len({point.bound for point in cost.roofline.points})
    # The line bends at the ridge, and no layer lies above it.
    xs, ys = axes.lines[0].get_data()
    ridge = cost.roofline.ridge_macs_per_byte
    assert ridge in xs
    assert ys[list(xs).index(ridge)] == pytest.approx(cost.roofline.peak_gmacs_per_s)


def test_long_names_and_many_layers_fit_beside_the_plot(cost):
    figure = roofline._draw(cost, "net")
    (key,) = (text.get_text() for text in figure.texts if "projection" in text.get_text())
    lines = key.splitlines()
    assert len(lines) == 25
    assert lines[-1].strip() == "and 6 more"
    assert max(map(len, lines)) <= 32
    assert lines[0] == " 1  ...ion.output.projection$x^2"


def test_a_folder_that_is_not_there(cost, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        plot_roofline(cost, "net", tmp_path / "none" / "plot")
