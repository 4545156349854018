"""Decoders of lists of values: every code against the reference."""

import math

import pytest
from amaranth.hdl import Fragment
from hdl_level_records import simulate, value_of
from reference import levels

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.hdl.decode import decoder
from hwdse.hdl.decode.levels import LevelDecoder

TABLES = ("nf4", "nupes4", "nupes8", "nupes5_a1")
NAMES = [name for name in levels.ALL if "nupes" not in name or name in TABLES]


def check(component, number_format, reference) -> int:
    shape = number_format.unpacked
    codes = range(1 << number_format.bits)
    assert len(reference.values) == len(codes)
    for code, record in zip(codes, simulate(component, codes), strict=True):
        expected = reference.values[code]
        got = value_of(shape, record)
        if isinstance(expected, float) and math.isnan(expected):
            assert math.isnan(got), code
        else:
            assert got == expected, (number_format.name, code)
        is_zero = expected == 0
        if "zero" in record:
            assert record["zero"] == is_zero, code
        if is_zero and "sign" in record:
            assert record["sign"] == (code == reference.minus_zero)
        if not math.isnan(float(expected)) and not math.isinf(float(expected)):
            exponent = record.get("exponent", 0) + shape.exponent_origin
            assert shape.exponent_min <= exponent <= shape.exponent_max
    return len(codes)


def test_every_code_of_every_family():
    checked = {}
    for name in NAMES:
        number_format = formats.parse(name)
        checked[name] = check(decoder(number_format), number_format, levels.ALL[name]())
    assert {"hif8", "dint4", "dint8tc", "binary", "ternary", "bipolar16", "pot8_k2", "nf4"} <= set(
        checked
    )
    assert checked["bipolar16"] == 65536
    assert sum(checked.values()) > 80_000


@pytest.mark.parametrize("name", ["hif8", "dint4", "dint4tc", "ternary", "pot4_k1", "bipolar3"])
def test_the_table_does_for_any_list(name):
    number_format = formats.parse(name)
    assert check(LevelDecoder(number_format), number_format, levels.ALL[name]())


def test_a_list_of_any_length():
    numbers = [-3.0, -0.75, 2.0**-20, 0.5, 5.0]
    number_format = formats.Codebook(name="five", levels=numbers)
    assert check(decoder(number_format), number_format, levels.codebook(numbers)) == 8


@pytest.mark.parametrize(
    "name", ["hif8", "dint4", "dint8tc", "binary", "ternary", "nf4", "pot4_k1"]
)
def test_a_decoder_says_what_it_is_made_of(name):
    component = decoder(formats.parse(name))
    Fragment.get(component, None)
    wires = name in {"binary", "pot4_k1"}
    assert bool(component.structure.counts) != wires


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lns8_g8", ("lns8_g8", "mul=log")),
        ("lns4_3", ("lns4_3", "mul=log")),
    ],
)
def test_formats_without_a_decoder_say_so(name, words):
    with pytest.raises(SpecError) as caught:
        decoder(formats.parse(name))
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message
