"""The precision-scalable unit in Verilator: every pair of elements in every mode, and faults."""

import numpy as np
import pytest
from netlist_counts import built, declared, without_adders
from sampled import some

from hwdse import Design
from hwdse.errors import SpecError, VerificationError
from hwdse.hdl import composed, composed_floats, emit
from hwdse.spec import Axis
from hwdse.verify import generate, verify
from hwdse.verify.mutation import mutation_score
from hwdse.verify.prepare import prepare
from hwdse.verify.simulated import SimulatedProducts


def design_of(keys):
    return Design.parse(f"{keys},unit=scalable")


@pytest.mark.parametrize("keys", some(["a=int4,acc=int:12", "a=int8,acc=fp:fp32,floats=bf16"], 2))
def test_it_equals_golden(keys):
    assert verify(design_of(keys), level="quick").total > 2000


def test_it_is_built_of_what_it_declares():
    design = design_of("a=int8,acc=fp:fp32,floats=bf16")
    assert without_adders(declared(design)) == without_adders(built(design))


def test_signs_of_floats_that_are_lost_are_found(monkeypatch):
    monkeypatch.setattr(composed_floats.Record, "sign", property(lambda record: composed.Const(0)))
    with pytest.raises(VerificationError, match="mismatches in"):
        verify(design_of("a=int4,acc=fp:bf16,floats=e4m3fn"), level="quick")


def test_level_full_tries_every_pair_in_every_mode():
    design = design_of("a=int8,acc=int:32")
    pairs = prepare(design.unit, design, "full", 0).vectors["operand_pairs"]
    # The last two numbers count as mode 2 x 2.
    sizes = [8 + 8, 8 + 4, 4 + 4, 8 + 2, 4 + 2, *[2 + 2] * 3]
    assert pairs == sum(1 << size for size in sizes)


def test_only_the_levels_that_make_sense():
    design = design_of("a=int4,acc=int:12")
    with pytest.raises(SpecError, match="level exhaustive: unit scalable has quick and full"):
        prepare(design.unit, design, "exhaustive", 0)


def test_digits_that_are_never_signed_are_found(monkeypatch):
    def elaborate(self, platform):
        m = composed.Module()
        m.d.comb += self.o.eq(self.a * self.b)
        return m

    monkeypatch.setattr(composed.DigitProduct, "elaborate", elaborate)
    with pytest.raises(VerificationError, match="mismatches in"):
        verify(design_of("a=int4,acc=int:14"), level="quick")


def test_matrix_products_run_in_the_widest_mode(tmp_path):
    design = design_of("a=int4,acc=int:12")
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 16, (5, 7)), rng.integers(0, 16, (7, 3))
    found = SimulatedProducts(design, tmp_path)(a, b)
    exact = design.a.decode(a) @ design.b.decode(b)
    assert np.array_equal(found.codes, exact.astype(np.int64) & 0xFFF)
    assert (found.off_schedule, found.complaints) == (0, ())


def test_equal_parts_are_one_module():
    text = emit(design_of("a=int16,acc=int:32"))
    assert text.count("\nmodule ") < 12


@pytest.mark.long
@pytest.mark.parametrize(
    "keys",
    [
        "a=int4,acc=int:12:sat",
        "a=int8,acc=int:32",
        "a=int16,acc=int:32",
        "a=int8,acc=kulisch,out=bf16",
        "a=int8,acc=fp:fp32,stages=2,interleave=2",
        "a=int16,acc=fp:fp32,floats=fp16",
        "a=int8,acc=kulisch,out=fp32,floats=bf16",
        "a=int4,acc=fp:bf16,rounding=down,floats=e4m3fn,stages=1",
        "a=int16,acc=kulisch,out=bf16,floats=posit8_1",
    ],
)
def test_more_equal_golden_in_full(keys):
    assert verify(design_of(keys), level="full").total > 70_000


@pytest.mark.long
@pytest.mark.parametrize("keys", ["a=int8,acc=int:32", "a=int4,acc=fp:fp16,floats=e4m3fn"])
def test_faults_are_found(keys):
    report = mutation_score(design_of(keys), mutants=150)
    assert report.score >= 0.99, report.survivors


@pytest.mark.long
def test_a_folder_with_axi_stream(tmp_path):
    design = design_of("a=int8,acc=int:32")
    assert generate(design, tmp_path / "out", bus=Axis()).total > 2000
