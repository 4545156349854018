"""Mutants of a unit of two input streams whose streams all wait for `ready`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from sampled import some
from verify_toy_unit import Toy

from hwdse import Design
from hwdse.errors import VerificationError
from hwdse.hdl import emit
from hwdse.verify.mutation import mutation_score, score
from hwdse.verify.mutation.drivers import StreamDriver, driver_of
from hwdse.verify.mutation.netlist import Mutants, draw

TOY = Design.parse("a=int4,b=int4,out=int9,unit=toy")


def test_nearly_all_faults_are_found() -> None:
    report = mutation_score(TOY, mutants=80, level="quick")
    assert report.mutants == 80
    assert report.killed_quick == report.killed
    assert report.score >= 0.99


def careless(instead: str) -> Mutants:
    """The unit with one line changed where `mutsel` is 1."""
    text = emit(TOY, flat=True)
    line = "assign free = n | z_ready;"
    assert text.count(line) == 1
    text = text.replace(line, f"assign free = mutsel == 1 ? {instead} : n | z_ready;")
    text = text.replace("input clk,", "input [31:0] mutsel, input clk,")
    return Mutants(top=TOY.slug, verilog="", selectable=text, mutants=())


@pytest.mark.parametrize("instead", some(["1'b1", "1'b0", "z_ready"], 3))
def test_lost_and_stuck_transfers_are_found(instead: str, tmp_path: Path) -> None:
    """Units that overwrite what waits, never take anything, or let `valid` wait for `ready`."""
    driver = driver_of(TOY, careless(instead), tmp_path)
    assert isinstance(driver, StreamDriver)
    assert driver.survivors("quick", 0, [0, 1]) == [0]


def test_a_reset_that_leaves_something_is_found(tmp_path: Path) -> None:
    """Whatever the registers start with: the trace begins anew in the middle of a sum."""
    text = emit(TOY, flat=True)
    reset = next(line for line in text.splitlines() if "rst ? 1'h0 : n_11" in line)
    text = text.replace(reset, reset.replace("rst ?", "(rst && mutsel != 1) ?"))
    text = text.replace("input clk,", "input [31:0] mutsel, input clk,")
    driver = driver_of(TOY, Mutants(top="", verilog="", selectable=text, mutants=()), tmp_path)
    assert driver.survivors("quick", 0, [0, 1]) == [0]


def test_a_unit_that_is_wrong_itself_has_no_score(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = emit(TOY, flat=True).replace("assign free = n | z_ready;", "assign free = 1'b1;")
    monkeypatch.setattr(score, "emit", lambda design, flat: wrong)
    with pytest.raises(VerificationError, match="wrong outputs without a fault"):
        mutation_score(TOY, mutants=5, level="quick")


def test_other_units_are_fed_with_cycles(tmp_path: Path) -> None:
    assert isinstance(TOY.unit, Toy)
    design = Design.parse("a=e2m1fn,unit=mul")
    drawn = draw(emit(design, flat=True), design.slug, count=3, seed=0)
    assert not isinstance(driver_of(design, drawn, tmp_path), StreamDriver)
