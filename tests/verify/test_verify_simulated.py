"""Matrix products in simulation: equal to exact ones, in exactly the golden cycles; faults show."""

import re
from pathlib import Path

import numpy as np
import pytest
from sampled import some
from verify_broken import broken

from hwdse import Design, kernels
from hwdse.errors import ShapeError, SpecError
from hwdse.hdl import emit
from hwdse.spec import Workload
from hwdse.verify.comparison import ComparedProducts
from hwdse.verify.simulated import SimulatedProducts

MAC = Design.parse("a=int4,acc=int:12")


def _integers(design: Design, m: int, k: int, n: int, seed: int) -> tuple[np.ndarray, ...]:
    """Codes of integers, and the exact product's codes."""
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 1 << f.bits, s) for f, s in ((design.a, (m, k)), (design.b, (k, n))))
    exact = design.a.decode(a) @ design.b.decode(b)
    return a, b, exact.astype(np.int64) & ((1 << design.out.bits) - 1)


@pytest.mark.parametrize(
    "shape",
    some(
        [
            "unit=systolic,rows=3,cols=2,sums=5",
            "unit=systolic,rows=2,cols=3,dataflow=os",
            "unit=systolic,rows=1,cols=1",
            "unit=dot,lanes=3,interleave=2,stages=1",
            "interleave=3",
            "unit=tensor,rows=3,cols=2,lanes=3,interleave=2",
            "unit=systolic,rows=5,cols=7,sums=0",
        ],
        7,
    ),
)
def test_products_are_exact_and_in_the_golden_cycles(shape: str, tmp_path: Path) -> None:
    # The results of a row of an array take more than 32 bits.
    design = Design.parse(f"a=int5,b=int4,acc=int:19,{shape}")
    simulated = SimulatedProducts(design, tmp_path, seed=5)
    compared = 0
    longest = 5 if design.unit.keys().get("sums") == 0 else 40
    for seed, (m, k, n) in enumerate([(1, 1, 1), (7, 3, 5), (4, longest, 9), (23, longest, 8)]):
        a, b, exact = _integers(design, m, k, n, seed)
        for most in (1 << 19, 50):
            found = simulated(a, b, most=most)
            assert np.array_equal(found.codes, exact)
            assert found.codes.dtype == design.out.code_dtype
            assert (found.off_schedule, found.complaints) == (0, ())
            if most > 50:
                schedule = design.unit.schedule(Workload(site="s", m=m, k=k, n=n))
                assert found.runs == 1
                # An incomplete last round of turns counts as a whole one there.
                assert 0 <= schedule.cycles - found.cycles < design.interface.turns
            compared += exact.size
    assert compared > 500


@pytest.mark.long
def test_a_flipped_bit_is_told_decoded(tmp_path: Path) -> None:
    text = broken(MAC, "o_valid && inner_o[6:0] == 7'h11")
    compared = ComparedProducts({"conv0": SimulatedProducts(MAC, tmp_path, verilog=text)})
    a, b, exact = _integers(MAC, 30, 9, 20, 1)
    codes = compared("conv0", a, b)
    wrong = exact & 0x7F == 0x11
    assert np.array_equal(codes, exact ^ wrong)
    tally = compared.tallies["conv0"]
    assert tally.mismatches == np.count_nonzero(wrong) > 0
    assert (tally.results, tally.off_schedule, tally.macs) == (600, 0, 5400)
    assert not compared.is_right
    row, column = np.argwhere(wrong)[0]
    want = int(exact[row, column])
    value = float(MAC.out.decode(np.array(want)))
    assert tally.told[0].startswith(
        f"row {row}, column {column}: expected {want:#x} ({value:.9g}), got {want ^ 1:#x} "
        f"({value - 1:.9g}), 1 ulp apart: a=[0x"
    )


