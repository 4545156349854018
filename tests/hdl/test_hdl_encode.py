"""Encoders on every record of small shapes and on many of wide ones, in all roundings.

Expected codes are the format's own `pack`, of which a part is checked here against the independent
references once more.
"""

from fractions import Fraction

import numpy as np
import pytest
from amaranth.hdl import Fragment
from gate_level import encoded, every_record, some_records
from reference import number_formats, posit
from reference.number_formats import NAN, Value, infinity
from sampled import some

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.formats import Format, Unpacked, UnpackedShape
from hwdse.hdl.encode import encoder
from hwdse.primitives.structure import Structure
from hwdse.spec.design import DESIGN_ROUNDINGS

SMALL = [
    # Magnitudes with every special value; unsigned ones, far below; an exponent field that starts
    # below the least exponent.
    UnpackedShape(significand_bits=6, exponent_min=-9, exponent_max=9, has_inf=True, has_nan=True),
    UnpackedShape(significand_bits=5, exponent_min=-14, exponent_max=3, signed=False),
    UnpackedShape(significand_bits=3, exponent_min=-20, exponent_max=-2, exponent_origin=-23),
    # Two's complement: fixed-point words with and without specials, floating ones.
    UnpackedShape(
        significand_bits=9,
        exponent_min=-9,
        exponent_max=-9,
        twos_complement=True,
        has_inf=True,
        has_nan=True,
    ),
    UnpackedShape(significand_bits=12, exponent_min=-4, exponent_max=-4, twos_complement=True),
    UnpackedShape(
        significand_bits=6,
        exponent_min=-8,
        exponent_max=8,
        exponent_origin=-11,
        twos_complement=True,
    ),
    # One bit; one exponent; integers; words far below and far above.
    UnpackedShape(significand_bits=1, exponent_min=-10, exponent_max=10),
    UnpackedShape(significand_bits=7, exponent_min=-5, exponent_max=-5),
    UnpackedShape(significand_bits=10, exponent_min=0, exponent_max=0, twos_complement=True),
    UnpackedShape(significand_bits=4, exponent_min=-30, exponent_max=-30, twos_complement=True),
    UnpackedShape(significand_bits=1, exponent_min=0, exponent_max=0, twos_complement=True),
    UnpackedShape(
        significand_bits=4,
        exponent_min=12,
        exponent_max=20,
        twos_complement=True,
        has_inf=True,
        has_nan=True,
    ),
]

P3109 = number_formats.p3109_family(3, 8)
NAMED = number_formats.ALL | P3109
NAMED |= {f"posit{n}_{es}": posit.Posit(n, es) for n in range(2, 17) for es in range(4)}

QUICK = [
    *("q2_6", "uint4", "int4_sym", "uq3_5"),
    *("e4m3fn", "e8m0", "e4m3fn_ftz", "e4m3fnuz_ftz"),
    *("binary6p3se", "binary5p1se", "binary6p3ue"),
    *("posit2_0", "posit5_3", "posit8_0", "posit8_2", "posit10_1"),
]
MORE = [
    *("int8", "q6_2_sym", "e5m2", "ue5m3", "e5m2_ftz", "ue4m3_ftz", "binary8p4se_ftz"),
    *("posit3_1", "posit4_1", "posit6_2", "posit7_3", "posit9_0", "posit12_2", "posit16_1"),
    *P3109,
]

#: Designs whose running sum is the encoder's input.
SUMS = [
    "a=posit8_2,acc=kulisch,out=posit8_2",
    "a=e5m2,acc=kulisch,out=posit6_0",
    "a=e4m3fn,acc=fp:fp32,out=posit16_2",
    "a=q2_6,acc=kulisch,out=q2_6",
    "a=e5m2,acc=kulisch,out=int8_sym",
    "a=e4m3fn,acc=kulisch,out=e4m3fn_ftz",
    "a=e4m3fn,acc=fp:fp32,out=binary8p3se",
]
MORE_SUMS = [
    "a=posit16_1,acc=kulisch,out=posit16_1",
    "a=posit16_2,acc=kulisch,out=posit8_2",
    "a=posit32_2,acc=kulisch,out=posit32_2",
    "a=int8,acc=kulisch,out=posit16_1",
    "a=int8,acc=kulisch,out=posit8_0",
    "a=e4m3fn,acc=fp:fp32,out=q2_14",
    "a=e4m3fn,acc=fp:fp32,out=e5m2_ftz",
    "a=bf16,acc=kulisch,out=e4m3fn_ftz",
    "a=binary8p3se,acc=kulisch,out=binary8p3se",
    "a=e4m3fn,acc=fp:fp32,out=binary8p4se",
]


def value_of(records: Unpacked, index: int) -> Value:
    if records.nan[index]:
        return NAN
    negative = bool(records.sign[index])
    if records.inf[index]:
        return infinity(negative)
    scale = int(records.exponent[index])
    return Value(negative, Fraction(int(records.significand[index])) * Fraction(2) ** scale)


