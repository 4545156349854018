"""Decoders and encoders proven equal to tables, thresholds and arithmetic specifications.

Tables and thresholds come from the references in exact fractions, arithmetic specifications are the
Verilog files beside this one; neither knows the hardware. A decoder is proven for every code, an
encoder for every record that its shape allows, wide accumulator registers included.
"""

import pytest
from formal_claims import (
    SMALL,
    decoder_by_table,
    encoder_by_threshold,
    float_decoder,
    float_encoder,
    posit_decoder,
)
from formal_references import POSITS
from sampled import some

from hwdse import Design, formats
from hwdse.spec.design import DESIGN_ROUNDINGS
from hwdse.verify.formal import prove_all

TABLE_BITS = 8

#: Formats of at most 8 bits.
#: Values of logarithmic ones are irrational: their decoders give logarithms.
TABLED = [
    name
    for name in formats.names()
    if formats.parse(name).bits <= TABLE_BITS
    and not isinstance(formats.parse(name), formats.Logarithmic)
]
MORE_TABLED = [
    *("e4m3fn_ftz", "e5m2_ftz", "e4m3fnuz_ftz", "ue4m3_ftz", "binary8p4se_ftz"),
    *("e1m1b0fn", "e1m0fnuz", "e3m4b-2", "e5m0finite", "uq3_5", "q6_2_sym", "int3"),
    *("dint8", "dint6tc", "bipolar8", "pot6_k3", "nupes5_a1"),
    *(name for name, p in POSITS.items() if p.n <= TABLE_BITS and name not in TABLED),
]

#: Format, record and rounding: each family, each kind of record, each rounding.
QUICK_ENCODERS = [
    *(("e4m3fn", "float", "rne"), ("e4m3fn", "word", "down"), ("e5m2", "special word", "up")),
    *(("e2m1fn", "floating word", "rtz"), ("e4m3fnuz", "low", "rna"), ("e8m0", "word", "rne")),
    *(("posit8_2", "float", "rne"), ("posit8_0", "word", "down"), ("posit5_2", "low", "up")),
    *(("q2_6", "floating word", "rna"), ("int8_sym", "special word", "rne")),
    *(("uint4", "word", "up"), ("hif8", "word", "rne"), ("nf4", "special word", "rne")),
    *(("dint4", "float", "rna"), ("pot4_k1", "word", "rtz"), ("binary6p3se", "low", "rne")),
]
ENCODED = [
    *("e4m3fn", "e5m2", "e4m3fnuz", "e2m3fn", "e3m0fn", "e8m0", "ue5m3", "ue4m3", "e4m3finite"),
    *("e4m3fn_ftz", "e5m2_ftz", "ue4m3_ftz", "binary8p3se", "binary4p2sf", "int8", "int4_sym"),
    *("uint8", "q2_6", "posit3_0", "posit4_1", "posit6_2", "posit8_0", "posit8_2"),
    *("hif8", "dint4", "dint4tc", "bipolar4", "ternary", "nf4"),
]

