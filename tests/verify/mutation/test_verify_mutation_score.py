"""The mutation score: what is killed, what is equivalent, and what a poor stimulus lets through."""

import dataclasses
import pathlib

import numpy as np
import pytest
from sampled import some

from hwdse import Design
from hwdse.errors import VerificationError
from hwdse.spec.interface import Field, Interface, Stream
from hwdse.spec.port_words import port_words
from hwdse.tools.yosys import run_yosys
from hwdse.verify.mutation import cycles as mutation_cycles
from hwdse.verify.mutation import miter, mutation_score
from hwdse.verify.mutation import score as mutation
from hwdse.verify.mutation.drivers import CycleDriver, driver_of
from hwdse.verify.mutation.netlist import draw, proven_equivalent
from hwdse.verify.mutation.sequential import sequential_comparison
from hwdse.verify.mutation.states import (
    RunningSum,
    comparison,
    pipeline_comparison,
    running_sum,
)
from hwdse.verify.prepare import prepare

SMALL = Design.parse("a=e2m1fn,acc=kulisch,out=e3m2fn")
COUNT = 40

#: Multiplies, and holds a state; one gate has no effect.
UNIT = """\
module unit(input clk, input [3:0] a, input [3:0] b, output reg [7:0] o);
  wire [8:0] product;
  assign product = a * b;
  always @(posedge clk) o <= product[7:0] ^ o;
endmodule
"""


@pytest.fixture(scope="module")
def report() -> mutation.MutationReport:
    return mutation_score(SMALL, mutants=COUNT, level="quick")


def test_the_score_counts_what_is_killed(report: mutation.MutationReport) -> None:
    assert report.mutants == COUNT
    assert report.killed + len(report.equivalent) + len(report.survivors) == COUNT
    assert report.killed_quick == report.killed
    assert report.score == report.killed / (COUNT - len(report.equivalent))
    assert report.score > 0.9
    assert {mutant.number for mutant in report.survivors}.isdisjoint(
        mutant.number for mutant in report.equivalent
    )


