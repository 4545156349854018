"""Converted codes, against Fractions: every code of formats of every family."""

import numpy as np
import pytest
from reference import conversions, number_formats

from hwdse import Design, formats, golden
from hwdse.errors import FormatError, SpecError
from hwdse.spec.design import DESIGN_ROUNDINGS

#: Formats of every family; every code of each is converted.
SOURCES = [
    *("e4m3fn", "e5m2", "e4m3fnuz", "e2m1fn", "e8m0", "ue4m3", "e4m3fn_ftz", "binary8p4se"),
    *("posit8_0", "posit8_2", "posit5_1", "int8", "int4", "uint8", "q2_6", "lns8_g8", "lns8_g8z"),
    *("lns4_3", "hif8", "nf4", "ternary", "binary", "bipolar4", "pot8_k2", "dint4", "nupes4"),
]
TARGETS = [
    *("fp32", "bf16", "e4m3fn", "e5m2", "e2m1fn", "e8m0", "ue4m3", "e4m3fn_ftz", "binary8p4se"),
    *("posit8_1", "posit16_1", "int8", "int4_sym", "uint8", "q2_6", "lns8_g8", "lns8_g8z"),
    *("lns4_3", "hif8", "nf4", "ternary", "binary", "bipolar4", "pot4_k1", "dint4"),
]


def compared(a: str, out: str, rounding: str, codes: np.ndarray) -> int:
    """The number of codes whose results were compared."""
    design = Design.parse(f"a={a},out={out},rounding={rounding},unit=convert")
    found = golden.convert(design, codes)
    wanted = [conversions.convert(a, out, code, rounding) for code in codes.tolist()]
    assert found.dtype == design.out.code_dtype
    np.testing.assert_array_equal(found, wanted)
    return len(wanted)


@pytest.mark.parametrize("a", SOURCES)
def test_every_code_of_every_family(a: str) -> None:
    """Each source meets each target, and each rounding several targets."""
    codes, seen = np.arange(1 << formats.get(a).bits), set()
    for place, out in enumerate(TARGETS):
        rounding = DESIGN_ROUNDINGS[(SOURCES.index(a) + place) % len(DESIGN_ROUNDINGS)]
        assert compared(a, out, rounding, codes) == len(codes)
        seen.add(rounding)
    assert len(seen) == len(DESIGN_ROUNDINGS)


@pytest.mark.parametrize("rounding", DESIGN_ROUNDINGS)
@pytest.mark.parametrize("out", ["e5m2", "int8", "posit8_1", "nf4", "hif8"])
def test_wide_codes(out: str, rounding: str) -> None:
    """Subnormals, ties, the ends of the range, infinities and NaN of bf16."""
    codes = np.unique(np.concatenate([np.arange(0, 1 << 16, 61), np.arange(0x7F70, 0x7F90)]))
    assert compared("bf16", out, rounding, codes) > 1000


@pytest.mark.parametrize(
    ("a", "out", "value", "expected"),
    [
        ("fp32", "e4m3fn", 464.0, 448.0),  # the tie between 448 and 480: formats without infinity
        ("fp32", "e4m3fn", 1e9, 448.0),  # hold the largest value
        ("fp32", "e5m2", 61440.0, np.inf),  # a tie, to infinity
        ("fp32", "e5m2", 61439.0, 57344.0),
        ("fp32", "int8", -128.5, -128.0),
        ("fp32", "int8", 2.5, 2.0),
        ("fp32", "int8", np.nan, 0.0),
        ("fp32", "int8", -np.inf, -128.0),
        ("fp32", "uint8", -3.0, 0.0),
        ("fp32", "posit8_0", 48.0, 32.0),  # a tie of the bit string
        ("fp32", "posit8_0", 1e-30, 2.0**-6),
        ("fp32", "e8m0", 6.0, 8.0),  # a tie of the significand
        ("fp32", "bf16", 2.0**-134, 0.0),  # a tie of the smallest subnormal
        ("lns8_g8", "bf16", 2.0 ** (3 / 8), 1.296875),
    ],
)
def test_known_answers(a: str, out: str, value: float, expected: float) -> None:
    design = Design.parse(f"a={a},out={out},unit=convert")
    found = design.out.decode(golden.convert(design, design.a.encode(value, overflow="ieee")))
    assert found == expected


@pytest.mark.parametrize(("out", "kept"), [("bf16", True), ("e4m3fnuz", False), ("int8", False)])
def test_the_sign_of_zero(out: str, kept: bool) -> None:
    design = Design.parse(f"a=fp16,out={out},unit=convert")
    found = golden.convert(design, [0x8000, 0x8001])  # -0, and a number that may become zero
    number = number_formats.ALL[out]
    assert number.decode(int(found[0])).negative is kept


def test_any_shape_and_what_is_refused() -> None:
    design = Design.parse("a=int4,out=e4m3fn,unit=convert")
    assert golden.convert(design, np.zeros((2, 3), int)).shape == (2, 3)
    assert golden.convert(design, 3).shape == ()
    with pytest.raises(FormatError, match=r"int4 code 16 is out of range 0\.\.15"):
        golden.convert(design, [16])
    with pytest.raises(SpecError, match="unit=convert is needed"):
        golden.convert(Design.parse("a=int4,unit=mul"), [1])
    with pytest.raises(SpecError, match="unit convert has no products"):
        golden.products(design, [1], [1])
    with pytest.raises(SpecError, match="unit convert has no running sum"):
        golden.matmul(design, [[1]], [[1]])