def check(number_format: Format, reference, records: dict[UnpackedShape, Unpacked]) -> int:
    """Codes compared; all of them must be right."""
    compared = 0
    for (shape, rounding), got in encoded(number_format, records).items():
        value = records[shape]
        want = number_format.pack(value, rounding, number_format.overflow).astype(np.int64)
        wrong = np.flatnonzero(got != want)
        if wrong.size:
            i = wrong[0]
            pytest.fail(
                f"{number_format} {rounding} {shape}: {wrong.size} of {want.size} differ, first "
                f"{value_of(value, i)}: expected {want[i]}, got {got[i]}"
            )
        compared += want.size
        if reference is not None:
            for i in range(0, want.size, max(want.size // 40, 1)):
                sample = value_of(value, i)
                assert got[i] == reference.encode(sample, rounding, number_format.overflow)
    return compared


@pytest.mark.parametrize("name", some(QUICK, 4))
def test_every_small_record(name: str) -> None:
    records = {shape: every_record(shape) for shape in SMALL[:6]}
    compared = check(formats.parse(name), NAMED[name], records)
    assert compared == len(DESIGN_ROUNDINGS) * sum(r.sign.size for r in records.values()) > 35_000


@pytest.mark.long
@pytest.mark.parametrize("name", MORE)
def test_every_small_record_to_more_formats(name: str) -> None:
    records = {shape: every_record(shape) for shape in SMALL}
    assert check(formats.parse(name), NAMED[name], records) > 35_000


@pytest.mark.parametrize("spec", some(SUMS, 2))
def test_running_sums(spec: str) -> None:
    assert check_sums(spec) >= 20_000


@pytest.mark.long
@pytest.mark.parametrize("spec", MORE_SUMS)
def test_more_running_sums(spec: str) -> None:
    assert check_sums(spec) >= 20_000


def check_sums(spec: str) -> int:
    """Codes compared: random sums, of which half lie near the range of the output."""
    design = Design.parse(spec)
    reach = (_log2(design.out.min_subnormal) - 3, _log2(design.out.max) + 3)
    records = some_records(design.state, 4000, seed=1, scales=reach)
    return check(design.out, NAMED.get(str(design.out)), {design.state: records})


@pytest.mark.parametrize(
    ("source", "name"),
    [
        *(("e4m3fn", "e4m3fn"), ("e4m3fn", "e4m3fn_ftz"), ("e4m3fn_ftz", "e4m3fn_ftz")),
        *(("binary8p3se", "binary8p3se"), ("e4m3fnuz", "e4m3fnuz_ftz"), ("q2_6", "q2_6")),
        *(("uint8", "uint8"), ("posit8_2", "posit8_2"), ("posit16_1", "posit16_1")),
    ],
)
def test_records_of_the_own_shape(source: str, name: str) -> None:
    """A float's records are packed as they are: every one that its decoder gives."""
    origin = formats.parse(source)
    records = origin.unpack(np.arange(1 << origin.bits))
    compared = check(formats.parse(name), NAMED[name], {origin.unpacked: records})
    assert compared == len(DESIGN_ROUNDINGS) << origin.bits


def _log2(value: float) -> int:
    return int(np.frexp(value)[1]) - 1


def test_exponents_beyond_float64_are_refused() -> None:
    number_format = formats.parse("binary16p1se")
    shape = UnpackedShape(significand_bits=8, exponent_min=0, exponent_max=0)
    with pytest.raises(SpecError, match=r"binary16p1se has no hardware encoder: its values span"):
        encoder(number_format, shape, "rne")


def _structure(name: str, shape: UnpackedShape) -> Structure:
    component = encoder(formats.parse(name), shape, "rne")
    Fragment.get(component, None)  # Amaranth warns of parts never built
    return component.structure


def _size(structure: Structure) -> float:
    return sum(
        sum(part.features().values()) for part in structure.counts.elements() if not part.empty
    )


def test_flushing_declares_less_hardware() -> None:
    # Of a word of fixed exponent, subnormals cost nothing: the shift stops at a constant place.
    shape = Design.parse("a=e4m3fn,unit=mul").product
    assert _size(_structure("e4m3fn_ftz", shape)) < _size(_structure("e4m3fn", shape))


def test_a_word_on_the_grid_is_only_clamped() -> None:
    def parts(name: str, shape: UnpackedShape) -> list[str]:
        return [
            type(part).__name__
            for part in _structure(name, shape).counts.elements()
            if not part.empty
        ]

    on_grid = UnpackedShape(
        significand_bits=20, exponent_min=-6, exponent_max=-6, twos_complement=True
    )
    assert parts("q2_6", on_grid) == ["Mux"]
    assert "Incrementer" in parts("q3_5", on_grid)
    assert "Shifter" not in parts("q3_5", on_grid)
