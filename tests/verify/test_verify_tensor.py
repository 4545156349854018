"""The tensor core in Verilator: all formats, all levels, faults, and what users generate."""

import pytest
from sampled import some
from verify_broken import broken

from hwdse import Design
from hwdse.errors import SpecError, VerificationError
from hwdse.spec import Axis
from hwdse.verify import generate, verify
from hwdse.verify.mutation import mutation_score
from hwdse.verify.prepare import prepare
from hwdse.verify.verification import collect_evidence


def design_of(keys):
    parts, shape = keys.split(" ")
    return Design.parse(f"{parts},unit=tensor,{shape}")


@pytest.mark.parametrize(
    "keys",
    some(
        [
            "a=int4,acc=int:16 rows=2,cols=3,lanes=2",
            # One result word of 32 bits from codes of 16.
            "a=lns4_3,mul=log,acc=bins,out=bf16 rows=2,cols=1,lanes=1",
        ],
        2,
    ),
)
def test_it_equals_golden(keys):
    assert verify(design_of(keys), level="quick").total > 500


def test_only_the_levels_that_make_sense():
    design = design_of("a=int4,acc=int:16 rows=2,cols=2,lanes=2")
    with pytest.raises(SpecError, match="level exhaustive: unit tensor has quick and full"):
        prepare(design.unit, design, "exhaustive", 0)


def test_a_wrong_bit_for_one_pair_of_operands_is_found():
    """The last operand of the last row and of the last column have certain values."""
    design = design_of("a=int4,acc=int:16 rows=2,cols=3,lanes=2")
    # The result comes one cycle after the operands.
    text = broken(design, "late").replace(
        "  assign o = inner_o",
        """  reg late;
  always @(posedge clk) late <= i_valid && i_a[15:12] == 4'd7 && i_b[23:20] == 4'd9;
  assign o = inner_o""",
    )
    with pytest.raises(VerificationError, match="mismatches in"):
        collect_evidence(design, "quick", verilog=text)


@pytest.mark.long
@pytest.mark.parametrize(
    "keys",
    [
        "a=e4m3fn,acc=fp:bf16:an1-2 rows=2,cols=3,lanes=2",
        "a=fp16,acc=aligned:volta,out=fp32 tile=volta",
        "a=e4m3fn,acc=aligned:hopper-fp8,out=fp32 rows=2,cols=2,lanes=32",
        "a=posit8_0,b=int4,acc=kulisch,out=bf16 rows=3,cols=1,lanes=3",
        "a=nf4,mul=lut,acc=kulisch,out=fp16 rows=2,cols=2,lanes=2",
        "a=e5m2,acc=fp:fp16:kahan rows=1,cols=2,lanes=1",
        "a=bf16,acc=fp:fp32 rows=2,cols=2,lanes=2,stages=2,interleave=3",
        "a=int8,b=ternary,mul=add-skip,acc=int:24 rows=4,cols=4,lanes=8",
    ],
)
def test_more_equal_golden_in_full(keys):
    assert verify(design_of(keys), level="full").total > 3000


@pytest.mark.long
def test_faults_are_found():
    design = design_of("a=int8,acc=int:24 rows=2,cols=2,lanes=2")
    report = mutation_score(design, mutants=100)
    assert report.score >= 0.99, report.survivors


@pytest.mark.long
def test_a_folder_with_axi_stream(tmp_path):
    design = design_of("a=int4,acc=int:16 rows=2,cols=2,lanes=2")
    assert generate(design, tmp_path / "out", bus=Axis()).total > 500
