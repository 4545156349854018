"""Structures: self-description of primitives, and what a declaration must hold."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hwdse.errors import HwdseError
from hwdse.primitives.primitive import (
    Adder,
    Gates,
    Incrementer,
    LeadingZeroCounter,
    Multiplier,
    Mux,
    Reduce,
    Register,
    Shifter,
    Table,
)
from hwdse.primitives.structure import Structure, UnitStructure


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adder(width=-1), "Adder.width is -1"),
        (lambda: Adder(width=2.5), "Adder.width is 2.5"),
        (lambda: Adder(width=True), "Adder.width is True"),
        (lambda: Multiplier(a_bits=2, b_bits=2, signed=1), "Multiplier.signed is 1"),
        (lambda: Shifter(width=2, max_shift=None), "Shifter.max_shift is None"),
    ],
)
def test_impossible_widths(make, message):
    with pytest.raises(HwdseError, match=message):
        make()


@pytest.mark.parametrize(
    "primitive",
    [
        Adder(width=0),
        Incrementer(width=0),
        Multiplier(a_bits=0, b_bits=8, signed=False),
        Multiplier(a_bits=8, b_bits=0, signed=True),
        Shifter(width=0, max_shift=3),
        Shifter(width=8, max_shift=0),
        Shifter(width=8, max_shift=3, input_width=0),
        LeadingZeroCounter(width=0),
        Mux(width=0, ways=4),
        Mux(width=8, ways=1),
        Reduce(width=1),
        Gates(width=0),
        Register(width=0),
        Table(address_bits=0, data_bits=4),
        Table(address_bits=4, data_bits=0),
    ],
)
def test_empty_primitives(primitive):
    assert primitive.empty
    assert all(value >= 0 for value in primitive.features().values())


def test_shifter_rows_are_the_bits_of_the_amount():
    assert [Shifter(width=8, max_shift=most).levels for most in (1, 2, 3, 4, 7, 8)] == [
        1, 2, 2, 3, 3, 4,
    ]  # fmt: skip


def test_shifter_counts_muxes_where_both_words_reach():
    # Four bits by up to three: shift by 1 leaves 3 muxes and an AND, by 2 leaves 2 and 2.
    features = Shifter(width=4, max_shift=3).features()
    assert (features["muxes"], features["masks"]) == (5, 3)
    # A lone bit put in one of four places: a decoder, no multiplexer at all.
    features = Shifter(width=4, max_shift=3, input_width=1).features()
    assert (features["muxes"], features["masks"]) == (0, 6)


@given(width=some.integers(1, 80), most=some.integers(1, 127), narrow=some.integers(1, 80))
def test_narrow_input_never_needs_more_muxes(width, most, narrow):
    full = Shifter(width=width, max_shift=most).features()
    part = Shifter(width=width, max_shift=most, input_width=min(narrow, width)).features()
    assert part["muxes"] <= full["muxes"]
    assert full["muxes"] + full["masks"] == width * full["levels"]


def test_path_must_be_made_of_parts():
    adder = Adder(width=8)
    Structure(parts=(adder, adder), path=(adder, adder))
    with pytest.raises(HwdseError, match="more often than the parts"):
        Structure(parts=(adder,), path=(adder, adder))


def test_series_and_copies():
    first = Structure(parts=(Adder(width=4), Gates(width=2)), path=(Adder(width=4),))
    second = Structure(parts=(Mux(width=4, ways=2),), path=(Mux(width=4, ways=2),))
    joined = Structure.series([first, second])
    assert joined.counts == first.counts + second.counts
    assert joined.path == first.path + second.path
    assert first.times(3).counts == Counter(first.parts * 3)
    assert first.times(3).path == first.path
    assert not first.times(0).counts.total()
    assert first.times(0).path == ()
    with pytest.raises(HwdseError, match="copies is -1"):
        first.times(-1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stages": ()}, "without pipeline stages"),
        ({"stages": (("multiply", "normalise"),)}, "normalise"),
        ({"stages": (("multiply",),), "macs_per_cycle": 0}, "macs_per_cycle is 0"),
    ],
)
def test_impossible_units(arguments, message):
    with pytest.raises(HwdseError, match=message):
        UnitStructure(blocks={"multiply": Structure()}, **arguments)
