"""The open FPGA flow."""

import json
from dataclasses import replace

import pytest

from hwdse import Design
from hwdse.cli import estimate, main
from hwdse.cost.fpga import place as fpga
from hwdse.cost.fpga import recommend as recommending
from hwdse.cost.fpga.recommend import candidates
from hwdse.errors import ToolError
from hwdse.hdl import Target, circuit, emit, multipliers
from hwdse.spec.unit import MAX_INTERLEAVE, MAX_STAGES
from hwdse.tools.yosys import run_yosys


def test_unknown_family():
    with pytest.raises(ToolError, match="unknown FPGA family 'virtex': known are ecp5, ice40"):
        fpga.place_and_route(Design.parse("a=int8,acc=int:32"), "virtex")


def result(fmax_mhz: float) -> fpga.FpgaResult:
    return fpga.FpgaResult(
        device="FPGA", luts=64, flip_flops=33, multipliers=1, fmax_mhz=fmax_mhz, tool="tools"
    )


def test_candidates_are_near_the_shortest_period_with_few_cycles():
    target = Target.parse("ecp5")
    plain = Design.parse("a=int8,acc=int:32")
    fast, single, deeper = candidates(plain)
    graph = circuit(plain, target)
    assert single.unit.interleave == deeper.unit.interleave == 1
    assert deeper.unit.stages == single.unit.stages + 1
    for design, most in ((fast, MAX_INTERLEAVE), (single, 1)):
        unit = design.unit
        longest = 1.03 * graph.shortest_period(MAX_STAGES, most)
        assert graph.shortest_period(unit.stages, unit.interleave) <= longest
        # Fewer cycles are too slow.
        for stages in range(unit.stages + unit.interleave - 1):
            sums = unit.stages + unit.interleave - 1 - stages
            if sums <= most:
                assert graph.shortest_period(stages, sums) > longest
    # Configurations of a design are those of its plain unit.
    turned = replace(plain, unit=replace(plain.unit, stages=1, interleave=2))
    assert candidates(turned) == [fast, single, deeper]
    # The loop of a float is far too slow for one sum; a bare unit has none.
    assert all(d.unit.interleave > 4 for d in candidates(Design.parse("a=e4m3fn,acc=fp:bf16")))
    bare = candidates(Design.parse("a=e4m3fn,out=e4m3fn,unit=mul"))
    assert all(0 < design.unit.stages <= MAX_STAGES for design in bare)


def test_the_fastest_configuration_is_recommended(monkeypatch):
    plain = Design.parse("a=int8,acc=int:32")
    quick, slow = (Design.parse(f"{plain},stages={n}".replace("stages=0,", "")) for n in (3, 2))
    monkeypatch.setattr(recommending, "candidates", lambda *_, **__: [quick, plain, slow])

    def with_speeds(**speeds: float) -> recommending.Recommendation:
        placed = {quick: result(speeds["quick"]), slow: result(speeds["slow"])}
        monkeypatch.setattr(recommending, "place_and_route", lambda design, _, **__: placed[design])
        return recommending.recommend(plain, result(100.0))

    assert with_speeds(quick=200.0, slow=150.0).design == quick
    assert with_speeds(quick=150.0, slow=200.0).design == slow
    # As fast with fewer cycles is better; a little faster than what is given is noise.
    assert with_speeds(quick=200.0, slow=199.0).design == slow
    assert with_speeds(quick=101.0, slow=102.0).design == plain


def test_sums_take_turns_only_where_that_is_much_faster(monkeypatch):
    plain = Design.parse("a=int8,acc=int:32")
    turns = Design.parse("a=int8,acc=int:32,stages=0,interleave=5")
    single = Design.parse("a=int8,acc=int:32,stages=1")
    for order in ([turns, single], [single, turns]):
        monkeypatch.setattr(recommending, "candidates", lambda *_, found=order, **__: found)
        for fast, chosen in ((205.0, single), (260.0, turns)):
            placed = {turns: result(fast), single: result(193.0)}
            monkeypatch.setattr(
                recommending,
                "place_and_route",
                lambda design, _, results=placed, **__: results[design],
            )
            assert recommending.recommend(plain, result(100.0)).design == chosen


