"""Every code through the decoders, against the independent references."""

from fractions import Fraction

import numpy as np
import pytest
from gate_level import GateLevel, decoded
from reference import number_formats, posit
from reference.number_formats import Value

from hwdse import formats
from hwdse.errors import SpecError
from hwdse.hdl.decode import decoder

FLOATS = [
    *("e4m3fn", "e5m2", "e4m3fnuz", "e2m1fn", "ue5m3", "e8m0", "fp16", "e3m0fn"),
    *("e4m3fn_ftz", "e5m2_ftz", "fp16_ftz", "e4m3fnuz_ftz", "ue4m3_ftz", "binary8p4se_ftz"),
    *("binary8p3se", "binary8p4se", "binary6p3se", "binary4p2sf"),
]
FIXED = ["int8", "int4_sym", "uint8", "uint11", "q2_6", "q2_14", "q0_8", "uq3_5", "q6_2_sym"]
_SIZES = [(2, 0), (3, 0), (3, 2), (4, 1), (5, 3), (6, 4), (8, 0), (8, 1), (8, 2), (9, 2), (10, 1)]
POSITS = {f"posit{n}_{es}": posit.Posit(n, es) for n, es in [*_SIZES, (11, 0), (16, 1), (16, 2)]}
REFERENCES = {name: number_formats.ALL[name] for name in FLOATS + FIXED} | POSITS
#: Of 16 bits, with a decoder that a narrower one or one of the other 16 bits has as well.
LIKE_ANOTHER = {"fp16_ftz", "q2_14", "posit16_2"}
P3109 = number_formats.p3109_family(3, 8)
P3109_SAMPLE = ["binary3p1se", "binary5p1uf", "binary5p5uf", "binary6p2ue", "binary7p6se"]


def check_every_code(name: str, reference) -> int:
    """Codes decoded; all of them must be right."""
    number_format = formats.parse(name)
    shape = number_format.unpacked
    codes = np.arange(1 << number_format.bits)
    got = decoded(shape, GateLevel(decoder(number_format))(i=codes))
    for code in codes.tolist():
        want: Value = reference.decode(code)
        assert got.nan[code] == (want.special == "nan"), code
        assert got.inf[code] == (want.special == "inf"), code
        if want.special != "nan":
            assert got.sign[code] == want.negative, code
        if not want.special:
            magnitude = int(got.significand[code]) * Fraction(2) ** int(got.exponent[code])
            assert magnitude == want.magnitude, code
    finite = ~(got.nan | got.inf | got.zero)
    assert np.all(got.significand < 1 << shape.significand_bits)
    assert np.all(got.exponent[finite] >= shape.exponent_min)
    assert np.all(got.exponent[~(got.nan | got.inf)] <= shape.exponent_max)
    return codes.size


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long if name in LIKE_ANOTHER else ())
        for name in REFERENCES
    ],
)
def test_every_code(name: str) -> None:
    assert check_every_code(name, REFERENCES[name]) == 2 ** REFERENCES[name].bits


@pytest.mark.parametrize("name", P3109_SAMPLE)
def test_every_code_of_p3109(name: str) -> None:
    assert check_every_code(name, P3109[name]) == 2 ** P3109[name].bits


@pytest.mark.long
@pytest.mark.parametrize("name", P3109)
def test_every_code_of_all_small_p3109(name: str) -> None:
    assert check_every_code(name, P3109[name]) == 2 ** P3109[name].bits


@pytest.mark.parametrize("name", ["posit4_1", "posit8_2", "e4m3fn_ftz", "uint8", "binary8p3se"])
def test_zero_is_flagged(name: str) -> None:
    number_format = formats.parse(name)
    codes = np.arange(1 << number_format.bits)
    outputs = GateLevel(decoder(number_format))(i=codes)
    want = number_format.unpack(codes).zero
    assert np.count_nonzero(want) > 0
    assert np.array_equal(outputs["o__zero"] == 1, want)


def test_exponents_beyond_float64_are_refused() -> None:
    with pytest.raises(SpecError, match=r"binary16p1se has no hardware decoder: its values span"):
        decoder(formats.parse("binary16p1se"))