def _around(inside: str) -> str:
    """The multiply-accumulate unit with other outputs. `inside` sees `valid` and `sum`."""
    text = emit(MAC).replace(f"module {MAC.slug} (", "module inner_unit (")
    return text + (
        f"module {MAC.slug}(input clk, input rst, input i_valid, input i_first, input [3:0] i_a,\n"
        "    input [3:0] i_b, output reg o_valid, output reg [11:0] o);\n"
        "  wire valid; wire [11:0] sum;\n"
        "  inner_unit inner(.clk(clk), .rst(rst), .i_valid(i_valid), .i_first(i_first),\n"
        "    .i_a(i_a), .i_b(i_b), .o_valid(valid), .o(sum));\n"
        f"  {inside}\nendmodule\n"
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (
            "always @(posedge clk) begin o_valid <= valid & ~rst; o <= sum; end",
            r"transfer 0 of o came in cycle 2, by the golden schedule it comes in cycle 1",
        ),
        (
            "always @* begin o_valid = valid & (sum != 12'h005); o = sum; end",
            r"o: \d+ of 60 transfers",
        ),
    ],
)
def test_a_late_or_missing_result_is_told(inside: str, told: str, tmp_path: Path) -> None:
    compared = ComparedProducts({"fc": SimulatedProducts(MAC, tmp_path, verilog=_around(inside))})
    a = np.array([[1, 4, 2]] * 4)
    compared("fc", a, np.ones((3, 5), int))
    tally = compared.tallies["fc"]
    assert tally.off_schedule > 0
    assert not compared.is_right
    assert any(re.fullmatch(told, line) for line in tally.told)


def test_what_cannot_be_computed_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="computes no matrix products in simulation"):
        SimulatedProducts(Design.parse("a=int8,unit=mul"), tmp_path)
    nothing = SimulatedProducts.__new__(SimulatedProducts)
    nothing.design = MAC
    for shapes in (((2, 3), (2, 3)), ((0, 3), (3, 1)), ((3,), (3, 1))):
        with pytest.raises(ShapeError, match="matrix product of shapes"):
            nothing(*(np.zeros(shape, int) for shape in shapes))


@pytest.mark.long
@pytest.mark.parametrize("dataflow", ["ws", "os"])
def test_special_values_and_wide_outputs_come_through(dataflow: str, tmp_path: Path) -> None:
    design = Design.parse(
        f"a=e5m2,b=e4m3fn,acc=kulisch,out=e8m40,unit=systolic,rows=2,cols=2,dataflow={dataflow}"
    )
    rng = np.random.default_rng(2)
    a, b = rng.integers(0, 256, (9, 7)), rng.integers(0, 256, (7, 5))
    found = SimulatedProducts(design, tmp_path)(a, b)
    assert np.array_equal(found.codes, kernels.matmul(design, a, b))
    assert found.off_schedule == 0


@pytest.mark.long
@pytest.mark.parametrize(
    "spec",
    some(
        [
            "a=block:e2m1fn:4:e8m0,acc=fp:bf16,unit=mx",
            "a=block:e4m3fn:3:ue4m3,b=block:int4_sym:6:e8m0,acc=kulisch,out=fp32,unit=mx,blocks=2",
            "a=block:e3m2fn:4:e8m0,acc=fp:fp32,unit=mx,stages=1,interleave=2,"
            "modes=block:e2m1fn:4:e8m0|block:e3m2fn:4:e8m0",
        ],
        3,
    ),
)
def test_products_of_blocks_are_those_of_the_kernel(spec: str, tmp_path: Path) -> None:
    design = Design.parse(spec)
    compared = ComparedProducts({"h": SimulatedProducts(design, tmp_path, seed=3)})
    rng = np.random.default_rng(8)
    for m, k, n in ((1, 1, 1), (5, 7, 3), (4, 26, 9)):
        operands = []
        for block, vectors in ((design.mul.a, m), (design.mul.b, n)):
            x = rng.normal(size=(vectors, k)) * 2.0 ** rng.integers(-9, 9, (vectors, 1))
            operands.append(kernels.encode_blocks(block, x, tensor_amax=np.abs(x).max()))
        (a, a_scales), (b, b_scales) = operands
        compared("h", a, a_scales, b.T, b_scales.T)
    assert compared.is_right
    assert compared.tallies["h"].results == 52
    with pytest.raises(ShapeError, match="2 operands: mx takes 4"):
        SimulatedProducts(design, tmp_path / "again")(a, b.T)