def test_the_recommendation_is_shown(monkeypatch, capsys):
    plain = Design.parse("a=int8,acc=int:32")
    quick = Design.parse("a=int8,acc=int:32,stages=2,interleave=3")
    monkeypatch.setattr(estimate, "place_and_route", lambda *_, **__: result(100.0))
    best = recommending.Recommendation(design=quick, result=result(200.0))
    monkeypatch.setattr(estimate, "recommend", lambda *_, **__: best)
    assert main(["cost", str(plain), "--fpga", "ecp5", "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)["designs"]
    assert document["fpga"]["fmax_mhz"] == 100.0
    recommended = document["fpga"]["recommended"]
    assert (recommended["stages"], recommended["interleave"]) == (2, 3)
    assert (recommended["fmax_mhz"], recommended["spec"]) == (200.0, str(quick))
    assert main(["cost", str(plain), "--fpga", "ecp5"]) == 0
    shown = capsys.readouterr().out
    assert "stages=2,interleave=3 is recommended, 200 MHz." in shown
    best = recommending.Recommendation(design=plain, result=result(100.0))
    assert main(["cost", str(plain), "--fpga", "ecp5"]) == 0
    assert "no other stages or interleave is faster" in capsys.readouterr().out


@pytest.mark.long
def test_a_multiplier_with_its_registers_is_fast():
    """As fast as one written by hand with the registers in the multiplier (191 MHz)."""
    design = Design.parse("a=int8,acc=int:32")
    plain = fpga.place_and_route(design)
    best = recommending.recommend(design, plain)
    assert best.result.multipliers == plain.multipliers == 1
    assert best.result.fmax_mhz >= 185 > plain.fmax_mhz


@pytest.mark.long
@pytest.mark.parametrize("operand", ["e4m3fn", "fp16", "bf16"])
def test_floats_with_sums_that_take_turns(operand):
    """The first candidate is the one of the shortest predicted period."""
    fastest = candidates(Design.parse(f"a={operand},acc=fp:fp32"))[0]
    assert fastest.unit.interleave >= 7
    assert fpga.place_and_route(fastest).fmax_mhz >= 110


@pytest.mark.long
def test_registers_are_in_the_multiplier(tmp_path):
    """Counted in the netlist that nextpnr gets."""
    design = Design.parse("a=int8,acc=int:32,stages=3")
    kinds = multipliers(design, target=Target.parse("ecp5"))
    files = {
        "design.v": emit(design, target=Target.parse("ecp5")),
        "cells.v": Target.parse("ecp5").mapped(kinds),
    }
    script = (
        f"read_verilog design.v\ntechmap -map cells.v\nsynth_ecp5 -top {design.slug}\n"
        "write_json unit.json\n"
    )
    _, texts = run_yosys(files, script, kept=["unit.json"])
    cells = json.loads(texts["unit.json"])["modules"][design.slug]["cells"].values()
    (multiplier,) = (cell for cell in cells if cell["type"] == "MULT18X18D")
    for register in ("INPUTA", "INPUTB", "PIPELINE", "OUTPUT"):
        assert multiplier["parameters"][f"REG_{register}_CLK"] == "CLK0"
    # The sum, its valid bit, and what goes along with three stages.
    assert sum(cell["type"] == "TRELLIS_FF" for cell in cells) == 32 + 1 + 2 * 3


@pytest.mark.long
def test_designs_are_placed_and_routed(capsys):
    specs = ["a=int8,acc=int:32", "a=int8,acc=int:32,stages=2", "a=e4m3fn,out=e4m3fn,unit=mul"]
    assert main(["cost", *specs, "--fpga", "ecp5", "--json"]) == 0
    plain, pipelined, bare = (
        design["fpga"] for design in json.loads(capsys.readouterr().out)["designs"]
    )
    for found in (plain, pipelined, bare):
        assert found["recommended"]["fmax_mhz"] >= found["fmax_mhz"] / 1.03
    assert plain["multipliers"] == pipelined["multipliers"] == 1
    assert plain["luts"] == 64
    assert plain["flip_flops"] == 33
    assert pipelined["flip_flops"] > plain["flip_flops"]
    assert pipelined["fmax_mhz"] > plain["fmax_mhz"] > 50
    assert bare["flip_flops"] == 0
