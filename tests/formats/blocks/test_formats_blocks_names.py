"""Names and text forms of block formats and other quantizers."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import FormatError
from hwdse.formats.blocks import NAMED, BlockFormat, BlockSize, ScaleRule
from hwdse.formats.blocks.scale_rules import Amax

TEXTS = [
    *NAMED, "mxfp4:ceil", "nvfp4:four_over_six", "nf4_b64:search", "block:e2m1fn:8:ue4m3:floor",
    "nvfp4:amax", "block:nf4:64:fp16", "block:posit8_0:16:bf16:even",
    "block:int8_sym:4x8:fp16", "block:ternary:tensor:fp32:absmean", "affine:uint8:tensor",
    "affine:uint4:128:bf16", "afpq:e2m1fn:16", "afpq:e2m0finite:64:bf16", "realbias:e2m1:tensor",
    "realbias:e3m4:128:search", "select:mxfp4|mxint4", "select:nvint4|nvfp4|fp4_ue5m3",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_names_are_canonical(text):
    quantizer = formats.get(text)
    assert isinstance(quantizer, formats.Quantizer)
    assert quantizer.name == str(quantizer) == text
    assert formats.get(quantizer.name) == quantizer
    assert hash(formats.get(text)) == hash(quantizer)
    assert quantizer.family
    assert quantizer.source


@pytest.mark.parametrize(
    ("text", "name"),
    [
        *((text, name) for name, text in NAMED.items()),
        ("block:e2m1fn:32:e8m0", "mxfp4"),
        ("block:e2m1finite:32:e8m0:ceil", "mxfp4:ceil"),
        ("mxfp4:floor", "mxfp4"),
        ("block:e2m1fn:16:ue4m3:amax:fp32", "nvfp4:amax"),
        ("bfp12_b16", "msfp12"),
        ("bfp16_b16", "msfp16"),
        ("bfp16_b32", "block:q2_6_sym:32:e8m0"),
        ("bfp10_b8", "block:int2_sym:8:e8m0"),
        ("dfp12", "block:int12:tensor:e8m0"),
        ("block:nf4:64:fp16:amax", "block:nf4:64:fp16"),
        ("block:e2m1fn:1x032:e8m0", "mxfp4"),
        ("affine:uint8:tensor:fp32", "affine:uint8:tensor"),
        ("afpq:e2m1fn:16:fp16", "afpq:e2m1fn:16"),
    ],
)
def test_one_format_has_one_name(text, name):
    assert formats.get(text).name == name
    assert formats.get(text) == formats.get(name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("block:e2m1fn", "malformed.*block:"),
        ("block:e2m1fn:32", "malformed.*block:"),
        ("block:e2m1fn:32:e8m0:nv:fp32:x", "malformed.*block:"),
        ("block:e2m1fn:all:e8m0", "malformed.*block:"),
        ("block:e2m1fn:0:e8m0", "at least 1"),
        ("block:e2m1fn:0x4:e8m0", "at least 1"),
        ("block:nope:32:e8m0", "'nope'"),
        ("block:mxfp4:32:e8m0", "mxfp4 is a block format"),
        ("block:e2m1fn:32:nope", "'nope'"),
        ("block:e2m1fn:32:e8m0:best", "'best': allowed are floor, ceil"),
        ("mxfp4:best", "'best': allowed are floor, ceil"),
        ("mxfp4:ceil:fp32", "mxfp4:\\{rule\\} is allowed"),
        ("mxfp4:nv", "needs a tensor scale"),
        ("nvfp4:floor", "has no tensor scale"),
        ("block:e2m1fn:16:fp32:nv:fp32", "fits float32"),
        ("bfp9_b16", "10 to 40 bits"),
        ("bfp41_b16", "10 to 40 bits"),
        ("bfp12_b0", "at least 1"),
        ("dfp1", "2 to 32 bits"),
        ("dfp33", "2 to 32 bits"),
        ("affine:uint8", "malformed.*affine:"),
        ("affine:int8:32", "uint2 to uint30"),
        ("affine:uint31:32", "uint2 to uint30"),
        ("affine:uq4_4:32", "uint2 to uint30"),
        ("afpq:int8:32", "not symmetric"),
        ("afpq:e2m1fn", "malformed.*afpq:"),
        ("realbias:int8:32", "malformed.*realbias:"),
        ("realbias:e2m1:32:find", "malformed.*realbias:"),
        ("any:32:bf16", "malformed.*any:"),
        ("any:32:bf16:/nowhere/levels.json", "levels /nowhere/levels.json: No such file"),
        ("select:nvfp4", "two different formats"),
        ("select:nvfp4|nvfp4", "two different formats"),
        ("select:nvfp4|mxfp4", "blocks of 16 and 32 values: one size"),
        ("select:nvfp4|affine:uint4:16", r"malformed.*select:\{block format\}"),
        ("mxfp5", "unknown format 'mxfp5': near mxfp4, .*`hwdse formats` lists"),
    ],
)
def test_impossible_texts_are_refused_in_one_line(text, message):
    for get in (formats.get, formats.parse):
        with pytest.raises(FormatError, match=message) as caught:
            get(text)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", TEXTS)
def test_an_operand_is_an_element_format(text):
    with pytest.raises(FormatError, match=f"^{text} is a block format: .*formats.get"):
        formats.parse(text)


def test_element_formats_and_block_formats_are_listed_apart():
    assert not set(formats.names()) & set(formats.block_names())
    assert all(isinstance(formats.get(name), formats.Format) for name in formats.names())
    assert all(isinstance(formats.get(name), BlockFormat) for name in formats.block_names())
    assert len(formats.block_names()) == 18


def test_a_codebook_file_may_be_the_element(tmp_path):
    path = tmp_path / "book.json"
    path.write_text('{"name": "mine", "levels": [-2, 0, 1, 4]}', encoding="utf-8")
    quantizer = formats.get(f"block:codebook:{path}:4:fp16:amax")
    np.testing.assert_array_equal(quantizer.quantize([8, 1.9, -3.9, 0.1]), [8, 2, -4, 0])


@pytest.fixture
def rules():
    known = dict(ScaleRule.rules)
    yield
    ScaleRule.rules.clear()
    ScaleRule.rules.update(known)


@pytest.mark.usefixtures("rules")
def test_a_new_rule_plugs_in_by_being_defined():
    class Half(Amax):
        """Half of amax becomes the largest element."""

        keyword = "half"
        percent = (50,)

    np.testing.assert_array_equal(formats.get("mxfp4:half").quantize([12, 3, 1]), [6, 3, 1])


@pytest.mark.parametrize(("text", "count"), [("32", 32), ("16x16", 256), ("tensor", None)])
def test_block_sizes(text, count):
    size = BlockSize.parse(text)
    assert (str(size), size.count) == (text, count)


def test_block_sizes_are_checked():
    with pytest.raises(FormatError, match="unknown block size 'x'"):
        BlockSize.parse("x")


@pytest.mark.parametrize("text", ["65537", "256x257", "999999999", "999999999x999999999"])
def test_blocks_are_not_endless(text):
    with pytest.raises(FormatError, match=r"values, at most 65536 are allowed, or tensor"):
        formats.get(f"block:int8:{text}:fp32")
    assert BlockSize.parse("256x256").count == BlockSize.parse("65536").count == 65536


@pytest.mark.parametrize("size", ["65536", "65536x1", "256x256"])
def test_a_block_ends_with_the_array(size):
    blocking = BlockSize.parse(size).over((2, 3), -1)
    assert blocking.split(np.ones((2, 3))).size <= 6
    found = formats.get(f"block:int8:{size}:fp32").quantize([[1, 2, 100], [3, 4, 5]])
    assert np.all(np.abs(found - [[1, 2, 100], [3, 4, 5]]) < 0.5)
