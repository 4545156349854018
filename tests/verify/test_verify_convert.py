"""Converters in simulation: what is tried at each level, and that faults are found."""

import dataclasses

import numpy as np
import pytest

from hwdse import Design, golden
from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import emit
from hwdse.spec import Axis
from hwdse.verify import verify
from hwdse.verify.engines.convert import codes_by_purpose
from hwdse.verify.enumeration import enumeration_of
from hwdse.verify.exhaustive import run_enumeration
from hwdse.verify.prepare import prepare
from hwdse.verify.verification import collect_evidence

NARROW = Design.parse("a=e4m3fn,out=posit8_1,unit=convert,lanes=2,stages=1")
WIDE = Design.parse("a=fp32,out=e4m3fn,unit=convert")


def test_every_code_of_a_narrow_input_in_every_lane() -> None:
    trace = prepare(NARROW.unit, NARROW, "exhaustive", 0).trace
    words = trace.transfers["i"]["a"]
    assert len(words) == 256
    for lane in range(2):
        assert set((words >> (8 * lane) & 255).tolist()) == set(range(256))
    assert not np.array_equal(words & 255, words >> 8)
    assert enumeration_of(NARROW.unit, NARROW) is None


def test_level_exhaustive_tries_16_bits() -> None:
    design = Design.parse("a=bf16,out=int8,unit=convert")
    assert len(codes_by_purpose(design, "exhaustive", np.random.default_rng(0))["codes"]) == 65536
    assert "codes" not in codes_by_purpose(design, "quick", np.random.default_rng(0))


@pytest.mark.parametrize("rounding", ["rne", "up"])
def test_wide_inputs_meet_the_thresholds_of_the_output(rounding: str) -> None:
    """Every place where the result changes is tried from both sides."""
    design = dataclasses.replace(WIDE, rounding=rounding)
    codes = codes_by_purpose(design, "full", np.random.default_rng(0))
    tried = np.unique(np.concatenate(list(codes.values())))
    pairs = tried[1:] - tried[:-1] == 1
    changes = golden.convert(design, tried[1:]) != golden.convert(design, tried[:-1])
    met = set(golden.convert(design, tried[1:][pairs & changes]).tolist())
    # All codes but the negative NaN, and -0, which only follows a NaN.
    assert len(met | {0, 0x80}) == 255
    values = design.a.decode(tried)
    assert {np.inf, -np.inf, 0.0} <= set(values.tolist())
    assert np.isnan(values).any()
    assert (np.abs(values[values != 0]) < float(design.a.min_normal)).sum() > 100


def test_coverage_of_wide_inputs() -> None:
    prepared = prepare(WIDE.unit, WIDE, "quick", 0)
    assert not prepared.unreached or set(prepared.unreached) <= {"inf"}
    assert prepared.steps["tie"] > 10
    assert prepared.outputs["nan"] > 0
    assert prepared.steps["all"] > 1000


def test_hardware_equals_golden() -> None:
    certificate = verify(NARROW, "quick")
    assert dict(certificate.vectors) == {"codes": 256}
    assert {"tie", "inexact", "all"} <= set(certificate.steps)


@pytest.mark.long
@pytest.mark.parametrize(
    ("spec", "level"),
    [
        ("a=posit8_0,out=fp32", "exhaustive"),
        ("a=int4,out=e4m3fn", "exhaustive"),
        ("a=nf4,out=bf16", "exhaustive"),
        ("a=lns8_g8,out=bf16", "exhaustive"),
        ("a=fp16,out=hif8,rounding=rna", "exhaustive"),
        ("a=bf16,out=e4m3fn,lanes=3,stages=2", "exhaustive"),
        ("a=tf32,out=e4m3fn,stages=1", "exhaustive"),
        ("a=fp32,out=int8,rounding=down", "full"),
    ],
)
def test_hardware_equals_golden_at_length(spec: str, level: str) -> None:
    design = Design.parse(f"{spec},unit=convert")
    certificate = verify(design, level)
    assert certificate.total >= 1 << min(design.a.bits, 15)


@pytest.mark.parametrize("rounding", ["rna", pytest.param("rtz", marks=pytest.mark.long)])
def test_a_wrong_rounding_is_found(rounding: str) -> None:
    """A wrong tie is one code in millions: nothing random would meet it."""
    other = dataclasses.replace(WIDE, rounding=rounding)
    with pytest.raises(VerificationError, match=r"mismatches in [0-9]+ outputs"):
        collect_evidence(WIDE, "quick", verilog=emit(other, top=WIDE.slug))


@pytest.mark.long
def test_axi4_stream_around_it() -> None:
    evidence = collect_evidence(NARROW, "quick", bus=Axis())
    assert evidence.certificate.total == 256
    assert "s_axis_tdata" in evidence.verilog


WIDER = Design.parse("a=e5m12,out=e2m1fn,unit=convert")


def test_wide_inputs_are_enumerated_in_rows() -> None:
    enumeration = enumeration_of(WIDER.unit, WIDER)
    assert enumeration is not None
    assert (enumeration.bits, enumeration.rows) == (18, 4)
    np.testing.assert_array_equal(enumeration.kernel(range(1, 3)), enumeration.golden(range(1, 3)))
    codes = np.arange(1 << 16, 3 << 16).reshape(2, -1)
    np.testing.assert_array_equal(enumeration.golden(range(1, 3)), golden.convert(WIDER, codes))


@pytest.mark.long
def test_all_results_of_a_wide_input() -> None:
    """A fault is shown with its operand."""
    design = WIDER
    enumeration = enumeration_of(design.unit, design)
    assert enumeration is not None
    assert run_enumeration(enumeration, emit(design)) == 1 << 18
    wrong = dataclasses.replace(design, rounding="up")
    with pytest.raises(VerificationError, match=r"a=0x[0-9a-f]+ \([-0-9.e]+\): expected 0x"):
        run_enumeration(enumeration, emit(wrong, top=design.slug))


def test_several_wide_lanes_are_not_enumerated() -> None:
    design = dataclasses.replace(WIDE, unit=dataclasses.replace(WIDE.unit, lanes=2))
    with pytest.raises(SpecError, match="use level full or lanes=1"):
        prepare(design.unit, design, "exhaustive", 0)
    with pytest.raises(SpecError, match="unknown level"):
        prepare(design.unit, design, "some", 0)
