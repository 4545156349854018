"""The two references agree with each other before anything is measured by them."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from reference import levels, lns, number_formats, posit, vectors
from reference.number_formats import ALL, OVERFLOWS, ROUNDINGS, Float, from_float

from hwdse import formats

SMALL_FLOATS = [name for name, f in ALL.items() if isinstance(f, Float) and f.bits <= 8]


@pytest.mark.parametrize("name", SMALL_FLOATS)
def test_table_look_up_equals_the_one_value_codec(name):
    reference = ALL[name]
    table = vectors.grid(reference)
    exact = [reference.value_of_magnitude_code(code) for code in range(reference.max_code + 2)]
    assert [Fraction(value) for value in table.values] == exact
    pairs = pairwise(exact)
    assert [Fraction(half) for half in table.halves] == [(low + high) / 2 for low, high in pairs]
    x = vectors.interesting(reference)[:: 1 + reference.bits]
    values = [from_float(v) for v in x.tolist()]
    assert len(values) > 7
    for rounding in ROUNDINGS:
        for overflow in OVERFLOWS:
            one_by_one = [reference.encode(value, rounding, overflow) for value in values]
            np.testing.assert_array_equal(
                vectors.encode(reference, x, rounding, overflow), one_by_one, err_msg=rounding
            )


def test_every_named_format_has_a_reference():
    families = [number_formats.NAMED, posit.NAMED, lns.NAMED, levels.NAMED]
    covered = [name for family in families for name in family]
    assert sorted(covered) == sorted(formats.names())


def test_there_are_enough_small_formats():
    assert len(SMALL_FLOATS) >= 25