#: Accumulator registers as encoders meet them: output format and rounding.
QUICK_SUMS = [("a=e4m3fn,acc=kulisch", "e4m3fn", "rne")]
SUMS = [
    ("a=e5m2,acc=kulisch", "posit8_0", "rne"),
    ("a=e4m3fn,acc=kulisch", "posit8_2", "rne"),
    ("a=e4m3fn,acc=kulisch", "e4m3fn", "down"),
    ("a=e4m3fn,acc=kulisch", "int8", "rne"),
    ("a=e4m3fn,acc=kulisch", "hif8", "rne"),
    ("a=e5m2,acc=kulisch", "e5m2", "up"),
    ("a=posit8_2,acc=kulisch", "posit8_2", "rne"),
    ("a=posit8_0,acc=kulisch", "posit8_0", "down"),
    ("a=int8,acc=kulisch", "posit8_0", "rna"),
    ("a=int8,acc=kulisch", "e4m3fn_ftz", "rne"),
    ("a=e4m3fn,acc=fp:fp32", "e4m3fn", "rne"),
]
QUICK_FLOAT_SUMS = [("a=e4m3fn,acc=kulisch", "bf16", "rne")]
FLOAT_SUMS = [
    ("a=e5m2,acc=kulisch", "fp16", "up"),
    *(("a=e4m3fn,acc=kulisch", "fp32", rounding) for rounding in DESIGN_ROUNDINGS),
    *(("a=e4m3fn,acc=kulisch", "fp16", rounding) for rounding in DESIGN_ROUNDINGS),
    *(("a=e5m2,acc=kulisch", "bf16", rounding) for rounding in DESIGN_ROUNDINGS),
    ("a=fp16,acc=kulisch", "fp32", "rne"),
    ("a=posit8_2,acc=kulisch", "fp32", "rne"),
    ("a=int8,acc=kulisch", "bf16", "rne"),
]


@pytest.mark.parametrize("every", some([3, 1], 2))
def test_every_small_decoder(every: int) -> None:
    """Each third decoder for all runs, every decoder for long ones."""
    names = TABLED[::every]
    assert len(names) >= 46 // every
    assert len(prove_all([decoder_by_table(name) for name in names])) == len(names)


def test_wide_decoders_by_arithmetic() -> None:
    claims = [float_decoder("fp16"), float_decoder("bf16"), posit_decoder("posit16_1")]
    assert len(prove_all(claims)) == 3


def test_encoders_of_small_records() -> None:
    assert {rounding for _, _, rounding in QUICK_ENCODERS} == set(DESIGN_ROUNDINGS)
    assert {shape for _, shape, _ in QUICK_ENCODERS} >= set(SMALL) - {"unsigned"}
    claims = [encoder_by_threshold(name, SMALL[shape], r) for name, shape, r in QUICK_ENCODERS]
    assert len(prove_all(claims)) == len(QUICK_ENCODERS)


def test_encoders_of_sums() -> None:
    claims = [encoder_by_threshold(f, Design.parse(sum_).state, r) for sum_, f, r in QUICK_SUMS]
    claims += [float_encoder(f, Design.parse(sum_).state, r) for sum_, f, r in QUICK_FLOAT_SUMS]
    assert len(prove_all(claims)) == len(claims)


@pytest.mark.long
def test_more_small_decoders() -> None:
    assert len(prove_all([decoder_by_table(name) for name in MORE_TABLED])) > 20


@pytest.mark.long
def test_more_wide_decoders_by_arithmetic() -> None:
    claims = [float_decoder("fp32"), float_decoder("e5m7"), float_decoder("e6m9")]
    claims += [posit_decoder(name) for name in ("posit8_0", "posit8_2", "posit16_2")]
    assert len(prove_all(claims)) == len(claims)


@pytest.mark.long
@pytest.mark.parametrize("name", ENCODED)
def test_every_encoder_of_small_records(name: str) -> None:
    claims = [encoder_by_threshold(name, s, r) for s in SMALL.values() for r in DESIGN_ROUNDINGS]
    assert len(prove_all(claims)) == len(SMALL) * len(DESIGN_ROUNDINGS)


@pytest.mark.long
@pytest.mark.parametrize(("sum_", "name", "rounding"), SUMS)
def test_more_encoders_of_sums(sum_: str, name: str, rounding: str) -> None:
    prove_all([encoder_by_threshold(name, Design.parse(sum_).state, rounding)], timeout_s=1200)


@pytest.mark.long
@pytest.mark.parametrize(("sum_", "name", "rounding"), FLOAT_SUMS)
def test_more_float_encoders_of_sums(sum_: str, name: str, rounding: str) -> None:
    prove_all([float_encoder(name, Design.parse(sum_).state, rounding)], timeout_s=1200)
