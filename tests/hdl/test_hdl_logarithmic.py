"""Logarithmic numbers in hardware: decoder, encoders, and whole units against the golden model."""

from fractions import Fraction

import numpy as np
import pytest
from gate_level import GateLevel, encoded, every_record, some_records
from reference import lns
from reference.number_formats import Value, infinity
from sampled import some

from hwdse import Design, formats
from hwdse.errors import SpecError
from hwdse.formats import UnpackedShape
from hwdse.hdl import structure_of
from hwdse.hdl.accumulate import step
from hwdse.hdl.decode.logarithmic import LogarithmDecoder
from hwdse.hdl.encode import encoder
from hwdse.hdl.multiply import multiplier, operand_decoder
from hwdse.hdl.weighted_sum import plan, signed_digits
from hwdse.spec.multiply.log_tables import log_origin
from hwdse.verify import verify

FORMATS = {
    **lns.NAMED,
    "lns6_g1z": lns.gamma_form(6, 1, zero=True),
    "lns3_2n": lns.classic(3, 2, flag=False),
    "lns2_5": lns.classic(2, 5),
    "lns6_g32": lns.gamma_form(6, 32),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_code_through_the_decoder(name):
    f, reference = formats.parse(name), FORMATS[name]
    codes = np.arange(1 << f.bits)
    outputs = GateLevel(LogarithmDecoder(f))(i=codes)
    zero = outputs.get("o__zero", np.zeros(codes.shape, int))
    logs = outputs["o__log"] + log_origin(f)
    for code in codes.tolist():
        negative, log = reference.fields(code)
        assert zero[code] == (log is None)
        if log is not None:
            assert (outputs["o__sign"][code], logs[code]) == (negative, log)
    assert ("o__zero" in outputs) == f.has_zero


# --- encoder -----------------------------------------------------------------------------------

#: A fixed-point word; a float with special values; a fixed-point word wider than float64.
WORD = UnpackedShape(significand_bits=14, exponent_min=-7, exponent_max=-7, twos_complement=True)
FLOAT = UnpackedShape(
    significand_bits=6, exponent_min=-14, exponent_max=14, has_inf=True, has_nan=True
)
WIDE = UnpackedShape(
    significand_bits=75, exponent_min=-40, exponent_max=-40, twos_complement=True, has_nan=True
)


@pytest.mark.parametrize("name", some(FORMATS, 4))
def test_every_small_record_through_the_encoder(name):
    f, reference = formats.parse(name), FORMATS[name]
    records = {WORD: every_record(WORD), FLOAT: every_record(FLOAT)}
    checked, seen = 0, set()
    for (shape, rounding), got in encoded(f, records).items():
        assert np.array_equal(got, f.pack(records[shape], rounding)), (shape, rounding)
        values = records[shape].to_float64()
        # Where zero stands in for a level, the two references differ about that very number.
        sure = np.abs(values) != float(reference.magnitude(f.lowest - 1))
        want = reference.encode_many(values[sure], rounding)
        assert np.array_equal(got[sure], want), (shape, rounding)
        seen |= set(got.tolist())
        checked += np.count_nonzero(sure)
    assert checked > 5 * (2**14 + 64 * 29 * 2 + 6) - 200
    codes = set(reference.codes.values())
    # The records reach 2^19.
    assert seen <= codes
    assert len(seen) > len(codes) // 2


@pytest.mark.parametrize("name", some(["lns8_g8", "lns4_3", "lns2_5"], 2))
def test_wide_records_through_the_encoder(name):
    f, reference = formats.parse(name), FORMATS[name]
    top = (reference.logs[-1] >> f.fraction_bits) + 1
    records = some_records(WIDE, 250, seed=1, scales=(-9, top))
    # Beside what is drawn: numbers just below and above points between levels, of all digits.
    near = _near_points(reference)
    records.significand[8 : 8 + len(near)] = near
    values = [_value(x) for x in records.to_fractions()]
    for (_, rounding), got in encoded(f, {WIDE: records}).items():
        assert np.array_equal(got, f.pack(records, rounding))
        assert got.tolist() == [reference.encode(value, rounding) for value in values], rounding


def _near_points(reference: lns.Logarithmic) -> list[int]:
    """Words of weight 2^-40 just below and above the middles of an octave, and at its levels."""
    words = []
    for j in range(0, reference.gamma, max(reference.gamma // 8, 1)):
        degree = 2 * reference.gamma
        middle = lns.root(2 ** (70 * degree + 2 * j + 1), degree) >> 30
        level = int(lns.nearest_float64(j, reference.gamma) * 2**40)
        words += [middle, middle + 1, level, level + 1]
    return words


def _value(x) -> Value:
    if isinstance(x, float):
        return Value(special="nan") if np.isnan(x) else infinity(x < 0)
    return Value(x < 0, abs(Fraction(x)))


def test_encoders_have_a_limit():
    with pytest.raises(SpecError, match="64 comparisons, formats of up to 32 levels an octave"):
        encoder(formats.parse("lns3_6"), WORD, "rne")
    design = Design.parse("a=lns4_3,mul=log,acc=lns:lns5_4,out=lns5_3")
    with pytest.raises(SpecError, match="out=lns5_3 has no hardware encoder for logarithms of 4"):
        encoder(design.out, design.state, "rne")


@pytest.mark.parametrize(("table_bits", "adders"), [(8, 21), (12, 27), (24, 38)])
def test_the_weights_of_the_bins_share_adders(table_bits, adders):
    design = Design.parse(f"a=lns8_g8,mul=log:t{table_bits},acc=bins")
    constants = design.product.antilog.constants
    weights = plan(constants)
    assert weights.adders == adders < sum(len(signed_digits(c)) for c in constants) - 1
    words = [int(x) for x in np.random.default_rng(0).integers(-(2**40), 2**40, 8)]
    values = list(words)
    for pair in weights.pairs:
        x, y = pair.first, pair.second
        values.append((values[x.word] << x.shift) + y.sign * (values[y.word] << y.shift))
    total = sum(term.sign * (values[term.word] << term.shift) for term in weights.terms)
    assert total == sum(word * constant for word, constant in zip(words, constants, strict=True))


# --- units -------------------------------------------------------------------------------------

UNITS = [
    "a=lns8_g8,mul=log,acc=bins,out=bf16",
    "a=lns8_g8z,mul=log:h1:t6,acc=bins:64,out=lns8_g8z,unit=dot,lanes=3",
    "a=lns3_4,b=lns6_g1z,mul=log,acc=fp:fp16,rounding=down",
    "a=lns8_g8z,mul=log:h0,acc=kulisch:64,out=lns4_3,rounding=up",
    "a=lns4_3,mul=log,acc=lns:lns5_4",
    "a=lns3_2n,b=lns4_3,mul=log,acc=lns:lns2_5n:t6,out=bf16,unit=dot,lanes=4",
]

MORE = [
    "a=lns8_g8,mul=log:h2,acc=bins:7,out=fp16,unit=dot,lanes=4",
    "a=lns6_g1z,mul=log,acc=bins,out=fp32",
    "a=lns2_5,mul=log,acc=bins:4,out=bf16,rounding=rtz",
    "a=lns3_7,mul=log:h3,acc=kulisch,out=bf16",
    "a=lns8_g8,mul=log,acc=lns:lns8_g8z,out=lns4_3,rounding=up",
    "a=lns4_3,mul=log,acc=lns:lns3_4,out=lns2_5n,rounding=down,unit=dot,lanes=5",
    "a=lns3_4,mul=log,acc=lns:lns4_6",
    "a=lns6_g1z,mul=log,acc=lns:lns6_g1z,unit=dot,lanes=2",
    "a=lns2_5,mul=log,acc=fp:bf16,unit=dot,lanes=2",
    "a=lns8_g8,mul=log,unit=mul,out=lns8_g8",
    "a=lns4_3,mul=log,unit=fma,out=fp16,c=fp16",
]


@pytest.mark.parametrize("spec", some(UNITS, 8))
def test_unit_equals_the_golden_model(spec):
    certificate = verify(Design.parse(spec), "quick", seed=1)
    assert certificate.total > 1000


@pytest.mark.long
@pytest.mark.parametrize("spec", MORE)
def test_more_units_equal_the_golden_model(spec):
    assert verify(Design.parse(spec), "quick", seed=1).total > 500


@pytest.mark.long
@pytest.mark.parametrize("spec", UNITS)
def test_units_equal_the_golden_model_in_full(spec):
    certificate = verify(Design.parse(spec), "full")
    assert certificate.vectors["operand_pairs"] >= 1 << 15
    assert certificate.vectors["accumulation_steps"] >= 100_000


@pytest.mark.parametrize("spec", [*UNITS, *MORE[:4]])
def test_structure_lists_every_part(spec):
    structure = structure_of(Design.parse(spec))
    assert all(structure.blocks[name].counts for name in ("multiply", "accumulate", "encode"))


@pytest.mark.parametrize(
    ("spec", "build", "reason"),
    [
        ("a=lns8_g8,acc=kulisch", lambda d: operand_decoder(d.mul, d.a), "use mul=log"),
        (
            "a=lns3_11,mul=log,acc=kulisch",
            lambda d: multiplier(d.mul, d.a, d.b),
            "2048 entries, use h10 or less",
        ),
        (
            "a=lns4_3,mul=log,acc=lns:lns4_10",
            lambda d: step(d.acc, d),
            "11806 entries, formats of up to 8 fraction bits",
        ),
    ],
)
def test_what_cannot_be_built_is_refused(spec, build, reason):
    with pytest.raises(SpecError, match=reason):
        build(Design.parse(spec))
