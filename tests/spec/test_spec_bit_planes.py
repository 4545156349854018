"""Every value of a format is the sum of its bit planes, in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.spec.bit_planes import bit_planes

#: Bit planes and offset of each format.
_FORMATS = {
    **{"binary": (1, None), "bipolar1": (1, None), "bipolar3": (3, None), "bipolar4": (4, None)},
    **{f"int{bits}": (bits, -1) for bits in (2, 3, 4)},
    **{f"uint{bits}": (bits, (1 << bits) - 1) for bits in (2, 3, 4)},
    **{"ternary": (2, -1), "int4_sym": (4, -1), "q1_1": (2, -1), "uq1_2": (3, 7)},
    **{"e2m1fn": (5, -1), "dint4": (5, -1)},
}


@pytest.mark.parametrize("name", list(_FORMATS))
def test_values_are_sums_of_bit_planes(name: str) -> None:
    number_format = formats.get(name)
    own = bit_planes(number_format)
    assert (own.planes, own.offset) == _FORMATS[name]
    assert len(own.words) == 1 << number_format.bits
    for code, word in enumerate(own.words):
        assert 0 <= word < 1 << own.planes
        total = sum((1 if word >> t & 1 else -1) * Fraction(2) ** t for t in range(own.planes))
        if own.offset is not None:
            total = (total + own.offset) / 2
        value = float(number_format.decode(np.array([code]))[0])
        assert total * Fraction(2) ** own.lsb == Fraction(value)
        if own.inverted is not None:
            assert code ^ own.inverted == word


def test_only_some_formats_need_a_table_of_plane_words() -> None:
    tables = [name for name in _FORMATS if bit_planes(formats.get(name)).inverted is None]
    assert tables == ["ternary", "e2m1fn", "dint4"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("int5", "int5 has 5 bits: weights of 1 to 4 bits are allowed"),
        ("posit4_1", "posit4_1 has NaN or infinity"),
        ("nf4", "nf4 needs 29 bit planes .*: at most 8 are allowed"),
    ],
)
def test_other_formats_are_refused(name: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        bit_planes(formats.get(name))
