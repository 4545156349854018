import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from hwdse import formats
from hwdse.characterize import picture, picture_kind
from hwdse.errors import OutputError

SVG = "{http://www.w3.org/2000/svg}"


def chosen(*names):
    return [formats.parse(name) for name in names]


@pytest.mark.parametrize("names", [["posit8_0"], ["binary"], ["e8m0"], ["e4m3fn", "int8", "hif8"]])
def test_png(names):
    data = picture(chosen(*names))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height > 700) == (1536, True)


def test_svg_has_a_curve_for_every_format_and_the_same_bytes_each_time():
    names = ["e4m3fn", "posit8_0", "e8m0", "int4", "lns8_g8", "hif8", "e5m2", "e2m1fn", "bipolar2"]
    data = picture(chosen(*names), "svg")
    assert picture(chosen(*names), "svg") == data
    root = ET.fromstring(data)
    assert root.tag == f"{SVG}svg"
    comments = data.decode()
    # Texts are paths; Matplotlib leaves them readable as comments.
    for name in names:
        assert f"<!-- {name} " in comments
    assert "SQNR on normal data at the best scale" in comments
    assert "log₂|x|" in comments


@pytest.mark.parametrize("name", ["$\\frac{$", "a$b", "\\$x$", "caf\udce9\n"])
def test_no_name_is_a_formula(name):
    odd = formats.Codebook(name=name, levels=(-1.0, 0.0, 1.0))
    for kind in ("png", "svg"):
        assert picture([odd], kind)
        assert picture([odd, formats.parse("int4")], kind)


def test_decades_are_named():
    assert "<!-- 10⁻¹ -->" in picture(chosen("e4m3fn"), "svg").decode()


def test_kinds_of_files():
    assert picture_kind(Path("a/b.PNG")) == "png"
    assert picture_kind(Path("b.svg")) == "svg"
    with pytest.raises(OutputError, match=r"ends in \.png or \.svg"):
        picture_kind(Path("b.jpeg"))
    with pytest.raises(OutputError, match="png and svg are allowed"):
        picture(chosen("int4"), "gif")