@pytest.mark.long
def test_less_stimulus_kills_less(
    report: mutation.MutationReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def few(unit, design, level, seed):
        prepared = prepare(unit, design, level, seed)
        transfers = {
            stream: {name: words[:16] for name, words in columns.items()}
            for stream, columns in prepared.trace.transfers.items()
        }
        return dataclasses.replace(
            prepared, trace=dataclasses.replace(prepared.trace, transfers=transfers)
        )

    monkeypatch.setattr(mutation_cycles, "prepare", few)
    fewer = mutation_score(SMALL, mutants=COUNT, level="quick")
    assert fewer.mutants == COUNT
    assert fewer.killed < report.killed
    assert fewer.score < report.score
    # What is equivalent is so whatever is tried; the stimulus has no part in it.
    assert [m.options for m in fewer.equivalent] == [m.options for m in report.equivalent]
    shown = str(fewer.survivors[0])
    assert fewer.survivors[0].mode in shown
    assert " in line " in shown


def test_a_seed_draws_the_same_mutants() -> None:
    def options(seed: int) -> list[str]:
        return [mutant.options for mutant in draw(UNIT, "unit", count=10, seed=seed).mutants]

    assert options(3) == options(3) != options(4)


def test_only_equivalent_mutants_are_proven() -> None:
    drawn = draw(UNIT, "unit", count=130, seed=0)
    tried = drawn.mutants[::2]
    proven = proven_equivalent(drawn, tried, comparison(UNIT, "unit"))
    without_effect = [
        mutant
        for mutant in tried
        # The carry is never used.
        if mutant.port == "Y[8]" and mutant.cell.startswith("mul")
    ]
    assert without_effect
    assert {mutant.number for mutant in without_effect} <= proven
    visible = [m for m in tried if m.mode == "inv" and m.port[:2] in ("Y[", "D[")]
    visible = [mutant for mutant in visible if mutant not in without_effect]
    assert len(visible) > 3
    assert proven.isdisjoint(mutant.number for mutant in visible)


@pytest.mark.parametrize(
    "spec",
    some(
        [
            str(SMALL),
            "a=e2m1fn,acc=fp:e4m3",
            "a=e2m1fn,unit=fma,stages=2",
            "a=e2m1fn,acc=fp:e4m3,stages=1,interleave=2",
        ],
        4,
    ),
)
def test_what_the_stimulus_kills_is_never_proven_equivalent(
    spec: str, tmp_path: pathlib.Path
) -> None:
    """The proof and the simulation are two independent views of one netlist."""
    design = Design.parse(spec)
    drawn = draw(mutation.emit(design, flat=True), design.slug, count=COUNT, seed=0)
    numbers = [mutant.number for mutant in drawn.mutants]
    alive = set(driver_of(design, drawn, tmp_path).survivors("quick", 0, numbers))
    killed = [mutant for mutant in drawn.mutants if mutant.number not in alive]
    assert len(killed) > 20
    for around, prove in mutation._comparisons(design, drawn):
        assert proven_equivalent(drawn, killed[::16], around, prove=prove) == set()


#: Adds multiples of four, so that the two low bits of the sum are never set; shows one of them.
SUM = """\
module unit(input clk, input rst, input [3:0] a, output [7:0] o);
  reg [7:0] sum;
  wire low;
  assign low = sum[1] & a[0];
  assign o = {sum[7:1], low};
  always @(posedge clk) sum <= rst ? 8'd0 : sum + {a, 2'b00};
endmodule
"""


#: A register that no reset sets: what it starts with shows for as long as `b` is 1.
RESET = """\
module unit(input clk, input rst, input a, input b, output reg o);
  reg low;
  wire kept;
  assign kept = low & b;
  always @(posedge clk) begin
    low <= kept;
    o <= rst ? 1'b0 : low ^ a;
  end
endmodule
"""

#: What comes in goes through the first registers alone, and one gate sees both.
PIPELINE = """\
module unit(input clk, input a, output reg o);
  reg p, q;
  wire differ;
  assign differ = p ~^ q;
  always @(posedge clk) begin
    p <= a;
    q <= ~a;
    o <= p ^ differ;
  end
endmodule
"""


def test_what_a_reset_leaves_is_compared() -> None:
    """A step after others is the same with the register stuck, the first one after a reset not."""
    without = RESET.replace("input rst, ", "").replace("rst ? 1'b0 : ", "")
    for text, equivalent in ((RESET, False), (without, True)):
        drawn = draw(text, "unit", count=100, seed=0)
        stuck = [m for m in drawn.mutants if m.cell.startswith("and") and m.mode == "const0"]
        stuck = [mutant for mutant in stuck if mutant.port == "Y[0]"]
        assert stuck
        proven = proven_equivalent(drawn, stuck, pipeline_comparison(text, "unit", 2))
        assert proven == ({mutant.number for mutant in stuck} if equivalent else set())


def test_registers_that_no_input_tells_apart_prove_more_mutants() -> None:
    drawn = draw(PIPELINE, "unit", count=200, seed=0)
    gate = [m for m in drawn.mutants if m.port == "Y[0]" and m.mode == "const0"]
    alike = [m for m in gate if "differ" in m.source.split("=")[0]]
    assert alike
    assert proven_equivalent(drawn, alike, comparison(PIPELINE, "unit")) == set()
    proven = proven_equivalent(drawn, gate, pipeline_comparison(PIPELINE, "unit", 2))
    assert proven == {mutant.number for mutant in alike}


@pytest.mark.parametrize(("term", "answer"), [("0", "proven"), ("1", "refuted"), ("a", "refuted")])
def test_a_miter_is_decided(term: str, answer: str) -> None:
    around = miter.miter(["input a"], "", [term])
    log, _ = run_yosys({"around.v": around} | miter.FILES, miter.PROVE)
    assert (miter.proven(log), miter.refuted(log)) == (answer == "proven", answer == "refuted")


def _known(holds: str) -> RunningSum:
    invariant = f"""module invariant(input [7:0] q, output reg holds);
  always @* holds = {holds};
endmodule
"""
    return RunningSum(registers=(("sum", 8),), invariant=invariant)


def test_states_that_do_not_occur_prove_more_mutants() -> None:
    drawn = draw(SUM, "unit", count=200, seed=0)
    gate = [m for m in drawn.mutants if m.cell.startswith("and") and m.mode.startswith("const0")]
    assert gate
    for known, equivalent in (
        (None, False),
        (_known("q[1:0] == 0"), True),
        # Not kept by a step, and not so after a reset: neither is built on.
        (_known("q[2:0] == 0"), False),
        (_known("q[1]"), False),
    ):
        proven = proven_equivalent(drawn, gate, comparison(SUM, "unit", known))
        assert proven == ({m.number for m in gate} if equivalent else set())


def test_sequences_of_steps_need_no_stated_states() -> None:
    """The gate sees a bit that no sequence sets, or a register with what it held at first."""
    word = (Field(name="", meaning="", bits=1),)
    fed = Stream(name="a", direction="input", handshake="none", fields=word)
    shown = Stream(name="o", direction="output", handshake="none", fields=word, follows="a")
    interface = Interface(streams=(fed, shown))
    for text, equivalent in ((SUM, True), (RESET, False)):
        drawn = draw(text, "unit", count=200, seed=0)
        gate = [m for m in drawn.mutants if m.cell.startswith("and") and m.mode == "const0"]
        gate = [m for m in gate if m.port == "Y[0]"]
        assert gate
        around = sequential_comparison(text, "unit", interface)
        proven = proven_equivalent(drawn, gate, around, prove=miter.PROVE_SEQUENTIAL)
        assert proven == ({m.number for m in gate} if equivalent else set())


@pytest.mark.parametrize(
    "spec",
    some(
        [
            "a=e5m2,acc=fp:fp16:an1-1",
            "a=e2m1fn,acc=fp:e4m3",
            "a=e5m2,acc=fp:fp16",
            "a=e4m3fn,acc=aligned:hopper-fp8,out=fp32,unit=dot,lanes=2",
            "a=e4m3fn,acc=fp:fp32",
            "a=bf16,acc=fp:fp32:an2-2,out=bf16",
        ],
        3,
    ),
)
def test_stated_states_of_running_sums_are_proven(spec: str) -> None:
    design = Design.parse(spec)
    known = running_sum(design.acc, design)
    assert known is not None
    assert "invariant before" in comparison(mutation.emit(design, flat=True), design.slug, known)


def test_exact_running_sums_take_every_state() -> None:
    assert running_sum(SMALL.acc, SMALL) is None


def test_wrong_hardware_has_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    class AllWrong:
        def survivors(self, level, seed, numbers):
            return []

    monkeypatch.setattr(mutation, "driver_of", lambda design, drawn, folder: AllWrong())
    with pytest.raises(VerificationError, match="wrong outputs without a fault"):
        mutation_score(SMALL, mutants=5, level="quick")


def test_wrong_outputs_are_seen(tmp_path) -> None:
    """Mutant 0 is the unit as it is: right, until an expected bit is flipped."""
    drawn = draw(mutation.emit(SMALL, flat=True), SMALL.slug, count=5, seed=0)
    driver = driver_of(SMALL, drawn, tmp_path)
    assert isinstance(driver, CycleDriver)
    fed = mutation_cycles.cycles(SMALL, "quick", 0).copy()
    assert driver.survivors_of(fed, [0]) == [0]
    into, out = port_words(SMALL.interface)
    row = into.words + 2 * out.words
    checked = np.flatnonzero(fed.reshape(-1, row)[:, -1])
    fed.reshape(-1, row)[checked[-1], into.words] ^= 1
    assert driver.survivors_of(fed, [0]) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "spec",
    [
        "a=e2m1fn,acc=kulisch,out=e3m2fn,unit=dot,lanes=3,stages=2",
        "a=int4,acc=int:12,stages=1,interleave=3",
        "a=e2m1fn,b=e2m1fn,out=e3m2fn,unit=mul",
        "a=e2m1fn,b=e2m1fn,c=e3m2fn,out=e3m2fn,unit=fma,stages=2",
    ],
)
def test_every_unit_has_a_score(spec: str) -> None:
    report = mutation_score(Design.parse(spec), mutants=30, level="quick")
    assert report.mutants == 30
    assert report.score > 0.9
